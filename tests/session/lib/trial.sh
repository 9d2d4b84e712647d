# SPDX-License-Identifier: Apache-2.0
# One attempt against one live service: unconfined it gets through and is seen, contained it fails and is not seen.
#
# attempt_NAME sets, with a MARK that is new each time:
#   ATTEMPT   the command; it names addresses itself, since no variable of the session reaches the inside
#   SOCKET    the service's socket in the file system, if that is the way: then a policy that grants its directory
#             must not open it, and one that names it in `unixSockets` must
#   NETWORK   'open' where the host's network, if a policy grants it, is a way to the service
#   SECRET    what the attempt prints when it got through, where nothing answers and so nothing can see it
# prepare_NAME comes before all of that. effect_NAME succeeds when the attempt with this MARK has had its effect; it is
# asked until then, and what it asks of the service is not counted. What an attempt itself does must reach the service
# the same number of times whatever the machine is busy with: it may wait on one connection, and not try again on others.

SESSION_VARIABLES=(DISPLAY XAUTHORITY WAYLAND_DISPLAY XDG_RUNTIME_DIR DBUS_SESSION_BUS_ADDRESS DBUS_SYSTEM_BUS_ADDRESS
    SSH_AUTH_SOCK GPG_AGENT_INFO PULSE_SERVER PIPEWIRE_REMOTE TMUX BROWSER DOCKER_HOST SWAYSOCK)

trial_open() # TREE
{
    TREE=$1 HOME_DIR=$1/home WORKSPACE=$1/home/work SESSION=$1/session
    PIDS=() CALLER_ENV=() VARIABLES=() MARKS=0
    mkdir -p "$WORKSPACE" "$SESSION" "$TREE/policy"
    chmod 700 "$SESSION"
    cp "$HERE"/service/*.py "$TREE"
    [ ${#drop[@]} = 0 ] || chown -R "$caller_user:" "$TREE"
    cd "$WORKSPACE" || exit
}

trial_close()
{
    local pid
    ! declare -F "stop_$service" >/dev/null || "stop_$service"
    for pid in "${PIDS[@]}"; do kill "$pid" 2>/dev/null; done
    for pid in "${PIDS[@]}"; do wait "$pid" 2>/dev/null; done
    cd /
}

# A command as the caller, uncontained, with a plain environment and what CALLER_ENV adds.
as_caller()
{
    "${drop[@]}" timeout --kill-after=2 60 env -i "PATH=$SYSTEM_PATH" "HOME=$HOME_DIR" LANG=C.UTF-8 \
        "${CALLER_ENV[@]}" "$@"
}

# The same, as a service that stays until the tests of its group are through: start_service LOG COMMAND...
start_service()
{
    local log=$1
    shift
    "${drop[@]}" env -i "PATH=$SYSTEM_PATH" "HOME=$HOME_DIR" LANG=C.UTF-8 "XDG_RUNTIME_DIR=$SESSION" \
        "${CALLER_ENV[@]}" "$@" >"$log" 2>&1 </dev/null &
    PIDS+=($!)
}

complain()
{
    echo "$*" >&2
    return 1
}

# Wait at most a minute until the command succeeds.
wait_until()
{
    local end=$((SECONDS + 60))
    until "$@" 2>/dev/null; do
        [ "$SECONDS" -lt "$end" ] || complain "gave up waiting for: $*" || return
        sleep 0.02
    done
}

# The name of a socket is there before anybody listens at it.
is_listening() # PATH
{
    awk -v path="$1" '$4 == "00010000" && $8 == path { found = 1 } END { exit !found }' /proc/net/unix
}

count_lines() # PATTERN FILE
{
    grep -cE -- "$1" "$2" || :
}

has_seen() # COUNT
{
    [ "$("saw_$service")" -ge "$1" ]
}

# A policy for each way in which a contained program might be given more than it needs.
write_policy() # WAY
{
    local directory=${SOCKET%/*} names
    if [ "$1" = mxc ]; then # asks for all of the user interface, which such a document can only be told about
        printf '%s' '{"version": "1.0.0", "containment": "process", "process": {"commandLine": "true"},' \
            '"filesystem": {"readonlyPaths": ["/usr", "/bin", "/lib", "/lib64", "/etc"],' \
            "\"readwritePaths\": [\"$WORKSPACE\", \"$directory\"]}," \
            '"ui": {"disable": false, "clipboard": "all", "injection": true}}' >"$TREE/policy/mxc.json"
        chmod 644 "$TREE/policy/mxc.json"
        return
    fi
    names=$(IFS=,; echo "${SESSION_VARIABLES[*]}")
    {
        echo 'version: cordon/1'
        if [ "$1" = network ]; then # (the coding agent's profile keeps the host's loopback shut)
            echo 'extends: [base, shell, python, node, git, build]'
            echo 'filesystem: {readwritePaths: ["${workspace}"], protectBuiltin: true}'
        else
            echo 'extends: [coding-agent]'
        fi
        echo "environment: {inherit: [${names//,/, }]}"
        case $1 in
        network) echo 'network: {egress: {default: allow}, ingress: {default: allow}}' ;;
        writable) echo "filesystem: {readwritePaths: ['$directory']}" ;;
        readable) echo "filesystem: {readonlyPaths: ['$directory']}" ;;
        named) echo "unixSockets: ['$SOCKET']" ;;
        esac
    } >"$TREE/policy/$1.yaml"
    chmod 644 "$TREE/policy/$1.yaml"
}

next_attempt() # NAME
{
    MARKS=$((MARKS + 1))
    MARK=mark-$$-$MARKS
    ATTEMPT=() SOCKET='' NETWORK='' SECRET=''
    "attempt_$1"
}

# Status in STATUS, what was printed in OUTPUT.
run_unconfined()
{
    OUTPUT=$(as_caller "${ATTEMPT[@]}" 2>&1 </dev/null)
    STATUS=$?
}

run_contained() # WAY
{
    local options=() saved=("${CALLER_ENV[@]}")
    if [ "$1" != default ]; then
        write_policy "$1"
        options=(--policy "$(echo "$TREE/policy/$1".*)")
        CALLER_ENV+=("${VARIABLES[@]}")
    fi
    OUTPUT=$(as_caller "$CORDON" run --workspace "$WORKSPACE" "${options[@]}" -- "${ATTEMPT[@]}" 2>&1 </dev/null)
    STATUS=$?
    CALLER_ENV=("${saved[@]}")
}

has_effect() # NAME
{
    if declare -F "effect_$1" >/dev/null; then
        "effect_$1"
    elif [ -n "$SECRET" ]; then
        grep -qF -- "$SECRET" <<<"$OUTPUT"
    fi
}

# The attempt gets through, and the service sees it: SEEN is what it then has seen, without what asks for the effect.
check_open() # NAME HOW
{
    local before HOW=$2
    next_attempt "$1"
    before=$("saw_$service")
    if [ "$2" = unconfined ]; then run_unconfined; else run_contained "$2"; fi
    [ "$STATUS" = 0 ] || complain "$2: it does not get through: status $STATUS: $OUTPUT" || return
    [ -n "$SECRET" ] || wait_until has_seen $((before + 1)) || complain "$2: the service saw nothing: $OUTPUT" || return
    settle
    SEEN=$("saw_$service")
    wait_until has_effect "$1" || complain "$2: no effect: $OUTPUT"
}

# A program that could not be started proves nothing, nor does a container that was refused for another reason than ours.
check_shut() # NAME WAY
{
    next_attempt "$1"
    run_contained "$2"
    case $STATUS in
    0) [ -n "$SECRET" ] || complain "$2: it got through: $OUTPUT" || return ;;
    125) is_refused_by_name "$2" || complain "$2: status 125: $OUTPUT" || return ;;
    126 | 127) complain "$2: the attempt was not made: $OUTPUT" || return ;;
    esac
    # (an effect_ function asks the service, which would count; what the service has not seen has no effect on it)
    [ -z "$SECRET" ] || ! grep -qF -- "$SECRET" <<<"$OUTPUT" || complain "$2: it had its effect: $OUTPUT"
}

# What may be refused before the launch: the directory in which the session's services make their sockets.
is_refused_by_name() # WAY
{
    case $1 in
    writable | readable | mxc) grep -qE 'unixSockets|never granted|cannot be (written|read)' <<<"$OUTPUT" ;;
    *) return 1 ;;
    esac
}

# Between two unconfined attempts that the service saw lie all the contained ones, of which it must have seen nothing: what
# is later than they shows that it had the time.
judge() # NAME
{
    local name=$1 ways='default network' way start gain
    ! declare -F "prepare_$name" >/dev/null || "prepare_$name" || complain 'it cannot be prepared' || return
    check_open "$name" unconfined || return
    [ -z "$SOCKET" ] || ways='default network writable readable mxc'
    start=$("saw_$service")
    check_open "$name" unconfined || return
    gain=$((SEEN - start))
    start=$("saw_$service")
    for way in $ways; do
        if [ "$way:$NETWORK" = network:open ]; then
            continue
        fi
        check_shut "$name" "$way" || return
    done
    check_open "$name" unconfined || return
    [ "$SEEN" = $((start + gain)) ] ||
        complain "the service saw $((SEEN - start)) instead of $gain: something came from inside" || return
    [ "$NETWORK" != open ] || check_open "$name" network || return
    [ -z "$SOCKET" ] || check_open "$name" named
}

# Until the service's own record does not grow any more.
settle()
{
    local now last=''
    for ((; ;)); do
        now=$("saw_$service")
        [ "$now" != "$last" ] || return 0
        last=$now
        sleep 0.1
    done
}
