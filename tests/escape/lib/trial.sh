# SPDX-License-Identifier: Apache-2.0
# One trial: one property, one mode (bare = unconfined, contained), one caller (user, root).
# Prints one line: STATUS EFFECT TEXT. STATUS is the exit status, EFFECT what the host saw (yes, no,
# or none where the attempt's own word is all there is).

# Everything by which a change of the watched paths shows, the content included.
snapshot()
{
    local path
    for path in "$@"; do
        if [ -e "$path" ] || [ -L "$path" ]; then
            find "$path" -printf '%P %y %i %m %U %G %s %T@ %C@ %l\n' | sort
            find "$path" -type f -exec cksum {} + | sort
        else
            echo "absent $path"
        fi
    done
}

trial_make_tree()
{
    TREE=$ROOT/trees/$NAME.$MODE.$WHO
    LOG=$ROOT/logs/$NAME.$MODE.$WHO
    HOME_DIR=$TREE/home WORKSPACE=$TREE/home/project OUTSIDE=$TREE/outside
    MARKER=marker-$RANDOM$RANDOM$RANDOM
    mkdir -p "$WORKSPACE" "$OUTSIDE" "$TREE/caller" "$TREE/run"
    printf 'secret %s\n' "$MARKER" >"$OUTSIDE/secret"
    echo original >"$OUTSIDE/file"
    cp "$BIN/attempts/${OPTION[$NAME.program]:-$NAME}" "$WORKSPACE/attempt"
    trial_give_tree
}

trial_give_tree()
{
    if [ ${#drop[@]} != 0 ]; then
        chown -hR "$caller_user:" "$TREE"
    fi
}

# Sets `command` to the whole command line of the trial.
trial_compose()
{
    local name home=$HOME_DIR
    name=$("${drop[@]}" id -un)
    command=("${ROOT_WRAP[@]}" "${drop[@]}" env -i "PATH=${CALLER_PATH:-$SYSTEM_PATH}"
        "HOME=$home" "USER=$name" "LOGNAME=$name" "LANG=C.UTF-8" "TERM=dumb"
        "XDG_RUNTIME_DIR=$TREE/run" "CORDON=$CORDON" "PEER=${PEER:-}" "${CALLER_ENV[@]}" "${WRAP[@]}")
    if [ "$MODE" != bare ] && [ -n "${OPTION[$NAME.profile]:-}" ]; then
        command+=(env "CORDON_ESCAPE_PROFILE=${OPTION[$NAME.profile]}")
    fi
    if [ "$MODE" = bare ]; then
        command+=("${BARE[@]}")
    else
        command+=("$LAUNCHER" --workspace "${WORKSPACE_ASKED:-$WORKSPACE}" --scratch "$TREE/caller" "${LAUNCH[@]}" --)
    fi
    command+=("$WORKSPACE/attempt" "${ARGS[@]}")
}

trial_run_command()
{
    cd "$CWD" || exit 12
    exec "$@" <"$STDIN" >"$STDOUT" 2>"$LOG.err"
}

trial_has_effect()
{
    if declare -F "effect_$NAME" >/dev/null; then
        "effect_$NAME"
    else
        [ -e "$TREE/effect" ] || [ "$before" != "$(snapshot "${WATCH[@]}")" ]
    fi
}

# What the attempt said, or the launcher when there was no attempt.
trial_text()
{
    local text
    text=$(tr -d '\r' <"$LOG.out" | sed -n 's/^attempt: [a-z ]*: //p' | tail -n 1)
    if [ -z "$text" ]; then
        text=$(grep -av '^timeout:' "$LOG.err" | tail -n 1)
    fi
    printf '%s' "${text//|/ }"
}

# What Cordon's record of the trial says, for lib/told.py.
trial_keep_record()
{
    local record found=()
    [ "$MODE" != bare ] || return 0
    for record in "$HOME_DIR"/.local/state/cordon/runs/*/events.jsonl; do
        [ ! -s "$record" ] || found+=("$record")
    done
    [ ${#found[@]} = 0 ] || cat "${found[@]}" >"$ROOT/records/$NAME.$WHO"
    [ ${#ARGS[@]} = 0 ] || printf '%s\n' "${ARGS[@]}" >"$ROOT/records/$NAME.$WHO.arguments"
}

trial_end()
{
    local pid
    for pid in "${PIDS[@]}"; do
        kill -9 "$pid" 2>/dev/null
    done
    wait 2>/dev/null
    if declare -F "finish_$NAME" >/dev/null; then
        "finish_$NAME"
    fi
    if [ -z "$KEEP" ]; then
        rm -rf "$TREE"
    fi
}

trial()
(
    NAME=$1 MODE=$2 WHO=$3
    ARGS=() LAUNCH=() CALLER_ENV=() WRAP=() ROOT_WRAP=() BARE=() WATCH=() PIDS=()
    EXPECT_EFFECT='' CALLER_PATH='' WORKSPACE_ASKED='' STDIN=/dev/null effect=none status=0
    caller_prefix "$WHO"
    trial_make_tree
    CWD=$WORKSPACE STDOUT=$LOG.out
    if ! "prepare_$NAME" 2>>"$LOG.host"; then
        echo "12 none the preparation failed: $(tail -n 1 "$LOG.host")"
        trial_end
        exit
    fi
    trial_give_tree
    if declare -F "late_$NAME" >/dev/null; then
        "late_$NAME"
    fi
    before=$(snapshot "${WATCH[@]}")
    trial_compose
    : >"$LOG.out"
    if declare -F "drive_$NAME" >/dev/null; then
        "drive_$NAME" 2>>"$LOG.host"
        status=$?
    else
        (trial_run_command timeout --kill-after=2 "${CORDON_ESCAPE_SECONDS:-60}" "${command[@]}")
        status=$?
    fi
    if [ ${#WATCH[@]} != 0 ] || [ -n "$EXPECT_EFFECT" ] || declare -F "effect_$NAME" >/dev/null; then
        effect=no
        if trial_has_effect 2>>"$LOG.host"; then
            effect=yes
        fi
    fi
    trial_keep_record
    echo "$status $effect $(trial_text)"
    trial_end
)
