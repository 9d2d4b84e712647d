# SPDX-License-Identifier: Apache-2.0
# The message buses, and what answers on them: portals that open links in the user's browser, the keyring, systemd.

session_service session_bus "dbus-daemon gdbus gi"
start_session_bus()
{
    CALLER_ENV=("DBUS_SESSION_BUS_ADDRESS=unix:path=$SESSION/bus" "XDG_RUNTIME_DIR=$SESSION")
    start_bus session "unix:path=$SESSION/bus" "$TREE/bus.log"
    wait_until is_listening "$SESSION/bus" || return
    start_service "$TREE/services.log" /usr/bin/python3 "$TREE/bus-services.py"
    VARIABLES=("${CALLER_ENV[@]}")
    wait_until grep -q '^ready' "$TREE/services.log"
}
saw_session_bus() { count_lines '^(connected|called)' "$TREE/services.log"; }

start_bus() # TYPE ADDRESS LOG
{
    cat >"$TREE/$1.conf" <<TEXT
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>$1</type><listen>${2//;/</listen><listen>}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow receive_sender="*"/>
<allow own="*"/><allow user="*"/></policy></busconfig>
TEXT
    chmod 644 "$TREE/$1.conf"
    start_service "$3" dbus-daemon --nofork "--config-file=$TREE/$1.conf"
}

bus_call() # NAME OBJECT METHOD ARGUMENTS...
{
    SOCKET=$SESSION/bus
    ATTEMPT=(gdbus call --address "unix:path=$SOCKET" --timeout 30 --dest "$1" --object-path "$2" --method "$3" "${@:4}")
}

session_test session_bus_is_not_reached session_bus
attempt_session_bus_is_not_reached() { bus_call org.freedesktop.DBus / org.freedesktop.DBus.ListNames; }

session_test portal_opens_no_link session_bus
attempt_portal_opens_no_link()
{
    bus_call org.freedesktop.portal.Desktop /org/freedesktop/portal/desktop org.freedesktop.portal.OpenURI.OpenURI \
        '' "https://$MARK.invalid/" '{}'
}
effect_portal_opens_no_link() { grep -qF "called OpenURI https://$MARK.invalid/" "$TREE/services.log"; }

session_test portal_takes_no_screenshot session_bus
attempt_portal_takes_no_screenshot()
{
    bus_call org.freedesktop.portal.Desktop /org/freedesktop/portal/desktop org.freedesktop.portal.Screenshot.Screenshot '' '{}'
}

session_test keyring_gives_no_secret session_bus
attempt_keyring_gives_no_secret()
{
    bus_call org.freedesktop.secrets /org/freedesktop/secrets org.freedesktop.Secret.Service.GetSecrets \
        "[objectpath '/org/freedesktop/secrets/collection/login/1']" /org/freedesktop/secrets/session/s0
}
effect_keyring_gives_no_secret() { grep -qF hunter2-of-the-keyring <<<"$OUTPUT"; }

session_test systemd_of_the_user_starts_nothing session_bus
attempt_systemd_of_the_user_starts_nothing()
{
    bus_call org.freedesktop.systemd1 /org/freedesktop/systemd1 org.freedesktop.systemd1.Manager.StartTransientUnit \
        "$MARK.service" fail '[]' '[]'
}
effect_systemd_of_the_user_starts_nothing() { grep -qF "called StartTransientUnit $MARK.service" "$TREE/services.log"; }

session_test dbus_send_with_the_inherited_address_is_lost session_bus dbus-send
attempt_dbus_send_with_the_inherited_address_is_lost()
{
    SOCKET=$SESSION/bus
    ATTEMPT=(env "DBUS_SESSION_BUS_ADDRESS=unix:path=$SOCKET" dbus-send --session --print-reply
        --dest=org.freedesktop.DBus / org.freedesktop.DBus.GetId)
}

session_service system_bus "dbus-daemon gdbus gi"
start_system_bus()
{
    mkdir -p "$TREE/dbus" && chmod 755 "$TREE/dbus"
    [ ${#drop[@]} = 0 ] || chown "$caller_user" "$TREE/dbus"
    start_bus session "unix:path=$TREE/dbus/system_bus_socket;unix:abstract=$TREE/dbus" "$TREE/bus.log"
    wait_until is_listening "$TREE/dbus/system_bus_socket" || return
    CALLER_ENV=("DBUS_SESSION_BUS_ADDRESS=unix:path=$TREE/dbus/system_bus_socket")
    start_service "$TREE/services.log" /usr/bin/python3 "$TREE/bus-services.py"
    CALLER_ENV=()
    VARIABLES=("DBUS_SYSTEM_BUS_ADDRESS=unix:path=$TREE/dbus/system_bus_socket")
    wait_until grep -q '^ready' "$TREE/services.log"
}
saw_system_bus() { saw_session_bus; }

session_test system_bus_is_not_reached system_bus
attempt_system_bus_is_not_reached()
{
    SOCKET=$TREE/dbus/system_bus_socket
    ATTEMPT=(gdbus call --address "unix:path=$SOCKET" --timeout 30 --dest org.freedesktop.DBus --object-path /
        --method org.freedesktop.DBus.ListNames)
}

session_test abstract_bus_is_not_reached system_bus
attempt_abstract_bus_is_not_reached()
{
    ATTEMPT=(gdbus call --address "unix:abstract=$TREE/dbus" --timeout 30 --dest org.freedesktop.DBus --object-path /
        --method org.freedesktop.DBus.ListNames)
}
