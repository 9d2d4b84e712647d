/* SPDX-License-Identifier: Apache-2.0 */
/* The table of system calls that the build makes from the headers. */
#include "base/kernel/syscalls.h"

#include <sys/syscall.h>

#include "base/compiler.h"
#include "test.h"

TEST(names_lead_to_this_architecture_s_numbers)
{
    check_int(kernel_syscall_number("read"), SYS_read);
    check_int(kernel_syscall_number("openat2"), SYS_openat2);
    check_int(kernel_syscall_number("landlock_restrict_self"), SYS_landlock_restrict_self);
    check_int(kernel_syscall_number("mseal"), 462);
    check_int(kernel_syscall_number("open_tree_attr"), 467);
    check_int(kernel_syscall_number("listns"), 470);
}

TEST(every_name_is_found_again_by_its_number)
{
    int count = 0;

    for (int number = 0; number < kernel_syscall_end(); number++) {
        const char *name = kernel_syscall_name(number);

        if (!name)
            continue;
        count++;
        if (kernel_syscall_number(name) != number)
            test_fail(__FILE__, __LINE__, "%s is %d and %d", name, number,
                      kernel_syscall_number(name));
    }
    check(count > 300);
}

TEST(a_name_that_is_nearly_one_is_unknown)
{
    static const char *const wrong[] = {"",      "rea",  "readx",     "READ",
                                        " read", "zzzz", "__NR_read", "syscalls"};

    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++)
        check_int(kernel_syscall_number(wrong[i]), -1);
}

TEST(a_number_without_a_name_is_unknown)
{
    check(!kernel_syscall_name(-1));
    check(!kernel_syscall_name(kernel_syscall_end()));
    check(kernel_syscall_name(kernel_syscall_end() - 1));
}
