-- A tenant's events after a number. Those of removed jobs are not told any more.
-- KEYS: jobs, events. ARGV: number, most events. Answers numbers and events by turns.

local jobs, events, most = KEYS[1], KEYS[2], tonumber(ARGV[2])
local after, answer = ARGV[1], {}
while #answer < 2 * most do
    local entries = redis.call('XRANGE', events, '(' .. after .. '-18446744073709551615', '+',
        'COUNT', math.min(most, 200))
    if #entries == 0 then break end
    for _, entry in ipairs(entries) do
        after = entry[1]:match('^%d+')
        if #answer < 2 * most and redis.call('HEXISTS', jobs, entry[2][1]) == 1 then
            answer[#answer + 1] = after
            answer[#answer + 1] = entry[2][2]
        end
    end
end
return answer
