-- The last deliveries of a job, in the order of its events.
-- KEYS: deliveries, of jobs. ARGV: id of the job, most deliveries. Answers values.

local ids, answer = deliveries_of(KEYS[2], ARGV[1]), {}
for number = math.max(1, #ids - ARGV[2] + 1), #ids do
    answer[#answer + 1] = redis.call('HGET', KEYS[1], ids[number])
end
return answer
