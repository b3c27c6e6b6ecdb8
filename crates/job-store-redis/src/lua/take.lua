-- Takes jobs of a lane, or of the mirror's backlog, and puts each off by the lease.
-- KEYS: jobs, what this taker took last, due and, where tenants take turns, turns and ages.
-- ARGV: time, lease, operation, how they are chosen; then
--   turns: a tenant and how many of its jobs, by turns;
--   due: ids, taken where they are due;
--   age: an id and its tenant, by turns, taken whether due or not.
-- Answers ids, with their tenants behind them where tenants take turns, and values by turns, in
-- the order asked for.

local jobs, last, lane = KEYS[1], KEYS[2], { due = KEYS[3], turns = KEYS[4], ages = KEYS[5] }
local now, lease, operation, chosen = store_time(ARGV[1]), tonumber(ARGV[2]), ARGV[3], ARGV[4]
local answer = {}

local before = taken_before(last, operation)
if before then
    for entry in before do
        local value = redis.call('HGET', jobs, entry:sub(1, 32))
        if value then
            answer[#answer + 1] = entry
            answer[#answer + 1] = value
        end
    end
    return answer
end

-- A job that waits longer anyway, as after a failure, is not pulled forward.
local function take(user, id)
    local at = tonumber(redis.call('ZSCORE', lane.due, id) or nil)
    if not at or (chosen ~= 'age' and at > now) then return end
    local value = redis.call('HGET', jobs, id)
    if not value then
        -- Removed by a process that knew nothing of this set.
        leave_due(lane, user, id)
        return
    end
    if now + lease > at then move_due(lane, user, id, now + lease) end
    answer[#answer + 1] = id .. (user or '')
    answer[#answer + 1] = value
end

local function take_turns(user, most)
    for _, id in ipairs(first_due(lane.turns, user, now, most)) do take(user, id) end
end

local step = chosen == 'due' and 1 or 2
for number = 5, #ARGV, step do
    if chosen == 'turns' then
        take_turns(ARGV[number], ARGV[number + 1])
    else
        take(step == 2 and ARGV[number + 1] or nil, ARGV[number])
    end
end
local entries = {}
for number = 1, #answer, 2 do entries[#entries + 1] = answer[number] end
remember_taken(last, operation, entries)
return answer
