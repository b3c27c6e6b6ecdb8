-- What waits in a shard, at a glance.
-- KEYS: counts; then the lanes' due sets and, for those where tenants take turns, their ages.
-- Answers the server's time, how many jobs wait, then of each set its first member and score.

local time = redis.call('TIME')
local answer = { time[1] * 1000 + math.floor(time[2] / 1000), queued(KEYS[1]) }
for number = 2, #KEYS do
    local first = redis.call('ZRANGE', KEYS[number], 0, 0, 'WITHSCORES')
    answer[#answer + 1] = first[1] or ''
    answer[#answer + 1] = first[2] or ''
end
return answer
