# SPDX-License-Identifier: Apache-2.0
# Programs that are started in a way that rules about commands do not see: what they may do is the same.

program_row()
{
    property "run_$1" "$2" "$3" program=run_other_way
    eval "prepare_run_$1() { ARGS=($1 \"\$OUTSIDE/secret\" \"\$MARKER\"); }"
}

program_row memory "9.3-37" "a program that is in no file reads nothing outside"
program_row loader "9.3-38" "nor one that the loader starts, without the right to execute"
program_row script "9.3-38" "nor one that is a script's interpreter"
program_row copy "9.3-39" "nor a copy under another program's name"
program_row named "9.3-39 9.3-66" "nor one that says it is another"
program_row background "9.3-41 agentsh-283" "nor one after &"
program_row substitution "9.3-41" "nor one in a substitution"
program_row process "9.3-41" "nor one in a process substitution"
program_row builtin "9.3-41 CVE-2026-22708" "nor a command that the shell has built in"
program_row here "9.3-41" "nor one in a here document"
program_row split "9.3-41" "nor one that env splits out of a word"
program_row xargs "9.3-41" "nor one that xargs starts"
program_row find "9.3-41" "nor one that find starts"
program_row awk "9.3-41" "nor one that awk starts"
program_row newline "9.3-41" "nor one after a line's end"

# A denied program cannot be run by any of the ways that only read it.
property denied_loader "9.3-38" "a denied program cannot be run through the loader" program=run_denied
prepare_denied_loader() { denied_program; ARGS=(loader "$WORKSPACE/tool"); }
property denied_interpreter "9.3-38" "a denied program cannot be run as a script's interpreter" program=run_denied
prepare_denied_interpreter() { denied_program; ARGS=(script "$WORKSPACE/tool"); }
property denied_program "9.3-38" "a denied program cannot be run" program=run_denied
prepare_denied_program() { denied_program; ARGS=(direct "$WORKSPACE/tool"); }
denied_program()
{
    cp /bin/true "$WORKSPACE/tool"
    LAUNCH=(--deny "$WORKSPACE/tool")
}
