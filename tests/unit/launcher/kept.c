/* SPDX-License-Identifier: Apache-2.0 */
/* Records of who keeps containers, with keepers that are this process. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "launcher/kept.h"
#include "test.h"

#define GROUPS (KEPT_OF_CALLER_MAX + 1)

struct world {
    struct server server;
    struct group groups[GROUPS];
    char place[64];
};

static struct world *world_new(void)
{
    struct world *world = mem_alloc(sizeof(*world));

    *world = (struct world){.server = {.keeps = -1, .containers = -1}, .place = "/tmp/cordon-test-kept.XXXXXX"};
    check(mkdtemp(world->place) != NULL);
    check_int(kept_open(&world->server, world->place, NULL), 0);
    for (size_t i = 0; i < GROUPS; i++) {
        world->groups[i] = (struct group){.peer = {.pid = getpid(), .pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0), .uid = getuid(), .gid = getgid()},
                                          .next = i + 1 < GROUPS ? &world->groups[i + 1] : NULL, .began_ns = clock_monotonic_ns()};
        snprintf(world->groups[i].name, sizeof(world->groups[i].name), "0-%zu", i);
    }
    world->server.groups = world->groups;
    return world;
}

static void records_forget_all(struct world *world)
{
    while (world->server.kept) {
        struct kept *next = world->server.kept->next;

        mem_free(world->server.kept);
        world->server.kept = next;
    }
    world->server.kept_count = 0;
}

static void world_free(struct world *world)
{
    char command[128];

    records_forget_all(world);
    for (size_t i = 0; i < GROUPS; i++)
        close(world->groups[i].peer.pidfd);
    close(world->server.keeps);
    close(world->server.containers);
    snprintf(command, sizeof(command), "rm -r %s", world->place);
    check_int(system(command), 0);
    mem_free(world);
}

static int say(struct world *world, size_t group, int key, enum launch_keeping what, struct error *err)
{
    unsigned char bytes[LAUNCH_KEY_SIZE];

    memset(bytes, key, sizeof(bytes));
    return kept_say(&world->server, &world->groups[group], bytes, what, err);
}

static struct kept *next(struct world *world, uint64_t *ret_wait_ns)
{
    struct kept *kept;
    uint32_t behind;

    kept_next(&world->server, 0, &kept, &behind, ret_wait_ns);
    return kept;
}

TEST(a_caller_keeps_so_many_kinds_and_no_more)
{
    struct world *world = world_new();
    struct error err = ERROR_INIT;

    for (size_t i = 0; i < KEPT_OF_CALLER_MAX; i++)
        check_int(say(world, i, (int)i, LAUNCH_KEEPS, &err), 0);
    check_int(say(world, KEPT_OF_CALLER_MAX, 255, LAUNCH_KEEPS, &err), -EDQUOT);
    check(strstr(err.text, "cordon rm"));
    /* one that is there already takes no room, and what is forgotten gives some */
    check_int(say(world, KEPT_OF_CALLER_MAX, 0, LAUNCH_KEEPS, &err), 0);
    check_int(say(world, KEPT_OF_CALLER_MAX, 0, LAUNCH_LEAVES, &err), 0);
    check_int(say(world, 1, 1, LAUNCH_FORGETS, &err), 0);
    check_int(say(world, KEPT_OF_CALLER_MAX, 255, LAUNCH_KEEPS, &err), 0);
    world_free(world);
}

TEST(a_keeper_that_ends_again_and_again_is_waited_for_longer_and_longer)
{
    struct world *world = world_new();
    struct kept *kept;
    uint64_t wait_ns, longest_ns = 0;

    check_int(say(world, 0, 1, LAUNCH_KEEPS, NULL), 0);
    kept = world->server.kept;
    check(next(world, &wait_ns) == NULL);
    check(wait_ns == UINT64_MAX);
    kept_left(&world->groups[0]);
    check(next(world, &wait_ns) == kept); /* at once, the first time */
    for (int i = 0; i < 20; i++) {
        kept_tried(&world->server, kept, &world->groups[0]);
        check(next(world, &wait_ns) == NULL);
        kept_left(&world->groups[0]);
        check(next(world, &wait_ns) == NULL);
        check(wait_ns > 0 && wait_ns + NS_PER_S > longest_ns);
        longest_ns = wait_ns;
    }
    check(longest_ns > 60 * NS_PER_S && longest_ns < 600 * NS_PER_S);
    /* one that stood is started well */
    kept_tried(&world->server, kept, &world->groups[0]);
    world->groups[0].began_ns -= 120 * NS_PER_S;
    kept_left(&world->groups[0]);
    check(next(world, &wait_ns) == kept);
    world_free(world);
}

TEST(the_end_of_one_of_several_keepers_of_a_key_has_another_one_started)
{
    struct world *world = world_new();
    struct kept *kept;
    uint64_t wait_ns;

    check_int(say(world, 0, 1, LAUNCH_KEEPS, NULL), 0);
    check_int(say(world, 1, 1, LAUNCH_KEEPS, NULL), 0);
    kept = world->server.kept;
    check(next(world, &wait_ns) == NULL);
    kept_left(&world->groups[0]);
    check(next(world, &wait_ns) == kept);
    /* one that began before looked when it began, whatever it says now */
    check_int(say(world, 1, 1, LAUNCH_KEEPS, NULL), 0);
    check_int(say(world, 2, 1, LAUNCH_KEEPS, NULL), 0);
    check(kept->is_wanted);
    world->groups[3].began_ns = clock_monotonic_ns();
    check_int(say(world, 3, 1, LAUNCH_KEEPS, NULL), 0);
    check(!kept->is_wanted);
    /* and what one has said that it has not is nobody's to be started for */
    check_int(say(world, 1, 1, LAUNCH_LEAVES, NULL), 0);
    kept_left(&world->groups[1]);
    check(!kept->is_wanted);
    world_free(world);
}

TEST(records_are_read_again_and_damaged_ones_are_left)
{
    struct world *world = world_new();
    struct launch_request request = {.numbers = {(int32_t)getgid()}, .count = 1};
    struct hand_manner manner;
    struct peer as;
    uint64_t wait_ns;
    char name[LAUNCH_GROUP_SIZE];

    check_int(say(world, 0, 1, LAUNCH_KEEPS, NULL), 0);
    check_int(say(world, 1, 2, LAUNCH_KEEPS, NULL), 0);
    memcpy(name, world->server.kept->name, sizeof(name));
    records_forget_all(world);
    world->groups[0].keeps = world->groups[1].keeps = NULL;
    close(openat(world->server.keeps, "k0-nonsense", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    check_int(symlinkat(name, world->server.keeps, "k0-link"), 0);
    world->server.groups = NULL; /* none of the user's lives */
    check_int(kept_load(&world->server, NULL), 0);
    check_int(world->server.kept_count, 2);
    check(next(world, &wait_ns) != NULL);
    check_int(kept_read(&world->server, kept_find(&world->server, name), &request, &as, &manner, NULL), 0);
    check_int(as.uid, getuid());
    check_int(as.gid, getgid());
    request.count = LAUNCH_KEPT_MAX + 1;
    check_int(kept_read(&world->server, kept_find(&world->server, name), &request, &as, &manner, NULL), -EINVAL);
    request.count = 1;
    check_int(unlinkat(world->server.keeps, name, 0), 0);
    check_int(kept_read(&world->server, kept_find(&world->server, name), &request, &as, &manner, NULL), -EBADMSG);
    world->server.groups = world->groups;
    world_free(world);
}

TEST(groups_that_its_user_has_not_now_are_not_taken_on)
{
    struct world *world = world_new();
    struct launch_request request = {.count = 0};
    struct hand_manner manner;
    struct error err = ERROR_INIT;
    struct peer as;

    check_int(say(world, 0, 1, LAUNCH_KEEPS, NULL), 0);
    if (getuid() == 0) { /* root has no need of any: they stay */
        check_int(kept_read(&world->server, world->server.kept, &request, &as, &manner, &err), 0);
    } else {
        check_int(kept_read(&world->server, world->server.kept, &request, &as, &manner, &err), -EPERM);
        check(strstr(err.text, "not started again"));
    }
    world_free(world);
}
