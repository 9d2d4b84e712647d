# SPDX-License-Identifier: Apache-2.0
# What is granted for reading only: a tree outside of the workspace and one file inside of it.

property readonly_write "9.3-15" "a read-only file cannot be written" program=write_file
prepare_readonly_write() { make_readonly; ARGS=("$KEPT"); WATCH=("$OUTSIDE/kept"); }

# A reader on the host that takes orders from a named pipe, in a tree that is granted for reading.
pipe_prepare()
{
    mkdir -p "$1" && mkfifo "$1/control" && trial_give_tree || return 1
    LAUNCH=(--readonly "$1") ARGS=("$1/control") EXPECT_EFFECT=yes
    start_on_host sh -c "exec head -c 1 <>'$1/control' >'$TREE/heard'"
}
pipe_has_effect() { [ "$MODE" = bare ] && wait_until test -s "$TREE/heard"; [ -s "$TREE/heard" ]; }

property readonly_pipe "9.3-15" "a named pipe of the host in a read-only tree cannot be written" program=write_file
prepare_readonly_pipe() { pipe_prepare "$OUTSIDE/kept"; }
effect_readonly_pipe() { pipe_has_effect; }

property readonly_pipe_workspace "9.3-15" "nor in a read-only tree in the workspace" program=write_file
prepare_readonly_pipe_workspace() { pipe_prepare "$WORKSPACE/kept"; }
effect_readonly_pipe_workspace() { pipe_has_effect; }

property readonly_pipe_home "9.3-15" "nor in a read-only tree in the home" program=write_file
prepare_readonly_pipe_home() { pipe_prepare "$HOME_DIR/kept"; }
effect_readonly_pipe_home() { pipe_has_effect; }

property readonly_pipe_unkept "9.3-15" "nor where nothing else has names kept" program=write_file
prepare_readonly_pipe_unkept() { pipe_prepare "$WORKSPACE/kept"; LAUNCH+=(--line '  protectBuiltin: false'); }
effect_readonly_pipe_unkept() { pipe_has_effect; }

property readonly_create "9.3-15" "nothing can be created in a read-only tree" program=create_file
prepare_readonly_create() { make_readonly; ARGS=("$OUTSIDE/kept/new"); WATCH=("$OUTSIDE/kept"); }

property readonly_unlink "9.3-18" "nothing can be removed from a read-only tree" program=unlink_file
prepare_readonly_unlink() { make_readonly; ARGS=("$KEPT"); WATCH=("$OUTSIDE/kept"); }

property readonly_rename "9.3-9" "nothing can be renamed in a read-only tree" program=rename_away
prepare_readonly_rename() { make_readonly; ARGS=("$KEPT" "$OUTSIDE/kept/other"); WATCH=("$OUTSIDE/kept"); }

property readonly_chmod "9.3-16" "modes in a read-only tree cannot be changed" program=chmod_file
prepare_readonly_chmod() { make_readonly; ARGS=("$KEPT"); WATCH=("$OUTSIDE/kept"); }

property readonly_chown "9.3-16" "owners in a read-only tree cannot be changed" program=change_owner
prepare_readonly_chown() { make_readonly; ARGS=("$KEPT"); WATCH=("$OUTSIDE/kept"); }

property readonly_times "9.3-16" "times in a read-only tree cannot be changed" program=change_times
prepare_readonly_times() { make_readonly; ARGS=("$KEPT"); WATCH=("$OUTSIDE/kept"); }

property readonly_xattr "9.3-16" "attributes and flags in a read-only tree cannot be changed" program=set_xattr \
    kernel="the file system has neither extended attributes nor inode flags"
prepare_readonly_xattr() { make_readonly; ARGS=("$KEPT"); WATCH=("$OUTSIDE/kept"); }

property readonly_truncate "9.3-15" "a read-only file cannot be emptied" program=truncate_file
prepare_readonly_truncate() { make_readonly; ARGS=("$KEPT"); WATCH=("$OUTSIDE/kept"); }

property readonly_tmpfile "9.3-14" "a nameless file cannot be made and linked in a read-only tree" program=tmpfile_link \
    kernel="the file system has no nameless files"
prepare_readonly_tmpfile() { make_readonly; ARGS=("$OUTSIDE/kept" new); WATCH=("$OUTSIDE/kept"); }

property readonly_copy "9.3-15" "copy_file_range, fallocate and FICLONE do not write to a read-only file" program=copy_onto
prepare_readonly_copy() { make_readonly; ARGS=("$KEPT" "$WORKSPACE/src/other"); echo text >"$WORKSPACE/src/other"; WATCH=("$OUTSIDE/kept"); }

property readonly_map "9.3-17" "a shared mapping does not write to a read-only file" program=map_shared
prepare_readonly_map() { make_readonly; ARGS=("$KEPT"); WATCH=("$OUTSIDE/kept"); }

property readonly_reopen "9.3-12" "a descriptor for reading cannot be reopened for writing" program=reopen_for_writing
prepare_readonly_reopen() { make_readonly; ARGS=("$KEPT"); WATCH=("$OUTSIDE/kept"); }

property readonly_remount "9.3-58 MXC-a" "a read-only tree cannot be remounted writable" program=remount_writable
prepare_readonly_remount()
{
    make_readonly
    bare_mount_namespace
    # shellcheck disable=SC2016
    BARE+=(sh -c 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"' "$OUTSIDE/kept")
    ARGS=("$OUTSIDE/kept" "$KEPT")
    WATCH=("$OUTSIDE/kept")
}

property readonly_inside_write "9.3-18" "a read-only file in a writable directory cannot be written" program=write_file
prepare_readonly_inside_write() { make_readonly; ARGS=("$PINNED"); WATCH=("$PINNED"); }

property readonly_inside_unlink "9.3-18" "a read-only file in a writable directory cannot be removed and made anew" program=unlink_file
prepare_readonly_inside_unlink() { make_readonly; ARGS=("$PINNED"); WATCH=("$PINNED"); }

property readonly_inside_rename "9.3-9" "a writable file cannot be renamed onto a read-only one" program=rename_over
prepare_readonly_inside_rename() { make_readonly; ARGS=("$PINNED" "$WORKSPACE/src/own" file); WATCH=("$PINNED"); }

property readonly_inside_parent "9.3-9" "the directory of a read-only file cannot be renamed away" program=rename_away
prepare_readonly_inside_parent() { make_readonly; ARGS=("$WORKSPACE/src" "$WORKSPACE/old"); WATCH=("$PINNED"); }

property readonly_hard_link "9.3-6" "a read-only file cannot be linked to where writing is allowed" program=link_outside
prepare_readonly_hard_link() { make_readonly; ARGS=("$KEPT" "$WORKSPACE/alias"); WATCH=("$OUTSIDE/kept"); }

# Unconfined there is none, and what is made must go with the trial.
private_directory()
{
    if [ "$MODE" = bare ]; then
        echo "$TREE/caller"
    else
        echo /tmp
    fi
}

property disk_limit "9.3-25 MXC-h" "the private file systems cannot be filled beyond their limit" program=fill_private launch=may
prepare_disk_limit()
{
    LAUNCH=(--line 'resources: {disk: 16MiB}')
    ARGS=("$(private_directory)")
}

property disk_limit_files "9.3-25" "the private file systems cannot be filled with empty files" program=make_many launch=may
prepare_disk_limit_files()
{
    LAUNCH=(--line 'resources: {disk: 16MiB}')
    ARGS=("$(private_directory)" 20000)
}

property readonly_lease "9.3-16" "no lease holds up who opens a read-only file on the host" program=hold_lease
prepare_readonly_lease() { make_readonly; ARGS=("$KEPT"); }
