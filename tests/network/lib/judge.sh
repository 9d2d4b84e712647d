# SPDX-License-Identifier: Apache-2.0
# What one test of the network has: TREE, HOME_DIR, WORKSPACE (its working directory, with ca.pem), WORLD, and these functions.
# POLICY is the policy (policies/NAME.yaml) under which `passes` and `is_refused` run their command; both first run it
# unconfined, where it must succeed and the world must see it.

trial_open() # NAME
{
    STARTED=$SECONDS TREE=$ROOT/trees/$1.$WHO HOME_DIR=$ROOT/trees/$1.$WHO/home WORKSPACE=$ROOT/trees/$1.$WHO/home/work
    LIMIT=30 POLICY=one-name CEILING='' EVENTS=$TREE/events.jsonl PIDS=() QUICK=5 ARRIVALS=. BARE_VARIABLES=() CALLER_VARIABLES=()
    mkdir -p "$WORKSPACE" "$TREE/policies"
    fill_policies
    cp "$HERE"/clients/* "$WORLD/ca.pem" "$WORKSPACE/"
    chmod -R a+rX "$TREE"
    [ ${#drop[@]} = 0 ] || [ "$(id -u)" != 0 ] || chown -R "$caller_user:" "$TREE"
    cd "$WORKSPACE" || exit
}

# @WORLD@ in a policy is the world's directory, which nothing inside can see.
fill_policies()
{
    local policy text
    for policy in "$HERE"/policies/*.yaml; do
        text=$(<"$policy")
        printf '%s\n' "${text//@WORLD@/$WORLD}" >"$TREE/policies/${policy##*/}"
    done
}

trial_close()
{
    local pid
    for pid in "${PIDS[@]}"; do end_contained "$pid"; done
    cd /
    [ -n "$KEEP" ] || rm -rf "$TREE"
}

complain()
{
    echo "$*" >&2
    return 1
}

# A command as the caller, with a plain environment; at most LIMIT seconds.
as_caller()
{
    "${drop[@]}" timeout --kill-after=2 "$LIMIT" env -i "PATH=$SYSTEM_PATH" "HOME=$HOME_DIR" LANG=C.UTF-8 "$@"
}

# The command line of a container with POLICY.
contained() # COMMAND...
{
    local options=(--policy "$TREE/policies/$POLICY.yaml")
    [ -z "$CEILING" ] || options+=(--policy "$TREE/policies/$CEILING.yaml")
    as_caller "${CALLER_VARIABLES[@]}" "$CORDON" run --workspace "$WORKSPACE" "${options[@]}" --events "$EVENTS" -- "$@"
}

# STATUS, OUTPUT, SEEN (what arrived in the world meanwhile: lines of its record that ARRIVALS matches), MILLISECONDS.
# BARE_VARIABLES and CALLER_VARIABLES are those of the unconfined command and of `cordon run`.
run_bare() { measure as_caller "${BARE_VARIABLES[@]}" "$@"; }
run_contained()
{
    rm -f "$EVENTS"
    measure contained "$@"
}
measure() # COMMAND...
{
    local before start=${EPOCHREALTIME/./}
    before=$(world_seen "$ARRIVALS")
    start=${EPOCHREALTIME/./}
    OUTPUT=$("$@" 2>&1 </dev/null)
    STATUS=$?
    MILLISECONDS=$(((${EPOCHREALTIME/./} - start) / 1000))
    SEEN=$(($(world_seen "$ARRIVALS") - before))
}

# Unconfined it works and is seen: without this, a refusal proves nothing.
works_bare() # TEXT COMMAND...
{
    local text=$1
    shift
    run_bare "$@"
    [ "$STATUS" = 0 ] || complain "unconfined: $*: status $STATUS: $OUTPUT" || return
    [ "$SEEN" -gt 0 ] || complain "unconfined: $*: the world saw nothing: $OUTPUT" || return
    grep -qF -- "$text" <<<"$OUTPUT" || complain "unconfined: $*: no '$text' in: $OUTPUT"
}

# The command works in a container with POLICY as it does without: passes TEXT COMMAND...
passes()
{
    local text=$1
    shift
    works_bare "$text" "$@" || return
    [ -z "$BARE" ] || return 0
    run_contained "$@"
    [ "$STATUS" = 0 ] || complain "$POLICY: $*: status $STATUS: $OUTPUT" || return
    [ "$SEEN" -gt 0 ] || complain "$POLICY: $*: the world saw nothing: $OUTPUT" || return
    grep -qF -- "$text" <<<"$OUTPUT" || complain "$POLICY: $*: no '$text' in: $OUTPUT"
}

# The command fails under POLICY, at once, and nothing arrives; unconfined it succeeds: is_refused TEXT COMMAND...
is_refused()
{
    works_bare "$@" || return
    is_shut "$@"
}

# The same for what the world cannot answer even unconfined, or for which that has been shown.
is_shut() # TEXT COMMAND...
{
    local text=$1
    shift
    [ -z "$BARE" ] || return 0
    run_contained "$@"
    case $STATUS in
    0) complain "$POLICY: $*: it got through: $OUTPUT" || return ;;
    124 | 137) complain "$POLICY: $*: it hangs instead of being refused: $OUTPUT" || return ;;
    125 | 126 | 127) complain "$POLICY: $*: it was not tried: status $STATUS: $OUTPUT" || return ;;
    esac
    ! grep -qF -- "$text" <<<"$OUTPUT" || complain "$POLICY: $*: it had its answer: $OUTPUT" || return
    [ "$SEEN" = 0 ] || complain "$POLICY: $*: $SEEN arrived in the world: $(grep -E -- "$ARRIVALS" "$WORLD/seen" | tail -n "$SEEN")" || return
    [ "$MILLISECONDS" -lt $((QUICK * 1000)) ] || complain "$POLICY: $*: refused only after $MILLISECONDS ms: $OUTPUT"
}

# The same for a request of a connection that is permitted: its server may see that, and no request.
REQUESTS='^(http|h2|mcp|rpc|websocket) '
is_denied() # TEXT COMMAND...
{
    local ARRIVALS=$REQUESTS
    is_refused "$@" && has_event network.request-denied
}

# The last container's record has an event of this type for which the jq expression holds: has_event TYPE [EXPRESSION]
has_event()
{
    [ -z "$BARE" ] || return 0
    jq -se "any(.[]; .type == \"$1\" and (${2:-true}))" "$EVENTS" >/dev/null ||
        complain "no event $1 with ${2:-anything} in: $(sed -n 's/.*"type":"\(network.*\)}$/\1/p' "$EVENTS" | cut -c 1-300)"
}

check_equal()
{
    [ "$1" = "$2" ] || complain "'$1' is not '$2'"
}

# Waits at most a minute until the command succeeds.
wait_until()
{
    local end=$((SECONDS + 60))
    until "$@" 2>/dev/null; do
        [ "$SECONDS" -lt "$end" ] || complain "gave up waiting for: $*" || return
        sleep 0.02
    done
}

# A container that goes on while the test does: start_contained LOG COMMAND...; RUN is its pid as seen by the caller.
start_contained()
{
    local log=$1
    shift
    rm -f "$EVENTS"
    contained "$@" >"$log" 2>&1 </dev/null &
    RUN=$!
    PIDS+=("$RUN")
}

end_contained() # PID
{
    local pid
    for pid in $(find_below "$1" cordon); do kill "$pid" 2>/dev/null; done
    wait "$1" 2>/dev/null
}

# Processes called NAME below PID.
find_below() # PID NAME
{
    local child
    for child in $(cat /proc/"$1"/task/*/children 2>/dev/null); do
        [ "$(cat "/proc/$child/comm" 2>/dev/null)" != "${2:0:15}" ] || echo "$child" # (the kernel keeps no more)
        find_below "$child" "$2"
    done
}
