# SPDX-License-Identifier: Apache-2.0
# Streams, signals, statuses, time limits, events: what a caller sees of `cordon run`.

program_test large_binary_streams_pass_untouched "head cmp"
test_large_binary_streams_pass_untouched()
{
    head -c 67108864 /dev/urandom >"$TREE/big"
    chmod 644 "$TREE/big"
    contained cat <"$TREE/big" | cmp - "$TREE/big" || return 1
    contained cat <"$TREE/big" >"$TREE/copy" && cmp "$TREE/copy" "$TREE/big" || return 1
    # shellcheck disable=SC2002
    cat "$TREE/big" | contained sh -c 'cat >&2' 2>"$TREE/error" &&
        cmp "$TREE/error" "$TREE/big"
}

program_test a_reader_that_stops_ends_the_writer "head yes"
test_a_reader_that_stops_ends_the_writer()
{
    local words
    words=$(contained yes 2>/dev/null | head -c 100000 | wc -c)
    check_equal "$words" 100000
}

program_test closed_standard_descriptors_are_no_obstacle "sh"
test_closed_standard_descriptors_are_no_obstacle()
{
    contained sh -c 'exit 3' <&-
    check_equal $? 3 || return 1
    contained sh -c 'exit 4' >&-
    check_equal $? 4 || return 1
    contained sh -c 'exit 5' <&- >&- 2>&-
    check_equal $? 5 || return 1
    check_equal "$(contained cat <&- 2>/dev/null)" ""
}

program_test stdout_and_stderr_stay_apart "sh"
test_stdout_and_stderr_stay_apart()
{
    check_equal "$(contained sh -c 'echo out; echo err >&2' 2>/dev/null)" out &&
        check_equal "$(contained sh -c 'echo out; echo err >&2' 2>&1 >/dev/null)" err
}

program_test statuses_are_those_of_the_program "sh"
test_statuses_are_those_of_the_program()
{
    check_run 0 '' true && check_run 1 '' false && check_run 42 '' sh -c 'exit 42' &&
        check_run 255 '' sh -c 'exit 255' && check_run 137 '' sh -c 'kill -9 $$' &&
        check_run 143 '' sh -c 'kill -15 $$' && check_run 134 '' sh -c 'ulimit -c 0; kill -ABRT $$'
}

program_test what_cannot_be_executed_is_126_and_what_is_missing_127 "sh"
test_what_cannot_be_executed_is_126_and_what_is_missing_127()
{
    echo 'not a program' >plain
    check_run 127 '^cordon: ' no-such-program-anywhere && check_run 127 '^cordon: ' ./missing &&
        check_run 126 '^cordon: ' ./plain && check_run 126 '^cordon: ' /usr
}

program_test a_set_up_error_is_125_and_says_so "sh"
test_a_set_up_error_is_125_and_says_so()
{
    OPTIONS=(--policy "$TREE/missing.yaml")
    check_run 125 '^cordon: ' true || return 1
    OPTIONS=(--set "filesystem.readonlyPaths=[/nonexistent/path]")
    check_run 125 '^cordon: .*/nonexistent/path' true || return 1
    as_caller "$CORDON" run --no-such-option -- true 2>"$TREE/error"
    check_equal $? 125 || return 1
    as_caller "$CORDON" run 2>>"$TREE/error"
    check_equal $? 125
}

program_test a_time_limit_is_124 "sleep sh"
test_a_time_limit_is_124()
{
    OPTIONS=(--timeout 300ms)
    check_run 124 '' sleep 1000 && check_run 124 '' sh -c 'trap "" TERM INT HUP; while :; do sleep 0.05; done' &&
        check_run 124 '' sh -c 'setsid -f sleep 1000; sleep 1000' && check_run 6 '' sh -c 'exit 6'
}

# Start a contained command in the background, wait for the file `ready`; PID is that of cordon run.
start_contained()
{
    rm -f ready
    # The program that is started must be cordon itself, so that the signal reaches it; and what a
    # shell starts in the background ignores SIGINT.
    "${drop[@]}" env -i --default-signal=INT,QUIT "PATH=$SYSTEM_PATH" "HOME=$HOME_DIR" "$CORDON" run --workspace "$WORKSPACE" \
        "${OPTIONS[@]}" -- "$@" >"$TREE/output" 2>&1 &
    PID=$!
    wait_until test -e ready || kill -9 "$PID"
}

is_over() { ! kill -0 "$PID" || grep -q '^State:.Z' "/proc/$PID/status"; }

# Wait for the command of start_contained to end, with its status.
end_contained()
{
    wait_until is_over || kill -9 "$PID"
    wait "$PID"
}

program_test signals_are_forwarded "bash"
test_signals_are_forwarded()
{
    local signal
    for signal in TERM INT HUP USR1 USR2; do
        start_contained bash -c "trap 'echo got it; exit 9' $signal; : >ready; while :; do sleep 0.05; done" || return 1
        kill "-$signal" "$PID"
        end_contained
        check_equal $? 9 || return 1
        check_equal "$(tail -n 1 "$TREE/output")" "got it" || return 1
    done
}

program_test an_untrapped_signal_ends_the_program "sh"
test_an_untrapped_signal_ends_the_program()
{
    start_contained sh -c ': >ready; exec sleep 1000' || return 1
    kill -TERM "$PID"
    end_contained
    check_equal $? 143
}

program_test a_daemon_ends_with_the_container "setsid flock"
test_a_daemon_ends_with_the_container()
{
    # The daemon holds a lock; when the run has ended the lock must be free.
    check_run 0 '' sh -ec 'setsid -f flock lock sh -c ": >ready; exec sleep 1000" >/dev/null 2>&1 </dev/null; while [ ! -e ready ]; do sleep 0.02; done; exit 0' || return 1
    wait_until flock -n lock true
}

program_test orphans_are_reaped "sh"
test_orphans_are_reaped()
{
    # shellcheck disable=SC2016
    check_run 0 '^zombies: 0$' bash -c '
        for i in $(seq 30); do (true & ) ; done
        for i in $(seq 200); do n=$(grep -lsE "^State:.Z" /proc/[0-9]*/status | wc -l); [ "$n" = 0 ] && break; sleep 0.02; done
        echo "zombies: $n"'
}

program_test nothing_is_left_to_a_process_1_that_reaps_nobody "python3 unshare"
test_nothing_is_left_to_a_process_1_that_reaps_nobody()
{
    local left
    [ "$(id -u)" = 0 ] || return 0 # a process 1 of one's own takes a privilege, or another user than the rest has
    # shellcheck disable=SC2016
    left=$(unshare --pid --fork --mount-proc python3 -c '
import os, subprocess, sys
def zombies():
    states = (open("/proc/%s/stat" % p).read().rsplit(")", 1)[1].split()[0] for p in os.listdir("/proc") if p.isdigit())
    return sum(state == "Z" for state in states)
os.posix_spawn("/bin/sh", ["sh", "-c", "true & exec true"], os.environ)
while zombies() < 2: # the shell, and what it left
    os.sched_yield()
before = zombies()
for i in range(10):
    assert subprocess.run(sys.argv[1:]).returncode == 0
print(before > 0, zombies() - before)' "${drop[@]}" env -i "PATH=$SYSTEM_PATH" "HOME=$HOME_DIR" "$CORDON" run --workspace "$WORKSPACE" -- true)
    check_equal "$left" 'True 0'
}

program_test many_runs_at_once_do_not_disturb_each_other "seq"
test_many_runs_at_once_do_not_disturb_each_other()
{
    local i pids=() failures=0
    for i in $(seq 12); do
        contained sh -c "echo $i; exit $i" >"$TREE/output.$i" &
        pids+=($!)
    done
    for i in $(seq 12); do
        wait "${pids[i - 1]}"
        if [ $? != "$i" ] || [ "$(cat "$TREE/output.$i")" != "$i" ]; then
            failures=$((failures + 1))
        fi
    done
    check_equal "$failures" 0
}

program_test the_current_directory_is_the_workspace "sh"
test_the_current_directory_is_the_workspace()
{
    as_caller "$CORDON" run -- sh -c 'echo text >made; pwd' >"$TREE/output" || return 1
    check_equal "$(cat "$TREE/output")" "$WORKSPACE" && check_equal "$(cat made)" text
}

program_test events_tell_the_run "jq"
test_events_tell_the_run()
{
    local events=$WORKSPACE/../events.jsonl
    OPTIONS=(--events "$events")
    check_run 3 '' sh -c 'exit 3' || return 1
    jq -es 'all(.[]; (.schema // .version) == "cordon-event/1")' "$events" >/dev/null ||
        complain "not every record names its schema: $(cat "$events")" || return 1
    check_equal "$(jq -rs 'map(.type) | join(" ")' "$events")" "run.started run.exited" || return 1
    jq -es '.[0] | .policyDigest and .planDigest and .argv == ["sh", "-c", "exit 3"] and .tier == "process"' \
        "$events" >/dev/null || complain "run.started: $(cat "$events")" || return 1
    jq -es '.[1] | .exitStatus == 3 and .end == "exited" and .usage.wallUs > 0' "$events" >/dev/null ||
        complain "run.exited: $(cat "$events")" || return 1
    check_equal "$(jq -rs '[.[].id | split(".")[0]] | unique | length' "$events")" 1 || return 1
    # The same by a descriptor, and with a limit that was reached.
    OPTIONS=(--events fd:5 --timeout 200ms)
    contained sleep 1000 5>"$TREE/events"
    check_equal $? 124 || return 1
    check_equal "$(jq -rs 'map(.type) | join(" ")' "$TREE/events")" "run.started run.timeout run.exited"
}

# What a program looks for in vain stands in the record where that is asked for, and nothing else is different.
program_test what_is_hidden_is_recorded_when_it_is_asked_for "jq"
test_what_is_hidden_is_recorded_when_it_is_asked_for()
{
    local events=$WORKSPACE/../hidden.jsonl seen='map(select(.type == "access.denied" and .source == "void")) | map(.object.path)'
    OPTIONS=(--watch hidden --events "$events")
    # Where it cannot be had, it is refused with the reason.
    contained true 2>"$TREE/refused" || {
        check_equal $? 125 && grep -q '/dev/fuse (.*): `modprobe fuse`' "$TREE/refused" || complain "it does not say why: $(cat "$TREE/refused")"
        return
    }
    rm -f "$events"
    check_run 0 'absent ' sh -c 'cat /etc/shadow 2>/dev/null || printf "absent "; cat /etc/none/of/this 2>/dev/null; cat /usr/bin/env >/dev/null' || return 1
    jq -es "$seen"' | index("/etc/shadow") and (index("/etc/none/of/this") | not) and (index("/usr/bin/env") | not)' "$events" >/dev/null ||
        complain "recorded: $(jq -cs "$seen" "$events")" || return 1
    jq -es '.[0].watch | map(.source) | index("void")' "$events" >/dev/null || complain "run.started: $(head -1 "$events")" || return 1
    OPTIONS=(--events "$TREE/usual")
    check_run 0 'absent ' sh -c 'cat /etc/shadow 2>/dev/null || printf "absent "' || return 1
    check_equal "$(jq -rs "$seen"' | length' "$TREE/usual")" 0
}

program_test a_refused_launch_is_recorded "jq"
test_a_refused_launch_is_recorded()
{
    local events=$HOME_DIR/events.jsonl
    OPTIONS=(--events "$events" --set "filesystem.readonlyPaths=[/nonexistent/path]")
    check_run 125 '' true || return 1
    check_equal "$(jq -rs 'map(.type) | join(" ")' "$events")" "run.failed" || return 1
    OPTIONS=(--events "$events")
    check_run 127 '' no-such-program || return 1
    check_equal "$(jq -rs 'map(.type) | join(" ")' "$events")" "run.failed run.failed"
}

program_test runs_are_kept_in_the_run_store "jq"
test_runs_are_kept_in_the_run_store()
{
    local store=$HOME_DIR/.local/state/cordon/runs
    check_run 0 '' true || return 1
    check_equal "$(find "$store" -name events.jsonl | wc -l)" 1 || return 1
    check_equal "$(find "$HOME_DIR/.local/state/cordon" -perm /077 -print)" "" || return 1
    jq -es 'map(.type) == ["run.started", "run.exited"]' "$store"/*/events.jsonl >/dev/null
}
