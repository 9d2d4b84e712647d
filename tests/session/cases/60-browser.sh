# SPDX-License-Identifier: Apache-2.0
# The user's browser: its profile, its debugging port, the socket by which a second start hands it a link.

session_test browser_cookies_are_not_read passive
attempt_browser_cookies_are_not_read()
{
    SECRET=session-cookie-of-the-bank
    as_caller sh -c 'mkdir -p "$HOME/.config/chromium/Default" && echo "$0" >"$HOME/.config/chromium/Default/Cookies"' "$SECRET"
    ATTEMPT=(cat "$HOME_DIR/.config/chromium/Default/Cookies")
}

session_test browser_passwords_are_not_read passive
attempt_browser_passwords_are_not_read()
{
    SECRET=password-of-the-bank
    as_caller sh -c 'mkdir -p "$HOME/.mozilla/firefox/x.default" && echo "$0" >"$HOME/.mozilla/firefox/x.default/logins.json"' "$SECRET"
    ATTEMPT=(sh -c 'cat "$HOME"/.mozilla/firefox/*/logins.json')
}

session_service browser "python3"
start_browser()
{
    start_service "$TREE/browser.out" /usr/bin/python3 "$TREE/stand-in.py" "$TREE/home/browser.log" tcp:0 \
        "unix:$SESSION/SingletonSocket" "abstract:$TREE/devtools"
    wait_until grep -q '^ready' "$HOME_DIR/browser.log" || return
    DEBUG_PORT=$(sed -n 's/^port //p' "$HOME_DIR/browser.log")
    cat >"$WORKSPACE/remote-open" <<'TEXT'
#!/bin/sh
# what a browser does that runs already: the link goes to the first one
exec /usr/bin/python3 -c 'import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall(b"START\0" + sys.argv[2].encode())
s.recv(1)' "$SINGLETON" "$1"
TEXT
    chmod 755 "$WORKSPACE/remote-open"
    VARIABLES=("BROWSER=$WORKSPACE/remote-open" "XDG_RUNTIME_DIR=$SESSION")
}
saw_browser() { count_lines '^connected' "$HOME_DIR/browser.log"; }

session_test debugging_port_is_not_reached browser
attempt_debugging_port_is_not_reached()
{
    NETWORK=open
    ATTEMPT=(/usr/bin/python3 -c 'import sys, urllib.request as r; print(r.urlopen(sys.argv[1], timeout=30).read().decode())'
        "http://127.0.0.1:$DEBUG_PORT/json/version")
}
effect_debugging_port_is_not_reached() { grep -q webSocketDebuggerUrl <<<"$OUTPUT"; }

session_test abstract_debugging_socket_is_not_reached browser
attempt_abstract_debugging_socket_is_not_reached()
{
    ATTEMPT=(/usr/bin/python3 -c 'import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect("\0" + sys.argv[1])
s.sendall(b"GET /json HTTP/1.0\r\n\r\n")
sys.exit(not s.recv(1))' "$TREE/devtools")
}

session_test running_browser_opens_no_link browser
attempt_running_browser_opens_no_link()
{
    SOCKET=$SESSION/SingletonSocket
    ATTEMPT=(env "SINGLETON=$SOCKET" "$WORKSPACE/remote-open" "https://$MARK.invalid/")
}
effect_running_browser_opens_no_link() { grep -qF "$MARK" "$HOME_DIR/browser.log"; }

session_test xdg_open_opens_no_link browser xdg-open
attempt_xdg_open_opens_no_link()
{
    SOCKET=$SESSION/SingletonSocket
    ATTEMPT=(env "SINGLETON=$SOCKET" "BROWSER=$WORKSPACE/remote-open" xdg-open "https://$MARK.invalid/")
}
effect_xdg_open_opens_no_link() { grep -qF "$MARK" "$HOME_DIR/browser.log"; }

# The real one, where it is installed.
session_service chromium "chromium"
start_chromium()
{
    start_service "$TREE/chromium.log" chromium --headless --no-sandbox --disable-gpu --no-first-run --remote-debugging-port=0 \
        "--user-data-dir=$HOME_DIR/profile" about:blank
    wait_until test -s "$HOME_DIR/profile/DevToolsActivePort" || return
    DEBUG_PORT=$(head -n 1 "$HOME_DIR/profile/DevToolsActivePort")
}
# Each page that was opened by the port is one that it shows.
saw_chromium() { as_caller curl -s "http://127.0.0.1:$DEBUG_PORT/json/list" | count_lines '"url": "data:,mark-' -; }

session_test chromium_opens_no_page chromium curl
attempt_chromium_opens_no_page()
{
    NETWORK=open
    ATTEMPT=(curl -sf --max-time 30 -X PUT "http://127.0.0.1:$DEBUG_PORT/json/new?data:,$MARK")
}
effect_chromium_opens_no_page() { as_caller curl -s "http://127.0.0.1:$DEBUG_PORT/json/list" | grep -qF "$MARK"; }
