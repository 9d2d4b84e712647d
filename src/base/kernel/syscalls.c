/* SPDX-License-Identifier: Apache-2.0 */
/* Look-ups in the table that scripts/make-syscall-table writes from the headers. */
#include "base/kernel/syscalls.h"

#include <string.h>

#include "base/compiler.h"

struct syscall_row {
    const char *name;
    int number;
};

static const struct syscall_row rows[] = {
#include "syscall-table.h"
};

int kernel_syscall_number(const char *name)
{
    size_t low = 0, high = ARRAY_COUNT(rows);

    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp(name, rows[middle].name);

        if (order == 0)
            return rows[middle].number;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return -1;
}

const char *kernel_syscall_name(int number)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        if (rows[i].number == number)
            return rows[i].name;
    return NULL;
}

int kernel_syscall_end(void)
{
    int end = 0;

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        if (rows[i].number >= end)
            end = rows[i].number + 1;
    return end;
}
