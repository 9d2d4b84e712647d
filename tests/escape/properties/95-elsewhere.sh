# SPDX-License-Identifier: Apache-2.0
# From a mount namespace and a root directory of the program's own: without nested.namespaces there is none to be had,
# with it (launchers/cordon-nested) the rules hold there, too.

# Name, sentence, way, path below the workspace.
elsewhere_row()
{
    property "$1" "9.3-49 9.3-52" "$2" program=from_elsewhere "${@:5}"
    eval "prepare_$1() { make_elsewhere; ARGS=($3 \"\$WORKSPACE/$4\"); WATCH=(\"\$WORKSPACE/$4\"); }"
    # the same not from a sandbox but from the container itself, whose mounts the descriptors then are
    property "$1_direct" "9.3-49 9.3-52" "$2: directly" program=from_elsewhere "${@:5}"
    eval "prepare_$1_direct() { prepare_$1; LAUNCH+=(--direct yes); }"
}

# With a repository in a subdirectory, whose hooks and configuration nothing is mounted on.
make_elsewhere()
{
    make_project
    mkdir -p "$WORKSPACE/sub/.git/hooks" "$WORKSPACE/sub/.git.work" "$WORKSPACE/.git/hooks.work"
    printf '[core]\n' >"$WORKSPACE/sub/.git/config"
}

elsewhere_row elsewhere_unlink "a protected file cannot be removed where nothing is mounted on it" unlink .bashrc
elsewhere_row elsewhere_rename "nor renamed" rename .mcp.json
elsewhere_row elsewhere_exchange "nor exchanged, not even its directory" exchange .vscode
elsewhere_row elsewhere_create "no protected name can be made through a descriptor from before" create .gitconfig
elsewhere_row elsewhere_config "nor the configuration of a repository changed in any subdirectory" create sub/.git/config
elsewhere_row elsewhere_bind "a bind mount of a directory does not give a protected name in it another rule" bind sub/.git/config
elsewhere_row elsewhere_bind_hook "nor for a hook that does not exist yet" bind sub/.git/hooks/pre-commit
elsewhere_row elsewhere_bind_file "a bind mount of a protected file does not make it another" bind-file sub/.git/config
elsewhere_row elsewhere_bind_root "nor does a root directory of one's own" bind-root sub/.git/config
elsewhere_row elsewhere_overlay "an overlay does not write protected names into the directory below it" overlay sub/.git/config
lifts='it lifts what a container mounts'
elsewhere_row elsewhere_remount "a read-only mount cannot be made writable" remount .bashrc kernel="$lifts"
elsewhere_row elsewhere_root_of_child "another process's root directory is no way round" root-of-child sub/.git/config

# Name, sentence, way, what is covered by a mount, the name, the other name, all below sub/.
cover_row()
{
    property "$1" "9.3-49 9.3-52" "$2" program=cover_name
    eval "prepare_$1() { make_covered; cover_arguments ${*:3}; }"
}

# A repository as it was before, and what could become one.
make_covered()
{
    make_elsewhere
    mkdir -p "$WORKSPACE/sub/plain/hooks" "$WORKSPACE/sub/plain/objects" "$WORKSPACE/sub/plain/refs" "$WORKSPACE/sub/own"
    printf '#!/bin/sh\nexit 0\n' >"$WORKSPACE/sub/plain/hooks/pre-commit"
    printf '[core]\n\tfsmonitor = true\n' >"$WORKSPACE/sub/config"
}

cover_arguments()
{
    local way=$1 name
    ARGS=("$way") WATCH=("$WORKSPACE/sub")
    shift
    for name; do
        ARGS+=("$WORKSPACE/sub/$name")
    done
    LAUNCH+=(--direct yes)
}

cover_row elsewhere_cover_into "a mount on a directory does not hide the hooks that it takes along into a repository's name" \
    rename plain plain own/.git
cover_row elsewhere_cover_into_part "nor a mount on what lies in it" rename plain/hooks plain own/.git
cover_row elsewhere_cover_away "nor the repository that it takes out of its name" rename .git .git away
cover_row elsewhere_cover_away_part "nor the repository's configuration, covered alone" rename .git/config .git away
cover_row elsewhere_cover_swap "nor exchanged for another directory" exchange .git .git own
cover_row elsewhere_cover_unlink "a mount on a repository's configuration does not make it new: removed" \
    unlink .git/config .git/config
cover_row elsewhere_cover_replace "nor replaced" rename .git/config config .git/config
cover_row elsewhere_cover_exchange "nor exchanged" exchange .git/config .git/config config

property elsewhere_cover_socket "9.3-48 9.3-52" "no socket of the host is taken for one that was made inside because it was mounted on that" \
    program=cover_socket
prepare_elsewhere_cover_socket()
{
    socket_prepare path "$WORKSPACE/service"
    ARGS=("$WORKSPACE/service")
    LAUNCH+=(--direct yes)
}

property elsewhere_number_walk "9.3-49 9.3-52" "no mount is taken for one that was gone before the path was walked to its end" program=mount_number
prepare_elsewhere_number_walk()
{
    make_elsewhere
    ARGS=(walk "$WORKSPACE/.gitconfig") WATCH=("$WORKSPACE/.gitconfig")
    LAUNCH+=(--direct yes)
}

property elsewhere_number_replaced "9.3-27 9.3-49 9.3-52" "nor for the container's, which the host took away by replacing the file below it" program=mount_number
prepare_elsewhere_number_replaced()
{
    make_elsewhere
    echo '# new' >"$OUTSIDE/new"
    answer_at replaced
    ARGS=(replaced "$WORKSPACE/.bashrc" "$WORKSPACE/ready" "$ANSWER")
    LAUNCH+=(--direct yes)
    on_ready "$WORKSPACE/ready" "$ANSWER" mv "$OUTSIDE/new" "$WORKSPACE/.bashrc"
}
effect_elsewhere_number_replaced() { grep -q escaped "$WORKSPACE/.bashrc"; }

# Name, sentence, way: a file that is read-only in a writable directory, which no pattern knows.
readonly_row()
{
    property "$1" "9.3-49 9.3-52" "$2" program=from_elsewhere
    eval "prepare_$1() { make_readonly; ARGS=($3 \"\$PINNED\"); WATCH=(\"\$PINNED\"); LAUNCH+=(--direct yes); }"
}

readonly_row elsewhere_readonly_unlink "a read-only file cannot be removed where nothing is mounted on it" unlink
readonly_row elsewhere_readonly_rename "nor renamed" rename
readonly_row elsewhere_readonly_exchange "nor exchanged" exchange
readonly_row elsewhere_readonly_bind "nor written through a bind mount" bind

property elsewhere_readonly_parent "9.3-49 9.3-52" "nor its directory renamed" program=from_elsewhere
prepare_elsewhere_readonly_parent() { make_readonly; ARGS=(rename "$WORKSPACE/src"); WATCH=("$PINNED"); LAUNCH+=(--direct yes); }

# Name, sentence, way: a masked file is to be read.
unveil_row()
{
    property "$1" "9.3-49 9.3-52" "$2" program=from_elsewhere "${@:4}"
    eval "prepare_$1() { make_denied; ARGS=($3 \"\$WORKSPACE/config/.env\" \"\$MARKER\"); }"
}

unveil_row unveil_unmount "the mount over a denied file cannot be taken away" unmount kernel="$lifts"
unveil_row unveil_move "nor moved away" move kernel="$lifts"
unveil_row unveil_bind "nor left out by a bind mount of its directory" non-recursive
unveil_row unveil_old_root "nor lost with the old root directory" old-root

# Name, type of the file system, reason.
mount_row()
{
    property "$1" "9.3-49" "$3" program=mount_type kernel='perhaps a user namespace may not mount it here'
    eval "prepare_$1() { ARGS=($2); LAUNCH+=(--direct yes); }"
}

mount_row elsewhere_cgroup cgroup2 "the control groups, whose files belong to the caller, cannot be mounted"
mount_row elsewhere_cgroup_magic "cgroup2 magic" "nor with the old magic number in the flags, which looks like other flags"
mount_row elsewhere_proc proc "a /proc that shows what is masked in the container's cannot be mounted"
mount_row elsewhere_sys sysfs "nor a /sys"
mount_row elsewhere_mqueue mqueue "a file system that no sandbox needs cannot be mounted: message queues"
mount_row elsewhere_binfmt binfmt_misc "nor interpreters of binary formats"
mount_row elsewhere_bpf bpf "nor the kernel's programs"
