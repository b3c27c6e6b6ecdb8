-- Which tenants have jobs that are due in a dispatch lane, and how many; or which receivers have
-- deliveries, who are called tenants here too.
-- KEYS: turns. ARGV: time, most jobs to count of each, most tenants to pass, tenant to begin
-- after.
-- Answers the last tenant passed, or nothing where it has seen all; then of each tenant with
-- due jobs its name, their number, and when the first was due.

local turns, now = KEYS[1], fifteen_digits(store_time(ARGV[1]))
local most, steps, begin = tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
local answer = { '' }

local function look_at(user, first)
    if first:sub(#user + 2, #user + 16) > now then return end
    local until_now = '[' .. user .. '\0' .. now .. '\255'
    local jobs = redis.call('ZLEXCOUNT', turns, '[' .. user .. '\0', until_now)
    answer[#answer + 1] = user
    answer[#answer + 1] = math.min(jobs, most)
    answer[#answer + 1] = first:sub(#user + 2, #user + 16)
end

-- From the tenant after `from` to `to`. The byte after the name is \0, so \1 is past all of
-- its jobs.
local function walk(from, to)
    while true do
        local first = redis.call('ZRANGE', turns, '[' .. from .. '\1', to, 'BYLEX', 'LIMIT', 0, 1)[1]
        if not first then return end
        if steps == 0 then
            answer[1] = from
            return
        end
        steps = steps - 1
        from = first:sub(1, first:find('\0', 1, true) - 1)
        look_at(from, first)
    end
end

walk(begin, '+')
if begin ~= '' and answer[1] == '' then walk('', '[' .. begin .. '\1') end
return answer
