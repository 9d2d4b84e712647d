# SPDX-License-Identifier: Apache-2.0
# What an administrator put on the machine, which a test may not: /etc is another one here.

# `cordon ...` with the ceiling on standard input; it writes what that says.
under_ceiling()
{
    rm -rf "$TREE/etc"
    cp -a /etc "$TREE/etc"
    mkdir -p "$TREE/etc/cordon/ceiling.d"
    cat >"$TREE/etc/cordon/ceiling.d/a.yaml"
    # shellcheck disable=SC2016
    as_caller unshare --mount sh -c 'mount --bind "$1" /etc && shift && exec "$@"' - "$TREE/etc" "$CORDON" "$@" 2>&1
}

program_test doctor_names_a_ceiling_that_refuses_every_run "unshare mount" root
test_doctor_names_a_ceiling_that_refuses_every_run()
{
    local said
    said=$(echo 'resources: {memory: 1GiB}' | under_ceiling doctor)
    check_equal $? 2 || return 1
    grep -q 'MISSING  ceilings' <<<"$said" || complain "$said" || return 1
    grep -q '/etc/cordon/ceiling.d/a.yaml:1:1: ' <<<"$said" || complain "$said" || return 1
    said=$(printf 'version: cordon/1\nresources: {memory: 1GiB}\n' | under_ceiling doctor)
    [ $? != 2 ] || complain "$said" || return 1
    grep -q 'yes      ceilings' <<<"$said" || complain "$said"
}

program_test what_a_ceiling_makes_void_is_said_by_check "unshare mount" root
test_what_a_ceiling_makes_void_is_said_by_check()
{
    local said
    said=$(printf 'version: cordon/1\nfilesystem: {readwritePaths: [/srv]}\n' | under_ceiling policy check)
    grep -q 'ceiling.d/a.yaml grants files, .* does not grant /usr and others' <<<"$said" || complain "$said" || return 1
    said=$(printf 'version: cordon/1\nfilesystem: {deniedPaths: [/srv]}\n' | under_ceiling policy check)
    ! grep 'grants files' <<<"$said"
}
