# Runs a program that must not outlive its owner, however the owner ends.
#
# usage: sh leash.sh LOG PROGRAM ARGUMENT…
# The first line of standard output is the program's process id.
# The owner holds the other end of standard input: when that is closed, by
# the owner or by the kernel, the program is killed. Until then the program is
# not waited for, so that its process id can't become another program's.

# Signals for the whole group must not end this one before the program.
trap '' HUP INT TERM

log=$1
shift
# Before the first line is printed: what an earlier program logged is no answer.
: >"$log"
"$@" </dev/null >>"$log" 2>&1 &
echo $!
read -r _
kill -KILL $!
wait
