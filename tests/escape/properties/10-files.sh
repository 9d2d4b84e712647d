# SPDX-License-Identifier: Apache-2.0
# Files outside of the workspace.

property read_outside "9.3-12" "a file outside of the workspace cannot be read" program=read_file
prepare_read_outside() { ARGS=("$OUTSIDE/secret" "$MARKER"); }

property write_outside "9.3-22" "a file outside of the workspace cannot be written" program=write_file
prepare_write_outside() { ARGS=("$OUTSIDE/file"); WATCH=("$OUTSIDE/file"); }

property create_outside "9.3-22" "no file can be created outside of the workspace" program=create_file by=effect
prepare_create_outside() { ARGS=("$OUTSIDE/new"); WATCH=("$OUTSIDE/new"); }

property truncate_outside "9.3-15" "a file outside of the workspace cannot be emptied" program=truncate_file
prepare_truncate_outside() { ARGS=("$OUTSIDE/file"); WATCH=("$OUTSIDE/file"); }

property unlink_outside "9.3-18" "a file outside of the workspace cannot be removed" program=unlink_file
prepare_unlink_outside() { ARGS=("$OUTSIDE/file"); WATCH=("$OUTSIDE/file"); }

property through_proc "9.3-12" "/proc/self/root, /proc/self/cwd and a climb of .. do not lead out"
prepare_through_proc() { ARGS=("$OUTSIDE/secret" "$MARKER"); }

property above_root "9.3-4" "the parent of the root directory is the root directory" program=above_root
prepare_above_root() { mkdir -p "$OUTSIDE/deep"; ARGS=("$OUTSIDE/deep"); }

property symlink_to_keys_read "9.3-1 CVE-2026-39861" "a link in the workspace does not lead to the keys in the home" program=read_file
prepare_symlink_to_keys_read()
{
    mkdir -p "$HOME_DIR/.ssh"
    printf 'key %s\n' "$MARKER" >"$HOME_DIR/.ssh/id_ed25519"
    ln -s "$HOME_DIR/.ssh" "$WORKSPACE/keys"
    ARGS=("$WORKSPACE/keys/id_ed25519" "$MARKER")
}

property symlink_to_keys_write "9.3-1 9.3-22" "nothing is written through a link to authorized_keys" program=write_file
prepare_symlink_to_keys_write()
{
    mkdir -p "$HOME_DIR/.ssh"
    echo '# keys' >"$HOME_DIR/.ssh/authorized_keys"
    ln -s ../.ssh/authorized_keys "$WORKSPACE/keys"
    ARGS=("$WORKSPACE/keys")
    WATCH=("$HOME_DIR/.ssh")
}

property dangling_symlink "9.3-1" "a dangling link in the workspace creates nothing outside" program=create_file by=effect
prepare_dangling_symlink()
{
    ln -s "$OUTSIDE/later" "$WORKSPACE/later"
    ARGS=("$WORKSPACE/later/file")
    mkdir -p "$OUTSIDE/later"
    WATCH=("$OUTSIDE/later")
}

property home_is_private "9.3-22 MXC-i" "what lies in the home cannot be read" program=read_file
prepare_home_is_private()
{
    printf 'token=%s\n' "$MARKER" >"$HOME_DIR/.npmrc"
    ARGS=("$HOME_DIR/.npmrc" "$MARKER")
}

property home_autostart "9.3-22 9.3-100" "nothing planted in the home's start-up places outlives the run" program=create_file by=effect
prepare_home_autostart()
{
    mkdir -p "$HOME_DIR/.config/autostart"
    ARGS=("$HOME_DIR/.config/autostart/escaped.desktop")
    WATCH=("$HOME_DIR/.config/autostart")
}

# What programs of the host read or run when the session is over. Arguments: name, path below the home, what it is.
home_row()
{
    property "home_$1" "9.3-22 9.3-100 AgentCore" "$3 in the home cannot be planted" program=create_file by=effect
    eval "prepare_home_$1() { ARGS=(\"\$HOME_DIR/$2\"); WATCH=(\"\$HOME_DIR/$2\"); }"
}
home_row user_units .config/systemd/user/escaped.service "a unit of the user's systemd"
home_row user_units_data .local/share/systemd/user/escaped.timer "a timer of the user's systemd"
home_row programs .local/bin/git "a program that the PATH finds first"
home_row cargo .cargo/config.toml "a compiler wrapper"
home_row pip .config/pip/pip.conf "a package index"
home_row git_configuration .config/git/config "an alias of git"
home_row ssh_configuration .ssh/config "a proxy command of ssh"
home_row tmux .tmux.conf "a command of tmux"
home_row npm .npmrc "a script shell of npm"
home_row dbus .local/share/dbus-1/services/escaped.service "a service that the session bus would start"
home_row desktop .local/share/applications/mimeapps.list "a program that opens links"
home_row policies .config/cordon/policies/escaped.yaml "a policy of Cordon's own"

property system_schedule "9.3-22 9.3-100" "nothing can be put into the host's schedule" program=create_file \
    user="only root may write there" by=effect
prepare_system_schedule()
{
    HOST_FILE=/etc/cron.d/cordon-escape-$MARKER
    HOST_DIRECTORY=
    [ -d /etc/cron.d ] || HOST_DIRECTORY=/etc/cron.d
    ARGS=("$HOST_FILE")
    WATCH=("$HOST_FILE")
}
finish_system_schedule() { rm -f "$HOST_FILE"; [ -z "$HOST_DIRECTORY" ] || rmdir "$HOST_DIRECTORY" 2>/dev/null; true; }

property home_shell_start "9.3-7 9.3-100" "the shell's start-up file in the home cannot be changed" program=write_file
prepare_home_shell_start()
{
    echo '# mine' >"$HOME_DIR/.bashrc"
    ARGS=("$HOME_DIR/.bashrc")
    WATCH=("$HOME_DIR/.bashrc")
}

property tmp_is_private "9.3-50" "files of the host's /tmp cannot be read" program=read_file
prepare_tmp_is_private()
{
    HOST_FILE=$(mktemp /tmp/cordon-escape-secret.XXXXXX)
    printf 'secret %s\n' "$MARKER" >"$HOST_FILE"
    chmod 644 "$HOST_FILE"
    ARGS=("$HOST_FILE" "$MARKER")
}
finish_tmp_is_private() { rm -f "$HOST_FILE"; }

property shm_is_private "9.3-50" "files of the host's /dev/shm cannot be read" program=read_file
prepare_shm_is_private()
{
    HOST_FILE=$(mktemp /dev/shm/cordon-escape-secret.XXXXXX)
    printf 'secret %s\n' "$MARKER" >"$HOST_FILE"
    chmod 644 "$HOST_FILE"
    ARGS=("$HOST_FILE" "$MARKER")
}
finish_shm_is_private() { rm -f "$HOST_FILE"; }

property shm_leaves_nothing "9.3-50" "nothing is left in the host's /dev/shm" program=create_file by=effect
prepare_shm_leaves_nothing()
{
    HOST_FILE=/dev/shm/cordon-escape-$MARKER
    ARGS=("$HOST_FILE")
    WATCH=("$HOST_FILE")
}
finish_shm_leaves_nothing() { rm -f "$HOST_FILE"; }

property shadow "MXC-a MXC-i" "/etc/shadow cannot be read" program=open_any \
    user="only root may read it"
prepare_shadow() { ARGS=(read /etc/shadow); }

property system_programs "9.3-22" "no program can be put where all users' shells look for it" program=create_file \
    user="only root may write there"
prepare_system_programs()
{
    HOST_FILE=/usr/local/bin/cordon-escape-$MARKER
    ARGS=("$HOST_FILE")
    WATCH=("$HOST_FILE")
}
finish_system_programs() { rm -f "$HOST_FILE"; }

property swap_file "9.3-2" "a file exchanged with a link between look-ups never leads out" program=swap_link
prepare_swap_file() { ARGS=("$OUTSIDE/secret" "$MARKER" file "$([ "$MODE" = bare ] && echo 1000000 || echo "${CORDON_ESCAPE_TRIES:-40000}")"); }

property swap_directory "9.3-3" "a directory exchanged with a link during the look-up never leads out" program=swap_link
prepare_swap_directory() { ARGS=("$OUTSIDE" "$MARKER" directory "$([ "$MODE" = bare ] && echo 1000000 || echo "${CORDON_ESCAPE_TRIES:-40000}")"); }

property moved_directory "9.3-4" "a directory that the host moves out of the workspace gives no way to climb" program=moved_cwd
prepare_moved_directory()
{
    mkdir -p "$WORKSPACE/a/b"
    answer_at moved
    ARGS=("$WORKSPACE/a/b" "$ANSWER" "$MARKER")
    on_ready "$WORKSPACE/a/b/ready" "$ANSWER" mv "$WORKSPACE/a/b" "$OUTSIDE/b"
}

property hard_link_new "9.3-6" "no hard link can be made to a file outside" program=link_outside
prepare_hard_link_new()
{
    ARGS=("$OUTSIDE/file" "$WORKSPACE/alias")
    WATCH=("$OUTSIDE/file")
}

property hard_link_old "9.3-5 kilocode-11596" "a hard link that was in the workspace before does not open a file outside" program=write_file \
    gap="the other name lies outside every grant and no rule names it: only a look at every file of the workspace would find it"
prepare_hard_link_old()
{
    ln "$OUTSIDE/file" "$WORKSPACE/alias"
    ARGS=("$WORKSPACE/alias")
    WATCH=("$OUTSIDE/file")
}

property tmpfile_link "9.3-14" "a nameless file cannot be linked into a directory outside" program=tmpfile_link_into
prepare_tmpfile_link()
{
    ARGS=("$WORKSPACE" "$OUTSIDE/new")
    WATCH=("$OUTSIDE/new")
}

property open_by_handle "9.3-13" "no file can be opened by its handle" \
    user="needs CAP_DAC_READ_SEARCH"
prepare_open_by_handle()
{
    local type bytes
    read -r type bytes < <("$BIN/file-handle" "$OUTSIDE/secret") || return 1
    ARGS=("$type" "$bytes" "$MARKER")
}

property devices "9.3-21 MXC-i" "no device of the host can be opened" program=open_devices \
    user="the modes of /dev"
prepare_devices() { :; }

property device_mode "9.3-21" "the mode of a device node of the host cannot be changed" program=keep_mode \
    user="only root owns them"
prepare_device_mode() { ARGS=(/dev/full); WATCH=(/dev/full); }

property device_node "9.3-21" "no device node can be made and opened" program=make_device \
    user="needs CAP_MKNOD"
prepare_device_node() { :; }

property policy_in_use "9.3-91" "the policy that is in use cannot be changed from inside" program=write_file
prepare_policy_in_use()
{
    local policy=$WORKSPACE/policy.yaml
    printf 'version: cordon/1\nextends: [coding-agent]\n' >"$policy"
    LAUNCH=(--policy "$policy")
    ARGS=("$policy")
    WATCH=("$policy")
}

property run_records "9.3-91 9.3-96" "the records of runs cannot be written, even when their directory is granted" program=create_file launch=may by=effect
prepare_run_records()
{
    mkdir -p "$HOME_DIR/.local/state/cordon/runs"
    LAUNCH=(--readwrite "$HOME_DIR/.local/state")
    ARGS=("$HOME_DIR/.local/state/cordon/runs/escaped/events.jsonl")
    WATCH=("$HOME_DIR/.local/state/cordon/runs/escaped")
}

# What later runs would believe: compiled policies and other caches of Cordon's own.
property own_caches "9.3-91 9.3-92" "Cordon's caches cannot be written, even when their directory is granted" program=create_file launch=may by=effect
prepare_own_caches()
{
    mkdir -p "$HOME_DIR/.cache/cordon"
    LAUNCH=(--readwrite "$HOME_DIR/.cache")
    ARGS=("$HOME_DIR/.cache/cordon/escaped")
    WATCH=("$HOME_DIR/.cache/cordon/escaped")
}

property cache_replaced "CVE-2024-42472" "a kept cache cannot be replaced by a link for the next run" program=rename_away
prepare_cache_replaced()
{
    mkdir -p "$HOME_DIR/.npm"
    ARGS=("$HOME_DIR/.npm" "$HOME_DIR/.npm.old")
}

property own_programs "9.3-91 9.3-99" "Cordon's own programs cannot be written, even when their directory is granted" program=write_file launch=may
prepare_own_programs()
{
    # The build's own tree, copied: what is written there is found by nobody else.
    local build
    build=$(realpath "$(dirname "$CORDON")/../..")
    mkdir -p "$HOME_DIR/built/src/cli" "$HOME_DIR/built/src/tier/process"
    cp "$CORDON" "$HOME_DIR/built/src/cli/cordon"
    cp "$build/src/tier/process/cordon-init" "$HOME_DIR/built/src/tier/process/" || return 1
    CALLER_ENV=("CORDON=$HOME_DIR/built/src/cli/cordon")
    LAUNCH=(--readwrite "$HOME_DIR/built")
    ARGS=("$HOME_DIR/built/src/tier/process/cordon-init")
    WATCH=("$HOME_DIR/built/src")
}

# The caller stands in the home and names no workspace of its own: the keys lie below it.
property home_as_workspace "CVE-2025-59532" "the home as workspace does not open the keys in it" program=read_file launch=may
prepare_home_as_workspace()
{
    mkdir -p "$HOME_DIR/.ssh"
    printf 'key %s\n' "$MARKER" >"$HOME_DIR/.ssh/id_ed25519"
    WORKSPACE_ASKED=$HOME_DIR
    ARGS=("$HOME_DIR/.ssh/id_ed25519" "$MARKER")
}

property root_as_workspace "CVE-2025-59532 MXC-i" "the root directory as workspace does not open the host" program=read_file launch=may
prepare_root_as_workspace() { WORKSPACE_ASKED=/; ARGS=("$OUTSIDE/secret" "$MARKER"); }
