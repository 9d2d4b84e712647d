# SPDX-License-Identifier: Apache-2.0
"""Every valid document of MXC's contract with everything in it, and each of them changed in one place.

VALID has a document for each root of the contract (one-shot and each phase) and each section, with every member that the
contract knows. mutations() changes one place of a document in every way of WAYS, as data; spoiled() changes its text, for
what data cannot say: members given twice, broken syntax, other encodings. Nothing is chosen at random.
"""
import copy
import json

VERSIONS = ["0.9.0-alpha", "1.0.0", "1.1.0-alpha"]
WRONG = [None, 5, -1, 1.5, True, "x", "", [], [1], {}, {"zz": 1}]
HUGE = [10 ** 40, 2 ** 64, 2 ** 63, 2 ** 32, 2 ** 32 - 1, 65536, 65535, 0, -1, 1.0, 0.5]

NETWORK = {
    "egress": {
        "default": "deny",
        "allow": [{"to": [{"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}],
                   "ports": [{"port": 80, "endPort": 81, "protocol": "tcp"}]}],
        "deny": [{"to": [{"cidr": "2001:db8::/32"}], "ports": [{"protocol": "icmp"}]}],
    },
    "ingress": {"default": "deny", "hostLoopback": "deny"},
}
ALL_ALLOWED = {"egress": {"default": "allow"},
               "ingress": {"default": "allow", "hostLoopback": "allow"}}
PROCESS = {"commandLine": "true", "cwd": "/usr", "env": ["A=1", "B="], "inheritDefaultEnv": True,
           "timeout": 1000}
ONE_SHOT = {
    "$schema": "x",
    "_comment": {"any": [1, None]},
    "version": "1.0.0",
    "containerId": "abc",
    "containment": "process",
    "lifecycle": {"destroyOnExit": True, "preservePolicy": False},
    "process": PROCESS,
    "filesystem": {"readwritePaths": ["/tmp"], "readonlyPaths": ["/usr"], "deniedPaths": ["/opt"]},
    "fallback": {"allowDaclMutation": False},
    "network": NETWORK,
    "ui": {"disable": True, "clipboard": "none", "injection": False},
    "telemetry": {"enabled": False},
}
# No network: a document that both accept.
PLAIN = {**ONE_SHOT, "network": {"egress": {"default": "deny", "allow": [], "deny": []},
                                 "ingress": {"default": "deny", "hostLoopback": "deny"}}}
PROXY = {"version": "1.0.0", "process": {"commandLine": "true"},
         "runtimeConfig": {"networkProxy": "http://127.0.0.1:3128"}}


def section(containment, name, members, **more):
    return {"version": "1.0.0", "containment": containment, "process": {"commandLine": "true"},
            name: members, **more}


SECTIONS = [
    section("lxc", "lxc", {"distribution": "alpine", "release": "3.23"}),
    section("processcontainer", "processContainer", {
        "capabilities": ["internetClient"], "leastPrivilege": True, "learningMode": False,
        "captureDenials": {"mode": "block", "outputPath": "/tmp/x", "retainEtl": False},
        "filesystem": {"enumeratePaths": ["/usr"]}, "network": {"allowedProxyPeer": "x"},
        "ui": {"isolation": "container", "desktopSystemControl": False, "systemSettings": "none",
               "ime": False}}),
    section("seatbelt", "seatbelt", {
        "extraMachLookups": ["x"], "guiAccess": False, "keychainAccess": False, "nestedPty": False,
        "profileOverride": "x"}),
    section("wslc", "wslc", {
        "image": "x", "cpuCount": 1, "memoryMb": 512, "gpu": False, "imageTarPath": "/x",
        "storagePath": "/y", "targetOs": "linux",
        "portMappings": [{"windowsPort": 1, "containerPort": 2, "protocol": "tcp"}]}),
    section("isolation_session", "telemetry", {"enabled": False}, network=ALL_ALLOWED),
    section("windows_sandbox", "windowsSandbox", {
        "daemonPipeName": "x", "idleTimeout": 1, "idleTimeoutMs": 1000}),
    section("hyperlight", "hyperlight", {"runtime": "python"}),
    section("process", "test", {"message": "x"}),
]
LIFECYCLE = [
    {"version": "1.0.0", "phase": "provision", "containment": "wslc", "filesystem": ONE_SHOT["filesystem"],
     "network": NETWORK, "wslc": {"provision": {"image": "x", "imageTarPath": "/x"}},
     "telemetry": {"enabled": False}, "$schema": "x", "_comment": 1},
    {"version": "1.0.0", "phase": "provision", "containment": "isolation_session", "network": ALL_ALLOWED,
     "isolationSession": {"provision": {"appId": "x"}}, "telemetry": {"enabled": False}},
    {"version": "1.1.0-alpha", "phase": "provision", "containment": "windows_sandbox",
     "telemetry": {"enabled": False}},
    {"version": "1.0.0", "phase": "exec", "sandboxId": "wslc:a", "process": PROCESS,
     "runtimeConfig": {"networkProxy": "http://127.0.0.1:3128"}, "telemetry": {"enabled": False}},
    *({"version": "1.0.0", "phase": phase, "sandboxId": "wslc:a", "telemetry": {"enabled": False}}
      for phase in ("start", "stop", "deprovision")),
]
VALID = [ONE_SHOT, PLAIN, PROXY, *SECTIONS, *LIFECYCLE]


def paths_of(value, path=()):
    """Every place in a document."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) \
        if isinstance(value, list) else ()
    for key, item in items:
        if key != "_comment":
            yield from paths_of(item, path + (key,))


def lookup(document, path):
    for key in path:
        document = document[key]
    return document


def changed(document, path, value):
    result = copy.deepcopy(document)
    lookup(result, path[:-1])[path[-1]] = value
    return result


def without(document, path):
    result = copy.deepcopy(document)
    del lookup(result, path[:-1])[path[-1]]
    return result


def renamed(document, path, name):
    """The member under another name, in its place."""
    result = copy.deepcopy(document)
    owner = lookup(result, path[:-1])
    items = [(name if key == path[-1] else key, item) for key, item in owner.items()]
    owner.clear()
    owner.update(items)
    return result


def other_values(value):
    """Of another type, of another nesting, out of range, spelled otherwise."""
    for wrong in WRONG:
        if type(wrong) is not type(value) or isinstance(value, (dict, list)) and wrong in ([], {}):
            yield wrong
    yield [value]
    yield {"value": value}
    if isinstance(value, bool):
        yield "true"
    elif isinstance(value, int):
        yield from (number for number in HUGE if number != value)
        yield str(value)
    elif isinstance(value, str):
        yield from {"", value.upper(), value.capitalize(), value + " ", " " + value, value + "\0", value + "\n",
                    value + "\u00e9", "x" * 5000} - {value}
    elif isinstance(value, list) and value:
        yield value + value
        yield value + [None]
        yield value * 300


def mutations(document):
    for path in paths_of(document):
        value = lookup(document, path)
        if isinstance(value, dict):
            for name in ("bogus", ""):
                yield changed(document, path + (name,), 1) if path else {**document, name: 1}
        if not path:
            continue
        if isinstance(path[-1], str):
            yield renamed(document, path, path[-1].upper())
            yield renamed(document, path, path[-1] + "s")
        yield without(document, path)
        for wrong in other_values(value):
            yield changed(document, path, wrong)


def twice(document):
    """Each member given a second time, with the same value and with another."""
    for path in paths_of(document):
        if path and isinstance(path[-1], str):
            for value in (lookup(document, path), None):
                marked = changed(document, path[:-1] + ("\ufffe",), value)
                yield json.dumps(marked).replace('"\\ufffe"', json.dumps(path[-1]))


def spoiled(document):
    """What is no JSON, or hardly any: bytes."""
    text = json.dumps(document).encode()
    inner = text[1:-1]
    yield from (b"", b" \n\t", b"null", b"[]", b"1", b'"x"', b"[" + text + b"]", text[:-1], text[:-2], inner,
                text + b"}", text + text, text + b" x", text + b"\0", text + b"\n\n", b" \r\n" + text,
                b"\xef\xbb\xbf" + text, text.decode().encode("utf-16"), text.decode().encode("utf-16-le"),
                b"{" + inner + b",}", b"{," + inner + b"}", text.replace(b'"', b"'"), b"/* x */" + text,
                b"// x\n" + text, text.replace(b": ", b" = "), text.replace(b"true", b"True"),
                text.replace(b'"version"', b"version"), text.replace(b", ", b" ", 1), b"\x0c" + text)
    for bad in (b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xc0\xaf", b"\\ud800", b"\\u00", b"\\x41", b"\x01", b"\x7f",
                b"\n", b"\\", b"\xf4\x90\x80\x80"):
        yield text.replace(b'"commandLine": "true"', b'"commandLine": "tr' + bad + b'ue"')
    for number in (b"01", b"+1", b".5", b"5.", b"1e", b"0x10", b"NaN", b"Infinity", b"-", b"1e400", b"1E3", b"-0",
                   b"1_000", b"1" * 400):
        yield text.replace(b'"timeout": 1000', b'"timeout": ' + number)
    for depth in (30, 120, 200, 5000):
        yield text.replace(b'"_comment": {"any": [1, null]}', b'"_comment": ' + b"[" * depth + b"]" * depth)


def texts():
    """All of them, as bytes."""
    for document in VALID:
        for version in VERSIONS:
            own = {**document, "version": version}
            yield json.dumps(own).encode()
            for one in mutations(own):
                yield json.dumps(one).encode()
            for text in twice(own):
                yield text.encode()
    for document in (PLAIN, ONE_SHOT):
        yield from spoiled(document)
