-- Moves the due time of jobs of one lane.
-- KEYS: due and, where tenants take turns, turns and ages. ARGV: tenant, id, time, by turns.
-- Answers the ids that are not in this lane.

local lane = { due = KEYS[1], turns = KEYS[2], ages = KEYS[3] }
local elsewhere = {}
for number = 1, #ARGV, 3 do
    if not move_due(lane, ARGV[number], ARGV[number + 1], tonumber(ARGV[number + 2])) then
        elsewhere[#elsewhere + 1] = ARGV[number + 1]
    end
end
return elsewhere
