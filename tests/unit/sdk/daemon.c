/* SPDX-License-Identifier: Apache-2.0 */
/* When the daemon is used, and how a request reaches its keeper. */
#include "sdk/daemon.h"

#include <errno.h>
#include <stdlib.h>

#include "base/memory.h"
#include "protocol/socket.h"
#include "sdk/keeping.h"
#include "sdk/request.h"
#include "sdk/request_record.h"
#include "test.h"

static enum daemon_use parsed(const char *text)
{
    enum daemon_use use = DAEMON_NEVER;

    check_int(daemon_config_parse("config.yaml", text, &use, NULL), 0);
    return use;
}

TEST(a_configuration_says_when_the_daemon_is_used)
{
    check_int(parsed("daemon: available\n"), DAEMON_AVAILABLE);
    check_int(parsed("# ours\n\ndaemon:   required   # by all\n"), DAEMON_REQUIRED);
    check_int(parsed("---\ndaemon: never"), DAEMON_NEVER);
    check_int(parsed(""), DAEMON_NEVER);
    check_int(parsed("# daemon: required\n"), DAEMON_NEVER);
}

TEST(a_configuration_that_says_anything_else_is_refused_with_its_line)
{
    static const char *const bad[] = {"daemon: sometimes\n", "daemon:\n", "daemon\n", "Daemon: never\n", " daemon: never\n", "daemon: never never\n",
                                      "daemon: never\ndaemon: never\n", "demon: never\n", "daemon: neverx\n", "daemon: {never}\n"};

    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        enum daemon_use use = DAEMON_AVAILABLE;
        struct error err = ERROR_INIT;

        check_int(daemon_config_parse("config.yaml", bad[i], &use, &err), -EINVAL);
        check_contains(err.text, "config.yaml:");
    }
}

/* One that a client could make, with all that travels. */
static struct cordon_request *whole_request(void)
{
    struct cordon_request *request = NULL;

    check_int(cordon_request_new(&request, NULL), 0);
    check_int(cordon_request_add_policy_text(request, "given", "version: cordon/1\n", 18, NULL), 0);
    check_int(cordon_request_add_policy_file(request, "other.yaml", NULL), 0);
    check_int(cordon_request_set_workspace(request, "/srv", NULL), 0);
    check_int(cordon_request_set_directory(request, "/srv/below", NULL), 0);
    check_int(cordon_request_set_command(request, (const char *[]){"echo", "", "a b", NULL}, NULL), 0);
    check_int(cordon_request_set_environment(request, (const char *[]){"A=1", "B=", NULL}, NULL), 0);
    check_int(cordon_request_set_timeout_ms(request, 1234, NULL), 0);
    check_int(cordon_request_set_output_limit(request, 77, NULL), 0);
    check_int(cordon_request_set_tty(request, 24, 80, NULL), 0);
    check_int(cordon_request_set_watch(request, CORDON_WATCH_FULL, NULL), 0);
    check_int(cordon_request_set_ask(request, 5000, NULL), 0);
    check_int(cordon_request_set_review(request, "/var/kept", NULL), 0);
    check_int(cordon_request_set_events_file(request, "events", NULL), 0);
    return request;
}

static int read_back(const struct cordon_request *request, struct cordon_request **ret_request, struct request_process *ret_process)
{
    auto_protocol struct protocol_out out;
    struct protocol_message message;
    int status;

    request_write(&out, request);
    status = protocol_finish(&out, NULL);
    if (status == 0)
        status = protocol_parse(out.bytes.data, out.bytes.length, &message, NULL);
    if (status == 0)
        status = request_read_process(&message, ret_process, NULL);
    return status < 0 ? status : request_read(&message, ret_request, NULL);
}

TEST(a_request_arrives_as_it_was_sent)
{
    struct cordon_request *sent = whole_request(), *came = NULL;
    struct request_process process;

    check_int(read_back(sent, &came, &process), 0);
    check_int(came->policy_count, 2);
    check_string(came->policies[0].text, "version: cordon/1\n");
    check_string(came->policies[1].name, "other.yaml");
    check(!came->policies[1].text);
    check_string(came->workspace, "/srv");
    check_string(came->cwd, "/srv/below");
    check_string(came->argv[1], "");
    check_string(came->argv[2], "a b");
    check(!came->argv[3]);
    check_string(came->environment[1], "B=");
    check_int(came->timeout_ms, 1234);
    check_int(came->output_limit, 77);
    check(came->is_tty && came->rows == 24 && came->columns == 80);
    check_int(came->watch, CORDON_WATCH_FULL);
    check_int(came->ask_ms, 5000);
    check(came->is_reviewed);
    check_string(came->review_directory, "/var/kept");
    check_string(came->events_file, "events");
    check_int(came->daemon, DAEMON_HERE);
    check(process.limit_count > 10);
    cordon_request_free(sent);
    cordon_request_free(came);
}

TEST(requests_that_differ_in_what_their_containers_may_have_different_keys)
{
    unsigned char one[DIGEST_SIZE], same[DIGEST_SIZE], other[DIGEST_SIZE];
    struct cordon_request *request = whole_request();

    check_int(request_key(request, one, NULL), 0);
    check_int(cordon_request_set_command(request, (const char *[]){"true", NULL}, NULL), 0);
    check_int(request_key(request, same, NULL), 0);
    check(memcmp(one, same, sizeof(one)) == 0);
    check_int(cordon_request_set_workspace(request, "/srv/other", NULL), 0);
    check_int(request_key(request, other, NULL), 0);
    check(memcmp(one, other, sizeof(one)) != 0);
    check_int(cordon_request_set_workspace(request, "/srv", NULL), 0);
    check_int(cordon_request_set_member(request, "resources.pids=5", NULL), 0);
    check_int(request_key(request, other, NULL), 0);
    check(memcmp(one, other, sizeof(one)) != 0);
    cordon_request_free(request);
}

TEST(a_record_that_no_client_writes_is_refused)
{
    auto_protocol struct protocol_out out;
    struct cordon_request *request = NULL;
    struct protocol_message message;
    struct error err = ERROR_INIT;

    protocol_begin(&out, PROTOCOL_RECORD_REQUEST, 0);
    protocol_add_text(&out, TAG_PROFILE, "base");
    protocol_add_text(&out, TAG_POLICY_NAME, "a.yaml");
    check_int(protocol_finish(&out, NULL), 0);
    check_int(protocol_parse(out.bytes.data, out.bytes.length, &message, NULL), 0);
    check_int(request_read(&message, &request, &err), -EINVAL);
    check_contains(err.text, "a policy document and a profile");
    check(!request);
}

static int write_and_read(void)
{
    struct cordon_request *request = NULL, *came = NULL;
    struct request_process process;
    int status = cordon_request_new(&request, NULL);

    if (status == 0)
        status = cordon_request_set_environment(request, (const char *[]){"A=1", NULL}, NULL);
    if (status == 0)
        status = cordon_request_set_command(request, (const char *[]){"true", NULL}, NULL);
    if (status == 0)
        status = read_back(request, &came, &process);
    cordon_request_free(request);
    cordon_request_free(came);
    return status;
}

TEST(a_request_survives_want_of_memory_on_its_way)
{
    test_each_allocation_fails(write_and_read, 64);
}

TEST(what_the_machine_requires_of_the_daemon_holds_and_what_it_offers_can_be_declined)
{
    check_int(daemon_settle_use(0, 0), DAEMON_NEVER);
    check_int(daemon_settle_use(0, DAEMON_AVAILABLE), DAEMON_AVAILABLE);
    check_int(daemon_settle_use(DAEMON_NEVER, DAEMON_AVAILABLE), DAEMON_NEVER);
    check_int(daemon_settle_use(DAEMON_REQUIRED, DAEMON_AVAILABLE), DAEMON_REQUIRED);
    check_int(daemon_settle_use(DAEMON_AVAILABLE, DAEMON_NEVER), DAEMON_AVAILABLE);
    check_int(daemon_settle_use(DAEMON_NEVER, DAEMON_REQUIRED), DAEMON_REQUIRED);
    check_int(daemon_settle_use(DAEMON_AVAILABLE, DAEMON_REQUIRED), DAEMON_REQUIRED);
}

TEST(the_nearest_word_about_the_daemon_counts_and_a_wrong_one_is_refused)
{
    struct cordon_request *request = NULL;
    struct error err = ERROR_INIT;
    enum daemon_use use;

    setenv("HOME", "/nonexistent", 1);
    setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
    check_int(cordon_request_new(&request, NULL), 0);
    unsetenv("CORDON_DAEMON");
    check_int(daemon_find_use(request, &use, NULL), 0);
    check_int(use, DAEMON_NEVER);
    setenv("CORDON_DAEMON", "available", 1);
    check_int(daemon_find_use(request, &use, NULL), 0);
    check_int(use, DAEMON_AVAILABLE);
    check_int(cordon_request_set_daemon(request, "required", NULL), 0);
    check_int(daemon_find_use(request, &use, NULL), 0);
    check_int(use, DAEMON_REQUIRED);
    check_int(cordon_request_set_daemon(request, "often", (struct cordon_error *)&err), -EINVAL);
    check_contains(err.text, "never, available or required");
    check_int(cordon_request_set_daemon(request, NULL, NULL), 0);
    setenv("CORDON_DAEMON", "often", 1);
    check_int(daemon_find_use(request, &use, NULL), -EINVAL);
    cordon_request_free(request);
}

TEST(when_a_container_is_started_again_is_one_of_four_words)
{
    static const char *const bad[] = {"", "never", "No", "on-failure:", "on-failure:0", "on-failure:03", "on-failure:10000", "on-failure:-1", "on-failure:3x", "on-failure:3:3",
                                      "always:3", "no:1", "alway", "always ", "unless-stopped:"};
    struct cordon_request *request = NULL;
    struct cordon_error err = {0};
    struct restart restart;

    check_int(restart_parse("unless-stopped", &restart, NULL), 0);
    check_int(restart.kind, RESTART_UNLESS_STOPPED);
    check_int(restart_parse("on-failure", &restart, NULL), 0);
    check_int(restart.times_max, 0);
    check_int(restart_parse("on-failure:9999", &restart, NULL), 0);
    check_int(restart.kind, RESTART_ON_FAILURE);
    check_int(restart.times_max, 9999);
    check_int(cordon_request_new(&request, &err), 0);
    check_int(cordon_request_set_restart(request, "always", &err), 0);
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        check_int(cordon_request_set_restart(request, bad[i], &err), -EINVAL);
        check_contains(err.text, "on-failure:TIMES");
    }
    check_string(request->restart, "always");
    check_int(cordon_request_set_restart(request, NULL, &err), 0);
    check(!request->restart);
    cordon_request_free(request);
}
