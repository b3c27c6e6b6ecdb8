-- Takes jobs of a lane and puts each off by the lease.
-- KEYS: jobs, due and, where tenants take turns, turns and ages.
-- ARGV: time, lease, how they are chosen; then
--   turns: a tenant and how many of its jobs, by turns;
--   due: ids, taken where they are due;
--   age: an id and its tenant, by turns, taken whether due or not.
-- Answers ids, with their tenants behind them where tenants take turns, and values by turns, in
-- the order asked for.

local jobs, lane = KEYS[1], { due = KEYS[2], turns = KEYS[3], ages = KEYS[4] }
local now, lease, chosen = store_time(ARGV[1]), tonumber(ARGV[2]), ARGV[3]
local answer = {}

-- A job that waits longer anyway, as after a failure, is not pulled forward.
local function take(user, id)
    local at = tonumber(redis.call('ZSCORE', lane.due, id) or nil)
    if not at or (chosen ~= 'age' and at > now) then return end
    local value = redis.call('HGET', jobs, id)
    if not value then return end
    if now + lease > at then move_due(lane, user, id, now + lease) end
    answer[#answer + 1] = id .. (user or '')
    answer[#answer + 1] = value
end

local function take_turns(user, most)
    local until_now = '[' .. user .. '\0' .. fifteen_digits(now) .. '\255'
    local entries = redis.call('ZRANGE', lane.turns, '[' .. user .. '\0', until_now,
        'BYLEX', 'LIMIT', 0, most)
    for _, entry in ipairs(entries) do take(user, entry:sub(#user + 17)) end
end

local step = chosen == 'due' and 1 or 2
for number = 4, #ARGV, step do
    if chosen == 'turns' then
        take_turns(ARGV[number], ARGV[number + 1])
    else
        take(step == 2 and ARGV[number + 1] or nil, ARGV[number])
    end
end
return answer
