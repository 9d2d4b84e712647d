/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets in command lines: what must go and what must stay. */
#include "test.h"

#include "base/memory.h"
#include "base/redact.h"

static void check_redacted(const char *arg, const char *expected)
{
    auto_text struct text out = {0};

    redact_argument(&out, arg, false);
    check_string(out.data ? out.data : "", expected);
}

TEST(the_value_of_an_option_that_names_a_secret_is_hidden)
{
    check_redacted("--token=abc", "--token=***");
    check_redacted("--api-key=abc", "--api-key=***");
    check_redacted("--db-password=a b", "--db-password=*** b");
    check_redacted("MY_SECRET=abc", "MY_SECRET=***");
    check_redacted("AWS_SECRET_ACCESS_KEY=a/b+c", "AWS_SECRET_ACCESS_KEY=***");
}

TEST(the_value_of_an_option_that_names_no_secret_stays)
{
    check_redacted("--color=auto", "--color=auto");
    check_redacted("KEYBOARD=us", "KEYBOARD=us");
    check_redacted("https://example.org/a?b=c", "https://example.org/a?b=c");
    check_redacted("--token", "--token");
    check_redacted("", "");
}

TEST(a_secret_inside_a_shell_command_is_hidden_and_the_rest_stays)
{
    check_redacted("GH_TOKEN=abc gh pr list", "GH_TOKEN=*** gh pr list");
    check_redacted("PASSWORD='a b' mysql; ls", "PASSWORD=*** mysql; ls");
    check_redacted("curl -H 'Authorization: Bearer abc.def' http://h/p",
                   "curl -H 'Authorization: ***' http://h/p");
    check_redacted("PASSWORD='unclosed", "PASSWORD=***");
}

TEST(a_password_in_a_url_is_hidden)
{
    check_redacted("https://user:pw@example.org/x", "https://user:***@example.org/x");
    check_redacted("https://user@example.org:80/x", "https://user@example.org:80/x");
}

TEST(a_word_that_begins_as_a_known_token_is_hidden)
{
    check_redacted("ghp_0123456789abcdefghij", "***");
    check_redacted("echo sk-0123456789abcdefghij", "echo ***");
    check_redacted("sk-short", "sk-short");
}

TEST(the_argument_after_an_option_that_names_a_secret_is_hidden)
{
    auto_text struct text out = {0};

    check(redact_next("--password"));
    check(!redact_next("--password=x"));
    check(!redact_next("--verbose"));
    check(!redact_next("password"));
    redact_argument(&out, "hunter2", true);
    check_string(out.data, "***");
}
