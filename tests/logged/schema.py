# SPDX-License-Identifier: Apache-2.0
"""
Records against OCSF 1.9.0, by the extract that lies with the renderer's unit tests (tests/unit/ocsf/ocsf-1.9.0.json, made from github.com/ocsf/ocsf-schema as
released): each member that its class, its profiles and their objects require is there, each member is of the type that is asked for, and there is none else.
"""
import json
import pathlib

EXTRACT = json.loads((pathlib.Path(__file__).resolve().parents[1] / "unit/ocsf/ocsf-1.9.0.json").read_text())
TEXTS = {"string_t", "hostname_t", "username_t", "file_path_t", "ip_t"}


def is_text(value):
    return isinstance(value, str) and value != ""


def is_number(value):
    return isinstance(value, int) and not isinstance(value, bool)


def faults_of_type(where, kind, value):
    if kind.endswith("[]"):
        if not isinstance(value, list) or not value:
            return [f"{where}: no array, or an empty one"]
        return [fault for number, item in enumerate(value) for fault in faults_of_type(f"{where}[{number}]", kind[:-2], item)]
    if kind in TEXTS:
        return [] if is_text(value) else [f"{where}: no text: {value!r}"]
    if kind == "boolean_t":
        return [] if isinstance(value, bool) else [f"{where}: no boolean: {value!r}"]
    if kind in ("integer_t", "long_t"):
        return [] if is_number(value) else [f"{where}: no integer: {value!r}"]
    if kind == "port_t":
        return [] if is_number(value) and 0 < value < 65536 else [f"{where}: no port: {value!r}"]
    if kind == "timestamp_t":
        return [] if is_number(value) and value > 10**12 else [f"{where}: no ms since 1970: {value!r}"]
    if kind == "object":
        return [] if isinstance(value, dict) and value else [f"{where}: no object"]
    shape = EXTRACT["objects"].get(kind)
    if not shape:
        return [f"{where}: of a type that the extract does not have: {kind}"]
    if not isinstance(value, dict) or not value:
        return [f"{where}: no object, or an empty one"]
    faults = faults_of_members(where, shape["attributes"], value)
    if "any" in shape and not any(name in value for name in shape["any"]):
        faults.append(f"{where}: none of {shape['any']}")
    return faults


def faults_of_members(where, attributes, value):
    known = {name.rstrip("!"): kind for name, kind in attributes.items()}
    faults = [f"{where}.{name[:-1]}: required, and missing" for name in attributes if name.endswith("!") and name[:-1] not in value]
    for name, member in value.items():
        faults += faults_of_type(f"{where}.{name}", known[name], member) if name in known else [f"{where}.{name}: not in the schema"]
    return faults


def faults(record):
    """What of it is not as the schema has it."""
    shape = EXTRACT["classes"].get(str(record.get("class_uid")))
    if not shape:
        return [f"class {record.get('class_uid')}: none of the extract's"]
    attributes = dict(EXTRACT["base"])
    for profile in record.get("metadata", {}).get("profiles", []):
        if profile not in EXTRACT["profiles"]:
            return [f"profile {profile}: none of the extract's"]
        attributes.update(EXTRACT["profiles"][profile])
    attributes.update(shape.get("attributes", {}))
    found = faults_of_members("record", attributes, record)
    if "any" in shape and not any(name in record for name in shape["any"]):
        found.append(f"record: none of {shape['any']}")
    if str(record.get("activity_id")) not in shape.get("activities", {}) and record.get("activity_id") not in (0, 99):
        found.append(f"record.activity_id: {record.get('activity_id')} is none of the class's")
    if record.get("type_uid") != record.get("class_uid", 0) * 100 + record.get("activity_id", 0):
        found.append("record.type_uid: not class and activity")
    return found
