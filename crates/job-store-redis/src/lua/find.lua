-- One job for the holder of an API key.
-- KEYS: api keys, jobs. ARGV: digest, id.
-- Answers nothing where the key is unknown or revoked; else its tenant and the job's value.

local api_key = redis.call('HGET', KEYS[1], ARGV[1])
if not api_key or api_key:sub(1, 1) ~= 'A' then return {} end
return { api_key:sub(48), redis.call('HGET', KEYS[2], ARGV[2]) }
