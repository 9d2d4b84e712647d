# SPDX-License-Identifier: Apache-2.0
# Processes of the host, the supervisor, and what stays behind; IPC.

signal_row()
{
    property "$1" "$2" "$3" program=signal_process
    eval "prepare_$1() { start_victim && ARGS=(\"\$VICTIM\" $4); }; effect_$1() { victim_was_ended; }"
}

signal_row signal_kill "9.3-31" "a process of the host cannot be signalled by kill" kill
signal_row signal_pidfd "9.3-31" "a process of the host cannot be signalled by a pidfd" pidfd
signal_row signal_tgkill "9.3-31" "a thread of the host cannot be signalled by tgkill" tgkill
signal_row signal_queue "9.3-31" "a process of the host cannot be signalled by rt_sigqueueinfo" sigqueue
signal_row signal_owner "9.3-31" "a process of the host cannot be signalled as the owner of a descriptor" sigio

signal_row signal_thread "9.3-31" "a thread of the host cannot be signalled by tkill" tkill
signal_row signal_queue_thread "9.3-31" "a thread of the host cannot be signalled by rt_tgsigqueueinfo" tgsigqueue
signal_row signal_owner_thread "9.3-31" "a thread of the host cannot be signalled as the owner of a descriptor" sigio_thread

property signal_group "9.3-31" "the caller's process group cannot be signalled" by=effect
prepare_signal_group() { WRAP=("$BIN/with-group" "$TREE/effect" --); EXPECT_EFFECT=yes; }

property kill_supervisor "9.3-32" "the supervisor cannot be killed" program=kill_parent
prepare_kill_supervisor() { WRAP=("$BIN/with-parent" "$TREE/effect" --); EXPECT_EFFECT=yes; }

property stop_supervisor "9.3-32" "the supervisor cannot be stopped" program=kill_parent
prepare_stop_supervisor() { WRAP=("$BIN/with-parent" "$TREE/effect" --); ARGS=(stop); }

process_row()
{
    property "$1" "$2" "$3" program=read_process "${@:5}"
    eval "prepare_$1() { start_victim && ARGS=(\"\$VICTIM\" $4 \"\$ADDRESS\"); }"
}

process_row process_read "9.3-33" "the memory of a process of the host cannot be read" vm
process_row process_write "9.3-33" "the memory of a process of the host cannot be written" vm_write
process_row process_trace "9.3-33" "a process of the host cannot be traced" ptrace
process_row process_descriptors "9.3-33" "a descriptor of a process of the host cannot be taken" pidfd_getfd
process_row process_memory_file "9.3-29" "the memory file of a process of the host cannot be opened" mem

property init_trace "9.3-33" "pid 1 inside cannot be traced" program=read_process
prepare_init_trace() { bare_pid_namespace; ARGS=(1 ptrace 0); }

property process_control "9.3-31" "priority, limits and affinity of a process of the host cannot be read or changed" program=control_process
prepare_process_control() { start_victim && ARGS=("$VICTIM"); }

property process_list "9.3-29" "processes of the host cannot be seen" program=find_in_proc
prepare_process_list() { start_victim && ARGS=(cmdline "$MARKER"); }

property outlive_run "9.3-34 9.3-100" "a daemon does not survive the end of the run" program=outlive by=effect
prepare_outlive_run() { prepare_outlive exit; }
prepare_outlive() # exit, stay
{
    answer_at lock
    LOCK=$ANSWER STOP=${ANSWER%/*}/stop
    [ "${CHANGES-}" != layer ] || : >"$LOCK" # the lock of a file in a layer is none of the host's
    ARGS=("$LOCK" "$WORKSPACE/ready" "$1" "$STOP")
}
# The lock is held as long as the daemon lives. Contained, it must be gone within the deadline.
lock_is_free() { flock -n "$LOCK" true; }
effect_outlive_run() { outlived; }
outlived()
{
    if ! is_made "$WORKSPACE/ready"; then
        echo "the daemon never ran"
        return 0
    fi
    if [ "$MODE" = bare ]; then
        ! lock_is_free
    else
        ! wait_until lock_is_free
    fi
}
finish_outlive_run() { : >"$STOP"; }

property outlive_supervisor "9.3-98" "nothing survives when cordon run itself is killed" program=outlive by=effect
prepare_outlive_supervisor()
{
    BARE=(sh -c '"$@"; exit $?' sh)
    prepare_outlive stay
}
drive_outlive_supervisor()
{
    local supervisor
    (trial_run_command "${command[@]}") &
    supervisor=$!
    local is_ready=12

    wait_until is_made "$WORKSPACE/ready" && is_ready=0
    kill -9 "$supervisor"
    wait "$supervisor"
    return "$is_ready"
}
effect_outlive_supervisor() { outlived; }
finish_outlive_supervisor() { : >"$STOP"; }

property limit_processes "9.3-35 MXC-h" "no more processes than the policy allows can be started" program=fork_bomb launch=may
prepare_limit_processes() { LAUNCH=(--line 'resources: {pids: 50}'); }

property limit_memory "9.3-35 MXC-h" "no more memory than the policy allows can be used" program=take_memory launch=may killed=yes
prepare_limit_memory() { LAUNCH=(--line 'resources: {memory: 128MiB}'); }

property limit_descriptors "9.3-35" "no more descriptors than the policy allows can be opened" program=open_many launch=may
prepare_limit_descriptors() { LAUNCH=(--line 'resources: {openFiles: 64}'); }

hoard_row()
{
    property "hoard_$1" "$2" "$3" program=hoard launch=may "${@:5}"
    eval "prepare_hoard_$1() { LAUNCH=(--line 'resources: {$4}'); ARGS=($1); }"
}
hoard_row threads "9.3-35" "no more threads than the policy allows processes" "pids: 50"
hoard_row memfd "9.3-35" "no more memory in nameless files than the policy allows" "memory: 128MiB" killed=yes
hoard_row pipes "9.3-35" "no more pipes than the policy allows descriptors" "openFiles: 64"
hoard_row locked "9.3-35" "no more locked memory than the policy allows" "memory: 128MiB" killed=yes user="ulimit -l"

property credentials_pid "9.3-48" "no message carries the number of another process" program=send_credentials user="needs CAP_SYS_ADMIN"
prepare_credentials_pid() { ARGS=(pid); }

property credentials_uid "9.3-48" "no message carries the number of another user" program=send_credentials user="needs CAP_SETUID"
prepare_credentials_uid() { ARGS=(uid); }

property core_raise "9.3-23" "no core dumps are written" program=set_limit user="the hard limit"
prepare_core_raise() { ARGS=(1000000); }

property core_handler "9.3-23" "no crash starts the host's handler of core dumps" program=set_limit
prepare_core_handler() { ARGS=(0); }

ipc_create()
{
    QUEUE_NAME=/cordon-escape-$MARKER
    IDS=$("${drop[@]}" "$BIN/ipc" create "$QUEUE_NAME") || return 1
    read -r IPC_MEMORY IPC_QUEUE IPC_SEMAPHORE <<<"$IDS"
}
ipc_remove() { "${drop[@]}" "$BIN/ipc" remove "$IPC_MEMORY" "$IPC_QUEUE" "$IPC_SEMAPHORE" "$QUEUE_NAME"; }
ipc_changed() { "${drop[@]}" "$BIN/ipc" changed "$IPC_MEMORY" "$QUEUE_NAME"; }

property ipc_memory "9.3-50" "System V shared memory of the host cannot be attached" program=attach_memory
prepare_ipc_memory() { ipc_create && ARGS=("$IPC_MEMORY"); }
effect_ipc_memory() { ipc_changed; }
finish_ipc_memory() { ipc_remove; }

property ipc_queue "9.3-50" "messages of the host's System V queues cannot be taken" program=receive_message
prepare_ipc_queue() { ipc_create && ARGS=(queue "$IPC_QUEUE"); }
finish_ipc_queue() { ipc_remove; }

property ipc_semaphore "9.3-50" "the host's System V semaphores cannot be used" program=receive_message
prepare_ipc_semaphore() { ipc_create && ARGS=(semaphore "$IPC_SEMAPHORE"); }
finish_ipc_semaphore() { ipc_remove; }

property ipc_posix_queue "9.3-50" "the host's POSIX message queues cannot be opened" program=open_message_queue
prepare_ipc_posix_queue() { ipc_create && ARGS=("$QUEUE_NAME"); }
effect_ipc_posix_queue() { ipc_changed; }
finish_ipc_posix_queue() { ipc_remove; }
