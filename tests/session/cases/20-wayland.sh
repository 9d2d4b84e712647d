# SPDX-License-Identifier: Apache-2.0
# A Wayland compositor with the protocols that make clipboard, screen and keyboard available to its clients.

# (sway refuses to run as root: for both callers it is the ordinary user's, whose socket root may connect to)
session_service wayland "sway"
start_wayland()
{
    local caller=("${drop[@]}")
    printf 'xwayland disable\n' >"$TREE/sway.conf"
    caller_prefix user
    : >"$TREE/started-outside"
    chmod 666 "$TREE/started-outside"
    [ ${#drop[@]} = 0 ] || chown "$caller_user" "$SESSION"
    CALLER_ENV=(WAYLAND_DEBUG=server WLR_BACKENDS=headless WLR_LIBINPUT_NO_DEVICES=1 WLR_RENDERER=pixman)
    start_service "$TREE/wayland.log" sway -c "$TREE/sway.conf"
    drop=("${caller[@]}")
    CALLER_ENV=("XDG_RUNTIME_DIR=$SESSION" WAYLAND_DISPLAY=wayland-1)
    VARIABLES=("${CALLER_ENV[@]}")
    wait_until is_listening "$SESSION/wayland-1" && wait_until sway_is_listening || return
    # Root inside has no capability to pass permissions by: for it the worst case is a session that is open to all.
    [ "$WHO" = user ] || chmod 777 "$SESSION" "$SESSION"/*
}
sway_is_listening() { is_listening "$(echo "$SESSION"/sway-ipc.*.sock)"; }
saw_wayland() { cat "$TREE/wayland.log" "$TREE/started-outside" | count_lines 'wl_display@1\.get_registry|^mark-' -; }

wayland_client() # COMMAND...
{
    SOCKET=$SESSION/wayland-1
    ATTEMPT=(env "XDG_RUNTIME_DIR=$SESSION" "WAYLAND_DISPLAY=$SESSION/wayland-1" timeout 30 "$@")
}

session_test wayland_clipboard_is_not_read wayland "wl-copy wl-paste"
prepare_wayland_clipboard_is_not_read() { printf copied-by-hand | as_caller wl-copy >/dev/null 2>&1; }
attempt_wayland_clipboard_is_not_read()
{
    wayland_client wl-paste
}
effect_wayland_clipboard_is_not_read() { grep -qF copied-by-hand <<<"$OUTPUT"; }

session_test wayland_clipboard_is_not_written wayland "wl-copy wl-paste"
attempt_wayland_clipboard_is_not_written()
{
    wayland_client sh -c 'printf %s "$0" | wl-copy >/dev/null 2>&1; test "$(wl-paste)" = "$0"' "$MARK"
}
effect_wayland_clipboard_is_not_written() { [ "$HOW" != unconfined ] || [ "$(as_caller wl-paste)" = "$MARK" ]; }

session_test wayland_screen_is_not_read wayland grim
attempt_wayland_screen_is_not_read() { wayland_client sh -c 'test "$(grim - | wc -c)" -gt 100'; }

session_test wayland_keys_are_not_typed wayland wtype
attempt_wayland_keys_are_not_typed() { wayland_client wtype a; }

# Not the screen but the window manager: `swaymsg exec` starts programs outside.
session_test window_manager_runs_nothing wayland swaymsg
attempt_window_manager_runs_nothing()
{
    SOCKET=$(echo "$SESSION"/sway-ipc.*.sock)
    ATTEMPT=(swaymsg -s "$SOCKET" exec "echo $MARK >>'$TREE/started-outside'")
}
