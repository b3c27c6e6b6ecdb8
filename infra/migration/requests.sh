#!/bin/sh
# The requests that clients of the Python version send, to a gateway:
#
#   infra/migration/requests.sh http://127.0.0.1:8000 KEY
#
# One job is followed to its artifacts, one is cancelled. Ends with 0 where all went as it should.
set -eu
gateway=$1
key=$2

ask() {
    curl --silent --show-error --fail-with-body --header "X-API-Key: $key" "$@"
}
submit() {
    ask --header 'Content-Type: application/json' --data "$1" "$gateway/api/v1/jobs"
}
field() {
    sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"
}
# Answers when the job is in the status that is waited for, for a quarter of an hour.
wait_for() {
    tries=0
    while status=$(ask "$gateway/api/v1/jobs/$1" | field status) && [ "$status" != "$2" ]; do
        tries=$((tries + 1))
        if [ "$status" = failed ] || [ $tries -gt 900 ]; then
            ask "$gateway/api/v1/jobs/$1" >&2
            exit 1
        fi
        sleep 1
    done
    echo "$1 is $2"
}

short='{"job_type": "run_simulation", "idempotency_key": "'$(date +%s)-$$'",
  "params": {"simulation_config": {"mode": "open_chemistry",
    "config": {"num_particles": 100, "temperature": 300, "steps": 500}}}}'
long='{"job_type": "run_simulation",
  "params": {"simulation_config": {"mode": "open_chemistry",
    "config": {"num_particles": 1000, "temperature": 300, "steps": 50000}}}}'

job=$(submit "$short" | field job_id)
echo "submitted $job"
again=$(submit "$short" | field job_id)
[ "$again" = "$job" ] && echo "sent again: the same job"

other=$(submit "$long" | field job_id)
wait_for "$other" running
ask --request POST "$gateway/api/v1/jobs/$other/cancel" > /dev/null
wait_for "$other" cancelled

wait_for "$job" completed
artifacts=$(ask "$gateway/api/v1/jobs/$job/artifacts")
echo "artifacts: $(echo "$artifacts" | grep -o '"key":"[^"]*"')"
link=$(ask "$gateway/api/v1/jobs/$job" | field result_url)
echo "main result: $(curl --silent --show-error --fail "$link" | wc -c) bytes"
ask "$gateway/api/v1/jobs?limit=2" | grep -q "$job" && echo "listed"
