/* SPDX-License-Identifier: Apache-2.0 */
/* The request: what is refused at the door, and that nothing leaks when memory is short. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"
#include "cordon/cordon.h"
#include "test.h"

static struct cordon_request *new_request(void)
{
    struct cordon_request *request = NULL;

    check_int(cordon_request_new(&request, NULL), 0);
    return request;
}

/* What a setter says about a wrong value. */
#define check_refused(call, part)                                                                  \
    do {                                                                                           \
        struct cordon_error err = {0};                                                             \
        struct cordon_request *request = new_request();                                            \
        check((call) < 0);                                                                         \
        check_contains(err.text, part);                                                            \
        check(err.kind != CORDON_ERROR_NONE);                                                      \
        cordon_request_free(request);                                                              \
    } while (0)

TEST(a_request_refuses_what_can_never_work)
{
    const char *const nothing[] = {NULL}, *const empty[] = {"", NULL};

    check_refused(cordon_request_set_command(request, nothing, &err), "the command is empty");
    check_refused(cordon_request_set_command(request, empty, &err), "the command is empty");
    check_refused(cordon_request_set_workspace(request, "", &err), "workspace: empty");
    check_refused(cordon_request_add_policy_file(request, "", &err), "policy: empty");
    check_refused(cordon_request_set_member(request, "resources.memory", &err), "MEMBER=VALUE");
    check_refused(cordon_request_set_member(request, "=1", &err), "MEMBER=VALUE");
    check_refused(cordon_request_keep_fd(request, 2, &err), "only 3 to 1023");
    check_refused(cordon_request_keep_fd(request, 1024, &err), "only 3 to 1023");
    check_refused(cordon_request_keep_fd(request, 1000, &err), "descriptor 1000 is not open");
    check_refused(cordon_request_set_events_fd(request, 1000, &err), "1000 is not open");
    check_refused(cordon_request_set_cancel_fd(request, 1000, &err), "1000 is not open");
    check_refused(cordon_request_set_stdio(request, 0, 1000, 2, &err), "1000 is not open");
    check_refused(cordon_request_set_stdio(request, -4, 1, 2, &err), "-4 is not open");
    check_refused(cordon_request_set_tty(request, 24, 0, &err), "24 rows and 0 columns");
    check_refused(cordon_request_set_timeout_ms(request, UINT64_MAX, &err), "366 days");
    check_refused(cordon_request_set_capture(request, (size_t)1 << 40, 1, &err), "at most");
}

TEST(a_request_takes_what_can_work)
{
    const char *const argv[] = {"ls", "-l", NULL};
    struct cordon_request *request = new_request();

    check_int(cordon_request_set_command(request, argv, NULL), 0);
    check_int(cordon_request_set_command(request, argv, NULL), 0); /* replaces */
    check_int(cordon_request_set_workspace(request, "/tmp", NULL), 0);
    check_int(cordon_request_set_workspace(request, NULL, NULL), 0);
    check_int(cordon_request_set_member(request, "resources.memory=1GiB", NULL), 0);
    check_int(cordon_request_set_stdio(request, CORDON_STDIO_NULL, CORDON_STDIO_PIPE,
                                       CORDON_STDIO_INHERIT, NULL),
              0);
    check_int(cordon_request_set_tty(request, 0, 0, NULL), 0);
    check_int(cordon_request_set_capture(request, SIZE_MAX, 0, NULL), 0);
    check_int(cordon_request_set_environment(request, argv, NULL), 0);
    check_int(cordon_request_set_environment(request, NULL, NULL), 0);
    cordon_request_free(request);
    cordon_request_free(NULL);
}

TEST(a_document_and_a_profile_exclude_each_other)
{
    struct cordon_request *request = new_request();
    struct cordon_error err = {0};

    check_int(cordon_request_set_profile(request, "git", &err), 0);
    check_int(cordon_request_add_policy_file(request, "x.yaml", &err), -EINVAL);
    check_contains(err.text, "extends: [git]");
    check_int(cordon_request_set_profile(request, NULL, &err), 0);
    check_int(cordon_request_add_policy_file(request, "x.yaml", &err), 0);
    check_int(cordon_request_set_profile(request, "git", &err), -EINVAL);
    cordon_request_free(request);
}

TEST(documents_members_and_arguments_are_bounded)
{
    static const char *many[CORDON_ARGS_MAX + 2];
    struct cordon_request *request = new_request();
    struct cordon_error err = {0};

    for (int i = 0; i < CORDON_POLICIES_MAX; i++)
        check_int(cordon_request_add_policy_text(request, "t", "", 0, &err), 0);
    check_int(cordon_request_add_policy_text(request, "t", "", 0, &err), -E2BIG);
    for (int i = 0; i < CORDON_MEMBERS_MAX; i++)
        check_int(cordon_request_set_member(request, "a=b", &err), 0);
    check_int(cordon_request_set_member(request, "a=b", &err), -E2BIG);
    for (int i = 0; i <= CORDON_ARGS_MAX; i++)
        many[i] = "x";
    check_int(cordon_request_set_command(request, many, &err), -E2BIG);
    check_int(err.kind, CORDON_ERROR_LIMIT);
    many[CORDON_ARGS_MAX] = NULL;
    check_int(cordon_request_set_command(request, many, &err), 0);
    cordon_request_free(request);
}

TEST(a_policy_text_beyond_its_bound_is_refused)
{
    struct cordon_request *request = new_request();
    struct cordon_error err = {0};

    check_int(cordon_request_add_policy_text(request, "t", "x", ((size_t)1 << 20) + 1, &err),
              -EFBIG);
    check_int(err.kind, CORDON_ERROR_LIMIT);
    cordon_request_free(request);
}

static int build_request(void)
{
    const char *const argv[] = {"a", "b", NULL};
    struct cordon_request *request = NULL;
    int status = cordon_request_new(&request, NULL);

    if (status == 0)
        status = cordon_request_add_policy_text(request, "t", "version: x", 10, NULL);
    if (status == 0)
        status = cordon_request_add_policy_file(request, "f", NULL);
    if (status == 0)
        status = cordon_request_set_workspace(request, "/w", NULL);
    if (status == 0)
        status = cordon_request_set_tier(request, "process", NULL);
    if (status == 0)
        status = cordon_request_set_member(request, "a=b", NULL);
    if (status == 0)
        status = cordon_request_set_command(request, argv, NULL);
    if (status == 0)
        status = cordon_request_set_environment(request, argv, NULL);
    if (status == 0)
        status = cordon_request_set_events_file(request, "e", NULL);
    cordon_request_free(request);
    return status;
}

TEST(building_a_request_survives_each_failed_allocation)
{
    test_each_allocation_fails(build_request, 50);
}

TEST(an_error_prints_as_a_line_and_as_json)
{
    struct cordon_error err = {.kind = CORDON_ERROR_FORBIDDEN, .errnum = EPERM};
    char *text = NULL;

    strcpy(err.text, "no \"x\"");
    check_int(cordon_error_format(&err, CORDON_TEXT, &text), 0);
    check_string(text, "cordon: no \"x\"");
    cordon_string_free(text);
    check_int(cordon_error_format(&err, CORDON_JSON, &text), 0);
    check_string(text,
                 "{\"error\":{\"kind\":\"forbidden\",\"errno\":1,\"text\":\"no \\\"x\\\"\"}}");
    cordon_string_free(text);
    check_int(cordon_error_format(&err, (enum cordon_format)7, &text), -EINVAL);
}

TEST(a_duration_needs_its_unit)
{
    struct cordon_error err = {0};
    uint64_t ms = 7;

    check_int(cordon_parse_duration("30s", &ms, &err), 0);
    check_int(ms, 30000);
    check(cordon_parse_duration("30", &ms, &err) < 0);
    check_int(ms, 30000);
    check_contains(err.text, "30s");
}
