/* SPDX-License-Identifier: Apache-2.0 */
/* What a person is asked, over a tier that runs nothing: the queue, its bounds, and what fails in it. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/kernel/syscalls.h"
#include "base/memory.h"
#include "runs.h"
#include "test.h"

#define CALLS 100

static struct tier_access calls[CALLS];
static char paths[CALLS][128];
static struct cordon_container *container;
static struct cordon_approval approval;

/* So many calls wait, each for a file of its own, or all for one. */
static void open_calls(size_t count, bool is_one_file)
{
    fixture_open();
    fake_script.runs_forever = true;
    for (size_t i = 0; i < count; i++) {
        snprintf(paths[i], sizeof(paths[i]), "%s/file%zu", getenv("HOME"), is_one_file ? 0 : i);
        test_write_file(paths[i], "x", 0644);
        calls[i] = (struct tier_access){.operation = OPERATION_READ, .source = "watch", .layer = BY_KERNEL, .errnum = ENOENT, .call = __NR_openat,
                                        .has_args = true, .named = paths[i], .path = paths[i], .count = 1, .ask = i + 1,
                                        .process = {.pid = 7, .exe = "/usr/bin/cat"}};
    }
    fake_script.asks = calls;
    fake_script.ask_count = count;
}

static int spawn_asking(void)
{
    struct cordon_request *request = NULL;
    const char *const argv[] = {"true", NULL};
    int result = cordon_request_new(&request, &err);

    if (result == 0)
        result = cordon_request_set_command(request, argv, &err);
    if (result == 0)
        result = cordon_request_set_ask(request, 60000, &err);
    if (result == 0)
        result = cordon_spawn(request, &container, &err);
    cordon_request_free(request);
    return result;
}

static void begin(size_t count, bool is_one_file)
{
    open_calls(count, is_one_file);
    check_int(spawn_asking(), 0);
    check_int(cordon_container_try_wait(container, &status, &err), 0);
}

static void answer(enum cordon_answer given)
{
    check_int(cordon_container_approval(container, &approval), 1);
    if (cordon_container_answer(container, approval.number, approval.digest, given, &err) < 0)
        test_fail(__FILE__, __LINE__, "%s", err.text);
}

static void end(void)
{
    cordon_container_free(container);
    fixture_close();
}

TEST(so_many_wait_and_the_others_are_refused_at_once)
{
    begin(CALLS, false);
    check_int(fake_counts.denied, CALLS - 64);
    for (int i = 0; i < 64; i++)
        answer(i % 2 ? CORDON_ANSWER_DENY : CORDON_ANSWER_ONCE);
    check_int(cordon_container_approval(container, &approval), 0);
    check_int(fake_counts.allowed, 32);
    check_int(fake_counts.denied, CALLS - 32);
    end();
}

TEST(equal_calls_are_one_question)
{
    begin(10, true);
    answer(CORDON_ANSWER_ONCE);
    check_int(fake_counts.allowed, 1);
    answer(CORDON_ANSWER_RUN);
    check_int(fake_counts.allowed, 10);
    check_int(cordon_container_approval(container, &approval), 0);
    check_events("\"answer\":\"once\",\"until\":null,\"uid\":");
    check_events("\"answer\":\"run\",\"until\":null,\"uid\":");
    end();
    begin(10, true);
    answer(CORDON_ANSWER_DENY);
    check_int(cordon_container_approval(container, &approval), 0);
    check_events("\"answer\":\"deny\"");
    check_events("\"count\":10");
    end();
}

/* What cannot be opened is not asked about; what cannot be opened any more is refused. */
TEST(a_file_that_cannot_be_opened_is_refused)
{
    open_calls(1, true);
    fake_script.open_failure = -EACCES;
    check_int(spawn_asking(), 0);
    check_int(cordon_container_try_wait(container, &status, &err), 0);
    check_int(cordon_container_approval(container, &approval), 0);
    check_int(fake_counts.denied, 1);
    end();
    begin(1, true);
    fake_script.open_failure = -ESTALE;
    check_int(cordon_container_approval(container, &approval), 1);
    check_int(cordon_container_answer(container, approval.number, approval.digest, CORDON_ANSWER_RUN, &err), -ESTALE);
    check_int(fake_counts.allowed, 0);
    check_int(fake_counts.denied, 1);
    check_events("\"answer\":\"changed\",\"until\":null,\"uid\":null");
    end();
}

/* There is no file that the rule belongs to: nothing is allowed instead, and the question stands. */
TEST(a_rule_without_a_policy_file_is_refused_and_the_question_stands)
{
    begin(1, true);
    check_int(cordon_container_approval(container, &approval), 1);
    check(!approval.rule_file);
    check(cordon_container_answer(container, approval.number, approval.digest, CORDON_ANSWER_RULE, &err) < 0);
    check_contains(err.text, "run with --policy FILE");
    check_int(cordon_container_approval(container, &approval), 1);
    answer(CORDON_ANSWER_DENY);
    end();
}

static int attempt_question(void)
{
    int result = spawn_asking();
    long left;

    if (result == 0)
        result = cordon_container_try_wait(container, &status, &err);
    if (result == 0 && !cordon_container_approval(container, &approval))
        result = -ENOMEM; /* it was refused, and nobody was asked */
    else if (result == 0)
        result = cordon_container_answer(container, approval.number, approval.digest, CORDON_ANSWER_RUN, &err);
    left = mem_fail_after(-1); /* what ends with it tells nobody of what it lacks */
    cordon_container_free(container);
    mem_fail_after(left);
    container = NULL;
    return result;
}

/* Nothing is allowed in place of what memory was missing for. */
TEST(a_question_survives_want_of_memory)
{
    open_calls(2, true);
    test_each_allocation_fails(attempt_question, 20000);
    fixture_close();
}
