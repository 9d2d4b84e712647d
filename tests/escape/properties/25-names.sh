# SPDX-License-Identifier: Apache-2.0
# Names that do not exist yet, in repositories that the agent makes itself and for patterns: every way to make one.

# How often what races is tried: enough for `make check`; make check-long asks for a million.
name_tries=${CORDON_ESCAPE_TRIES:-4000}

# A file that git obeys, in the repository of the workspace that the attempt makes.
name_file_row()
{
    property "keep_$1" "9.3-7 9.3-8 nub-449 CVE-2026-25725" "$2" program=make_name "${@:3}"
    eval "prepare_keep_$1() { ARGS=($1 \"\$WORKSPACE/.git/commondir\"); WATCH=(\"\$WORKSPACE/.git/commondir\"); }"
}

# The directory of hooks in such a repository. What ends up there by another way is looked for by the host.
name_directory_row()
{
    property "keep_$1" "9.3-8 nub-449 CVE-2026-25725" "$2" program=make_name "${@:3}"
    eval "prepare_keep_$1() { ARGS=($1 \"\$WORKSPACE/new/.git/hooks\"); }
        effect_keep_$1() { hooks_were_made; }"
}
# Unconfined the exchange may have given the directory around them its other name again.
hooks_were_made()
{
    local where='*/.git/hooks'
    [ "$MODE" = bare ] && where='*/hooks'
    [ -n "$(find "$WORKSPACE" -path "$where" -print -quit)" ]
}

name_file_row open "a file that git obeys cannot be created in a new repository"
name_file_row open_plain "nor opened for writing where it is not there"
name_file_row creat "nor created by creat"
name_file_row openat "nor below a descriptor of its directory"
name_file_row openat2 "nor by openat2"
name_file_row mknod "nor as a file by mknod"
name_file_row mkfifo "nor as a pipe"
name_file_row symlink "nor as a link"
name_file_row symlinkat "nor as a link below a descriptor"
name_file_row link "nor by a hard link"
name_file_row link_descriptor "nor by a link from a descriptor"
name_file_row tmpfile "nor by linking a nameless file" kernel="the file system has no nameless files"
name_file_row rename "nor by renaming a file onto the name"
name_file_row whiteout "nor by a rename that leaves a mark" user="marks are for who may make devices" kernel="the file system knows no marks"
name_file_row exchange "nor by an exchange"
name_file_row dangling_link "nor through a link that leads to the name"
name_file_row bind "nor as a socket"

name_directory_row mkdir "no directory of hooks can be made in a new repository"
name_directory_row mkdirat "nor below a descriptor of it"
name_directory_row rename_directory "nor by renaming one that was filled elsewhere"
name_directory_row rename_parent "a directory with hooks in it cannot become .git"
name_directory_row exchange_parent "nor by an exchange"
name_directory_row ancestor_away "no hooks get into .git while it has another name"
name_directory_row descriptor_before "nor below a descriptor from that time"
name_directory_row relative "no hooks are made from inside .git"
name_directory_row dots "nor through . and .."
name_directory_row proc_descriptor "nor through /proc/self/fd"
name_directory_row proc_cwd "nor through /proc/thread-self/cwd"
name_directory_row proc_root "nor through /proc/self/root"
name_directory_row through_link "nor through a link to .git"
name_directory_row child "nor by a child that shares the memory"
name_directory_row not_dumpable "nor by a process that nobody may look into and that calls itself init"
name_directory_row deep "nor deeper than any path can name"
name_directory_row odd_name "nor below names with controls, blanks and bytes that are no text"
name_directory_row io_uring "nor through a ring, which passes by every filter" kernel="io_uring is switched off"

# What 0030 leaves open on purpose, or git itself could make no repository.
nested_gap='a new repository may say in its own files what git runs: it is reported when the run has ended, not refused; its hooks are kept'
property nested_commondir "9.3-8 DuneSlide" "a new repository cannot take its configuration from elsewhere" program=create_file gap="$nested_gap"
prepare_nested_commondir() { ARGS=("$WORKSPACE/new/.git/commondir"); WATCH=("$WORKSPACE/new"); }
property nested_configuration "9.3-8 DuneSlide" "a new repository's configuration names no program" program=create_file gap="$nested_gap"
prepare_nested_configuration() { ARGS=("$WORKSPACE/new/.git/config"); WATCH=("$WORKSPACE/new"); }
property nested_link "9.3-8 DuneSlide" "a file .git cannot point to a repository that was prepared" program=create_file gap="$nested_gap"
prepare_nested_link() { ARGS=("$WORKSPACE/new/.git"); WATCH=("$WORKSPACE/new"); }

# letters of both cases are one name where the host made the directory so
property keep_case "9.3-19 CVE-2025-59944" "no hooks by capital letters where case does not count" program=make_name needs=root \
    kernel="no file system that ignores case"
prepare_keep_case()
{
    local image=$TREE/image mounted=$WORKSPACE/mounted
    mkdir -p "$mounted"
    truncate -s 32M "$image"
    if mkfs.ext4 -q -O casefold -E encoding=utf8 "$image" && mount -o loop "$image" "$mounted" 2>>"$LOG.host"; then
        mkdir "$mounted/.git" && chattr +F "$mounted/.git"
    else
        mkdir -p "$mounted/.git"
    fi
    ARGS=(case "$mounted/.git/hooks")
}
finish_keep_case() { umount "$WORKSPACE/mounted" 2>/dev/null; true; }

# what a policy's own patterns keep
pattern_row()
{
    property "pattern_$1" "9.3-28 deny-read-wildcard" "$2" program=make_name "${@:3}"
    eval "prepare_pattern_$1() { pattern_policy; ARGS=($1 \"\$WORKSPACE/deep/new/x.pem\"); WATCH=(\"\$WORKSPACE/deep/new/x.pem\"); }"
}
pattern_policy() { LAUNCH=(--deny "$WORKSPACE/**/*.pem"); }
pattern_row open "a name that a denied pattern covers cannot be created"
pattern_row mkdir "nor made as a directory"
pattern_row rename "nor by renaming"
pattern_row link "nor by a link"
pattern_row tmpfile "nor by linking a nameless file" kernel="the file system has no nameless files"
pattern_row bind "nor as a socket"

property pattern_read "9.3-28 deny-read-wildcard" "what a denied pattern covers at the start cannot be read" program=read_file
prepare_pattern_read()
{
    pattern_policy
    mkdir -p "$WORKSPACE/deep/old"
    printf 'key %s\n' "$MARKER" >"$WORKSPACE/deep/old/x.pem"
    ARGS=("$WORKSPACE/deep/old/x.pem" "$MARKER")
}

property pattern_away "9.3-28 9.3-9 pmg-446" "what a denied pattern covers cannot be renamed out of it" program=rename_away
prepare_pattern_away()
{
    prepare_pattern_read
    ARGS=("$WORKSPACE/deep/old/x.pem" "$WORKSPACE/deep/old/x.txt")
    WATCH=("$WORKSPACE/deep/old")
}

property pattern_parent_away "9.3-28 9.3-9" "nor can the directory around it" program=rename_away by=effect
prepare_pattern_parent_away()
{
    prepare_pattern_read
    ARGS=("$WORKSPACE/deep/old" "$WORKSPACE/deep/other")
    WATCH=("$WORKSPACE/deep/old")
}

property pattern_later "9.3-28" "what the host puts under a denied pattern while the program runs cannot be read" program=replaced_on_host \
    gap="a name that the host makes during the run has no mask yet; what keeps names does not see reading"
prepare_pattern_later()
{
    pattern_policy
    mkdir -p "$WORKSPACE/deep/old"
    printf 'key %s\n' "$MARKER" >"$OUTSIDE/new"
    echo old >"$WORKSPACE/deep/old/plain"
    answer_at replaced
    ARGS=("$WORKSPACE/deep/old/x.pem" "$WORKSPACE/ready" "$ANSWER" read "$MARKER")
    on_ready "$WORKSPACE/ready" "$ANSWER" mv "$OUTSIDE/new" "$WORKSPACE/deep/old/x.pem"
}

# between the look and the use
race_row()
{
    property "race_$1" "$2" "$3" program=race_name
    eval "prepare_race_$1() { ARGS=($1 \"\$WORKSPACE\" \"\$([ \"\$MODE\" = bare ] && echo 10000000 || echo \"\$name_tries\")\"); }
        effect_race_$1() { hooks_were_made; }"
}
race_row path "9.3-62 sandlock-27" "a path that another thread rewrites during the call makes no hooks"
race_row address "9.3-62 sandlock-27" "nor does a socket's address that is rewritten"
race_row parent "9.3-2 9.3-3 9.3-62" "a directory that is exchanged with .git during the call gets no hooks"

storm_row()
{
    property "storm_$1" "$2" "$3" program=storm
    eval "prepare_storm_$1() { mkdir -p \"\$WORKSPACE/new/.git\"; ARGS=($1 \"\$WORKSPACE/new/.git/hooks\"); }
        effect_storm_$1() { hooks_were_made; }"
}
storm_row crowd "9.3-63" "64 threads that ask at once get no hooks made"
storm_row killed "9.3-63 9.3-54" "nor do callers that die while they wait"
storm_row children "9.3-54 9.3-64" "nor do hundreds of short-lived ones"
storm_row interrupted "9.3-64" "nor do calls that a timer interrupts"
storm_row filter "9.3-65" "nor do filters of the program's own"

property thread_look "9.3-30 9.3-33" "no thread of process 1 can be looked into" program=look_into_thread
prepare_thread_look() { bare_pid_namespace; ARGS=(look); }

property thread_disturb "9.3-32 9.3-33 9.3-98" "no thread of process 1 can be traced, limited or slowed down" program=look_into_thread
prepare_thread_disturb() { bare_pid_namespace; ARGS=(disturb); }
