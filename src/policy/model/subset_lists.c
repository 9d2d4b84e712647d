/* SPDX-License-Identifier: Apache-2.0 */
/* Devices, sockets, system calls, inherited variables, losses. */
#include <errno.h>
#include <string.h>

#include "policy/model/effective.h"
#include "policy/model/subset.h"

static const struct string_item *find_denied_syscall(const struct policy *policy, const char *name)
{
    for (size_t i = 0; i < policy->layer_count; i++) {
        const struct string_list *list = &policy->layers[i]->syscalls_deny;

        for (size_t j = 0; j < list->count; j++)
            if (strcmp(list->items[j].text, name) == 0)
                return &list->items[j];
    }
    return NULL;
}

static int compare_list(struct subset *subset, enum policy_list list)
{
    int status = 0;

    if (policy_list_is_unlimited(subset->a, list) && !policy_list_is_unlimited(subset->b, list))
        status = subset_tell(subset, &(struct subset_item){.member = policy_list_member(list)},
                             "%s: anything, where only some are allowed", policy_list_member(list));
    if (status)
        return status;
    for (size_t i = 0; i < subset->a->layer_count; i++) {
        const struct string_list *items = document_list(subset->a->layers[i], list);

        for (size_t j = 0; j < items->count; j++) {
            const struct string_item *item = &items->items[j];
            const char *origin;

            if (!policy_list_permits(subset->a, list, item->text) ||
                policy_list_permits(subset->b, list, item->text) ||
                (list == LIST_SYSCALLS_ALLOW && find_denied_syscall(subset->a, item->text)))
                continue;
            origin = subset_origin(subset, &item->origin);
            if (!origin)
                return -ENOMEM;
            status = subset_tell(subset,
                                 &(struct subset_item){.member = policy_list_member(list),
                                                       .subject = item->text,
                                                       .a_origin = &item->origin},
                                 "%s: '%s'%s, which is not allowed", policy_list_member(list), item->text, origin);
            if (status)
                return status;
        }
    }
    return 0;
}

/* The baseline of system calls is not known here, so each denial of `b` must be one of `a`. */
static int compare_denied_syscalls(struct subset *subset)
{
    for (size_t i = 0; i < subset->b->layer_count; i++) {
        const struct string_list *list = &subset->b->layers[i]->syscalls_deny;

        for (size_t j = 0; j < list->count; j++) {
            const char *origin;
            int status;

            if (find_denied_syscall(subset->a, list->items[j].text))
                continue;
            origin = subset_origin(subset, &list->items[j].origin);
            if (!origin)
                return -ENOMEM;
            status = subset_tell(subset,
                                 &(struct subset_item){.member = "syscalls.deny",
                                                       .subject = list->items[j].text,
                                                       .b_origin = &list->items[j].origin},
                                 "syscalls: %s may be called, which is denied%s", list->items[j].text, origin);
            if (status)
                return status;
        }
    }
    return 0;
}

int subset_lists(struct subset *subset)
{
    int status = compare_denied_syscalls(subset);

    for (enum policy_list list = 0; list < LIST_COUNT && status == 0; list++)
        status = compare_list(subset, list);
    return status;
}
