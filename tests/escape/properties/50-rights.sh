# SPDX-License-Identifier: Apache-2.0
# Capabilities, changes of user, namespaces, mounts.

property capabilities "MXC-a" "no capability is in any set" program=hold_capability
prepare_capabilities() { ARGS=(all); }

property securebits "MXC-a" "securebits are set and locked, so that root's exec gives nothing back" program=change_securebits
prepare_securebits() { :; }

property no_new_privileges "9.3-36 OpenShell-578" "no_new_privs is on and stays on" program=no_new_privileges_off
prepare_no_new_privileges() { :; }

property leaves_set_user_id "9.3-36" "no set-user-id program is left for others" program=set_mode_bit
prepare_leaves_set_user_id() { ARGS=("$WORKSPACE/left" 4755); }
effect_leaves_set_user_id() { [ -u "$WORKSPACE/left" ]; }

property leaves_set_group_id "9.3-36" "no set-group-id program is left for others" program=set_mode_bit
prepare_leaves_set_group_id() { ARGS=("$WORKSPACE/left" 2755); }
effect_leaves_set_group_id() { [ -g "$WORKSPACE/left" ]; }

property set_user_id "9.3-36" "a set-user-id program gains nothing" program=gain_by_exec needs=root
prepare_set_user_id() { ARGS=("$WORKSPACE/gain"); }
late_set_user_id()
{
    local owner=root
    [ "$WHO" = root ] && owner=nobody
    install -o "$owner" -m 4755 "$BIN/attempts/gain_by_exec" "$WORKSPACE/gain"
}

property file_capabilities "9.3-36" "a program with file capabilities gains nothing" program=gain_by_exec needs=root
prepare_file_capabilities() { ARGS=("$WORKSPACE/gain"); }
late_file_capabilities()
{
    install -m 755 "$BIN/attempts/gain_by_exec" "$WORKSPACE/gain"
    setcap cap_net_raw+ep "$WORKSPACE/gain"
}

property root_exec "MXC-a" "a program executed as root has no capability" program=gain_by_exec \
    user="only root gains by exec"
prepare_root_exec() { cp "$BIN/attempts/gain_by_exec" "$WORKSPACE/gain"; ARGS=("$WORKSPACE/gain"); }

property chroot "9.3-57" "chroot with an open directory is no way out" program=chroot_out \
    user="needs CAP_SYS_CHROOT"
prepare_chroot() { ARGS=("$OUTSIDE/secret" "$MARKER"); }

property pivot_root "9.3-57" "the root directory cannot be exchanged" program=pivot
prepare_pivot_root() { bare_mount_namespace; }

property mount_tmpfs "9.3-58 MXC-g" "nothing can be mounted" program=mount_file_system
prepare_mount_tmpfs() { bare_mount_namespace; ARGS=(tmpfs); }

property mount_proc "9.3-59" "no second /proc can be mounted" program=mount_file_system \
    user="needs a pid namespace of its own"
prepare_mount_proc() { bare_mount_namespace; ARGS=(proc); }

property mount_fsopen "9.3-58 CVE-2021-41133" "fsopen is refused" program=mount_api
prepare_mount_fsopen() { bare_mount_namespace; ARGS=(fsopen); }

property mount_open_tree "9.3-58 CVE-2021-41133" "open_tree and move_mount are refused" program=mount_api
prepare_mount_open_tree() { bare_mount_namespace; ARGS=(open_tree); }

property mount_setattr "9.3-58 CVE-2021-41133" "mount_setattr is refused" program=mount_api \
    user="mounts of another user namespace are locked"
prepare_mount_setattr() { bare_mount_namespace; ARGS=(mount_setattr); }

mount_row()
{
    property "mount_$1" "$2" "$3" program=change_mounts "${@:4}"
    eval "prepare_mount_$1() { bare_mount_namespace; ARGS=($1); }"
}
mount_row move "9.3-58" "no mount can be moved" user="mounts of another user namespace are locked"
mount_row shared "9.3-58" "no mount can be made to appear in other namespaces"
mount_row bind "9.3-10 9.3-58" "nothing can be mounted a second time"
mount_row overlay "9.3-10 9.3-11" "no overlay can be mounted over what is kept"
mount_row unmount "9.3-58" "nothing can be unmounted" user="mounts of another user namespace are locked"
mount_row idmap "9.3-58" "no mount can be given other owners" user="mounts of another user namespace are locked" kernel="no mapped mounts"
mount_row options "9.3-59" "/proc cannot be mounted again with other options" user="needs the namespace that mounted it"

mount_kind_row()
{
    property "mount_$1" "$2" "no $1 can be mounted" program=mount_file_system "${@:3}"
    eval "prepare_mount_$1() { bare_mount_namespace; ARGS=($1); }"
}
mount_kind_row sysfs "9.3-60" user="needs a network namespace of its own"
mount_kind_row debugfs "9.3-60" user="for root only" kernel="no debugfs"
mount_kind_row tracefs "9.3-60" user="for root only" kernel="no tracefs"
mount_kind_row bpf "9.3-60" user="for root only before 6.9" kernel="no bpffs"
mount_kind_row cgroup2 "9.3-60 9.3-24" user="needs a control group namespace of its own" kernel="no control groups"
mount_kind_row binfmt_misc "9.3-38 9.3-60" kernel="no binfmt_misc, or one for all" user="for root only before 6.7"

property mount_list "9.3-58" "nothing of the host is mounted inside, not even underneath" program=foreign_mounts
prepare_mount_list() { :; }

namespace_row()
{
    property "$1" "$2" "$3" program=new_namespace "${@:6}"
    eval "prepare_$1() { ARGS=($4 $5); }"
}

namespace_row namespace_user "9.3-52 MXC-g" "no user namespace can be made by unshare" unshare user
namespace_row namespace_user_clone "9.3-52" "no user namespace can be made by clone" clone user
namespace_row namespace_user_clone3 "9.3-52 CVE-2021-41133" "no user namespace can be made by clone3" clone3 user
namespace_row namespace_user_net "9.3-52" "no user and network namespace can be made" unshare user+net
namespace_row namespace_user_time "9.3-52 9.3-53" "no user and time namespace can be made" unshare user+time
namespace_row namespace_user_mount "9.3-52" "no user and mount namespace can be made" clone user+mount
namespace_row namespace_mount "9.3-58" "no mount namespace can be made" unshare mount user="needs CAP_SYS_ADMIN"

namespace_row namespace_cgroup "9.3-52" "no control group namespace can be made" unshare cgroup user="needs CAP_SYS_ADMIN"
namespace_row namespace_user_pid "9.3-52 9.3-59" "no user and process namespace can be made" clone user+pid

property namespace_enter "9.3-52" "the namespaces of pid 1 cannot be entered" program=enter_namespace
prepare_namespace_enter() { bare_pid_namespace --keep-caps; ARGS=(1); }
