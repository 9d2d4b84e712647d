# SPDX-License-Identifier: Apache-2.0
# Programs of the user that run commands for whoever asks.

session_service tmux "tmux"
start_tmux()
{
    as_caller touch "$TREE/home/ran"
    as_caller tmux -S "$SESSION/tmux" -f /dev/null new-session -d
    VARIABLES=("TMUX=$SESSION/tmux,1,0")
    wait_until as_caller tmux -S "$SESSION/tmux" has-session
}
stop_tmux() { as_caller tmux -S "$SESSION/tmux" kill-server; }
saw_tmux() { count_lines '^mark' "$TREE/home/ran"; }

session_test tmux_runs_nothing tmux
attempt_tmux_runs_nothing()
{
    SOCKET=$SESSION/tmux
    ATTEMPT=(env TERM=xterm tmux -S "$SOCKET" run-shell "echo $MARK >>'$HOME_DIR/ran'")
}
effect_tmux_runs_nothing() { grep -qx "$MARK" "$HOME_DIR/ran"; }

# Places at which services are looked for without an address: the listener stands for them.
session_service sockets "python3 curl"
start_sockets()
{
    local directory
    for directory in systemd keyring docker; do
        mkdir -p "$SESSION/$directory"
        [ ${#drop[@]} = 0 ] || chown "$caller_user:" "$SESSION/$directory"
    done
    start_service "$TREE/sockets.out" /usr/bin/python3 "$TREE/stand-in.py" "$HOME_DIR/sockets.log" \
        "unix:$SESSION/systemd/private" "unix:$SESSION/keyring/control" "unix:$SESSION/docker/docker.sock" \
        "unix:$WORKSPACE/server.sock"
    VARIABLES=("XDG_RUNTIME_DIR=$SESSION" "DOCKER_HOST=unix://$SESSION/docker/docker.sock")
    wait_until grep -q '^ready' "$HOME_DIR/sockets.log"
}
saw_sockets() { count_lines '^connected' "$HOME_DIR/sockets.log"; }

socket_attempt() # PATH
{
    SOCKET=$1
    ATTEMPT=(curl -sf --max-time 30 --unix-socket "$SOCKET" http://host/info)
}

session_test systemd_private_socket_is_not_reached sockets
attempt_systemd_private_socket_is_not_reached() { socket_attempt "$SESSION/systemd/private"; }

session_test keyring_control_socket_is_not_reached sockets
attempt_keyring_control_socket_is_not_reached() { socket_attempt "$SESSION/keyring/control"; }

session_test container_engine_is_not_reached sockets
attempt_container_engine_is_not_reached() { socket_attempt "$SESSION/docker/docker.sock"; }

# A development server of the user's in the workspace, which is granted without a policy saying so.
session_test server_in_the_workspace_is_not_reached sockets
attempt_server_in_the_workspace_is_not_reached() { socket_attempt "$WORKSPACE/server.sock"; }

# Other names of the same socket.
session_test server_in_the_workspace_is_not_reached_by_a_link sockets
attempt_server_in_the_workspace_is_not_reached_by_a_link()
{
    SOCKET=$WORKSPACE/server.sock
    # shellcheck disable=SC2016
    ATTEMPT=(sh -c 'ln -s server.sock "link.$0" && exec curl -sf --max-time 30 --unix-socket "$PWD/link.$0" http://host/info' "$MARK")
}

session_test server_in_the_workspace_is_not_reached_under_a_new_name sockets
attempt_server_in_the_workspace_is_not_reached_under_a_new_name()
{
    # shellcheck disable=SC2016
    ATTEMPT=(sh -c 'ln server.sock "name.$0" && exec curl -sf --max-time 30 --unix-socket "$PWD/name.$0" http://host/info' "$MARK")
}
