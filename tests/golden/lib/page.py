# SPDX-License-Identifier: Apache-2.0
"""A page with blocks between fences: `console` shows commands behind a prompt with what they write; any block with a
name behind its language is a file of that name."""
import re


class Command:
    def __init__(self, line, text, written):
        self.line, self.text, self.written = line, text, written


class File:
    def __init__(self, name, text):
        self.name, self.text = name, text


def commands_of(body, line):
    """Of a console block: a command ends where its last line has no backslash at its end."""
    commands = []
    continued = False
    for number, text in enumerate(body, line):
        if continued:
            commands[-1].text += "\n" + text.removeprefix("> ")
        elif text.startswith("$ "):
            commands.append(Command(number, text[2:], []))
        elif commands:
            commands[-1].written.append(text)
        else:
            raise ValueError(f"line {number}: a console block begins with a command behind '$ '")
        continued = text.endswith("\\") and (continued or text.startswith("$ "))
    return commands


def blocks_of(text):
    """Files and commands in their order."""
    blocks = []
    inside = None
    for number, line in enumerate(text.split("\n"), 1):
        fence = re.fullmatch(r"```(\w*)(?: (\S+))?", line)
        if inside is None and fence:
            inside = (fence[1], fence[2], number + 1, [])
        elif fence:
            language, name, first, body = inside
            inside = None
            if name:
                blocks.append(File(name, "".join(one + "\n" for one in body)))
            elif language == "console":
                blocks.extend(commands_of(body, first))
        elif inside is not None:
            inside[3].append(line)
    return blocks
