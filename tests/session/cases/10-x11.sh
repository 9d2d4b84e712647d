# SPDX-License-Identifier: Apache-2.0
# An X server: whoever is connected reads the screen, the clipboard and every key, and types as the user.

session_service x11 "Xvfb xauth mcookie"
start_x11()
{
    X_COOKIE=$(mcookie) X_AUTHORITY=$HOME_DIR/.Xauthority
    mkdir -p /tmp/.X11-unix && { chmod 1777 /tmp/.X11-unix 2>/dev/null || :; }
    as_caller touch "$X_AUTHORITY"
    as_caller xauth -f "$X_AUTHORITY" add :0 . "$X_COOKIE"
    start_service "$TREE/x11.log" sh -c 'exec Xvfb -displayfd 3 -auth "$0" -audit 4 -listen tcp -noreset 3>"$1"' \
        "$X_AUTHORITY" "$TREE/display"
    wait_until test -s "$TREE/display" || return
    X_DISPLAY=$(cat "$TREE/display")
    as_caller xauth -f "$X_AUTHORITY" add ":$X_DISPLAY" . "$X_COOKIE"
    VARIABLES=("DISPLAY=:$X_DISPLAY" "XAUTHORITY=$X_AUTHORITY")
    CALLER_ENV=("DISPLAY=:$X_DISPLAY" "XAUTHORITY=$X_AUTHORITY") # for what the tests themselves do on the host's side
    # What a program inside would need beside the socket: the worst case is that it has the cookie, good for any host name.
    as_caller touch "$WORKSPACE/cookie"
    as_caller xauth -f "$X_AUTHORITY" nlist ":$X_DISPLAY" | sed 's/^..../ffff/' |
        as_caller xauth -f "$WORKSPACE/cookie" nmerge -
}
# (-noreset, and one audited line for each connection, accepted or not)
saw_x11() { count_lines 'client [0-9]+ (connected|rejected) from' "$TREE/x11.log"; }

x11_client() # COMMAND...: with the right address and the cookie, whatever is inherited
{
    SOCKET=/tmp/.X11-unix/X$X_DISPLAY
    ATTEMPT=(env "DISPLAY=:$X_DISPLAY" "XAUTHORITY=$WORKSPACE/cookie" timeout 30 "$@")
}

session_test x11_display_is_not_reached x11 xdpyinfo
attempt_x11_display_is_not_reached() { x11_client xdpyinfo; }

session_test x11_clipboard_is_not_read x11 xclip
prepare_x11_clipboard_is_not_read()
{
    printf copied-by-hand | as_caller xclip -i -selection clipboard >/dev/null 2>&1
    wait_until x11_clipboard_is copied-by-hand # (its first process ends before the server is told)
}
x11_clipboard_is() { [ "$(as_caller xclip -o -selection clipboard)" = "$1" ]; }
attempt_x11_clipboard_is_not_read()
{
    x11_client xclip -o -selection clipboard
}
effect_x11_clipboard_is_not_read() { grep -qF copied-by-hand <<<"$OUTPUT"; }

session_test x11_clipboard_is_not_written x11 "xclip python3"
# (who owns a selection serves it: one that is set inside ends with the container, so it is read back at once)
attempt_x11_clipboard_is_not_written()
{
    x11_client /usr/bin/python3 -c "$x11_copy" "$MARK"
}
effect_x11_clipboard_is_not_written() { [ "$HOW" != unconfined ] || x11_clipboard_is "$MARK"; }

# Copies by xclip, waits on one connection until the clipboard has another owner, and reads it back.
x11_copy='
import ctypes, subprocess, sys, time
x11 = ctypes.CDLL("libX11.so.6")
x11.XOpenDisplay.restype = ctypes.c_void_p
x11.XInternAtom.restype = x11.XGetSelectionOwner.restype = ctypes.c_ulong
display = ctypes.c_void_p(x11.XOpenDisplay(None))
if not display:
    sys.exit("no display")
clipboard = ctypes.c_ulong(x11.XInternAtom(display, b"CLIPBOARD", 0))
before = x11.XGetSelectionOwner(display, clipboard)
subprocess.run(["xclip", "-i", "-selection", "clipboard"], input=sys.argv[1].encode(), check=True,
               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
while x11.XGetSelectionOwner(display, clipboard) in (0, before):
    time.sleep(0.01)
sys.exit(subprocess.check_output(["xclip", "-o", "-selection", "clipboard"]) != sys.argv[1].encode())
'

session_test x11_screen_is_not_read x11 xwd
attempt_x11_screen_is_not_read() { x11_client sh -c 'xwd -silent -root | head -c 200000 | wc -c | grep -x 200000'; }

session_test x11_keys_are_not_typed x11 xdotool
attempt_x11_keys_are_not_typed() { x11_client xdotool key a mousemove "$((100 + MARKS))" 200; }
effect_x11_keys_are_not_typed() { as_caller xdotool getmouselocation | grep -q "x:$((100 + MARKS)) y:200"; }

session_test x11_abstract_socket_is_not_reached x11 python3
attempt_x11_abstract_socket_is_not_reached()
{
    ATTEMPT=(/usr/bin/python3 -c "$x11_hello" "abstract:/tmp/.X11-unix/X$X_DISPLAY" "$X_COOKIE")
}

session_test x11_tcp_port_is_not_reached x11 python3
attempt_x11_tcp_port_is_not_reached()
{
    NETWORK=open
    ATTEMPT=(/usr/bin/python3 -c "$x11_hello" "tcp:$((6000 + X_DISPLAY))" "$X_COOKIE")
}

# Says hello as X clients do, with the cookie, and wants to hear 'Success'.
x11_hello='
import socket, struct, sys
kind, _, name = sys.argv[1].partition(":")
if kind == "tcp":
    s = socket.create_connection(("127.0.0.1", int(name)), 30)
else:
    s = socket.socket(socket.AF_UNIX)
    s.connect("\0" + name)
proto, cookie = b"MIT-MAGIC-COOKIE-1", bytes.fromhex(sys.argv[2])
s.sendall(struct.pack("<BxHHHHxx", 0x6c, 11, 0, len(proto), len(cookie)) + proto + b"\0\0" + cookie)
s.settimeout(30)
sys.exit(0 if s.recv(1) == b"\1" else 1)
'

session_test x11_cookie_is_not_read passive xauth
attempt_x11_cookie_is_not_read()
{
    SECRET=0123456789abcdef0123456789abcdef
    as_caller touch "$HOME_DIR/.Xauthority"
    as_caller xauth -f "$HOME_DIR/.Xauthority" add :0 . "$SECRET"
    ATTEMPT=(xauth -f "$HOME_DIR/.Xauthority" list)
}
