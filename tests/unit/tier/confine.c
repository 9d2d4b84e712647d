/* SPDX-License-Identifier: Apache-2.0 */
/* Which Landlock rights are handled and given, per ABI. */
#include "base/kernel/landlock.h"
#include "test.h"
#include "tier/process/confine.h"

static const struct plan loopback = {.landlock_files = true, .network = PLAN_NET_LOOPBACK};

TEST(an_older_kernel_is_asked_only_for_what_it_knows)
{
    check_int(confine_handled(0, &loopback).fs, 0);
    check_int(confine_handled(1, &loopback).fs, 0);
    check(!(confine_handled(2, &loopback).fs & LANDLOCK_ACCESS_FS_TRUNCATE));
    check(!(confine_handled(4, &loopback).fs & LANDLOCK_ACCESS_FS_IOCTL_DEV));
    check_int(confine_handled(3, &loopback).size, 8);
    check_int(confine_handled(5, &loopback).size, 16);
    check_int(confine_handled(5, &loopback).scoped, 0);
}

TEST(a_newer_kernel_gets_every_scope_and_logs_after_exec)
{
    struct confine confine = confine_handled(7, &loopback);

    check_int(confine.size, 24);
    check_int(confine.scoped, LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | LANDLOCK_SCOPE_SIGNAL);
    check_int(confine.restrict_flags, LANDLOCK_RESTRICT_SELF_LOG_NEW_EXEC_ON);
    check_int(confine_handled(6, &loopback).restrict_flags, 0);
}

TEST(reading_is_handled_and_given_and_writing_only_where_asked)
{
    struct confine confine = confine_handled(7, &loopback);
    struct plan_rule readable = {.may_execute = true}, writable = {.may_write = true, .may_execute = true};

    check(confine.fs & LANDLOCK_ACCESS_FS_READ_FILE);
    check(!(confine_rights(&confine, &readable, true) & LANDLOCK_ACCESS_FS_WRITE_FILE));
    check(confine_rights(&confine, &writable, true) & LANDLOCK_ACCESS_FS_MAKE_REG);
    check(!(confine_rights(&confine, &writable, true) & LANDLOCK_ACCESS_FS_MAKE_CHAR));
    check(!(confine_rights(&confine, &writable, true) & LANDLOCK_ACCESS_FS_MAKE_BLOCK));
}

TEST(a_rule_for_a_file_holds_only_rights_of_files)
{
    struct confine confine = confine_handled(7, &loopback);
    struct plan_rule writable = {.may_write = true, .may_execute = true};

    check_int(confine_rights(&confine, &writable, false) &
                  (LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_REFER),
              0);
    check(confine_rights(&confine, &writable, false) & LANDLOCK_ACCESS_FS_WRITE_FILE);
}

TEST(nesting_leaves_files_to_the_mount_tree)
{
    struct plan nested = {.landlock_files = false, .network = PLAN_NET_LOOPBACK};

    check_int(confine_handled(7, &nested).fs, 0);
    check(confine_handled(7, &nested).scoped != 0);
}

TEST(without_network_tcp_is_refused_twice)
{
    struct plan none = {.landlock_files = true, .network = PLAN_NET_NONE};

    check(confine_handled(7, &none).net & LANDLOCK_ACCESS_NET_CONNECT_TCP);
    check_int(confine_handled(7, &loopback).net, 0);
    check_int(confine_handled(3, &none).net, 0);
}
