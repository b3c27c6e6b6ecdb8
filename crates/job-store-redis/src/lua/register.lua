-- Registers an API key. KEYS: api keys. ARGV: digest, value.
-- Answers K, or E where another call has registered this digest before.
-- A value: A or R, time of creation (15 digits), time of revocation (15), operation (16), user.

if redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[2]) == 1 then return 'K' end
local kept = redis.call('HGET', KEYS[1], ARGV[1])
return kept:sub(32, 47) == ARGV[2]:sub(32, 47) and 'K' or 'E'
