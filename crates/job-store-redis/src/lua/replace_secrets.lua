-- Puts a user's webhook secrets in place of the expected ones.
-- KEYS: webhook secrets. ARGV: user, the expected ones or nothing, the new ones.
-- Answers 1 where the new ones are there now, as they may have been before, else 0.

local kept = redis.call('HGET', KEYS[1], ARGV[1]) or ''
if kept == ARGV[3] then return 1 end
if kept ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
