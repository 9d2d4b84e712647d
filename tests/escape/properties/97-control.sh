# SPDX-License-Identifier: Apache-2.0
# The daemon and who steers it: its sockets, other containers of the same caller, the records, who one is, questions to the person.

control_tool() { LAUNCH+=(--readonly "$(realpath "$(dirname "$CORDON")/../..")"); }

# The daemon's own tool is there inside; what it asks for, it must not get.
control_row() # NAME SOURCE SENTENCE MARKER WORDS [PREPARATION]
{
    property "$1" "$2" "$3" program=run_tool "${@:7}"
    eval "prepare_$1() { start_daemon && control_tool && { ${6:-true}; } && ARGS=(\"\$CONTROL\" $4 \"\$(realpath \"\$CORDON\")\" $5); }; finish_$1() { end_keepers; }"
}
control_row control_list "9.3-91" "a contained program cannot ask the daemon of its user" STATE ps
control_row control_granted "9.3-91" "nor where the daemon's directory is granted" STATE ps 'LAUNCH+=(--readwrite "$TREE/run")' launch=may
control_row control_wider "9.3-91 9.3-95" "a contained program cannot have the daemon run another one with more rights" - \
    'run --profile restricted-host --set "filesystem.readwritePaths=[$OUTSIDE]" --workspace "$OUTSIDE" -- sh -c ": >\"$OUTSIDE/effect\""' \
    'WATCH=("$OUTSIDE/effect")'
control_row control_stop "9.3-91 9.3-97" "a contained program cannot have the daemon end another container of its user" - 'kill other' \
    'on_host_tool create --name other --workspace "$OUTSIDE" && on_host_tool start other'

property control_forged "9.3-61" "no message of a contained program arrives at the daemon" program=send_forged
prepare_control_forged() { start_daemon && ARGS=(reach "$CONTROL"); }
finish_control_forged() { end_keepers; }

# What the daemon trusts when it begins again: who the keepers are.
property control_keepers "9.3-91 9.3-98" "the daemon's records cannot be written, even when their directory is granted" program=create_file launch=may by=effect
prepare_control_keepers()
{
    start_daemon && LAUNCH=(--readwrite "$TREE/run") && ARGS=("$TREE/run/cordon/keepers/01aaaaaaaaaaaaaaaaaaaaaaaa") WATCH=("${ARGS[0]}")
}
finish_control_keepers() { end_keepers; }

# A service of the container's own, against one that is written carelessly.
service_row() # NAME SOURCE SENTENCE WAY
{
    property "$1" "$2" "$3" program=send_forged
    eval "prepare_$1() { service_prepare $4; }"
}
service_prepare()
{
    ARGS=("$1" /run/cordon/self)
    [ "$MODE" = bare ] || return 0
    start_on_host "$BIN/naive-service" "$TREE/run/self"
    ARGS=("$1" "$TREE/run/self")
    wait_until test -S "$TREE/run/self"
}
service_row self_huge "9.3-61" "who answers for a container is not stopped by huge messages" huge
service_row self_forged "9.3-61" "who answers for a container is not stopped by forged messages and descriptors" forged
service_row self_silent "9.3-61 9.3-63" "who answers for a container is not held up by those who connect and say nothing" silent

# ---- kept containers ----

property kept_keeper_killed "9.3-98" "nothing in a kept container survives when its keeper is killed" program=outlive by=effect
prepare_kept_keeper_killed() { prepare_kept; }
drive_kept_keeper_killed() { drive_kept end_keepers; }
property kept_stop "9.3-100 9.3-34" "nothing that was left in a kept container survives when it is stopped" program=outlive by=effect
prepare_kept_stop() { prepare_kept; }
drive_kept_stop() { drive_kept on_host_tool stop --time 100ms kept; }
prepare_kept() { start_daemon && prepare_outlive exit && LAUNCH+=(--kept kept); }
drive_kept() # WHAT SHOULD END IT
{
    (trial_run_command timeout --kill-after=2 "${CORDON_ESCAPE_SECONDS:-60}" "${command[@]}")
    local status=$?
    [ "$status" = 0 ] && [ "$MODE" != bare ] || return "$status"
    if lock_is_free; then echo "the daemon never ran" && return 12; fi
    "$@" || return 12
}
for name in kept_keeper_killed kept_stop; do
    eval "effect_$name() { outlived; }; finish_$name() { : >\"\${STOP:-/dev/null}\"; end_keepers; }"
done

property kept_policy "9.3-92" "a policy that is exchanged after a container was made of it gives no more to what is executed there" program=read_file
prepare_kept_policy()
{
    local policy=$TREE/caller/own.yaml
    printf 'version: cordon/1\nextends: [coding-agent]\n' >"$policy"
    LAUNCH=(--policy "$policy" --kept kept)
    ARGS=("$OUTSIDE/secret" "$MARKER")
    start_daemon && trial_give_tree
}
drive_kept_policy()
{
    if [ "$MODE" != bare ]; then
        on_host_tool create --name kept --policy "$TREE/caller/own.yaml" --workspace "$WORKSPACE" && on_host_tool start kept || return 12
        printf 'version: cordon/1\nextends: [coding-agent]\nfilesystem: {readonlyPaths: ["%s"]}\n' "$OUTSIDE" >"$TREE/caller/own.yaml"
        command=("${drop[@]}" env -i "PATH=$SYSTEM_PATH" "HOME=$HOME_DIR" "XDG_RUNTIME_DIR=$TREE/run" CORDON_DAEMON=required CORDON_HINT=0
            "$CORDON" exec kept -- "$WORKSPACE/attempt" "${ARGS[@]}")
    fi
    (trial_run_command timeout --kill-after=2 "${CORDON_ESCAPE_SECONDS:-60}" "${command[@]}")
}
finish_kept_policy() { end_keepers; }

property kept_restart "9.3-98" "a daemon that was killed and began again has not let go of what it kept" program=read_file
prepare_kept_restart() { LAUNCH=(--kept kept); ARGS=("$OUTSIDE/secret" "$MARKER"); start_daemon; }
drive_kept_restart()
{
    if [ "$MODE" != bare ]; then
        on_host_tool create --name kept --workspace "$WORKSPACE" && on_host_tool start kept || return 12
        kill -9 "$DAEMON"
        start_daemon_again "$(realpath "$(dirname "$CORDON")/../..")/src/daemon/cordond" && wait_until on_host_tool inspect kept || return 12
        command=("${drop[@]}" env -i "PATH=$SYSTEM_PATH" "HOME=$HOME_DIR" "XDG_RUNTIME_DIR=$TREE/run" CORDON_DAEMON=required CORDON_HINT=0
            "$CORDON" exec kept -- "$WORKSPACE/attempt" "${ARGS[@]}")
    fi
    (trial_run_command timeout --kill-after=2 "${CORDON_ESCAPE_SECONDS:-60}" "${command[@]}")
}
finish_kept_restart() { end_keepers; }

# ---- others of the same caller ----

property leftovers "9.3-97 9.3-100" "what one container leaves in the places for everybody, the next does not find" program=leave_and_find
prepare_leftovers() { ARGS=(find "$MARKER"); }
drive_leftovers()
{
    local word first=()
    for word in "${command[@]}"; do [ "$word" = find ] && word=leave; first+=("$word"); done
    (trial_run_command timeout --kill-after=2 "${CORDON_ESCAPE_SECONDS:-60}" "${first[@]}") || return 12
    (trial_run_command timeout --kill-after=2 "${CORDON_ESCAPE_SECONDS:-60}" "${command[@]}")
}
finish_leftovers() { rm -f "/tmp/cordon-escape-$MARKER" "/dev/shm/cordon-escape-$MARKER" "/var/tmp/cordon-escape-$MARKER" "/run/lock/cordon-escape-$MARKER"; }

# A container of the same caller beside ours, in a workspace of its own, with a process that has a secret.
neighbour_row() # NAME SOURCE SENTENCE PROGRAM ARGUMENTS
{
    property "$1" "$2" "$3" program="$4"
    eval "prepare_$1() { start_neighbour && ARGS=($5); }"
}
start_neighbour()
{
    NEIGHBOUR=$HOME_DIR/neighbour
    mkdir -p "$NEIGHBOUR" "$TREE/beside"
    cp "$BIN/victim" "$NEIGHBOUR/victim"
    trial_give_tree
    start_on_host env -i "PATH=$SYSTEM_PATH" "HOME=$HOME_DIR" "XDG_RUNTIME_DIR=$TREE/run" "CORDON=$CORDON" "$BIN/cordon" \
        --workspace "$NEIGHBOUR" --scratch "$TREE/beside" -- "$NEIGHBOUR/victim" "$NEIGHBOUR/ready" "$MARKER" "$NEIGHBOUR/alive"
    wait_until test -s "$NEIGHBOUR/ready" || return 1
    read -r _ ADDRESS <"$NEIGHBOUR/ready"
    VICTIM=$(grep -lszF "$NEIGHBOUR/victim" /proc/[0-9]*/cmdline | cut -d/ -f3 | while read -r pid; do
        [[ $(tr '\0' ' ' <"/proc/$pid/cmdline") == "$NEIGHBOUR/victim "* ]] && echo "$pid"; done | head -n 1)
    [ -n "$VICTIM" ]
}
neighbour_row neighbour_signal "9.3-97" "a process of another container of the same user cannot be signalled" signal_process '"$VICTIM" kill'
effect_neighbour_signal() { if [ "$MODE" = bare ]; then wait_until victim_is_gone; else victim_is_gone; fi; }
neighbour_row neighbour_memory "9.3-97" "the memory of a process of another container of the same user cannot be read" read_process '"$VICTIM" mem "$ADDRESS"'
neighbour_row neighbour_files "9.3-97" "the workspace of another container of the same user cannot be read" read_file '"$NEIGHBOUR/note" "$MARKER"'
prepare_neighbour_files() { start_neighbour && echo "secret $MARKER" >"$NEIGHBOUR/note" && ARGS=("$NEIGHBOUR/note" "$MARKER"); }

# ---- who one is ----

property login_uid "9.3-97 9.3-66" "no other login uid can be taken, by which audit says who it was" program=set_login_uid kernel="this kernel keeps no login uid"
prepare_login_uid() { :; }

property signing_key "9.3-97" "the keys by which Cordon says who a container is cannot be read, even when their directory is granted" program=open_any launch=may
prepare_signing_key()
{
    local prefix key
    prefix=$(realpath "$(dirname "$CORDON")/../..")
    trial_give_tree
    on_host_tool run --daemon never --workspace "$WORKSPACE" --set "filesystem.readonlyPaths=[$prefix]" -- "$(realpath "$CORDON")" id ask svid --audience test || return 1
    key=$(find "$HOME_DIR/.local/state/cordon/identity" -type f -perm 600 | tr '\n' ' ')
    [ -n "$key" ] || return 1
    rm -rf "$HOME_DIR/.local/state/cordon/runs"
    LAUNCH=(--readonly "$HOME_DIR/.local/state")
    # shellcheck disable=SC2206
    ARGS=(read $key)
}

# ---- records ----

log_row() # NAME SENTENCE PROGRAM FILE
{
    property "$1" "9.3-96" "$2" program="$3" launch=may by=effect
    eval "prepare_$1() { log_prepare && ARGS=(\"\$AUDIT_LOG/$4\") WATCH=(\"\$AUDIT_LOG\"); }"
}
log_prepare()
{
    trial_give_tree
    on_host_tool run --daemon never --workspace "$WORKSPACE" -- true && on_host_tool audit record || return 1
    AUDIT_LOG=$HOME_DIR/.local/state/cordon/log
    rm -rf "$HOME_DIR/.local/state/cordon/runs"
    LAUNCH=(--readwrite "$HOME_DIR/.local/state")
    [ -s "$AUDIT_LOG/checkpoint" ]
}
log_row log_emptied "the audit log cannot be cut short, even when its directory is granted" truncate_file checkpoint
log_row log_added "nothing can be put into the audit log, even when its directory is granted" create_file tile/forged
log_row log_dropped "no record can be taken out of the audit log, even when its directory is granted" unlink_file journal/00000000000000000000
property log_key "9.3-96 9.3-97" "the audit log's key cannot be read, even when its directory is granted" program=open_any launch=may
prepare_log_key() { log_prepare && LAUNCH=(--readonly "$HOME_DIR/.local/state") && ARGS=(read "$AUDIT_LOG/private/key"); }

# The name that is asked for is a line of a record. Unconfined, whoever keeps records as lines of text has it.
property record_line "9.3-96" "a name with a line break makes no second record" program=create_file by=effect
prepare_record_line()
{
    FORGED='{"type":"run.exited","forged":true}'
    ARGS=("$OUTSIDE/a
$FORGED
b")
    EXPECT_EFFECT=yes
    # shellcheck disable=SC2016
    BARE=(sh -c 'echo "asked for: $2" >>"$0"; exec "$@"' "$TREE/caller/naive.log")
}
effect_record_line() { grep -qsxF "$FORGED" "$TREE/caller/naive.log" "$HOME_DIR"/.local/state/cordon/runs/*/events.jsonl; }

launch_row launch_audit_required "9.3-93 9.3-96" "a policy that requires a log which is not there refuses the launch" 'launch_policy "audit: {mode: required}"; LAUNCH+=(--option --daemon --option never)'

# ---- questions to the person ----

approval_row() # NAME SOURCE SENTENCE PROGRAM ALLOWED TIMEOUT [OPTION...]
{
    property "$1" "$2" "$3" program="$4" "${@:7}"
    eval "prepare_$1() { approval_prepare '$5' $6 && approval_of_$1; }"
}
approval_prepare() # ALLOWED TIMEOUT
{
    NOTES=$HOME_DIR/notes
    mkdir -p "$NOTES"
    echo 'nothing that matters' >"$NOTES/agreed"
    echo "secret $MARKER" >"$NOTES/private"
    WRAP=("$BIN/with-person" "$1" "$TREE/effect" --)
    LAUNCH=(--option --ask --option --ask-timeout --option "$2")
}
approval_row approval_other "9.3-94" "what a person allowed for one file opens no other one" open_after notes/agreed 20s
approval_of_approval_other() { ARGS=("$NOTES/agreed" "$NOTES/private" "$MARKER"); }
approval_row approval_turned "9.3-94" "what is exchanged while a person is asked is not what is opened" turn_while_asked notes/agreed 20s
approval_of_approval_turned() { ARGS=("$WORKSPACE/link" "$NOTES/agreed" "$NOTES/private" "$MARKER"); }
approval_row approval_flood "9.3-94" "a person is not asked more than so often" ask_on_and_on + 20ms by=effect
approval_of_approval_flood()
{
    local i
    for i in {0..149}; do echo "$i" >"$NOTES/note$i"; done
    ARGS=("$NOTES" 150)
    EXPECT_EFFECT=yes
}
approval_row approval_disguised "9.3-94" "a name that turns the direction of text is not shown as it is" read_file + 1s by=effect
approval_of_approval_disguised()
{
    local name=$NOTES/$'note\u202egpj.exe'
    echo "secret $MARKER" >"$name"
    ARGS=("$name" "$MARKER")
    EXPECT_EFFECT=yes
    # shellcheck disable=SC2016
    BARE=(sh -c 'echo "may it open $2? confirmed by Enter"; exec "$@"' asker)
}
approval_row approval_typed "9.3-95" "the terminal does not type the answer for the person" type_answers - 4s
approval_of_approval_typed() { ARGS=("$NOTES/private" "$MARKER"); }
