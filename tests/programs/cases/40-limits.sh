# SPDX-License-Identifier: Apache-2.0
# What cannot work unchanged: it must fail, and with an error from which one can tell why.
# docs/limits.md has a row for each.

program_test tar_cannot_restore_foreign_owners "tar" root
test_tar_cannot_restore_foreign_owners()
{
    mkdir tree
    echo text >tree/file
    tar -cf archive.tar --owner=12345 --group=12345 tree
    rm -r tree
    check_run 2 'Cannot change ownership to uid 12345' tar -xf archive.tar || return 1
    check_equal "$(cat tree/file)" text || return 1
    # and the way to do it
    rm -r tree
    check_run 0 '' tar -xf archive.tar --no-same-owner
}

program_test chown_to_another_user_fails "chown" root
test_chown_to_another_user_fails()
{
    : >file
    check_run 1 'Operation not permitted|Invalid argument' chown 12345 file
}

program_test a_set_group_id_bit_is_for_directories "chmod git cp"
test_a_set_group_id_bit_is_for_directories()
{
    check_run 0 '' sh -c 'mkdir plain && chmod g+s plain && cp -a plain copy && [ -g copy ] && touch program' || return 1
    check_run 1 'Operation not permitted' chmod g+s program || return 1
    check_run 0 '' sh -c 'git init -q new && cp -r new other'
}

program_test a_lease_is_refused_and_a_lock_is_not "python3"
test_a_lease_is_refused_and_a_lock_is_not()
{
    check_run 0 '' touch file || return 1
    check_run 1 'Invalid argument' python3 -c 'import fcntl; fcntl.fcntl(open("file"), 1024, fcntl.F_RDLCK)' || return 1
    check_run 0 '' python3 -c 'import fcntl; fcntl.lockf(open("file", "w"), fcntl.LOCK_EX); fcntl.flock(open("file"), fcntl.LOCK_SH)'
}

program_test ping_fails "ping"
test_ping_fails() { check_run '1|2|255' 'not permitted|denied|not supported' ping -c 1 -W 1 127.0.0.1; }

program_test sudo_fails "sudo" user
test_sudo_fails() { check_run 1 'no new privileges|effective uid' sudo -n true; }

program_test su_fails "su" user
test_su_fails() { check_run 1 '' su -c true root; }

program_test mount_fails "mount"
test_mount_fails()
{
    mkdir mounted
    check_run '1|32' 'permission denied|must be superuser|not permitted' mount -t tmpfs none mounted
}

program_test namespaces_are_refused "unshare"
test_namespaces_are_refused() { check_run 1 'Operation not permitted' unshare --user true; }

program_test other_sandboxes_do_not_start "bwrap"
test_other_sandboxes_do_not_start() { check_run 1 'not permitted|No permissions' bwrap --unshare-all --ro-bind / / true; }

program_test container_engines_are_out_of_reach "docker"
test_container_engines_are_out_of_reach() { check_run 1 'daemon|docker' docker ps; }

program_test packages_cannot_be_installed "apt-get" root
test_packages_cannot_be_installed() { check_run 100 'Read-only file system|Permission denied|No such file' apt-get install -y hello; }

program_test foreign_hosts_are_not_resolved "curl"
test_foreign_hosts_are_not_resolved() { check_run 6 'Could not resolve host' curl -sS --max-time 20 https://example.org; }

program_test foreign_processes_cannot_be_traced "strace"
test_foreign_processes_cannot_be_traced() { check_run 1 'No such process|not permitted' strace -p 1 -o /dev/null; }

program_test crontab_leaves_nothing_behind "crontab"
test_crontab_leaves_nothing_behind()
{
    # shellcheck disable=SC2016
    check_run 1 '' bash -c 'echo "* * * * * true" | crontab -'
}

program_test the_clock_cannot_be_set "date" root
test_the_clock_cannot_be_set() { check_run 1 'cannot set date: Operation not permitted' date -s '@1000000000'; }

program_test perf_fails "perf"
test_perf_fails() { check_run 255 'not permitted|[Pp]ermission|not implemented' perf stat true; }

program_test system_services_cannot_be_managed "systemctl"
test_system_services_cannot_be_managed() { check_run 1 'System has not been booted|Failed to connect|Operation not permitted' systemctl status; }

program_test a_command_that_is_not_inside_is_named_with_where_it_is "sh"
test_a_command_that_is_not_inside_is_named_with_where_it_is()
{
    mkdir "$HOME_DIR/tools"
    printf '#!/bin/sh\necho inside\n' >"$HOME_DIR/tools/real"
    chmod 755 "$HOME_DIR/tools" "$HOME_DIR/tools/real"
    ln -s real "$HOME_DIR/tools/tool"
    check_run 127 "outside it is .*/tools/real, which the policy does not grant: .*filesystem.readonlyPaths" \
        "$HOME_DIR/tools/tool" || return 1
    check_run 127 "not found in the container's PATH and file tree" "$HOME_DIR/tools/none" || return 1
    OPTIONS=(--set "filesystem.readonlyPaths=['$HOME_DIR/tools/real']")
    check_run 0 inside "$HOME_DIR/tools/real" || return 1
    OPTIONS=()
    echo 'version: cordon/1' >agent.yaml
    check_run 127 'a policy is named by --policy agent.yaml' agent.yaml || return 1
    OPTIONS=(--policy agent.yaml)
    check_run 127 "none of the system's programs and libraries; extends: .base. grants" true
}
