-- A replica says that it lives, and learns who else does.
-- KEYS: replicas. ARGV: its name, after how many milliseconds one that is silent is gone.
-- By the server's clock always: who lives is no matter of a test's clock.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[1], string.format('%.0f', now), ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('(%.0f', now - ARGV[2]))
return redis.call('ZRANGE', KEYS[1], 0, -1)
