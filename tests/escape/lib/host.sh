# SPDX-License-Identifier: Apache-2.0
# What preparations share: the host's side of a trial. A preparation (prepare_NAME) runs in the
# trial's own shell and sets:
#   ARGS       arguments of the attempt
#   LAUNCH     options of the launcher (tests/escape/launchers/README.md)
#   CALLER_ENV further variables of the caller, NAME=VALUE
#   WRAP       command put before launcher or attempt, as the caller; ROOT_WRAP the same as root
#   BARE       command put before the attempt when it is run unconfined
#   WATCH      paths of the host that must not change; their change is the effect
#   WORKSPACE_ASKED  the workspace that the launcher is told, when it is another
#   CWD, STDIN, STDOUT  where the launcher is started, and with what
# and may use TREE (the trial's directory), HOME_DIR, WORKSPACE, OUTSIDE, MARKER, MODE, WHO.

# Wait at most 50 s, less than a trial may take, until the command succeeds.
wait_until()
{
    local end=$((SECONDS + 50))
    until "$@" 2>/dev/null; do
        if [ "$SECONDS" -ge "$end" ]; then
            echo "gave up waiting for: $*" >&2
            return 1
        fi
        sleep 0.02
    done
}

# Start a program as the caller; it ends with the trial.
start_on_host()
{
    "${drop[@]}" "$@" </dev/null >/dev/null 2>>"$LOG.host" &
    PIDS+=($!)
    disown $!
}

# A listener of the host; PORT is its port. Arguments: kind, address.
start_listener()
{
    EXPECT_EFFECT=yes
    start_on_host "$BIN/listener" "$1" "$2" "$TREE/effect" "$TREE/ready"
    wait_until test -s "$TREE/ready" || return 1
    PORT=$(cat "$TREE/ready")
}

# A process of the host with a secret; VICTIM is its pid, ADDRESS that of the secret.
start_victim()
{
    start_on_host "$BIN/victim" "$TREE/ready" "$MARKER" "$TREE/alive"
    wait_until test -s "$TREE/ready" || return 1
    read -r VICTIM ADDRESS <"$TREE/ready"
}

victim_is_gone()
{
    ! kill -0 "$VICTIM" 2>/dev/null || grep -q '^State:.Z' "/proc/$VICTIM/status" 2>/dev/null
}

victim_has_answered()
{
    victim_is_gone || [ -e "$TREE/alive" ]
}

# A signal takes effect when its target next runs: a victim that answers to a later one was spared.
victim_was_ended()
{
    kill -USR1 "$VICTIM" 2>/dev/null
    wait_until victim_has_answered
    victim_is_gone
}

# What the attempt made in the workspace, which in a reviewed run is in its layer (CHANGES=layer, of a launcher's .differs).
is_made()
{
    [ -e "$1" ] || { [ "${CHANGES-}" = layer ] && compgen -G "$HOME_DIR/.local/state/cordon/runs/*/review/*/upper${1#"$WORKSPACE"}" >/dev/null; }
}

# ANSWER: a name at which the attempt sees what the host makes meanwhile, as it need not in what is below a layer.
answer_at()
{
    ANSWER=$WORKSPACE/$1
    if [ "${CHANGES-}" = layer ]; then
        mkdir -p "$TREE/answers"
        chmod 755 "$TREE/answers"
        ANSWER=$TREE/answers/$1
        LAUNCH+=(--readonly "$TREE/answers")
    fi
}

# When the attempt has created $1, run the rest, then create $2.
on_ready()
{
    local ready=$1 done=$2
    shift 2
    ( wait_until is_made "$ready" && "$@" && : >"$done" ) </dev/null >/dev/null 2>>"$LOG.host" &
    PIDS+=($!)
    disown $!
}

# A workspace as agents find it, with the names that must not change.
make_project()
{
    mkdir -p "$WORKSPACE/.git/hooks" "$WORKSPACE/.vscode" "$WORKSPACE/.claude" "$WORKSPACE/src"
    echo 'ref: refs/heads/main' >"$WORKSPACE/.git/HEAD"
    printf '[core]\n\tbare = false\n' >"$WORKSPACE/.git/config"
    printf '#!/bin/sh\nexit 0\n' >"$WORKSPACE/.git/hooks/pre-commit"
    chmod 755 "$WORKSPACE/.git/hooks/pre-commit"
    echo '{}' >"$WORKSPACE/.vscode/tasks.json"
    echo '{}' >"$WORKSPACE/.mcp.json"
    echo '{}' >"$WORKSPACE/.claude/settings.json"
    echo '# start' >"$WORKSPACE/.bashrc"
    echo '# start' >"$WORKSPACE/.envrc"
    echo 'int x;' >"$WORKSPACE/src/main.c"
}

# A denied file and a denied directory in the workspace.
make_denied()
{
    mkdir -p "$WORKSPACE/config/private" "$WORKSPACE/src"
    printf 'secret %s\n' "$MARKER" >"$WORKSPACE/config/.env"
    printf 'secret %s\n' "$MARKER" >"$WORKSPACE/config/private/key"
    touch -d '2001-02-03 04:05:06' "$WORKSPACE/config/.env"
    LAUNCH+=(--deny "$WORKSPACE/config/.env" --deny "$WORKSPACE/config/private")
}

# A read-only tree outside of the workspace (kept/), and one read-only file inside of it (pinned).
make_readonly()
{
    mkdir -p "$OUTSIDE/kept/sub" "$WORKSPACE/src"
    echo original >"$OUTSIDE/kept/file"
    echo original >"$OUTSIDE/kept/sub/file"
    echo original >"$WORKSPACE/src/pinned"
    LAUNCH+=(--readonly "$OUTSIDE/kept" --readonly "$WORKSPACE/src/pinned")
    KEPT=$OUTSIDE/kept/file PINNED=$WORKSPACE/src/pinned
}

# Unconfined stand-ins for what a careless launcher gives: pid 1 that is the caller's own shell
# (arguments: further options of unshare for the ordinary user), and the right to mount in a namespace
# that the host does not see.
bare_pid_namespace()
{
    BARE=(unshare)
    if [ "$WHO" = user ]; then
        BARE+=(--user --map-current-user "$@")
    fi
    # shellcheck disable=SC2016
    BARE+=(--pid --fork --mount-proc -- sh -c '"$@"; exit $?' "sh-$MARKER")
}

bare_mount_namespace()
{
    BARE=(unshare)
    if [ "$WHO" = user ]; then
        BARE+=(--user --map-current-user --keep-caps)
    fi
    BARE+=(--mount --)
}

# The caller's own daemon, in the places of the trial; DAEMON is its pid, CONTROL its socket.
start_daemon()
{
    local build
    build=$(realpath "$(dirname "$CORDON")/../..")
    [ -x "$build/src/daemon/cordond" ] || { echo "no cordond beside $CORDON" >&2; return 1; }
    chmod 700 "$TREE/run"
    CONTROL=$TREE/run/cordon/control.sock
    trial_give_tree
    start_daemon_again "$build/src/daemon/cordond"
}
start_daemon_again() # PROGRAM
{
    "${drop[@]}" env -i "PATH=$SYSTEM_PATH" "HOME=$HOME_DIR" "XDG_RUNTIME_DIR=$TREE/run" "$1" --user </dev/null >/dev/null 2>>"$LOG.daemon" &
    DAEMON=$!
    PIDS+=("$DAEMON")
    disown "$DAEMON"
    wait_until on_host_tool ps
}

# Cordon's tool as the caller has it outside of the container.
on_host_tool()
{
    "${drop[@]}" env -i "PATH=$SYSTEM_PATH" "HOME=$HOME_DIR" "XDG_RUNTIME_DIR=$TREE/run" CORDON_DAEMON=required CORDON_HINT=0 CORDON_CARD=0 \
        timeout 40 "$CORDON" "$@" </dev/null >>"$LOG.tool" 2>>"$LOG.host"
}

# Keepers outlive their daemon, so each is ended by the number that it left in the daemon's directory.
end_keepers()
{
    local name pid
    kill -9 "$DAEMON" 2>/dev/null
    for name in "$TREE"/run/cordon/keepers/*; do
        read -r _ _ pid _ <"$name" || continue
        [ "$(readlink "/proc/$pid/exe")" = "$(realpath "$(dirname "$CORDON")/../..")/src/keeper/cordon-keeper" ] && kill -9 "$pid"
    done 2>/dev/null
    return 0
}
