/* SPDX-License-Identifier: Apache-2.0 */
/* What a plan shows, hides and seals: only the object that was checked, and no way around what is denied. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

TEST(an_object_that_was_exchanged_since_it_was_checked_is_refused)
{
    hand_plan_init(&hand, NULL);
    for (size_t i = 0; i < hand.plan.mount_count; i++)
        if (hand.mounts[i].kind == PLAN_BIND)
            hand.mounts[i].inode++;
    check_int(hand_run(&hand, "exit 0", &status, output, sizeof(output), &err), -ESTALE);
    check_contains(err.text, "exchanged");
}

/* The right object, but found by way of a link: what was checked was the path without one. */
TEST(an_object_whose_path_has_become_a_link_is_refused)
{
    const char *workspace = hand_workspace_make();
    char directory[128], moved[128], granted[160];

    snprintf(directory, sizeof(directory), "%s/one", workspace);
    snprintf(moved, sizeof(moved), "%s/two", workspace);
    snprintf(granted, sizeof(granted), "%s/granted", directory);
    check_int(mkdir(directory, 0755), 0);
    check_int(mkdir(granted, 0755), 0);
    hand_plan_init(&hand, NULL);
    hand_plan_add(&hand, PLAN_BIND, "/granted", granted, false);
    script_run("ls -d /granted");
    check_string(output, "/granted\n");
    check_int(rename(directory, moved), 0);
    check_int(symlink("two", directory), 0);
    check_int(hand_run(&hand, "exit 0", &status, output, sizeof(output), &err), -ESTALE);
    check_contains(err.text, "its path was exchanged since it was checked");
    check_contains(err.text, granted);
    hand_workspace_remove(workspace);
}

TEST(a_masked_file_is_listed_and_shut)
{
    const char *workspace = hand_workspace_make();
    char secret[128], inner[] = "/ws/secret";
    struct stat st;
    struct plan_mount *mask;

    snprintf(secret, sizeof(secret), "%s/secret", workspace);
    close(open(secret, O_WRONLY | O_CREAT, 0600));
    check_int(stat(secret, &st), 0);
    hand_plan_init(&hand, workspace);
    mask = hand_plan_add(&hand, PLAN_MASK, inner, secret, false);
    mask->is_directory = false;
    script_run("ls /ws; cat /ws/secret; rm -f /ws/secret; mv /ws/secret /ws/y; chmod 600 /ws/secret; ls /ws");
    check_contains(output, "secret\n");
    check_contains(output, "Permission denied");
    check_int(stat(secret, &st), 0);
    check_int(st.st_mode & 07777, 0600);
    hand_workspace_remove(workspace);
}

TEST(a_denied_directory_in_a_private_one_is_sealed_and_its_twin_is_the_program_s)
{
    const char *workspace = hand_workspace_make();
    struct plan_mount *shut, *twin;

    hand_plan_init(&hand, NULL);
    shut = hand_plan_add(&hand, PLAN_DIRECTORY, "/tmp/shut", NULL, false);
    shut->is_directory = shut->is_sealed = true;
    shut->mode = 0311;
    hand_plan_add(&hand, PLAN_DIRECTORY, "/tmp/shut/x", NULL, false)->is_directory = true;
    hand_plan_add(&hand, PLAN_BIND, "/tmp/shut/x/ws", workspace, true);
    twin = hand_plan_add(&hand, PLAN_DIRECTORY, "/tmp/twin", NULL, true);
    twin->is_directory = true;
    script_run("echo x >/tmp/shut/x/ws/kept && echo granted; ls /tmp/shut && echo listed; "
               "echo x >/tmp/shut/new && echo written; mkdir /tmp/shut/x/new && echo made; "
               "chmod 755 /tmp/shut && echo changed; mv /tmp/shut /tmp/away && echo moved; "
               "echo x >/tmp/twin/new && echo twin written");
    check_contains(output, "granted\n");
    check_contains(output, "twin written\n");
    check(!strstr(output, "listed\n"));
    check(!strstr(output, "\nwritten\n"));
    check(!strstr(output, "made\n"));
    check(!strstr(output, "changed\n"));
    check(!strstr(output, "moved\n"));
    hand_workspace_remove(workspace);
}

TEST(any_number_of_denied_directories_is_sealed)
{
    enum { count = 200 };
    static char targets[count][32];
    struct plan_mount *shut;

    hand_plan_init(&hand, NULL);
    for (int i = 0; i < count; i++) {
        snprintf(targets[i], sizeof(targets[i]), "/tmp/shut%d", i);
        shut = hand_plan_add(&hand, PLAN_DIRECTORY, targets[i], NULL, false);
        shut->is_directory = shut->is_sealed = true;
        shut->mode = 0311;
    }
    script_run("for at in /tmp/shut*; do mkdir $at/new 2>/dev/null || echo refused; done | wc -l");
    check_string(output, "200\n");
}

TEST(a_pinned_directory_cannot_be_renamed_away_and_its_twin_can)
{
    const char *workspace = hand_workspace_make();
    char pinned[128], free_one[128], inner[] = "/ws/pinned";
    struct stat st;

    snprintf(pinned, sizeof(pinned), "%s/pinned", workspace);
    snprintf(free_one, sizeof(free_one), "%s/free", workspace);
    check_int(mkdir(pinned, 0755) | mkdir(free_one, 0755), 0);
    hand_plan_init(&hand, workspace);
    hand_plan_add(&hand, PLAN_PIN, inner, pinned, true);
    script_run("mv /ws/pinned /ws/a; mv /ws/free /ws/b; echo x >/ws/pinned/y && echo written");
    check_int(stat(pinned, &st), 0);
    check_int(stat(free_one, &st), -1);
    check_contains(output, "written");
    hand_workspace_remove(workspace);
}
