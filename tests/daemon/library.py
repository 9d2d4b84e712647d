#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""library.py LIBCORDON stand NAME: a container of this process's at the daemon; a program in it for each line that is read, whose words are printed behind
its status. library.py LIBCORDON phases NAME: one that is kept through its five phases, asked in each state for what it does not allow."""
import ctypes
import os
import sys

PIPE, NULL = -2, -1
ENOTCONN, EALREADY, ESTALE, EBUSY = 107, 114, 116, 16


class Error(ctypes.Structure):
    _fields_ = [("kind", ctypes.c_int32), ("errnum", ctypes.c_int32), ("text", ctypes.c_char * 504)]


class Status(ctypes.Structure):
    _fields_ = [("end", ctypes.c_uint32), ("code", ctypes.c_int32), ("exit_status", ctypes.c_int32), ("rest", ctypes.c_char * 512)]


cordon = ctypes.CDLL(sys.argv[1])
error, status = Error(), Status()


def call(name, *arguments):
    return getattr(cordon, name)(*arguments, ctypes.byref(error))


def done(name, *arguments):
    if call(name, *arguments) < 0:
        sys.exit(f"{name}: {error.text.decode()}")


def refused(errnum, word, name, *arguments):
    got = call(name, *arguments)
    if got != -errnum or not error.text.startswith(word.encode() + b": "):
        sys.exit(f"{name}: {got} {error.text.decode()}, not {-errnum} {word}")


def request_of(script=None):
    request = ctypes.c_void_p()
    done("cordon_request_new", ctypes.byref(request))
    if script:
        done("cordon_request_set_command", request, (ctypes.c_char_p * 4)(b"sh", b"-c", script.encode(), None))
        done("cordon_request_set_stdio", request, NULL, PIPE, PIPE)
    return request


def execute(container, script):
    request, program = request_of(script), ctypes.c_void_p()
    done("cordon_container_exec", container, request, ctypes.byref(program))
    with os.fdopen(os.dup(cordon.cordon_program_stdout_fd(program))) as words:
        said = words.read()
    done("cordon_program_wait", program, ctypes.c_int64(-1), ctypes.byref(status))
    cordon.cordon_program_free(program)
    cordon.cordon_request_free(request)
    return status.exit_status, said


def stand(name):
    request, container = request_of(), ctypes.c_void_p()
    done("cordon_request_set_name", request, name)
    done("cordon_create", request, ctypes.byref(container))
    print("stands", flush=True)
    for line in sys.stdin:
        code, said = execute(container, line)
        print(code, said.strip(), flush=True)


def phases(name):
    request, first, program, attached = request_of(), ctypes.create_string_buffer(32), ctypes.c_void_p(), ctypes.c_void_p()
    script = request_of("exit 6")
    done("cordon_request_set_name", request, name)
    done("cordon_daemon_create", request, first)  # provision
    refused(ENOTCONN, "not_started", "cordon_exec", name, script, ctypes.byref(program))
    done("cordon_attach", name, ctypes.byref(attached))
    refused(ENOTCONN, "not_started", "cordon_container_exec", attached, script, ctypes.byref(program))
    done("cordon_daemon_start", name)  # start
    refused(EALREADY, "already_started", "cordon_daemon_start", name)
    refused(EBUSY, "already_started", "cordon_daemon_remove", name)
    if execute(attached, "echo one >phases; exit 5") != (5, "") or execute(attached, "cat phases") != (0, "one\n"):  # exec
        sys.exit("a program in it: another status, or other words")
    done("cordon_container_stop", attached, ctypes.c_uint64(0))  # stop
    done("cordon_container_wait", attached, ctypes.c_int64(-1), ctypes.byref(status))
    cordon.cordon_container_free(attached)
    refused(ENOTCONN, "not_started", "cordon_exec", name, script, ctypes.byref(program))
    done("cordon_attach", name, ctypes.byref(attached))
    refused(EALREADY, "already_stopped", "cordon_container_stop", attached, ctypes.c_uint64(0))
    cordon.cordon_container_free(attached)
    done("cordon_daemon_remove", name)  # deprovision
    refused(ESTALE, "stale_id", "cordon_exec", first, script, ctypes.byref(program))


{"stand": stand, "phases": phases}[sys.argv[2]](sys.argv[3].encode())
