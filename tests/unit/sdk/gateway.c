/* SPDX-License-Identifier: Apache-2.0 */
/* The starter's side of the gateway, with one that follows a script (fake-gateway.c). */
#include "sdk/workers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/retire.h"
#include "test.h"

static struct workers workers;
static struct error err;
static struct event_log *event_log;
static int records[2];

static int begin(const char *script)
{
    static struct net_layer layer;
    static const struct net_rules rules = {.layers = &layer, .layer_count = 1};
    const struct event_options options = {.fd = -1};
    const struct workers_start start = {
        .gateway = CORDON_TEST_FAKE_GATEWAY, .rules = &rules, .trust = -1, .placeholders = -1, .values = -1};
    struct event_options to_pipe = options;

    layer = (struct net_layer){.where = script};
    err = (struct error)ERROR_INIT;
    workers = WORKERS_INIT;
    check_int(pipe2(records, O_CLOEXEC), 0);
    to_pipe.fd = records[1];
    check_int(event_log_open(&to_pipe, &event_log, &err), 0);
    return workers_begin(&workers, &start, &err);
}

static int attach(uint64_t ms)
{
    return workers_attach(&workers, records[0], ms ? clock_monotonic_ns() + ms * NS_PER_MS : 0, -1, &err);
}

/* Ends it, and says what was recorded. */
static const char *end(void)
{
    static char text[65536];
    ssize_t got;

    workers_kill(&workers);
    event_log_free(event_log);
    close(records[1]);
    got = read(records[0], text, sizeof(text) - 1);
    close(records[0]);
    text[got > 0 ? got : 0] = '\0';
    retire_finish();
    check_int(waitpid(-1, NULL, WNOHANG), -1);
    check_int(errno, ECHILD);
    return text;
}

TEST(a_gateway_that_is_ready_is_heard_to_its_last_word)
{
    const char *text;

    check_int(begin("Rdwcl"), 0);
    check_int(attach(0), 0);
    check(workers.gateway.is_ready);
    check_int(workers_end(&workers, event_log, &err), 0);
    text = end();
    check_contains(text, "\"type\":\"network.denied\",\"connection\":7,\"protocol\":\"tcp\",\"address\":\"1.2.3.4\",\"port\":443,\"name\":\"a\\u001b.example\",\"pid\":null,\"exe\":null,\"program\":null,\"rule\":null,\"reason\":\"");
    check_contains(text, "\"type\":\"network.closed\",\"connection\":8,\"protocol\":\"udp\",\"address\":null,\"port\":null,\"name\":null,\"pid\":null,\"exe\":null,\"program\":null,\"rule\":null,\"reason\":null,\"errno\":0,\"bytesUp\":1,\"bytesDown\":2,\"durationUs\":3");
    check_contains(text, "\"type\":\"network.lost\",\"count\":5");
}

TEST(a_gateway_that_cannot_refuses_the_launch_with_its_words)
{
    check_int(begin("E"), 0);
    check_int(attach(0), -ENOENT);
    check_int(err.kind, ERROR_UNENFORCEABLE);
    check_contains(err.text, "network: no tproxy");
    end();
}

TEST(a_gateway_that_ends_or_talks_nonsense_during_set_up_refuses_the_launch)
{
    static const char *const scripts[] = {"", "x", "u", "d", "s"};

    for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
        check_int(begin(scripts[i]), 0);
        check(attach(0) < 0);
        check(err.text[0]);
        end();
    }
}

TEST(a_gateway_that_is_never_ready_is_given_up_at_the_deadline)
{
    uint64_t before = clock_monotonic_ns();

    check_int(begin("h"), 0);
    check_int(attach(50), -ETIMEDOUT);
    check(clock_monotonic_ns() - before >= 50 * NS_PER_MS);
    end();
}

TEST(a_gateway_that_dies_later_is_recorded_and_the_run_goes_on)
{
    const char *text;

    check_int(begin("Rd"), 0);
    check_int(attach(0), 0);
    while (workers.gateway.channel >= 0)
        check_int(workers_step(&workers, event_log, &err), 0);
    check_int(workers_step(&workers, event_log, &err), 0);
    check_int(workers_end(&workers, event_log, &err), 0);
    text = end();
    check_contains(text, "network.denied");
    check_contains(text, "\"type\":\"network.gone\",\"text\":\"the gateway ended (status 5)");
}

TEST(a_gateway_that_does_not_end_is_ended)
{
    uint64_t before = clock_monotonic_ns();

    check_int(begin("Rh"), 0);
    check_int(attach(0), 0);
    check_int(workers_end(&workers, event_log, &err), 0);
    check(clock_monotonic_ns() - before < 5 * NS_PER_S);
    check_int(workers.gateway.pidfd, -1);
    end();
}

TEST(nonsense_of_a_running_gateway_ends_the_run)
{
    static const char *const scripts[] = {"Ruh", "Rkh", "Rsh"};

    for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
        int status = 0;

        check_int(begin(scripts[i]), 0);
        check_int(attach(0), 0);
        while (status == 0)
            status = workers_step(&workers, event_log, &err);
        check(status < 0);
        end();
    }
}

static const struct net_rules others = {.layers = &(struct net_layer){.where = "others"}, .layer_count = 1};

static int change(const char *script)
{
    check_int(begin(script), 0);
    check_int(attach(0), 0);
    return workers_set_rules(&workers, CORDON_TEST_FAKE_GATEWAY, &others, event_log, &err);
}

TEST(other_rules_hold_once_the_gateway_says_so_and_what_it_tells_meanwhile_is_recorded)
{
    check_int(change("Rndaw"), 0);
    check(workers.rules == &others);
    check(workers.gateway.channel >= 0);
    check_contains(end(), "network.denied");
}

/* Where more routes are needed another gateway makes them: this one here cannot, and says nothing. */
TEST(rules_that_cannot_hold_leave_the_former_ones_and_the_gateway)
{
    static const struct {
        const char *script, *text;
    } cases[] = {{"Rnew", "not these"}, {"RnEw", "the gateway that makes routes ended"}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        check(change(cases[i].script) < 0);
        check_contains(err.text, cases[i].text);
        check(workers.rules != &others);
        check(workers.gateway.channel >= 0);
        check_int(workers_step(&workers, event_log, &err), 0);
        check(workers.gateway.channel >= 0);
        end();
    }
}

TEST(a_gateway_that_ends_or_talks_nonsense_in_place_of_an_answer_is_said_to)
{
    check_int(change("Rn"), -ECONNRESET);
    check_contains(err.text, "no network any more");
    check_int(workers_step(&workers, event_log, &err), 0);
    check_contains(end(), "network.gone");
    check_int(change("Rnuw"), -EBADMSG);
    end();
    check_int(begin("R"), 0);
    workers_kill(&workers);
    check_int(workers_set_rules(&workers, CORDON_TEST_FAKE_GATEWAY, &others, event_log, &err), -ECONNRESET);
    end();
}

TEST(a_gateway_that_others_could_write_is_not_started)
{
    const struct workers_start start = {
        .gateway = "/tmp/no-such-gateway", .rules = &(struct net_rules){0}, .trust = -1, .placeholders = -1, .values = -1};

    check_int(begin("R"), 0);
    end();
    workers = WORKERS_INIT;
    check_int(pipe2(records, O_CLOEXEC), 0);
    check_int(event_log_open(&(struct event_options){.fd = records[1]}, &event_log, &err), 0);
    check(workers_begin(&workers, &start, &err) < 0);
    check_contains(err.text, "no-such-gateway");
    end();
}
