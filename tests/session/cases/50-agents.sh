# SPDX-License-Identifier: Apache-2.0
# Agents that use the user's keys, and key rings.

session_service ssh_agent "ssh-agent ssh-add ssh-keygen"
start_ssh_agent()
{
    start_service "$TREE/agent.log" ssh-agent -d -a "$SESSION/agent.1"
    wait_until is_listening "$SESSION/agent.1" || return
    as_caller ssh-keygen -q -t ed25519 -N '' -f "$HOME_DIR/key"
    as_caller env "SSH_AUTH_SOCK=$SESSION/agent.1" ssh-add -q "$HOME_DIR/key" || return
    as_caller cp "$HOME_DIR/key.pub" "$WORKSPACE/key.pub"
    VARIABLES=("SSH_AUTH_SOCK=$SESSION/agent.1")
}
saw_ssh_agent() { count_lines 'process_message: socket [0-9]+ \(fd=[0-9]+\) type' "$TREE/agent.log"; }

session_test ssh_agent_signs_nothing ssh_agent
attempt_ssh_agent_signs_nothing()
{
    SOCKET=$SESSION/agent.1
    ATTEMPT=(env "SSH_AUTH_SOCK=$SOCKET" timeout 30 sh -c 'echo "$0" | ssh-keygen -q -Y sign -f key.pub -n session' "$MARK")
}
effect_ssh_agent_signs_nothing() { grep -q 'BEGIN SSH SIGNATURE' <<<"$OUTPUT"; }

session_test ssh_agent_lists_nothing ssh_agent
attempt_ssh_agent_lists_nothing()
{
    SOCKET=$SESSION/agent.1
    ATTEMPT=(env "SSH_AUTH_SOCK=$SOCKET" timeout 30 ssh-add -l)
}

session_service gpg_agent "gpg-agent gpg-connect-agent gpgconf"
start_gpg_agent()
{
    GPG_DIRECTORY=$HOME_DIR/.gnupg
    mkdir -p "$GPG_DIRECTORY" && chmod 700 "$GPG_DIRECTORY"
    [ ${#drop[@]} = 0 ] || chown "$caller_user:" "$GPG_DIRECTORY"
    as_caller gpg-agent --homedir "$GPG_DIRECTORY" --daemon --debug ipc --log-file "$GPG_DIRECTORY/log"
    wait_until is_listening "$(as_caller gpgconf --homedir "$GPG_DIRECTORY" --list-dirs agent-socket)"
}
stop_gpg_agent() { as_caller gpgconf --homedir "$GPG_DIRECTORY" --kill gpg-agent; }
saw_gpg_agent() { count_lines 'GETINFO' "$GPG_DIRECTORY/log"; }

session_test gpg_agent_is_not_reached gpg_agent
attempt_gpg_agent_is_not_reached()
{
    SOCKET=$(as_caller gpgconf --homedir "$GPG_DIRECTORY" --list-dirs agent-socket)
    ATTEMPT=(timeout 30 sh -c 'printf "GETINFO version\nBYE\n" | gpg-connect-agent -v -S "$0" 2>&1 | grep -q "^D "' "$SOCKET")
}

session_test kernel_keyring_is_not_read passive keyctl
attempt_kernel_keyring_is_not_read()
{
    SECRET=key-of-the-session
    as_caller keyctl add user "cordon-$WHO" "$SECRET" @u >"$TREE/key" 2>&1
    ATTEMPT=(sh -c 'keyctl link @u @s 2>/dev/null; keyctl print "$0"' "$(cat "$TREE/key")")
}
