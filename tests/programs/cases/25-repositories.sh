# SPDX-License-Identifier: Apache-2.0
# What a repository that the program made says to git outside, and that it is reported.

# The findings of a contained shell script, on stderr alone.
findings_of()
{
    GUARD=(timeout --kill-after=2 120)
    contained bash -c "exec 2>&-; $1" 2>&1 >/dev/null
}

program_test a_planted_command_would_run_outside_and_is_reported "git"
test_a_planted_command_would_run_outside_and_is_reported()
{
    local output file=$WORKSPACE/deep/moved/.git/config
    output=$(findings_of "
        mkdir first && cd first && git init -q r && cd r &&
        git config core.fsmonitor 'touch $HOME_DIR/ran; false' && cd ../.. && mkdir deep && mv first/r deep/moved")
    check_equal "$output" "cordon: $file: core.fsmonitor = touch $HOME_DIR/ran; false: git runs it at git status and most other commands; to undo: git config --file $file --unset-all core.fsmonitor" || return 1
    # The danger is real, and the remedy is one.
    as_caller git -C deep/moved status >/dev/null 2>&1
    [ -e "$HOME_DIR/ran" ] || complain "git did not run it" || return 1
    rm "$HOME_DIR/ran"
    as_caller ${output##*to undo: } || return 1
    as_caller git -C deep/moved status >/dev/null || return 1
    [ ! -e "$HOME_DIR/ran" ] || complain "git still ran it"
}

program_test clones_and_submodules_are_nothing_to_report "git"
test_clones_and_submodules_are_nothing_to_report()
{
    local output
    as_caller git init -q -b main origin && as_caller git -C origin commit -q --allow-empty -m one || return 1
    output=$(findings_of '
        set -e
        git clone -q origin copy; git init -q --bare bare.git; git clone -q --mirror origin mirror.git
        cd copy; git -c protocol.file.allow=always submodule --quiet add ../origin sub; git commit -q -m sub
        git worktree add -q ../tree; git sparse-checkout set --cone x; git -C sub status; git config user.name A
        git remote add other https://example.org/x.git; git config alias.st status; git gc -q')
    check_equal "$output" "" || return 1
    [ -e copy/.git/modules/sub/config ] && [ -e tree/.git ] && [ -e mirror.git/config ]
}

program_test each_way_to_plant_is_reported "git"
test_each_way_to_plant_is_reported()
{
    local output name
    as_caller git init -q --bare old.git || return 1
    output=$(findings_of "
        git init -q --bare b1; git -C b1 config core.hooksPath x
        mkdir -p b2/objects b2/refs; printf '[core]\nsshCommand=x\n' >b2/c; mv b2/c b2/config
        mkdir b3; printf '[core]\neditor=x\n' >b3/config; mkdir b3/refs b3/objects
        git init -q --separate-git-dir=b4 w4; printf '[credential]\nhelper=x' >>b4/config
        mkdir b4/hooks; printf '#!/bin/sh\n' >b4/hooks/post-checkout; chmod 755 b4/hooks/post-checkout
        git init -q w5; printf '[include]\npath=../x\n' >x; ln -sf ../../x w5/.git/config
        git init -q w6; git -C w6 config extensions.worktreeConfig true; git -C w6 config --worktree core.pager x
        printf '[diff]\nexternal=x\n' >>old.git/config
        git init -q w8; printf '# \\0\n[filter \"a b\"]\nclean=x\n' >>w8/.git/config")
    for name in 'b1/config: core.hookspath = x:' 'b2/config: core.sshcommand = x:' 'b3/config: core.editor = x:' \
        'b4/config: credential.helper = x:' 'b4/hooks/post-checkout: git runs it as a hook' 'w5/.git/config: it is a symbolic link' \
        'w6/.git/config.worktree: core.pager = x:' 'old.git/config: diff.external = x:' 'w8/.git/config: filter.a b.clean = x:'; do
        grep -qF "cordon: $WORKSPACE/$name" <<<"$output" || complain "no '$name' in: $output" || return 1
    done
    check_equal "$(wc -l <<<"$output")" 9
}

program_test a_program_that_is_killed_is_reported_as_well "git"
test_a_program_that_is_killed_is_reported_as_well()
{
    local output
    OPTIONS=(--set resources.output=64KiB)
    output=$(findings_of 'git init -q r; git -C r config alias.x "!y"; yes')
    grep -qF "$WORKSPACE/r/.git/config: alias.x = !y: git runs it" <<<"$output" || complain "$output" || return 1
    grep -q 'resources.output' <<<"$output" || complain "$output"
}

program_test findings_are_json_where_that_is_asked_for "git python3"
test_findings_are_json_where_that_is_asked_for()
{
    OPTIONS=(--json --events "$HOME_DIR/events")
    findings_of 'git init -q r; printf "[alias]\n\ta = \"!\\\\n\\x1b]0;x\\x07\"\n" >>r/.git/config' >"$HOME_DIR/findings"
    python3 - "$HOME_DIR/findings" "$HOME_DIR/events" "$WORKSPACE" <<'END'
import json, sys
(one,) = json.load(open(sys.argv[1]))["findings"]
assert one["path"] == sys.argv[3] + "/r/.git/config" and one["key"] == "alias.a" and one["value"] == "!\n\x1b]0;x\x07", one
(event,) = [e for e in map(json.loads, open(sys.argv[2])) if e["type"] == "run.finding"]
assert all(event[name] == one[name] for name in one), event
END
}
