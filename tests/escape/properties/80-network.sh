# SPDX-License-Identifier: Apache-2.0
# Sockets of the host: services by path, abstract names, loopback, the surroundings.

socket_path_row()
{
    property "$1" "$2" "$3" program=connect_unix "${@:5}"
    eval "prepare_$1() { socket_prepare path \"$4\"; }"
}
socket_prepare()
{
    local kind=$1 path=$2
    [ "$1" = path ] && kind=unix
    mkdir -p "$(dirname "$path")"
    [ ${#drop[@]} != 0 ] && chown "$caller_user:" "$(dirname "$path")"
    start_listener "$kind" "$path" && ARGS=("$1" "$path")
}

socket_path_row wayland_socket "9.3-44" "the Wayland socket cannot be reached" "\$TREE/run/wayland-0"
socket_path_row session_bus "9.3-45" "the session bus cannot be reached" "\$TREE/run/bus"
socket_path_row systemd_socket "9.3-45 landrun-43" "the user's systemd cannot be reached" "\$TREE/run/systemd/private"
socket_path_row ssh_agent "9.3-46" "the ssh agent cannot be reached" "\$TREE/agent/agent.1"
socket_path_row home_socket "9.3-46" "a socket in the home cannot be reached" "\$HOME_DIR/.gnupg/S.gpg-agent"

socket_path_row podman_socket "9.3-47" "the user's container engine cannot be reached" "\$TREE/run/podman/podman.sock"
socket_path_row pipewire_socket "9.3-44" "the sound and video server cannot be reached" "\$TREE/run/pipewire-0"
socket_path_row keyring_socket "9.3-46" "the keyring's daemon cannot be reached" "\$TREE/run/keyring/control"
socket_path_row home_agent_socket "9.3-46" "a password manager's socket in the home cannot be reached" "\$HOME_DIR/.1password/agent.sock"

property unix_datagram "9.3-45" "no datagram reaches a socket of the host" program=connect_unix
prepare_unix_datagram() { start_listener datagram "$TREE/run/log" && ARGS=(datagram "$TREE/run/log"); }
effect_unix_datagram() { [ "$MODE" = bare ] && wait_until test -e "$TREE/effect"; [ -e "$TREE/effect" ]; }

property x11_socket "9.3-44" "the X server's socket in /tmp cannot be reached" program=connect_unix
prepare_x11_socket()
{
    HOST_DIRECTORY=$(mktemp -d /tmp/cordon-escape-x11.XXXXXX)
    chmod 755 "$HOST_DIRECTORY"
    socket_prepare path "$HOST_DIRECTORY/X0"
}
finish_x11_socket() { rm -rf "$HOST_DIRECTORY"; }

property engine_socket "9.3-47 CVE-2025-9074" "a container engine's socket in /run cannot be reached" program=connect_unix needs=root
prepare_engine_socket()
{
    HOST_DIRECTORY=$(mktemp -d /run/cordon-escape.XXXXXX)
    chmod 755 "$HOST_DIRECTORY"
    socket_prepare path "$HOST_DIRECTORY/docker.sock"
}
finish_engine_socket() { rm -rf "$HOST_DIRECTORY"; }

property workspace_socket "9.3-48" "a socket of the host in the workspace cannot be reached unless granted" program=connect_unix
prepare_workspace_socket() { socket_prepare path "$WORKSPACE/service"; }

property workspace_datagram "9.3-48" "no datagram socket is connected to one of the host in the workspace" program=connect_unix
prepare_workspace_datagram() { socket_prepare datagram "$WORKSPACE/service"; }
effect_workspace_datagram() { is_message_seen; }

property workspace_message "9.3-48" "no message reaches a datagram socket of the host in the workspace" program=connect_unix
prepare_workspace_message() { start_listener datagram "$WORKSPACE/service" && ARGS=(message "$WORKSPACE/service"); }
effect_workspace_message() { is_message_seen; }

property workspace_message_raw "9.3-48" "nor from a socket of type SOCK_RAW, which is the same" program=connect_unix
prepare_workspace_message_raw() { start_listener datagram "$WORKSPACE/service" && ARGS=(raw-message "$WORKSPACE/service"); }
effect_workspace_message_raw() { is_message_seen; }

property workspace_message_pair "9.3-48" "nor from an end of a pair that has another end" program=connect_unix
prepare_workspace_message_pair() { start_listener datagram "$WORKSPACE/service" && ARGS=(pair-message "$WORKSPACE/service"); }
effect_workspace_message_pair() { is_message_seen; }
is_message_seen() # nothing answers a message
{
    local i
    for ((i = 0; i < 100; i++)); do
        [ ! -e "$TREE/effect" ] || return 0
        sleep 0.01
    done
    return 1
}

property abstract_socket "9.3-48 9.3-44" "an abstract socket of the host cannot be reached" program=connect_unix
prepare_abstract_socket() { start_listener abstract "cordon-escape-$MARKER" && ARGS=(abstract "cordon-escape-$MARKER"); }

property abstract_autobind "9.3-48" "an abstract socket with a name that the kernel chose cannot be reached" program=connect_unix
prepare_abstract_autobind()
{
    local name
    name=$(printf '%05x' $((RANDOM * 32 % 1048576)))
    start_listener abstract "$name" && ARGS=(abstract "$name")
}

property display_key "9.3-44" "the key to the display cannot be read" program=read_file
prepare_display_key()
{
    printf 'cookie %s\n' "$MARKER" >"$HOME_DIR/.Xauthority"
    CALLER_ENV=("XAUTHORITY=$HOME_DIR/.Xauthority")
    ARGS=("$HOME_DIR/.Xauthority" "$MARKER")
}

property system_bus "9.3-45" "a bus in /run cannot be reached" program=connect_unix needs=root
prepare_system_bus()
{
    HOST_DIRECTORY=$(mktemp -d /run/cordon-escape.XXXXXX)
    chmod 755 "$HOST_DIRECTORY"
    socket_prepare path "$HOST_DIRECTORY/system_bus_socket"
}
finish_system_bus() { rm -rf "$HOST_DIRECTORY"; }

inet_row()
{
    property "$1" "$2" "$3" program=connect_inet "${@:7}"
    eval "prepare_$1() { start_listener $4 $5 && ARGS=($6 \"\$PORT\"); }"
}

inet_row loopback_tcp "9.3-68 9.3-77" "a TCP service on the host's loopback cannot be reached" tcp 127.0.0.1 "tcp4 127.0.0.1"
inet_row loopback_tcp6 "9.3-68" "a TCP service on the host's IPv6 loopback cannot be reached" tcp ::1 "tcp6 ::1" kernel="no IPv6"
inet_row loopback_mapped "9.3-68" "a mapped address does not reach the host's loopback" tcp 127.0.0.1 "mapped ::ffff:127.0.0.1" kernel="no IPv6"
inet_row loopback_any "9.3-68" "0.0.0.0 does not reach the host's loopback" tcp 127.0.0.1 "tcp4 0.0.0.0"
inet_row loopback_udp "9.3-75" "a UDP service on the host's loopback cannot be reached" udp 127.0.0.1 "udp4 127.0.0.1"
inet_row loopback_fast_open "9.3-76" "TCP fast open does not reach the host's loopback" tcp 127.0.0.1 "fastopen 127.0.0.1"

property loopback_none "CVE-2025-66479" "an empty list of allowed destinations allows none" program=connect_inet
prepare_loopback_none()
{
    LAUNCH=(--line 'network: {egress: {default: deny, allow: []}}')
    start_listener tcp 127.0.0.1 && ARGS=(tcp4 127.0.0.1 "$PORT")
}

property loopback_denied "9.3-68" "without its own loopback there is no internet socket at all" program=open_socket
prepare_loopback_denied() { LAUNCH=(--line 'network: {loopback: deny}'); ARGS=(2 1 0); }

property metadata "9.3-77" "the cloud's metadata address cannot be reached" program=connect_inet needs=root
prepare_metadata()
{
    ROOT_WRAP=("$BIN/with-network" 169.254.169.254 "$TREE/effect" "$TREE/ready" "$BIN/listener" --)
    EXPECT_EFFECT=yes
    ARGS=(tcp4 169.254.169.254 8080)
}

property abstract_name_taken "9.3-48" "no name among the host's abstract sockets can be taken" \
    program=take_abstract_name by=effect
prepare_abstract_name_taken()
{
    answer_at tried
    ARGS=("cordon-escape-$MARKER" "$WORKSPACE/ready" "$ANSWER")
    on_ready "$WORKSPACE/ready" "$ANSWER" look_for_name "@cordon-escape-$MARKER"
    EXPECT_EFFECT=yes
}
look_for_name()
{
    if grep -q "$1\$" /proc/net/unix; then
        : >"$TREE/effect"
    fi
}

property listen_for_host "9.3-77" "a listener inside cannot be reached from the host"
prepare_listen_for_host()
{
    local port=$((20000 + RANDOM % 10000))
    answer_at tried
    ARGS=("$port" "$WORKSPACE/ready" "$ANSWER")
    on_ready "$WORKSPACE/ready" "$ANSWER" try_connect "$port"
    EXPECT_EFFECT=yes
}
try_connect()
{
    if (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then
        : >"$TREE/effect"
    fi
}
