# SPDX-License-Identifier: Apache-2.0
# Names in the workspace that may be read but never changed, and names that are denied.

protected_row()
{
    property "$1" "$2" "$3" "program=$4" "${@:5}"
}

protected_row protected_hook_write "9.3-8 CBSE" "a git hook that exists cannot be written" write_file
prepare_protected_hook_write() { make_project; ARGS=("$WORKSPACE/.git/hooks/pre-commit"); WATCH=("$WORKSPACE/.git"); }

protected_row protected_hook_create "9.3-7 CVE-2026-25725" "no hook can be added to an existing hooks directory" create_file
prepare_protected_hook_create() { make_project; ARGS=("$WORKSPACE/.git/hooks/post-checkout"); WATCH=("$WORKSPACE/.git/hooks"); }

protected_row protected_config_write "9.3-8" "the repository's git configuration cannot be written" write_file
prepare_protected_config_write() { make_project; ARGS=("$WORKSPACE/.git/config"); WATCH=("$WORKSPACE/.git/config"); }

protected_row protected_truncate "9.3-15" "a protected file cannot be emptied" truncate_file
prepare_protected_truncate() { make_project; ARGS=("$WORKSPACE/.git/config"); WATCH=("$WORKSPACE/.git/config"); }

protected_row protected_unlink "9.3-18" "a protected file cannot be removed and made anew" unlink_file
prepare_protected_unlink() { make_project; ARGS=("$WORKSPACE/.bashrc"); WATCH=("$WORKSPACE/.bashrc"); }

protected_row protected_rename_over "9.3-9 pmg-446" "no file can be renamed onto a protected one" rename_over
prepare_protected_rename_over() { make_project; ARGS=("$WORKSPACE/.envrc" "$WORKSPACE/own" file); WATCH=("$WORKSPACE/.envrc"); }

protected_row protected_directory_over "9.3-9" "no directory can take a protected one's place" rename_over
prepare_protected_directory_over() { make_project; ARGS=("$WORKSPACE/.git/hooks" "$WORKSPACE/own" directory); WATCH=("$WORKSPACE/.git"); }

protected_row protected_rename_away "9.3-9" "a protected file cannot be renamed away" rename_away
prepare_protected_rename_away() { make_project; ARGS=("$WORKSPACE/.mcp.json" "$WORKSPACE/old"); WATCH=("$WORKSPACE/.mcp.json"); }

protected_row protected_parent_away "9.3-9" "the directory that holds a protected name cannot be renamed away" rename_away
prepare_protected_parent_away() { make_project; ARGS=("$WORKSPACE/.git" "$WORKSPACE/old"); WATCH=("$WORKSPACE/.git"); }

protected_row protected_link_over "9.3-9" "no link can take a protected file's place" link_over
prepare_protected_link_over() { make_project; ARGS=("$WORKSPACE/.bashrc" "$WORKSPACE/src/main.c"); WATCH=("$WORKSPACE/.bashrc"); }

protected_row protected_chmod "9.3-16" "the mode of a protected file cannot be changed" chmod_file
prepare_protected_chmod() { make_project; ARGS=("$WORKSPACE/.git/hooks/pre-commit"); WATCH=("$WORKSPACE/.git/hooks"); }

protected_row protected_editor_tasks "9.3-7" "an editor's tasks cannot be written" write_file
prepare_protected_editor_tasks() { make_project; ARGS=("$WORKSPACE/.vscode/tasks.json"); WATCH=("$WORKSPACE/.vscode"); }

protected_row protected_agent_settings "9.3-91 CBSE" "an agent's own configuration cannot be written" write_file
prepare_protected_agent_settings() { make_project; ARGS=("$WORKSPACE/.claude/settings.json"); WATCH=("$WORKSPACE/.claude"); }

protected_row protected_tmpfile_link "9.3-14" "a nameless file cannot be linked into a protected directory" tmpfile_link_into
prepare_protected_tmpfile_link() { make_project; ARGS=("$WORKSPACE" "$WORKSPACE/.git/hooks/post-merge"); WATCH=("$WORKSPACE/.git/hooks"); }

property protected_bind_over "9.3-10" "a bind mount in a namespace of its own opens no protected file" program=bind_over_protected
prepare_protected_bind_over() { make_project; ARGS=("$WORKSPACE/.git/config" "$WORKSPACE/own"); }

protected_row protected_replaced "9.3-27" "a protected file stays protected when the host replaces it by a rename" replaced_on_host
prepare_protected_replaced()
{
    make_project
    echo '# new' >"$OUTSIDE/new"
    answer_at replaced
    ARGS=("$WORKSPACE/.bashrc" "$WORKSPACE/ready" "$ANSWER" write "$MARKER")
    on_ready "$WORKSPACE/ready" "$ANSWER" mv "$OUTSIDE/new" "$WORKSPACE/.bashrc"
}
effect_protected_replaced() { grep -q escaped "$WORKSPACE/.bashrc"; }

protected_row protected_missing "9.3-7 CVE-2026-25725" "a protected name that does not exist cannot be created" create_file
prepare_protected_missing() { ARGS=("$WORKSPACE/.envrc"); WATCH=("$WORKSPACE/.envrc"); }

protected_row protected_mercurial_config "9.3-8" "Mercurial's configuration of a workspace cannot be created" create_file
prepare_protected_mercurial_config()
{
    mkdir -p "$WORKSPACE/.hg"
    ARGS=("$WORKSPACE/.hg/hgrc")
    WATCH=("$WORKSPACE/.hg")
}

protected_row protected_jj_config "9.3-8" "nor can that of jj be changed" write_file
prepare_protected_jj_config()
{
    mkdir -p "$WORKSPACE/.jj/repo"
    echo '[ui]' >"$WORKSPACE/.jj/repo/config.toml"
    ARGS=("$WORKSPACE/.jj/repo/config.toml")
    WATCH=("$WORKSPACE/.jj/repo")
}

protected_row protected_nested_repository "9.3-8 nub-449" "no repository with hooks can be made in a subdirectory" create_file
prepare_protected_nested_repository()
{
    mkdir -p "$WORKSPACE/sub/.git"
    ARGS=("$WORKSPACE/sub/.git/hooks/pre-commit")
    WATCH=("$WORKSPACE/sub")
}

protected_row protected_bare "9.3-8" "the workspace cannot be made a git directory itself" create_file
prepare_protected_bare()
{
    mkdir -p "$WORKSPACE/objects" "$WORKSPACE/refs"
    ARGS=("$WORKSPACE/HEAD")
    WATCH=("$WORKSPACE/HEAD")
}

protected_row protected_hooks_path "9.3-8" "no hook can be added where core.hooksPath leads, however it is written" create_file
prepare_protected_hooks_path()
{
    make_project
    mkdir -p "$WORKSPACE/githooks"
    printf '\357\273\277[core]\nhooksPath = \\\n githooks\n' >"$WORKSPACE/.git/config"
    ARGS=("$WORKSPACE/githooks/pre-commit")
    WATCH=("$WORKSPACE/githooks")
}

protected_row protected_policy "9.3-91" "a policy called cordon.yaml cannot be rewritten for the next run" write_file
prepare_protected_policy()
{
    printf 'version: cordon/1\nextends: [coding-agent]\n' >"$WORKSPACE/cordon.yaml"
    ARGS=("$WORKSPACE/cordon.yaml")
    WATCH=("$WORKSPACE/cordon.yaml")
}

protected_row protected_loop "9.3-9" "a link at a protected name that leads nowhere cannot be replaced" unlink_file
prepare_protected_loop() { ln -s .idea "$WORKSPACE/.idea"; ARGS=("$WORKSPACE/.idea"); WATCH=("$WORKSPACE/.idea"); }

property denied_read "9.3-1 MXC-e" "a denied file cannot be read" program=read_file
prepare_denied_read() { make_denied; ARGS=("$WORKSPACE/config/.env" "$MARKER"); }

property denied_write "9.3-15 MXC-e" "a denied file cannot be written" program=write_file
prepare_denied_write() { make_denied; ARGS=("$WORKSPACE/config/.env"); WATCH=("$WORKSPACE/config"); }

property denied_stat "MXC-e" "a denied file stays listed, and its size and times are not shown"
prepare_denied_stat()
{
    make_denied
    ARGS=("$WORKSPACE/config" .env "$(stat -c %s "$WORKSPACE/config/.env")" "$(stat -c %Y "$WORKSPACE/config/.env")")
}

property denied_enter "MXC-e" "a denied directory can be neither entered nor listed nor looked through"
prepare_denied_enter() { make_denied; ARGS=("$WORKSPACE/config/private" key); }

property denied_create "MXC-e" "nothing can be created in a denied directory"
prepare_denied_create() { make_denied; ARGS=("$WORKSPACE/config/private" new); WATCH=("$WORKSPACE/config/private"); }

property denied_by_link "9.3-1 CVE-2026-39861" "a link to a denied file does not open it" program=read_file
prepare_denied_by_link() { make_denied; ln -s config/.env "$WORKSPACE/alias"; ARGS=("$WORKSPACE/alias" "$MARKER"); }

property denied_unlink "9.3-18" "a denied file cannot be removed and made anew" program=unlink_file
prepare_denied_unlink() { make_denied; ARGS=("$WORKSPACE/config/.env"); WATCH=("$WORKSPACE/config"); }

property denied_rename_away "9.3-9 pmg-446" "a denied file cannot be renamed to a name that is open" program=rename_away
prepare_denied_rename_away() { make_denied; ARGS=("$WORKSPACE/config/.env" "$WORKSPACE/open"); WATCH=("$WORKSPACE/config"); }

property denied_parent_away "9.3-9" "the directory of a denied file cannot be renamed away" program=rename_away
prepare_denied_parent_away() { make_denied; ARGS=("$WORKSPACE/config" "$WORKSPACE/open"); WATCH=("$WORKSPACE/config"); }

property denied_hard_link_old "9.3-5" "another name of a file in a denied directory, from before the run, does not open it" program=read_file
prepare_denied_hard_link_old()
{
    make_denied
    ln "$WORKSPACE/config/private/key" "$WORKSPACE/alias"
    ARGS=("$WORKSPACE/alias" "$MARKER")
}

property protected_hard_link_old "9.3-5" "another name of a hook, from before the run, does not change it" program=write_file
prepare_protected_hard_link_old()
{
    mkdir -p "$WORKSPACE/.git/hooks"
    printf '#!/bin/sh\n' >"$WORKSPACE/.git/hooks/pre-push"
    ln "$WORKSPACE/.git/hooks/pre-push" "$WORKSPACE/alias"
    ARGS=("$WORKSPACE/alias")
    WATCH=("$WORKSPACE/.git/hooks/pre-push")
}

property denied_hard_link "9.3-6" "no hard link can be made to a denied file" program=link_outside
prepare_denied_hard_link() { make_denied; ARGS=("$WORKSPACE/config/.env" "$WORKSPACE/open"); WATCH=("$WORKSPACE/config"); }

property denied_chmod "9.3-16" "the mode of a denied file cannot be changed" program=chmod_file
prepare_denied_chmod() { make_denied; ARGS=("$WORKSPACE/config/.env"); WATCH=("$WORKSPACE/config"); }

property denied_mask "9.3-16" "what covers a denied file cannot be opened up through process 1" program=open_mask
prepare_denied_mask() { make_denied; ARGS=("$WORKSPACE/config/.env"); }

property denied_unmount "MXC-a" "what covers a denied file cannot be unmounted" program=unmount_mask
prepare_denied_unmount()
{
    make_denied
    bare_mount_namespace
    # shellcheck disable=SC2016
    BARE+=(sh -c 'mount --bind /dev/null "$0" && exec "$@"' "$WORKSPACE/config/.env")
    ARGS=("$WORKSPACE/config/.env" "$MARKER")
}

property denied_replaced "9.3-27" "a denied file stays denied when the host replaces it by a rename" program=replaced_on_host \
    gap="the kernel drops a mount when its mount point is replaced outside; what keeps the name from being written does not see reading"
prepare_denied_replaced()
{
    make_denied
    printf 'new secret %s\n' "$MARKER" >"$OUTSIDE/new"
    answer_at replaced
    ARGS=("$WORKSPACE/config/.env" "$WORKSPACE/ready" "$ANSWER" read "$MARKER")
    on_ready "$WORKSPACE/ready" "$ANSWER" mv "$OUTSIDE/new" "$WORKSPACE/config/.env"
}

property denied_replaced_inside "9.3-27" "what lies in a denied directory stays denied when the host replaces it by a rename" program=replaced_on_host
prepare_denied_replaced_inside()
{
    make_denied
    printf 'new secret %s\n' "$MARKER" >"$OUTSIDE/new"
    answer_at replaced
    ARGS=("$WORKSPACE/config/private/key" "$WORKSPACE/ready" "$ANSWER" read "$MARKER")
    on_ready "$WORKSPACE/ready" "$ANSWER" mv "$OUTSIDE/new" "$WORKSPACE/config/private/key"
}
