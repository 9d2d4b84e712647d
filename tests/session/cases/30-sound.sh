# SPDX-License-Identifier: Apache-2.0
# Sound servers: whoever is connected hears the microphone.

session_service pulse "pulseaudio parec"
start_pulse()
{
    start_service "$TREE/pulse.log" pulseaudio -n --daemonize=no --exit-idle-time=-1 --use-pid-file=no --log-level=4 \
        -L "module-native-protocol-unix socket=$SESSION/native auth-anonymous=1" -L module-sine-source
    VARIABLES=("PULSE_SERVER=unix:$SESSION/native" "XDG_RUNTIME_DIR=$SESSION")
    wait_until is_listening "$SESSION/native"
}
saw_pulse() { count_lines 'Created [0-9]+ "Native client' "$TREE/pulse.log"; }

session_test microphone_is_not_recorded_by_pulseaudio pulse
attempt_microphone_is_not_recorded_by_pulseaudio()
{
    SOCKET=$SESSION/native
    ATTEMPT=(timeout 30 sh -c 'test "$(parec -s "unix:$0" --raw | head -c 8192 | wc -c)" = 8192' "$SOCKET")
}

session_service pipewire "pipewire pw-cli"
start_pipewire()
{
    CALLER_ENV=(PIPEWIRE_DEBUG=mod.protocol-native:4)
    start_service "$TREE/pipewire.log" pipewire
    CALLER_ENV=()
    VARIABLES=("PIPEWIRE_REMOTE=$SESSION/pipewire-0" "XDG_RUNTIME_DIR=$SESSION")
    wait_until is_listening "$SESSION/pipewire-0"
}
saw_pipewire() { count_lines 'pw_protocol_native_connection_new' "$TREE/pipewire.log"; }

# A stream is a node that is made in the server; which of its sources feeds it, its session manager decides.
session_test microphone_is_not_recorded_by_pipewire pipewire "pw-dump"
attempt_microphone_is_not_recorded_by_pipewire()
{
    SOCKET=$SESSION/pipewire-0
    ATTEMPT=(env "XDG_RUNTIME_DIR=$SESSION" timeout 30 sh -c 'pw-dump -r "$0" | grep -q PipeWire:Interface:Core' "$SOCKET")
}
