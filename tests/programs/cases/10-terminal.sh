# SPDX-License-Identifier: Apache-2.0
# Programs on a terminal: `cordon run --tty`.

# Run a script of drive.c against a contained command.
drive()
{
    local script=$TREE/script
    cat >"$script"
    chmod 644 "$script"
    as_caller "$BIN/drive" "$script" -- "$CORDON" run --tty --workspace "$WORKSPACE" -- "$@"
}

program_test bash_has_job_control "bash"
test_bash_has_job_control()
{
    drive bash --norc --noprofile -i <<'TEXT'
send PS1='rea''dy> '\n
expect ready> 
absent no job control
# It says when it has the terminal: what is typed earlier would be read by the shell.
send sh -c 'trap "echo resu""med" CONT; echo star""ted; while :; do read -r x || continue; echo "go""t $x"; done'\n
expect started
send first line\n
expect got first line
send \x1a
expect Stopped
expect ready> 
send jobs\n
expect Stopped
expect ready> 
send fg\n
expect resumed
send second line\n
expect got second line
send \x03
expect ready> 
send echo status is $?\n
expect status is 130
expect ready> 
send sh -c 'echo asl""eep; exec sleep 1000'\n
expect asleep
send \x1a
expect Stopped
send bg\n
expect exec sleep 1000' &
send jobs -r\n
expect Running
send kill %1; wait; echo all gone: $(jobs -r | wc -l)\n
expect all gone: 0
send exit 7\n
status 7
TEXT
}

program_test ctrl_c_reaches_the_foreground_program_only "bash"
test_ctrl_c_reaches_the_foreground_program_only()
{
    drive bash --norc -c 'trap "echo caught it" INT; echo waiting; read -r line; echo "read ended: $line"; exit 5' <<'TEXT'
expect waiting
send \x03
expect caught it
send more\n
expect read ended
status 5
TEXT
}

program_test ctrl_backslash_ends_a_program "sh"
test_ctrl_backslash_ends_a_program()
{
    # (bash itself ignores SIGQUIT, so it must not be the one that gets it)
    drive sh -c 'ulimit -c 0; sh -c "echo waiting"; exec cat' <<'TEXT'
expect waiting
send \x1c
status 131
TEXT
}

program_test end_of_file_reaches_the_program "cat"
test_end_of_file_reaches_the_program()
{
    drive cat <<'TEXT'
send hello\n
expect hello
expect hello
send \x04
status 0
TEXT
}

program_test a_resized_window_is_seen_inside "bash stty"
test_a_resized_window_is_seen_inside()
{
    drive bash --norc --noprofile -i <<'TEXT'
send PS1='rea''dy> '\n
expect ready> 
send stty size\n
expect 24 80
expect ready> 
send trap 'echo new size: $(stty size)' WINCH\n
expect ready> 
resize 50 132
send \n
expect new size: 50 132
send exit\n
status 0
TEXT
}

program_test a_terminal_program_sees_a_terminal "bash tty"
test_a_terminal_program_sees_a_terminal()
{
    drive bash --norc -c 'test -t 0 && test -t 1 && test -t 2 && echo three of them && tty && : >/dev/tty && echo and its own' <<'TEXT'
expect three of them
expect /dev/pts/
expect and its own
status 0
TEXT
}

program_test less_pages "less"
test_less_pages()
{
    seq 1 500 >"$WORKSPACE/numbers"
    drive less numbers <<'TEXT'
expect 20
send /400\n
expect 400
send q
status 0
TEXT
}

program_test the_terminal_is_restored_afterwards "bash stty"
test_the_terminal_is_restored_afterwards()
{
    local script=$TREE/script
    cat >"$script" <<'TEXT'
expect restored
status 0
TEXT
    chmod 644 "$script"
    # shellcheck disable=SC2016
    as_caller "$BIN/drive" "$script" -- bash --norc -c \
        'before=$(stty -g); "$0" run --tty --workspace . -- true; [ "$before" = "$(stty -g)" ] && echo restored' \
        "$CORDON"
}

# What comes out of the filter is what the program wrote, byte for byte, but for what is put back at the end.
same_through_the_filter() # KEYS COMMAND-LINE
{
    TERM_NAME=xterm-256color as_caller python3 "$HERE/terminal-twin" "$WORKSPACE/log" "$1" -- \
        "$CORDON" run --tty --workspace "$WORKSPACE" -- script -qec "$2" "$WORKSPACE/log"
}

program_test less_looks_the_same_through_the_filter "less python3 script"
test_less_looks_the_same_through_the_filter()
{
    seq 1 500 >"$WORKSPACE/numbers"
    same_through_the_filter '/400\r|G|q' 'less numbers'
}

program_test readline_looks_the_same_through_the_filter "bash python3 script"
test_readline_looks_the_same_through_the_filter()
{
    same_through_the_filter 'echo h\303\244\r|\x12ech|\x07\x15exit\r' 'bash --norc --noprofile -i'
}

program_test capabilities_look_the_same_through_the_filter "tput python3 script"
test_capabilities_look_the_same_through_the_filter()
{
    cat >"$WORKSPACE/all" <<'TEXT'
for capability in bold smul rev 'setaf 1' 'cup 3 4' el ed smcup civis cnorm 'csr 2 5' smacs rmacs 'hpa 3' 'ech 3' smkx rmkx rmcup sgr0; do
    tput $capability
    echo x
done
TEXT
    same_through_the_filter '' 'sh all'
}

program_test vim_looks_the_same_through_the_filter "vim python3 script"
test_vim_looks_the_same_through_the_filter()
{
    seq 1 500 >"$WORKSPACE/numbers"
    same_through_the_filter ':set number\r|ihello|\x1b:q!\r' "vim -u NONE -c 'syntax on' numbers"
}

program_test curses_looks_the_same_through_the_filter "python3 script"
test_curses_looks_the_same_through_the_filter()
{
    cat >"$WORKSPACE/screen.py" <<'TEXT'
import curses

def draw(screen):
    curses.use_default_colors()
    curses.init_pair(1, 2, 0)
    curses.mousemask(-1)
    curses.curs_set(0)
    screen.box()
    screen.addstr(2, 2, '\u00e4\u2500', curses.color_pair(1) | curses.A_BOLD)
    screen.refresh()
    screen.getch()

curses.wrapper(draw)
TEXT
    same_through_the_filter q 'python3 screen.py'
}
