/* SPDX-License-Identifier: Apache-2.0 */
/* How the filter of a plan answers a system call, in words: by the same tables as the filter itself. */
#include <errno.h>

#include "tier/process/filter.h"
#include "tier/process/process.h"

/* The row that is in force, NULL = a call that no table has. */
static const struct filter_row *row_of(const struct plan_filter *plan, int number)
{
    const struct filter_row *(*const tables[])(size_t *ret_count) = {
        plan->allows_namespaces ? filter_nested_rows : NULL,
        plan->is_in_place ? filter_rows_in_place : NULL,
        filter_rows,
    };

    for (size_t i = 0; i < ARRAY_COUNT(tables); i++) {
        size_t count = 0;
        const struct filter_row *rows = tables[i] ? tables[i](&count) : NULL;

        for (size_t j = 0; j < count; j++)
            if (rows[j].number == number)
                return &rows[j];
    }
    return NULL;
}

static struct plan_call refused(int errnum, const struct filter_row *row)
{
    return (struct plan_call){JUDGED_REFUSED, errnum, row ? row->reason : "a newer kernel's, at which nobody has looked yet"};
}

static struct plan_call refused_if(bool is_refused, int errnum, const struct filter_row *row)
{
    return is_refused ? refused(errnum, row) : (struct plan_call){JUDGED_ALLOWED, 0, ""};
}

void process_judge_call(const struct plan_filter *plan, int number, struct plan_call *ret_call)
{
    const struct filter_row *row = row_of(plan, number);

    switch (filter_verdict_of(plan, number)) {
    case FILTER_ALLOW:
    case FILTER_NAME_1:
    case FILTER_NAME:        /* by which name is a question about files */
    case FILTER_SOCKET_NAME:
    case FILTER_ASK:
        *ret_call = refused_if(false, 0, row);
        break;
    case FILTER_EPERM:
        *ret_call = refused(EPERM, row);
        break;
    case FILTER_ENOSYS:
        *ret_call = refused(ENOSYS, row);
        break;
    case FILTER_UNSUPPORTED:
        *ret_call = refused(EOPNOTSUPP, row);
        break;
    case FILTER_UNLESS_KEPT:
        *ret_call = refused_if(filter_has_keeper(plan), EOPNOTSUPP, row);
        break;
    case FILTER_UNLESS_NAMES:
        *ret_call = refused_if(plan->keeps_names, EOPNOTSUPP, row);
        break;
    case FILTER_CONNECT:
        *ret_call = refused_if(!plan->allows_inet, EPERM, row);
        break;
    default:
        *ret_call = (struct plan_call){JUDGED_DEPENDS, EPERM, row ? row->reason : ""};
        break;
    }
}
