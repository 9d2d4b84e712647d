# SPDX-License-Identifier: Apache-2.0
# Windows interop of WSL, as far as it is the kernel's: a file that begins with MZ is started by an interpreter that was
# opened when it was registered, which no file tree hides. Here the interpreter says what it was given.

start_formats_as() # NAME MAGIC
{
    cp /bin/echo "$TREE/interpreter"
    /usr/bin/python3 "$TREE/formats.py" "$1" "$2" "$TREE/interpreter" >"$TREE/formats.log" 2>&1 </dev/null &
    PIDS+=($!)
    wait_until grep -q '^ready' "$TREE/formats.log" || { cat "$TREE/formats.log"; return 1; }
    printf '%s and the rest of a program' "$2" >"$WORKSPACE/foreign.exe"
    chmod 755 "$WORKSPACE/foreign.exe"
    # From now on everything happens on that machine.
    drop=(nsenter --target "$(sed -n 's/^ready //p' "$TREE/formats.log")" --user --mount "--wd=$WORKSPACE"
        -S "$("${drop[@]}" id -u)" -G "$("${drop[@]}" id -g)" --)
}

session_service windows "root own-formats nsenter python3"
start_windows() { start_formats_as WSLInterop MZ; }
saw_windows() { echo 0; }

session_test windows_program_is_not_started windows
attempt_windows_program_is_not_started()
{
    SECRET=command-for-windows
    # shellcheck disable=SC2016
    ATTEMPT=(sh -c '"$0" "$1" || exit 1' "$WORKSPACE/foreign.exe" "$SECRET")
}

session_test windows_program_is_not_started_by_another_program windows
attempt_windows_program_is_not_started_by_another_program()
{
    SECRET=command-for-windows
    ATTEMPT=(/usr/bin/python3 -c 'import os, sys; os.execv(sys.argv[1], sys.argv[1:])' "$WORKSPACE/foreign.exe" "$SECRET")
}

# The twin: what is registered for emulation, and has nothing of Windows, goes on working inside.
session_service emulator "root own-formats nsenter python3"
start_emulator() { start_formats_as qemu-test OTHER; }
saw_emulator() { echo 0; }

session_test emulators_of_the_host_work_inside emulator
attempt_emulators_of_the_host_work_inside()
{
    SECRET=program-of-another-processor
    ATTEMPT=("$WORKSPACE/foreign.exe" "$SECRET")
}
judge_emulators_of_the_host_work_inside()
{
    check_open emulators_of_the_host_work_inside unconfined &&
        check_open emulators_of_the_host_work_inside default
}
