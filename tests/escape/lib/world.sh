# SPDX-License-Identifier: Apache-2.0
# Servers beyond the host, for properties about the network that a policy grants: one world (tests/network/world) for all
# trials, started by the first that needs it. What arrives there is known by the trial's marker. Needs root.

WORLD_MISSING=
# shellcheck source=../../network/world/open.sh
. "$HERE/../network/world/open.sh"

# Sets WORLD_MISSING to what keeps a world from being made for the properties named, if any of them needs one.
world_look() # NAME...
{
    local name
    for name in "$@"; do
        if [ "${OPTION[$name.needs]:-}" = world ]; then
            WORLD_MISSING=$([ "$(id -u)" = 0 ] && world_missing || echo root)
            return
        fi
    done
}

world_keeper() # DIRECTORY: a process in the host's half of the world, and the world's servers, until it is killed
{
    # shellcheck disable=SC2016
    world_new bash -c '. "$1/world/open.sh"
        drop=() caller_user=root
        trap "world_close; exit" TERM
        if world_open "$2" 2>"$2.log"; then echo $$ >"$2/pid.new" && mv "$2/pid.new" "$2/pid"; else echo none >"$2/pid"; fi
        while :; do sleep 1 & wait $!; done' - "$HERE/../network" "$1" </dev/null >/dev/null 2>&1 9>&- &
    echo $! >"$1.keeper"
    disown $!
}

world_need() # Sets WORLD and WORLD_PID
{
    WORLD=$ROOT/world
    (
        flock 9
        [ -e "$WORLD.keeper" ] || world_keeper "$WORLD"
        wait_until test -s "$WORLD/pid"
    ) 9>"$ROOT/world.lock" || return
    WORLD_PID=$(cat "$WORLD/pid")
    [ "$WORLD_PID" != none ] || { cat "$WORLD.log" >&2; return 1; }
}

world_end()
{
    [ ! -s "$ROOT/world/pid" ] || kill "$(cat "$ROOT/world/pid")" 2>/dev/null
    [ ! -e "$ROOT/world.keeper" ] || kill "$(cat "$ROOT/world.keeper")" 2>/dev/null
}

# The command runs in the world's host, contained with what is granted: world_prepare 'PEER, ...' ARGUMENT...
world_prepare()
{
    world_need || return
    # shellcheck disable=SC2016
    ROOT_WRAP=(nsenter --target "$WORLD_PID" --net --mount -- sh -c 'cd "$0" && exec "$@"' "$WORKSPACE")
    LAUNCH=(--line "network: {egress: {allow: [$1]}}")
    shift
    ARGS=("$@")
}

# Has anything with the trial's marker arrived? Bare it must; contained it is given time.
world_has_seen()
{
    local i most=15
    [ "$MODE" != bare ] || most=100
    for ((i = 0; i < most; i++)); do
        ! grep -qF "$MARKER" "$WORLD/seen" || return 0
        sleep 0.02
    done
    return 1
}
