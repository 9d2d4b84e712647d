# SPDX-License-Identifier: Apache-2.0
"""What answers on a user's session bus, as far as the tests ask for it: the desktop portal, the keyring, systemd's user
manager. Prints a line for each connection that the bus gets and each call; opens and starts nothing."""
import sys

from gi.repository import Gio, GLib

SERVICES = {
    "org.freedesktop.portal.Desktop": ("/org/freedesktop/portal/desktop", """<node>
<interface name='org.freedesktop.portal.OpenURI'><method name='OpenURI'><arg type='s' direction='in'/>
<arg type='s' direction='in'/><arg type='a{sv}' direction='in'/><arg type='o' direction='out'/></method></interface>
<interface name='org.freedesktop.portal.Screenshot'><method name='Screenshot'><arg type='s' direction='in'/>
<arg type='a{sv}' direction='in'/><arg type='o' direction='out'/></method></interface></node>"""),
    "org.freedesktop.secrets": ("/org/freedesktop/secrets", """<node><interface name='org.freedesktop.Secret.Service'>
<method name='GetSecrets'><arg type='ao' direction='in'/><arg type='o' direction='in'/>
<arg type='a{o(oayays)}' direction='out'/></method></interface></node>"""),
    "org.freedesktop.systemd1": ("/org/freedesktop/systemd1", """<node>
<interface name='org.freedesktop.systemd1.Manager'><method name='StartTransientUnit'><arg type='s' direction='in'/>
<arg type='s' direction='in'/><arg type='a(sv)' direction='in'/><arg type='a(sa(sv))' direction='in'/>
<arg type='o' direction='out'/></method></interface></node>"""),
}


def say(*words):
    print(*words, flush=True)


def called(_bus, _sender, _path, _interface, method, parameters, invocation):
    values = parameters.unpack()
    say("called", method, *[value for value in values if isinstance(value, str) and value])
    if method == "GetSecrets":
        secret = ("/org/freedesktop/secrets/session/s0", b"", b"hunter2-of-the-keyring\0", "text/plain")
        invocation.return_value(GLib.Variant("(a{o(oayays)})", ({values[0][0]: secret},)))
    else:
        invocation.return_value(GLib.Variant("(o)", ("/org/freedesktop/done",)))


def owner_changed(_bus, _sender, _path, _interface, _signal, parameters):
    name, before, _after = parameters.unpack()
    if name.startswith(":") and not before:
        say("connected", name)


bus = Gio.bus_get_sync(Gio.BusType.SESSION)
for name, (path, text) in SERVICES.items():
    for interface in Gio.DBusNodeInfo.new_for_xml(text).interfaces:
        bus.register_object(path, interface, called, None, None)
    reply = bus.call_sync("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "RequestName",
                          GLib.Variant("(su)", (name, 4)), None, Gio.DBusCallFlags.NONE, -1, None)
    if reply.unpack()[0] != 1:
        sys.exit(f"{name} is taken")
bus.signal_subscribe("org.freedesktop.DBus", "org.freedesktop.DBus", "NameOwnerChanged", None, None,
                     Gio.DBusSignalFlags.NONE, owner_changed)
say("ready")
GLib.MainLoop().run()
