-- Keeps a job without a record in mind; one that is known stays as it was noted first.
-- KEYS: orphans. ARGV: backend and id, value, most orphans.
-- Answers the value that is kept, or nothing where there is no room.

local kept = redis.call('HGET', KEYS[1], ARGV[1])
if kept then return kept end
if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[3]) then return false end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return ARGV[2]
