/* SPDX-License-Identifier: Apache-2.0 */
/* Budgets: what is counted, what is refused, and by whom it is told. */
#include "worker/budget.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "test.h"

#define NOW (1000 * NS_PER_S)

struct rig {
    struct net_budget items[3];
    struct net_rules rules;
    struct budgets budgets;
    struct budget_use use; /* of the second; the first is in total */
    struct budget_short missing;
};

static void rig_init(struct rig *rig)
{
    *rig = (struct rig){
        .items = {{.bytes_up = 1000, .where = "a.yaml:3:3: network.budget"},
                  {.bytes_up = 600, .connections = 2, .where = "a.yaml:9:3: network.egress.allow[0].budget"},
                  {.bytes_per_second = 4000, .where = "a.yaml:19:3: network.egress.allow[1].budget"}},
        .use = {.items = {2}, .count = 1},
    };
    rig->rules = (struct net_rules){.budgets = rig->items, .budget_count = 3, .total_count = 1};
    check_int(budgets_create(&rig->budgets, NULL, NULL), 0);
    check_int(budgets_set_rules(&rig->budgets, &rig->rules, true, NULL), 0);
}

static uint64_t take(struct rig *rig, enum budget_kind kind, uint64_t want)
{
    return budgets_take(&rig->budgets, &rig->use, kind, want, NOW, &rig->missing);
}

TEST(what_is_taken_counts_for_the_rule_and_in_total)
{
    static const struct budget_use nothing = {.count = 0};
    struct rig rig;

    rig_init(&rig);
    check_int(take(&rig, BUDGET_BYTES_UP, 500), 500);
    check_int(rig.missing.budget, 0);
    check_int(take(&rig, BUDGET_BYTES_UP, 500), 100);
    check_int(rig.missing.budget, 2);
    check_int(rig.missing.wait_ms, 0);
    /* what the rule's budget did not give is not taken from the one in total */
    check_int(budgets_take(&rig.budgets, &nothing, BUDGET_BYTES_UP, 1000, NOW, &rig.missing), 400);
    check_int(rig.missing.budget, 1);
    budgets_close(&rig.budgets);
}

TEST(a_kind_without_a_limit_is_never_short)
{
    struct rig rig;

    rig_init(&rig);
    for (int i = 0; i < 100; i++)
        check_int(take(&rig, BUDGET_BYTES_DOWN, 1u << 30), 1u << 30);
    check_int(take(&rig, BUDGET_CONNECTIONS, 1), 1);
    check_int(take(&rig, BUDGET_CONNECTIONS, 1), 1);
    check_int(take(&rig, BUDGET_CONNECTIONS, 1), 0);
    check_int(rig.missing.budget, 2);
    budgets_close(&rig.budgets);
}

TEST(what_is_given_back_can_be_taken_again_and_no_more)
{
    struct rig rig;

    rig_init(&rig);
    check_int(take(&rig, BUDGET_BYTES_UP, 600), 600);
    budgets_give(&rig.budgets, &rig.use, BUDGET_BYTES_UP, 200);
    check_int(take(&rig, BUDGET_BYTES_UP, 600), 200);
    check_int(take(&rig, BUDGET_BYTES_UP, 1), 0);
    budgets_close(&rig.budgets);
}

TEST(a_datagram_is_taken_whole_or_not_at_all)
{
    struct rig rig;

    rig_init(&rig);
    check(!budgets_take_whole(&rig.budgets, &rig.use, BUDGET_BYTES_UP, 601, NOW, &rig.missing));
    check_int(rig.missing.budget, 2);
    check_int(rig.missing.wait_ms, 0);
    check(budgets_take_whole(&rig.budgets, &rig.use, BUDGET_BYTES_UP, 600, NOW, &rig.missing));
    check(!budgets_take_whole(&rig.budgets, &rig.use, BUDGET_BYTES_UP, 1, NOW, &rig.missing));
    budgets_close(&rig.budgets);
}

/* In one second of steps of 10 ms, what is granted is the rate and what one burst is worth. */
TEST(a_rate_gives_what_it_is_and_a_quarter_of_a_second_ahead)
{
    struct rig rig;
    uint64_t all = 0;

    rig_init(&rig);
    rig.use.items[0] = 3;
    for (uint64_t at = 0; at < NS_PER_S; at += 10 * NS_PER_MS)
        all += budgets_take(&rig.budgets, &rig.use, BUDGET_BYTES_DOWN, 100000, NOW + at, &rig.missing);
    check(all >= 4900 && all <= 5000);
    check_int(rig.missing.budget, 3);
    check(rig.missing.wait_ms > 0 && rig.missing.wait_ms <= 250);
    /* both ways count together, and a rate is never used up */
    check_int(budgets_take(&rig.budgets, &rig.use, BUDGET_BYTES_UP, 1, NOW + 990 * NS_PER_MS, &rig.missing), 0);
    check(rig.missing.wait_ms > 0);
    check_int(budgets_take(&rig.budgets, &rig.use, BUDGET_BYTES_UP, 999, NOW + 2 * NS_PER_S, &rig.missing), 999);
    budgets_close(&rig.budgets);
}

TEST(a_datagram_goes_into_debt_which_the_next_one_waits_for)
{
    struct rig rig;

    rig_init(&rig);
    rig.use.items[0] = 3;
    check(budgets_take_whole(&rig.budgets, &rig.use, BUDGET_BYTES_DOWN, 9000, NOW, &rig.missing));
    check(!budgets_take_whole(&rig.budgets, &rig.use, BUDGET_BYTES_DOWN, 1, NOW, &rig.missing));
    check(rig.missing.wait_ms > 1000);
    check(budgets_take_whole(&rig.budgets, &rig.use, BUDGET_BYTES_DOWN, 1, NOW + 3 * NS_PER_S, &rig.missing));
    budgets_close(&rig.budgets);
}

TEST(the_end_of_a_budget_is_told_once_for_each_kind)
{
    static const struct budget_use nothing = {.count = 0};
    struct rig rig;

    rig_init(&rig);
    check(budgets_end(&rig.budgets, 2, BUDGET_CONNECTIONS));
    check(!budgets_end(&rig.budgets, 2, BUDGET_CONNECTIONS));
    check_int(budgets_ended(&rig.budgets, &rig.use), 0); /* what is open goes on */
    check(budgets_end(&rig.budgets, 2, BUDGET_BYTES_UP));
    check_int(budgets_ended(&rig.budgets, &rig.use), 2);
    check_int(budgets_ended(&rig.budgets, &nothing), 0);
    check(budgets_end(&rig.budgets, 1, BUDGET_BYTES_UP));
    check_int(budgets_ended(&rig.budgets, &nothing), 1);
    /* other rules may give more */
    check_int(budgets_set_rules(&rig.budgets, &rig.rules, true, NULL), 0);
    check_int(budgets_ended(&rig.budgets, &rig.use), 0);
    budgets_close(&rig.budgets);
}

TEST(rules_that_are_refused_leave_the_end_of_a_budget_as_it_was)
{
    struct budgets refused;
    struct rig rig;

    rig_init(&rig);
    check(budgets_end(&rig.budgets, 2, BUDGET_CONNECTIONS));
    check(budgets_end(&rig.budgets, 2, BUDGET_BYTES_UP));
    refused = rig.budgets;
    check_int(budgets_set_rules(&refused, &rig.rules, true, NULL), 0);
    check_int(budgets_ended(&refused, &rig.use), 0);
    check_int(budgets_ended(&rig.budgets, &rig.use), 2);
    check(!budgets_end(&rig.budgets, 2, BUDGET_CONNECTIONS));
    check(!budgets_end(&rig.budgets, 2, BUDGET_BYTES_UP));
    check(budgets_end(&rig.budgets, 2, BUDGET_BYTES_DOWN));
    budgets_close(&rig.budgets);
}

TEST(one_of_two_processes_tells_it_and_each_by_the_rules_that_it_has)
{
    struct net_budget item = {.bytes_up = 10, .where = "one"};
    struct net_rules rules = {.budgets = &item, .budget_count = 1};
    struct budget_use use = {.items = {1}, .count = 1};
    struct budgets mine = {0}, theirs = {0}, coming;
    int fd;

    check_int(budgets_create(&mine, &fd, NULL), 0);
    check_int(budgets_open(&theirs, fd, NULL), 0);
    check_int(budgets_set_rules(&mine, &rules, true, NULL), 0);
    check_int(budgets_set_rules(&theirs, &rules, false, NULL), 0);
    check(budgets_end(&theirs, 1, BUDGET_BYTES_UP));
    check(!budgets_end(&mine, 1, BUDGET_BYTES_UP));
    check_int(budgets_ended(&mine, &use), 1);
    coming = mine;
    check_int(budgets_set_rules(&coming, &rules, true, NULL), 0);
    check_int(budgets_set_rules(&theirs, &rules, false, NULL), 0); /* is the first to have them */
    check_int(budgets_ended(&theirs, &use), 0);
    check_int(budgets_ended(&mine, &use), 1);
    check(budgets_end(&theirs, 1, BUDGET_BYTES_UP));
    check(!budgets_end(&mine, 1, BUDGET_BYTES_UP));
    mine = coming;
    check(!budgets_end(&mine, 1, BUDGET_BYTES_UP));
    check_int(budgets_ended(&mine, &use), 1);
    budgets_close(&mine);
    budgets_close(&theirs);
    close(fd);
}

TEST(other_rules_go_on_counting_what_stands_in_the_same_place)
{
    struct net_budget others[2];
    struct net_rules rules = {.budgets = others, .budget_count = 2};
    struct rig rig;

    rig_init(&rig);
    others[0] = (struct net_budget){.bytes_up = 50, .where = "b.yaml: another"};
    others[1] = rig.items[1];
    others[1].bytes_up = 700; /* raised from 600 */
    check_int(take(&rig, BUDGET_BYTES_UP, 600), 600);
    check_int(budgets_set_rules(&rig.budgets, &rules, true, NULL), 0);
    check_int(take(&rig, BUDGET_BYTES_UP, 600), 100);
    rig.use.items[0] = 1;
    check_int(take(&rig, BUDGET_BYTES_UP, 600), 50);
    budgets_close(&rig.budgets);
}

/* As often as one likes: the counters of rules that are gone are used again, with nothing counted. */
TEST(counters_do_not_run_out)
{
    static struct net_budget items[NET_BUDGETS_MAX];
    static char texts[NET_BUDGETS_MAX][32];
    struct net_rules rules = {.budgets = items, .budget_count = NET_BUDGETS_MAX};
    struct budget_use use = {.items = {NET_BUDGETS_MAX}, .count = 1};
    struct budgets budgets = {0};

    check_int(budgets_create(&budgets, NULL, NULL), 0);
    for (int round = 0; round < 5; round++) {
        for (size_t i = 0; i < NET_BUDGETS_MAX; i++) {
            snprintf(texts[i], sizeof(texts[i]), "%d %zu", round, i);
            items[i] = (struct net_budget){.bytes_up = 10, .where = texts[i]};
        }
        check_int(budgets_set_rules(&budgets, &rules, true, NULL), 0);
        check_int(budgets_take(&budgets, &use, BUDGET_BYTES_UP, 100, NOW, NULL), 10);
    }
    rules.budget_count++;
    check_int(budgets_set_rules(&budgets, &rules, true, NULL), -E2BIG);
    budgets_close(&budgets);
}

TEST(two_processes_never_take_the_same_byte)
{
    struct net_budget item = {.bytes_up = 100000, .where = "one"};
    struct net_rules rules = {.budgets = &item, .budget_count = 1};
    struct budget_use use = {.items = {1}, .count = 1};
    struct budgets mine = {0}, theirs = {0};
    uint64_t taken = 0, other = 0;
    int fd, status, pipes[2];
    pid_t pid;

    check_int(budgets_create(&mine, &fd, NULL), 0);
    check_int(budgets_open(&theirs, fd, NULL), 0);
    check_int(budgets_set_rules(&theirs, &rules, false, NULL), -EBADMSG); /* nobody has made a counter */
    check_int(budgets_set_rules(&mine, &rules, true, NULL), 0);
    check_int(budgets_set_rules(&theirs, &rules, false, NULL), 0);
    check_int(pipe(pipes), 0);
    pid = fork();
    check(pid >= 0);
    if (pid == 0) {
        for (int i = 0; i < 100000; i++)
            other += budgets_take(&theirs, &use, BUDGET_BYTES_UP, 1, NOW, NULL);
        _exit(write(pipes[1], &other, sizeof(other)) != sizeof(other));
    }
    for (int i = 0; i < 100000; i++)
        taken += budgets_take(&mine, &use, BUDGET_BYTES_UP, 1, NOW, NULL);
    check_int(waitpid(pid, &status, 0), pid);
    check_int(read(pipes[0], &other, sizeof(other)), sizeof(other));
    check_int(taken + other, 100000);
    budgets_close(&mine);
    budgets_close(&theirs);
    close(fd);
    close(pipes[0]);
    close(pipes[1]);
}

TEST(memory_that_could_shrink_or_is_none_of_ours_is_refused)
{
    struct budgets budgets = {0};
    int fd = memfd_create("other", MFD_CLOEXEC | MFD_ALLOW_SEALING), good;
    char byte = 1;

    check_int(budgets_create(&budgets, &good, NULL), 0);
    budgets_close(&budgets);
    check_int(budgets_open(&budgets, fd, NULL), -EBADMSG);
    check_int(ftruncate(fd, lseek(good, 0, SEEK_END)), 0);
    check_int(budgets_open(&budgets, fd, NULL), -EBADMSG); /* not sealed */
    check_int(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW), 0);
    check_int(budgets_open(&budgets, fd, NULL), -EBADMSG); /* zeroes */
    check_int(pwrite(good, &byte, 1, 0), 1);
    check_int(budgets_open(&budgets, good, NULL), -EBADMSG);
    check(budgets.memory == NULL);
    close(fd);
    close(good);
}
