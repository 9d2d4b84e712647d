/* SPDX-License-Identifier: Apache-2.0 */
/* What the tier finds out about this machine. */
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "plan.h"
#include "test.h"

static struct error err;

TEST(the_first_port_of_every_user_is_looked_up_where_it_is_asked_for)
{
    struct facts facts = {0};
    char *text auto_free = NULL;
    size_t size;

    check_int(file_read("/proc/sys/net/ipv4/ip_unprivileged_port_start", 16, &text, &size, &err), 0);
    check_int(tier_process.probe(TIER_PROBE_PORTS, &facts, &err), 0);
    check_int(facts.user_port_min, strtoul(text, NULL, 10));
    check_int(tier_process.probe(0, &facts, &err), 0);
    check_int(facts.user_port_min, 0);
}

TEST(a_chroot_is_named_as_what_forbids_user_namespaces)
{
    struct facts facts = {0};
    const char *path = hand_workspace_make();
    int root = open("/", O_PATH | O_CLOEXEC);

    check_int(tier_process.probe(TIER_PROBE_NAMESPACES, &facts, &err), 0);
    if (!facts.user_namespaces || facts.is_chrooted)
        test_skip("userns");
    if (geteuid() != 0)
        check_int(unshare(CLONE_NEWUSER), 0);
    check_int(chdir(path), 0);
    check_int(chroot("."), 0);
    check_int(tier_process.probe(TIER_PROBE_NAMESPACES, &facts, &err), 0);
    check(!facts.user_namespaces);
    check(facts.is_chrooted);
    check_contains(facts.user_namespaces_why, "this is a chroot");
    check_int(fchdir(root), 0);
    check_int(chroot("."), 0);
    close(root);
    hand_workspace_remove(path);
}
