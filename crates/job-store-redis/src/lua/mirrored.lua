-- Takes jobs off the backlog of the mirror where they are still as they were mirrored. One that has
-- changed since is due at once.
-- KEYS: jobs, the backlog. ARGV: time, then an id and the version mirrored, by turns.

local jobs, behind, now = KEYS[1], KEYS[2], store_time(ARGV[1])
local done = {}
for number = 2, #ARGV, 2 do
    local id = ARGV[number]
    local value = redis.call('HGET', jobs, id)
    if value and value:sub(1, 8) ~= ARGV[number + 1] then
        redis.call('ZADD', behind, 'XX', string.format('%.0f', now), id)
    else
        done[#done + 1] = id
    end
end
if #done > 0 then redis.call('ZREM', behind, unpack(done)) end
return 'K'
