/* SPDX-License-Identifier: Apache-2.0 */
/* Files of the plan's own: read by everybody, changed by nobody, root inside included. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"
#include "plan.h"
#include "test.h"

static struct hand_plan hand;
static char output[65536];
static struct tier_status status;
static struct error err;

static void script_run(const char *script)
{
    check_int(hand_run(&hand, script, &status, output, sizeof(output), &err), 0);
}

TEST(a_file_of_the_plan_has_its_text_at_its_place)
{
    hand_plan_init(&hand, NULL);
    hand_plan_add(&hand, PLAN_FILE, "/etc/resolv.conf", "nameserver 192.0.0.1\noptions edns0\n", false);
    script_run("cat /etc/resolv.conf; stat -c '%a %F' /etc/resolv.conf");
    check_string(output, "nameserver 192.0.0.1\noptions edns0\n444 regular file\n");
    hand_plan_init(&hand, NULL);
    script_run("cat /etc/resolv.conf 2>&1; true");
    check_contains(output, "No such file");
}

TEST(files_of_the_plan_hold_any_bytes_and_share_what_is_large)
{
    static char bytes[300000] = "a\0b";

    memset(bytes + 3, 'x', sizeof(bytes) - 3);
    hand_plan_init(&hand, NULL);
    for (int i = 0; i < 60; i++) { /* apart they would take more than a record may */
        static char names[60][32];

        snprintf(names[i], sizeof(names[i]), "/etc/large/%d", i);
        if (!i)
            hand_plan_add(&hand, PLAN_DIRECTORY, "/etc/large", NULL, false);
        hand_plan_add(&hand, PLAN_FILE, names[i], bytes, false)->source_size = sizeof(bytes);
    }
    hand_plan_add(&hand, PLAN_FILE, "/etc/small", bytes, false)->source_size = 3;
    script_run("od -An -c /etc/small; cmp /etc/large/0 /etc/large/59 && stat -c %s /etc/large/59; head -c 4 /etc/large/7 | od -An -c");
    check_string(output, "   a  \\0   b\n300000\n   a  \\0   b   x\n");
}

TEST(a_file_of_the_plan_cannot_be_changed_replaced_or_taken_away)
{
    static const char *const changes[] = {
        "echo x >>/etc/resolv.conf",      "rm /etc/resolv.conf",         "mv /etc/resolv.conf /etc/other",
        "chmod 666 /etc/resolv.conf",     "touch /etc/resolv.conf",      "ln -f /etc/resolv.conf /tmp/link",
        "echo x >/tmp/x; mv /tmp/x /etc/resolv.conf", "umount /etc/resolv.conf", "/etc/resolv.conf",
        "mount -o remount,bind,rw /etc/resolv.conf",
    };
    char script[512];

    hand_plan_init(&hand, NULL);
    hand_plan_add(&hand, PLAN_FILE, "/etc/resolv.conf", "kept\n", false);
    for (size_t i = 0; i < ARRAY_COUNT(changes); i++) {
        snprintf(script, sizeof(script), "{ %s; } 2>/dev/null && echo changed; cat /etc/resolv.conf", changes[i]);
        script_run(script);
        check_string(output, "kept\n");
    }
    /* The same on a file of the program's own does change it. */
    script_run("echo kept >/tmp/own; { echo x >>/tmp/own; } 2>/dev/null && echo changed; cat /tmp/own");
    check_string(output, "changed\nkept\nx\n");
}

TEST(a_file_of_the_plan_covers_the_one_of_a_granted_tree)
{
    char directory[] = "/tmp/cordon-files-XXXXXX", path[64], command[128];

    check(mkdtemp(directory) != NULL);
    snprintf(path, sizeof(path), "%s/resolv.conf", directory);
    snprintf(command, sizeof(command), "echo of the host >%s", path);
    check_int(system(command), 0);
    hand_plan_init(&hand, NULL);
    hand_plan_add(&hand, PLAN_BIND, "/ws", directory, true);
    hand_plan_add(&hand, PLAN_FILE, "/ws/resolv.conf", "of the plan\n", false);
    script_run("cat /ws/resolv.conf; { echo x >/ws/resolv.conf || mv /ws/resolv.conf /ws/y || rm -f /ws/resolv.conf; } "
               "2>/dev/null && echo changed; echo new >/ws/new && cat /ws/new");
    check_string(output, "of the plan\nnew\n");
    snprintf(command, sizeof(command), "grep -q 'of the host' %s && rm -r %s", path, directory);
    check_int(system(command), 0);
}

TEST(a_file_of_the_plan_in_a_tree_that_has_no_such_name_refuses_the_launch)
{
    char directory[] = "/tmp/cordon-files-XXXXXX";

    check(mkdtemp(directory) != NULL);
    hand_plan_init(&hand, NULL);
    hand_plan_add(&hand, PLAN_BIND, "/ws", directory, true);
    hand_plan_add(&hand, PLAN_FILE, "/ws/resolv.conf", "of the plan\n", false);
    check(hand_run(&hand, "true", &status, output, sizeof(output), &err) < 0);
    check_contains(err.text, "/ws/resolv.conf");
    check_int(rmdir(directory), 0);
}
