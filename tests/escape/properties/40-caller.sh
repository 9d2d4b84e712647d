# SPDX-License-Identifier: Apache-2.0
# What the caller carries about: environment, descriptors, working directory, terminal.

property environment "9.3-40 MXC-b" "the caller's variables are not inherited" program=read_environ
prepare_environment()
{
    CALLER_ENV=("AWS_SECRET_ACCESS_KEY=$MARKER" "DEMO_SECRET=$MARKER" "GIT_SSH_COMMAND=$MARKER"
        "BASH_ENV=/dev/null/$MARKER" "NODE_OPTIONS=--title=$MARKER" "SSH_AUTH_SOCK=/run/$MARKER"
        "DBUS_SESSION_BUS_ADDRESS=unix:path=/run/$MARKER" "XAUTHORITY=/run/$MARKER")
    ARGS=("$MARKER")
}

property environment_of_init "9.3-30 MXC-b" "/proc/1/environ shows nothing of the caller's environment" program=find_in_proc
prepare_environment_of_init()
{
    CALLER_ENV=("DEMO_SECRET=$MARKER")
    bare_pid_namespace
    # The attempt's own arguments hold the marker, too, but it looks at environments only.
    ARGS=(environ "$MARKER")
}

property arguments_of_init "MXC-b" "no process inside shows the caller's arguments" program=find_in_proc
prepare_arguments_of_init()
{
    local policy=$TREE/caller/policy-$MARKER.yaml
    printf 'version: cordon/1\nextends: [coding-agent]\n' >"$policy"
    LAUNCH=(--policy "$policy")
    bare_pid_namespace
    ARGS=(cmdline "$MARKER")
}

property init_files "9.3-29 9.3-30" "root, cwd, exe and descriptors of pid 1 cannot be opened" program=look_into_init
prepare_init_files() { bare_pid_namespace; ARGS=(files); }

property init_memory "9.3-29 9.3-30" "memory, environment and maps of pid 1 cannot be read" program=look_into_init
prepare_init_memory() { bare_pid_namespace; ARGS=(memory); }

property init_writable "9.3-32" "pid 1 cannot be changed through /proc" program=write_init
prepare_init_writable() { bare_pid_namespace; }

property init_writable_unkept "9.3-32" "nor where no names are kept" program=write_init \
    gap="one uid inside owns pid 1's files in /proc: it can raise its rank for the out-of-memory killer, which ends its own container"
prepare_init_writable_unkept() { bare_pid_namespace; LAUNCH=(--line 'filesystem: {protectBuiltin: false}'); }

property descriptors_closed "9.3-49 MXC-c" "no descriptor beyond 0 to 2 is inherited" program=scan_descriptors
prepare_descriptors_closed() { WRAP=("$BIN/open-descriptors" "3:r:/dev/null" "500:r:/dev/null" --); }

property descriptors_high "9.3-49 MXC-c" "nor one with a number above 1023" program=scan_descriptors
prepare_descriptors_high() { WRAP=(bash -c 'ulimit -n 4096; exec "$@"' bash "$BIN/open-descriptors" "3000:r:/dev/null" --); }

property descriptors_epoll "9.3-49" "nor one for waiting" program=scan_descriptors
prepare_descriptors_epoll() { WRAP=("$BIN/open-descriptors" "7:e:-" --); }

property descriptors_ring "9.3-49" "nor a ring of requests to the kernel" program=scan_descriptors kernel="io_uring is switched off"
prepare_descriptors_ring() { WRAP=("$BIN/open-descriptors" "7:u:-" --); }

property descriptor_file "MXC-c" "a file that the caller has open cannot be read" program=read_descriptor
prepare_descriptor_file() { WRAP=("$BIN/open-descriptors" "9:r:$OUTSIDE/secret" --); ARGS=(9 "$MARKER"); }

property descriptor_directory "9.3-49 MXC-c" "a directory that the caller has open opens nothing below it" program=open_below_descriptor
prepare_descriptor_directory() { WRAP=("$BIN/open-descriptors" "8:d:$OUTSIDE" --); ARGS=(8 secret "$MARKER"); }

property descriptor_path_only "9.3-49" "an O_PATH descriptor of a directory opens nothing below it" program=open_below_descriptor
prepare_descriptor_path_only() { WRAP=("$BIN/open-descriptors" "7:p:$OUTSIDE" --); ARGS=(7 secret "$MARKER"); }

property descriptor_directory_write "9.3-49 MXC-c" "nothing is written through a directory that the caller has open" program=write_below_descriptor
prepare_descriptor_directory_write() { WRAP=("$BIN/open-descriptors" "8:d:$OUTSIDE" --); ARGS=(8 file); WATCH=("$OUTSIDE/file"); }

property stdin_directory "9.3-49 CVE-2024-21626" "a directory given as stdin opens nothing below it" program=open_below_descriptor launch=may
prepare_stdin_directory() { STDIN=$OUTSIDE; ARGS=(0 secret "$MARKER"); }

property stdin_directory_climb "9.3-49 CVE-2024-21626" "a directory given as stdin is no way to climb" program=open_below_descriptor launch=may
prepare_stdin_directory_climb() { mkdir -p "$OUTSIDE/sub"; STDIN=$OUTSIDE/sub; ARGS=(0 ../secret "$MARKER"); }

property stdin_reopen "9.3-12" "a file given as stdin for reading cannot be reopened for writing" program=reopen_stdin
prepare_stdin_reopen() { STDIN=$OUTSIDE/file; ARGS=(0 write "$MARKER"); WATCH=("$OUTSIDE/file"); }

property stderr_reopen "9.3-12" "a file given as an output cannot be reopened for reading" program=reopen_stdin
prepare_stderr_reopen()
{
    printf 'earlier %s\n' "$MARKER" >"$OUTSIDE/log"
    WRAP=("$BIN/open-descriptors" "2:w:$OUTSIDE/log" --)
    ARGS=(2 read "$MARKER")
}

property stdin_change "9.3-16" "mode and times of a file given as stdin cannot be changed" program=change_descriptor \
    gap="a descriptor carries the rights of the mount that it was opened on; only a relay would not"
prepare_stdin_change() { STDIN=$OUTSIDE/file; ARGS=(0); WATCH=("$OUTSIDE/file"); }

property stderr_change "9.3-16" "mode and times of a file given as an output cannot be changed" program=change_descriptor \
    gap="a descriptor carries the rights of the mount that it was opened on; only a relay would not"
prepare_stderr_change()
{
    : >"$OUTSIDE/log"
    WRAP=("$BIN/open-descriptors" "2:w:$OUTSIDE/log" --)
    ARGS=(2)
    WATCH=("$OUTSIDE/log")
}

property working_directory "CVE-2024-21626 CVE-2025-59532" "the directory in which the caller stands opens nothing" program=read_relative launch=may
prepare_working_directory() { CWD=$OUTSIDE; ARGS=(secret "$MARKER"); }

property helper_by_path "9.3-99" "no program that the caller's PATH finds first is taken for a helper of ours" program=run_by_name by=effect
prepare_helper_by_path()
{
    local name
    mkdir -p "$WORKSPACE/bin"
    for name in cordon-init bwrap newuidmap newgidmap unshare setpriv mount sh; do
        printf '#!/bin/bash\n: >"%s"\n' "$TREE/effect" >"$WORKSPACE/bin/$name"
        chmod 755 "$WORKSPACE/bin/$name"
    done
    CALLER_PATH=$WORKSPACE/bin:$SYSTEM_PATH
    EXPECT_EFFECT=yes
    ARGS=(cordon-init)
}

property terminal_input "9.3-42 MXC-d CVE-2017-5226" "nothing can be typed into the caller's terminal" program=push_terminal_input \
    user="dev.tty.legacy_tiocsti is off" kernel="TIOCSTI is switched off"
prepare_terminal_input() { WRAP=("$BIN/with-terminal" pty "$TREE/effect" terminal - --); EXPECT_EFFECT=yes; ARGS=(0); }

property terminal_input_high_bits "9.3-42 CVE-2019-10063" "nothing can be typed into the caller's terminal by an ioctl number with high bits" program=push_terminal_input \
    user="dev.tty.legacy_tiocsti is off" kernel="TIOCSTI is switched off"
prepare_terminal_input_high_bits() { WRAP=("$BIN/with-terminal" pty "$TREE/effect" terminal - --); EXPECT_EFFECT=yes; ARGS=(1); }

property terminal_reopened "9.3-42 MXC-d" "the caller's controlling terminal cannot be opened by /dev/tty" program=open_controlling_terminal
prepare_terminal_reopened() { WRAP=("$BIN/with-terminal" pty "$TREE/effect" null - --); EXPECT_EFFECT=yes; }

property terminal_stolen "9.3-42" "the caller's terminal cannot be made our controlling one" program=steal_terminal \
    user="a terminal that another session has may be taken by root only"
prepare_terminal_stolen() { WRAP=("$BIN/with-terminal" pty "$TREE/effect" terminal - --); ARGS=(); }

property terminal_by_name "9.3-42" "a terminal of the host cannot be opened by its name" program=open_terminal_by_name
prepare_terminal_by_name()
{
    # The name is known only when the terminal is there: a shell reads it for the attempt.
    EXPECT_EFFECT=yes
    WRAP=("$BIN/with-terminal" pty "$TREE/effect" null "$TREE/run/name" -- bash -c
        'for word; do [ "$word" = TERMINAL ] && word=$(cat "$0"); words+=("$word"); done; exec "${words[@]}"'
        "$TREE/run/name")
    ARGS=(TERMINAL)
}

# Each row has a console of its own: the end of a session hangs its terminal up.
console_prepare() { ROOT_WRAP=("$BIN/with-terminal" "/dev/tty$2" "$TREE/effect" terminal - --); ARGS=("$1"); }

property console_paste "9.3-42 CVE-2023-28100" "TIOCLINUX on the console is refused" program=console_ioctl needs=root \
    kernel="no virtual console"
prepare_console_paste() { console_prepare 0 62; }

property console_paste_high_bits "9.3-42 CVE-2019-10063" "TIOCLINUX with high bits is refused" program=console_ioctl needs=root \
    kernel="no virtual console"
prepare_console_paste_high_bits() { console_prepare 1 63; }

# Each kind of sequence on a terminal that would act on it. The attempt's word counts for nothing: it only writes.
emulator_prepare()
{
    WRAP=("$BIN/with-emulator" "$1" "$TREE/effect" --)
    LAUNCH=(--option --tty)
    EXPECT_EFFECT=yes
    ARGS=("$1")
}

property terminal_clipboard_set "9.3-44" "the clipboard cannot be set through the terminal" program=write_sequence by=effect
prepare_terminal_clipboard_set() { emulator_prepare clipboard-set; }

property terminal_clipboard_query "9.3-44" "the clipboard cannot be read through the terminal" program=write_sequence by=effect
prepare_terminal_clipboard_query() { emulator_prepare clipboard-query; }

property terminal_clipboard_c1 "9.3-44" "nor by controls of the second set" program=write_sequence by=effect
prepare_terminal_clipboard_c1() { emulator_prepare clipboard-c1; }

property terminal_clipboard_nested "9.3-44" "nor by a sequence that is meant for the terminal around it" program=write_sequence by=effect
prepare_terminal_clipboard_nested() { emulator_prepare clipboard-nested; }

property terminal_window_title "9.3-43" "a window cannot pose as another by its title" program=write_sequence by=effect
prepare_terminal_window_title() { emulator_prepare title; }

property terminal_title_report "9.3-43" "the window's title is not typed into the terminal" program=write_sequence by=effect
prepare_terminal_title_report() { emulator_prepare title-report; }

property terminal_screen_report "9.3-43" "what the screen shows is not reported" program=write_sequence by=effect
prepare_terminal_screen_report() { emulator_prepare screen-report; }

property terminal_answerback "9.3-43" "the terminal's own text is not typed" program=write_sequence by=effect
prepare_terminal_answerback() { emulator_prepare answerback; }

property terminal_media_copy "9.3-43" "nothing is printed through the terminal" program=write_sequence by=effect
prepare_terminal_media_copy() { emulator_prepare media-copy; }

property terminal_file "9.3-43" "no file is sent through the terminal" program=write_sequence by=effect
prepare_terminal_file() { emulator_prepare file; }

property terminal_link "9.3-43" "no link leads anywhere but to the web" program=write_sequence by=effect
prepare_terminal_link() { emulator_prepare link; }

property terminal_late_answer "9.3-42" "an answer that comes after the end is not typed into the shell" program=write_sequence by=effect
prepare_terminal_late_answer() { emulator_prepare late-answer; }

property terminal_mouse_left_on "9.3-42" "a mouse that was left on types nothing into the shell" program=write_sequence by=effect
prepare_terminal_mouse_left_on() { emulator_prepare mouse-left-on; }

property session_keyring "9.3-51 MXC-g" "keys in the caller's session keyring cannot be read" program=read_keyring
prepare_session_keyring() { WRAP=("$BIN/with-keyring" "$MARKER" --); ARGS=(-3 "$MARKER"); }

property keyring_add "9.3-51" "no key can be added" program=use_keyring
prepare_keyring_add() { ARGS=(add_key); }

property keyring_request "9.3-51 CVE-2026-46300" "no key can be requested, so no program of the host is called" program=use_keyring
prepare_keyring_request() { ARGS=(request_key); }

property keyring_join "9.3-51" "no other session keyring can be joined" program=use_keyring
prepare_keyring_join() { ARGS=(join); }

property keyring_persistent "9.3-51" "the persistent keyring cannot be reached" program=use_keyring \
    kernel="no persistent keyrings"
prepare_keyring_persistent() { ARGS=(persistent); }
