/* SPDX-License-Identifier: Apache-2.0 */
/* One name, one spelling. */
#include "identity/name.h"

#include <errno.h>

#include "base/compiler.h"
#include "test.h"

#define A "01kb5k3zt0aaaaaaaaaaaaaaaa"
#define B "01kb5k3zt0bbbbbbbbbbbbbbbb"
#define C "01kb5k3zt0cccccccccccccccc"
#define USER "spiffe://local.0123/host/box/user/1000"

static struct identity_name parsed(const char *text)
{
    struct identity_name name;
    struct error err = ERROR_INIT;

    if (identity_parse(text, strlen(text), &name, &err) < 0)
        test_fail(__FILE__, __LINE__, "%s", err.text);
    return name;
}

TEST(a_name_that_is_read_is_printed_as_it_was)
{
    static const char *const texts[] = {
        "spiffe://example.org",
        "spiffe://example.org/host/box",
        "spiffe://example.org/host/box/user/0",
        "spiffe://example.org/host/box/user/4294967294",
        USER "/agent/claude-code/" A,
        USER "/agent/a.b_C/" A "/sub/" B,
        USER "/agent/x/" A "/sub/" B "/sub/" C,
    };

    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        struct identity_name name = parsed(texts[i]);
        char text[IDENTITY_TEXT_SIZE];

        identity_print(&name, text);
        check_string(text, texts[i]);
        check(identity_equal(&name, &name));
    }
}

TEST(what_is_not_in_the_form_is_no_name)
{
    static const char *const texts[] = {
        "", "spiffe://", "spiffe:///host/x", "spiffe://Example.org", "spiffe://example.org/", "spiffe://example.org:80/host/x",
        "spiffe://user@example.org", "spiffe://example.org?x", "spiffe://example.org/host/x#y", "SPIFFE://example.org", "https://example.org",
        "spiffe://example.org/host", "spiffe://example.org/host/", "spiffe://example.org/host//user/1", "spiffe://example.org/host/.",
        "spiffe://example.org/host/../user/1", "spiffe://example.org/host/a%20b", "spiffe://example.org/host/b/user", "spiffe://e/host/b/user/-1",
        "spiffe://e/host/b/user/01", "spiffe://e/host/b/user/4294967295", "spiffe://e/host/b/user/99999999999", "spiffe://e/host/b/user/1/",
        "spiffe://e/host/b/user/1000/agent/x", "spiffe://e/host/b/user/1000/agent/x/", USER "/agent//" A, USER "/agent/../" A, USER "/agent/x/abc",
        USER "/agent/x/01kb5k3zt0aaaaaaaaaaaaaaai", USER "/agent/x/" A "/", USER "/agent/x/" A "/sub", USER "/agent/x/" A "/sub/", USER "/agent/x/" A "/" B,
        USER "/agent/x/" A "/sub/" B "/sup/" C, USER "/agent/a b/" A, " " USER, USER "\n", USER "/agent/x/" A "\n",
    };
    struct identity_name name;
    struct error err;

    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        err = ERROR_INIT;
        if (identity_parse(texts[i], strlen(texts[i]), &name, &err) == 0)
            test_fail(__FILE__, __LINE__, "'%s' is taken for a name", texts[i]);
        check_int(err.kind, ERROR_INVALID);
    }
    check_int(identity_parse("spiffe://a\0b", 12, &name, &err), -EINVAL);
    check_int(identity_parse(USER "/agent/x/" A "\0", strlen(USER "/agent/x/" A) + 1, &name, &err), -EINVAL);
}

TEST(every_byte_counts)
{
    const struct identity_name name = parsed(USER "/agent/x/" A "/sub/" B);

    check(!identity_equal(&name, &(struct identity_name){.kind = IDENTITY_AGENT}));
    for (size_t i = 9; i < strlen(USER "/agent/x/" A "/sub/" B); i++) {
        char text[] = USER "/agent/x/" A "/sub/" B;
        struct identity_name other;

        text[i] = text[i] == '7' ? '8' : '7';
        if (identity_parse(text, strlen(text), &other, NULL) == 0)
            check(!identity_equal(&name, &other) && !identity_is_within(&other, &name));
    }
}

TEST(within_is_the_same_or_deeper_and_never_beside)
{
    const struct identity_name user = parsed(USER), agent = parsed(USER "/agent/x/" A), inner = parsed(USER "/agent/x/" A "/sub/" B);
    const struct identity_name domain = parsed("spiffe://local.0123"), host = parsed("spiffe://local.0123/host/box");
    static const char *const beside[] = {
        USER "/agent/x/" B, USER "/agent/y/" A, "spiffe://local.0123/host/box/user/100/agent/x/" A, "spiffe://local.0123/host/bo/user/1000/agent/x/" A,
        "spiffe://local.012/host/box/user/1000/agent/x/" A, USER "/agent/x/" A "/sub/" C, USER "/agent/x/" B "/sub/" B,
    };

    check(identity_is_within(&inner, &agent) && identity_is_within(&inner, &user) && identity_is_within(&inner, &host));
    check(identity_is_within(&inner, &domain) && identity_is_within(&agent, &agent));
    check(!identity_is_within(&agent, &inner) && !identity_is_within(&user, &agent) && !identity_is_within(&domain, &host));
    for (size_t i = 0; i < ARRAY_COUNT(beside); i++) {
        const struct identity_name other = parsed(beside[i]);

        check(!identity_is_within(&other, &inner));
        check(strstr(beside[i], "/agent/x/" A "/sub/" C) || !identity_is_within(&other, &agent));
    }
}

TEST(each_name_has_one_around_it)
{
    struct identity_name name = parsed(USER "/agent/x/" A "/sub/" B), around;
    static const char *const expected[] = {USER "/agent/x/" A, USER, "spiffe://local.0123/host/box", "spiffe://local.0123"};
    char text[IDENTITY_TEXT_SIZE];

    for (size_t i = 0; i < ARRAY_COUNT(expected); i++, name = around) {
        struct identity_name same = parsed(expected[i]);

        check(identity_around(&name, &around));
        identity_print(&around, text);
        check_string(text, expected[i]);
        check(identity_equal(&around, &same) && identity_is_within(&name, &around));
    }
    check(!identity_around(&name, &around));
}

TEST(names_are_made_of_names)
{
    struct identity_name host, user, agent, inner, deep;
    struct error err = ERROR_INIT;
    char text[IDENTITY_TEXT_SIZE];

    check_int(identity_host("local.0123", "box", &host, &err), 0);
    identity_user(&host, 1000, &user);
    check_int(identity_agent(&user, "x", A, &agent, &err), 0);
    check_int(identity_sub(&agent, B, &inner, &err), 0);
    identity_print(&inner, text);
    check_string(text, USER "/agent/x/" A "/sub/" B);
    check_int(identity_agent(&agent, "x", A, &deep, &err), -EINVAL);
    check_int(identity_sub(&user, A, &deep, &err), -EINVAL);
    check_int(identity_agent(&user, "x/y", A, &deep, &err), -EINVAL);
    check_int(identity_agent(&user, "..", A, &deep, &err), -EINVAL);
    check_int(identity_agent(&user, "x", "../../user/0", &deep, &err), -EINVAL);
    check_int(identity_sub(&agent, B "/sub/" C, &deep, &err), -EINVAL);
    check_int(identity_host("Local", "box", &deep, &err), -EINVAL);
    check_int(identity_host("local", "a/b", &deep, &err), -EINVAL);
}

TEST(the_deepest_name_is_read_back_and_one_deeper_is_refused)
{
    struct identity_name name, again, user;
    struct error err = ERROR_INIT;
    char text[IDENTITY_TEXT_SIZE], longer[IDENTITY_TEXT_SIZE + 64], domain[IDENTITY_DOMAIN_SIZE], word[IDENTITY_HOST_SIZE];

    memset(domain, 'd', sizeof(domain) - 1);
    domain[sizeof(domain) - 1] = '\0';
    memset(word, 'w', sizeof(word) - 1);
    word[sizeof(word) - 1] = '\0';
    check_int(identity_host(domain, word, &name, &err), 0);
    identity_user(&name, 4294967294u, &user);
    check_int(identity_agent(&user, word, A, &name, &err), 0);
    while (name.depth < IDENTITY_DEPTH_MAX)
        check_int(identity_sub(&name, B, &name, &err), 0);
    check_int(identity_sub(&name, B, &again, &err), -E2BIG);
    check_int(err.kind, ERROR_LIMIT);
    identity_print(&name, text);
    again = parsed(text);
    check(identity_equal(&name, &again));
    snprintf(longer, sizeof(longer), "%s/sub/" B, text);
    check_int(identity_parse(longer, strlen(longer), &again, &err), -EINVAL);
}

TEST(a_class_is_made_of_whatever_a_document_calls_itself)
{
    static const char *const rows[][2] = {{"claude-code", "claude-code"}, {"My agent/v2", "My-agent-v2"}, {"", "unnamed"}, {"..", "unnamed"},
                                          {"\xc3\xa9t\xc3\xa9", "--t--"}, {NULL, "unnamed"}, {"a\nb", "a-b"}};
    char name[IDENTITY_CLASS_SIZE], big[300];

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        identity_class_from(rows[i][0], name);
        check_string(name, rows[i][1]);
        check(identity_class_is_valid(name));
    }
    memset(big, 'x', sizeof(big) - 1);
    big[sizeof(big) - 1] = '\0';
    identity_class_from(big, name);
    check_int(strlen(name), IDENTITY_CLASS_SIZE - 1);
}
