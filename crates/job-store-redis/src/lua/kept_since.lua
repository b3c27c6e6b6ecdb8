-- Since when this store keeps jobs: by its clock at the first call, and the same ever after.
-- KEYS: settings. ARGV: time. Answers milliseconds.

redis.call('HSETNX', KEYS[1], 'kept-since', string.format('%.0f', store_time(ARGV[1])))
return redis.call('HGET', KEYS[1], 'kept-since')
