/* SPDX-License-Identifier: Apache-2.0 */
/* To whom the caller can give a file: what takes the place of another keeps its owner and group, or that is told before. */
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"
#include "review/inside.h"

#define MAP_SIZE_MAX 16384 /* 340 lines, as the kernel limits them */

struct id_range {
    unsigned first, count;
};

struct owners {
    struct id_range *users, *groups; /* that the caller's user namespace knows */
    size_t user_count, group_count;
    gid_t *member; /* of these */
    int member_count;
    bool may_chown;
};

/* A map that cannot be read names nobody. */
static void read_map(struct arena *arena, const char *path, struct id_range **ret_ranges, size_t *ret_count)
{
    auto_free char *data = NULL;
    unsigned first, outside, count;
    size_t size;
    int used;

    if (file_read(path, MAP_SIZE_MAX, &data, &size, NULL) < 0)
        return;
    for (const char *at = data; sscanf(at, "%u %u %u%n", &first, &outside, &count, &used) == 3; at += used) {
        struct id_range *range = arena_append(arena, *ret_ranges, *ret_count);

        if (!range)
            return;
        *range = (struct id_range){.first = first, .count = count};
    }
}

static bool is_known(const struct id_range *ranges, size_t count, unsigned id)
{
    for (size_t i = 0; i < count; i++)
        if (id >= ranges[i].first && id - ranges[i].first < ranges[i].count)
            return true;
    return false;
}

static bool may_chown(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct own[2];

    return syscall(SYS_capget, &header, own) == 0 && own[0].effective & 1u << CAP_CHOWN;
}

static const struct owners *look(struct review *review)
{
    struct owners *owners = review->owners ? NULL : arena_alloc(review->arena, sizeof(*owners));

    if (!owners)
        return review->owners;
    read_map(review->arena, "/proc/self/uid_map", &owners->users, &owners->user_count);
    read_map(review->arena, "/proc/self/gid_map", &owners->groups, &owners->group_count);
    owners->member_count = getgroups(0, NULL);
    owners->member = owners->member_count > 0 ? arena_alloc(review->arena, (size_t)owners->member_count * sizeof(gid_t)) : NULL;
    owners->member_count = owners->member ? getgroups(owners->member_count, owners->member) : 0;
    owners->may_chown = may_chown();
    return review->owners = owners;
}

bool owner_can_be_given(struct review *review, uid_t user)
{
    const struct owners *owners = user == geteuid() ? NULL : look(review);

    return user == geteuid() || (owners && owners->may_chown && is_known(owners->users, owners->user_count, user));
}

bool group_can_be_given(struct review *review, gid_t group)
{
    const struct owners *owners = group == getegid() ? NULL : look(review);

    if (group == getegid())
        return true;
    if (!owners || !is_known(owners->groups, owners->group_count, group))
        return false; /* it may be one of many that nobody can name here */
    for (int i = 0; i < owners->member_count; i++)
        if (owners->member[i] == group)
            return true;
    return owners->may_chown;
}
