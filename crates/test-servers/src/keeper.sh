# Keeps one server for all processes that use it, and ends it when none has for a while.
#
# usage: sh keeper.sh IDLE_SECONDS PROGRAM ARGUMENT…   in the server's folder
#
# Standard input is the locked file `alive`: whoever finds it unlocked knows that
# there is neither keeper nor server. Users hold a shared lock on `users`, which
# the kernel takes from them when they end, however they end. Who starts or ends
# the server holds `gate`. A file named `end` asks for the end now.

# A terminal that is closed and Control-C are for the tests, not for what they share.
trap '' HUP INT
trap 'is_over=yes' TERM

idle_limit=$1
shift
"$@" </dev/null >log 2>&1 &
server=$!
exec 8<>gate 9<>users

# Four looks a second.
idle=0
is_over=
until [ "$is_over" ]; do
    sleep 0.25
    # A server that died by itself has been waited for along with `sleep`.
    if ! kill -0 "$server" 2>/dev/null || [ -e end ]; then
        is_over=yes
    elif flock --nonblock --exclusive 9; then
        idle=$((idle + 1))
        # Nobody can come in between: a new user passes the gate first.
        if [ "$idle" -ge $((idle_limit * 4)) ] && flock --nonblock --exclusive 8; then
            is_over=yes
        fi
        flock --unlock 9
    else
        idle=0
    fi
done

kill "$server" 2>/dev/null
looks=0
while kill -0 "$server" 2>/dev/null && [ "$looks" -lt 250 ]; do
    sleep 0.1
    looks=$((looks + 1))
done
kill -KILL "$server" 2>/dev/null
wait
