# SPDX-License-Identifier: Apache-2.0
# Permissions, owners, times and attributes of what is granted for reading, and of what is not granted at all.

metadata_prepare()
{
    mkdir -p "$OUTSIDE/kept"
    echo original >"$OUTSIDE/kept/file"
    setfattr -n user.cordon-secret -v "$MARKER" "$OUTSIDE/kept/file" 2>/dev/null
    ARGS=("$1" "$OUTSIDE/kept/file")
    WATCH=("$OUTSIDE/kept")
}

# Granted for reading, and in no writable tree: `granted` rows. Not granted: `outside` rows.
metadata_row()
{
    property "granted_$1" "9.3-16" "$2 of a file that may only be read cannot be changed$3" program=change_metadata "${@:4}"
    eval "prepare_granted_$1() { metadata_prepare $1; LAUNCH=(--readonly \"\$OUTSIDE/kept\"); }"
    property "outside_$1" "9.3-16" "$2 of a file outside of every grant cannot be changed$3" program=change_metadata "${@:4}"
    eval "prepare_outside_$1() { metadata_prepare $1; }"
}

metadata_row mode "the mode" ""
metadata_row mode_descriptor "the mode" " by a descriptor"
metadata_row mode_name "the mode" " by a descriptor's name in /proc"
metadata_row mode_empty "the mode" " by a path descriptor" kernel="fchmodat2() is new in Linux 6.6"
metadata_row owner "the owner" ""
metadata_row owner_empty "the owner" " by a path descriptor"
metadata_row times "the times" ""
metadata_row times_old "the times" " by the oldest call"
metadata_row times_descriptor "the times" " by a descriptor"
metadata_row times_empty "the times" " by a path descriptor"
metadata_row attribute "an attribute" "" kernel="the file system has no attributes of users"
metadata_row attribute_descriptor "an attribute" " by a descriptor" kernel="the file system has no attributes of users"
metadata_row flags "a flag" " by a descriptor" kernel="the file system has no flags"

property outside_attribute_read "9.3-16" "an attribute of a file outside of every grant cannot be read" program=change_metadata \
    kernel="the file system has no attributes of users, or setfattr is not installed"
prepare_outside_attribute_read() { metadata_prepare attribute_read; WATCH=(); }

property outside_watch "9.3-16" "the names that come and go outside of every grant cannot be watched" program=watch_directory
prepare_outside_watch() { ARGS=("$OUTSIDE"); }

property outside_mode_at_end "9.3-16" "a link that is left behind does not get the mode of a file outside of every grant changed" \
    program=leave_link
prepare_outside_mode_at_end() { metadata_prepare "$OUTSIDE/kept/file" && ARGS=("$OUTSIDE/kept/file"); }

property unix_pair "9.3-45" "a pair of datagram sockets cannot be turned to a socket of the host" program=connect_unix
prepare_unix_pair() { start_listener datagram "$TREE/run/log" && ARGS=(pair "$TREE/run/log"); }
effect_unix_pair() { [ "$MODE" = bare ] && wait_until test -e "$TREE/effect"; [ -e "$TREE/effect" ]; }
