-- A sweep of a queue was completed; one that began earlier than the last known is passed over.
-- KEYS: sweeps. ARGV: queue, when it began. Answers K.

local kept = redis.call('HGET', KEYS[1], ARGV[1])
if not kept or tonumber(kept) < tonumber(ARGV[2]) then
    redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
end
return 'K'
