-- Revokes an API key; the first time stays. KEYS: api keys. ARGV: digest, time (15 digits).
-- Answers the key's value as it now is.

local value = redis.call('HGET', KEYS[1], ARGV[1])
if value and value:sub(1, 1) == 'A' then
    value = 'R' .. value:sub(2, 16) .. ARGV[2] .. value:sub(32)
    redis.call('HSET', KEYS[1], ARGV[1], value)
end
return value
