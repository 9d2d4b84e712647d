# SPDX-License-Identifier: Apache-2.0
# The two callers of a test: root (when the test is run by root) and an ordinary user, who is made
# for the test when root runs it and CORDON_TEST_USER names none.

caller_user=
caller_made=

caller_open()
{
    if [ "$(id -u)" != 0 ]; then
        caller_user=$(id -un)
        return
    fi
    caller_user=${CORDON_TEST_USER:-cordon-test}
    if id "$caller_user" >/dev/null 2>&1; then
        return
    fi
    if [ -n "${CORDON_TEST_USER:-}" ]; then
        echo "CORDON_TEST_USER: no user '$caller_user'" >&2
        exit 2
    fi
    useradd --user-group --home-dir "/home/$caller_user" --no-create-home --shell /bin/bash \
        "$caller_user" || exit 2
    caller_made=yes
}

caller_close()
{
    if [ -n "$caller_made" ]; then
        userdel "$caller_user" 2>/dev/null
        groupdel "$caller_user" 2>/dev/null
        caller_made=
    fi
}

# The callers that this process can be.
caller_list()
{
    echo user
    if [ "$(id -u)" = 0 ]; then
        echo root
    fi
}

# Sets `drop` to the command prefix that becomes the caller $1.
caller_prefix()
{
    drop=()
    if [ "$1" = user ] && [ "$(id -u)" = 0 ]; then
        drop=(setpriv "--reuid=$caller_user" "--regid=$(id -g "$caller_user")" --init-groups --)
    fi
}
