-- A token bucket that all replicas share: `TokenBucket` of the domain, in the store.
-- KEYS: the bucket. ARGV: time, what (take or slow), operation, tokens a second, burst, wanted,
-- milliseconds until its pace has grown by half, the slowest pace.
-- Answers the tokens granted and the microseconds until the next.
-- An operation that is repeated, as its reply was lost, is answered as it was.

local bucket, now = KEYS[1], store_time(ARGV[1])
local what, operation = ARGV[2], ARGV[3]
local per_second, burst, wanted = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local recovery, slowest = tonumber(ARGV[7]), tonumber(ARGV[8])

local kept = redis.call('HMGET', bucket, 'tokens', 'pace', 'filled_at', 'slowed_at', 'operation',
    'granted', 'next_in')
if kept[5] == operation then return { tonumber(kept[6]), tonumber(kept[7]) } end

local tokens, pace = tonumber(kept[1] or burst), tonumber(kept[2] or 1)
local filled_at, slowed_at = tonumber(kept[3] or now), tonumber(kept[4] or '-1000')
local elapsed = math.max(0, now - filled_at)
local grown = math.min(1, pace + 0.5 * elapsed / recovery)
tokens = math.min(burst, tokens + elapsed / 1000 * per_second * (pace + grown) / 2)
pace, filled_at = grown, math.max(filled_at, now)

local granted, next_in = 0, 0
if what == 'take' then
    granted = math.min(wanted, math.floor(tokens))
    tokens = tokens - granted
elseif not kept[4] or now - slowed_at >= 1000 then
    pace, tokens, slowed_at = math.max(slowest, pace / 2), 0, now
end
next_in = math.ceil(math.max(0, 1 - tokens) * 1000000 / (per_second * pace))

redis.call('HSET', bucket, 'tokens', string.format('%.17g', tokens),
    'pace', string.format('%.17g', pace), 'filled_at', string.format('%.0f', filled_at),
    'operation', operation, 'granted', granted, 'next_in', string.format('%.0f', next_in))
if what == 'slow' then redis.call('HSET', bucket, 'slowed_at', string.format('%.0f', slowed_at)) end
-- Long after it has filled up again it may as well be a new one.
redis.call('PEXPIRE', bucket, math.max(86400000, 2 * recovery))
return { granted, next_in }
