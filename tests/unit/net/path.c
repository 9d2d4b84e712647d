/* SPDX-License-Identifier: Apache-2.0 */
/* One spelling for paths, and patterns of them: what is read in one way, and beside it what is read in several. */
#include <errno.h>

#include "net/path.h"
#include "net/request.h"
#include "reference.h"
#include "test.h"

static const struct {
    const char *target, *canonical; /* NULL: -EINVAL; "!": -EBADMSG */
} rows[] = {
    {"/", "/"},
    {"/v1/items", "/v1/items"},
    {"/v1/items/", "/v1/items/"},
    {"*", "*"},
    {"/*", "/*"},
    {"/%61%2D%2e%5F%7e", "/a-._~"},
    {"/a%2bb+c", "/a%2Bb+c"},
    {"/a%3ab:c%40d@e", "/a%3Ab:c%40d@e"},
    {"/!$&'()*+,=", "/!$&'()*+,="},
    {"/a\"b<c>d[e]f^g`h{i}j|k", "/a%22b%3Cc%3Ed%5Be%5Df%5Eg%60h%7Bi%7Dj%7Ck"},
    {"/a%20b", "/a%20b"},
    {"/gr%c3%b6%C3%9Fe", "/gr%C3%B6%C3%9Fe"},
    {"/%e2%82%AC/%f0%9f%98%80", "/%E2%82%AC/%F0%9F%98%80"},
    {"/.well-known/x", "/.well-known/x"},
    {"/a..b/..c/d..", "/a..b/..c/d.."},
    {"/.a/...b", "/.a/...b"},
    {"/a%3Fb%23c", "/a%3Fb%23c"},

    /* refused whatever the rules say */
    {"", "!"},
    {"v1", "!"},
    {"**", "!"},
    {"*/", "!"},
    {"?", "!"},
    {"http://a.test/", "!"},
    {"/a b", "!"},
    {"/a\tb", "!"},
    {"/a\rb", "!"},
    {"/a\nb", "!"},
    {"/a\x7f", "!"},
    {"/a?b", "!"},
    {"/a#b", "!"},
    {"/gr\xc3\xb6\xc3\x9f", "!"},
    {"/a\xa0", "!"},
    {"/a%00", "!"},
    {"/a%00.html", "!"},
    {"/a%0d%0aHost:b", "!"},
    {"/a%0A", "!"},
    {"/a%1b", "!"},
    {"/a%7F", "!"},
    {"/../%00", "!"},

    /* dots, in every spelling */
    {"/.", NULL},
    {"/..", NULL},
    {"/./a", NULL},
    {"/a/..", NULL},
    {"/a/../b", NULL},
    {"/a/./b", NULL},
    {"/a/%2e%2e/b", NULL},
    {"/a/.%2E/b", NULL},
    {"/a/%2e/b", NULL},
    {"/a/%2e", NULL},
    {"/a/.../b", NULL},
    {"/a/..%20/b", NULL},
    {"/a/%20/b", NULL},
    {"/a/..;/b", NULL},
    {"/a/..;x=y/b", NULL},
    {"/a/..%3b/b", NULL},
    {"/a/%252e%252e/b", NULL},
    {"/a/%25%32%65/b", NULL},
    {"/a/%c0%ae%c0%ae/b", NULL},
    {"/a/%u002e%u002e/b", NULL},
    {"/a/%25u002e/b", NULL},
    {"/a/%ef%bc%8e%ef%bc%8e/b", NULL},
    {"/a/%e2%80%a5/b", NULL},

    /* what divides components for some */
    {"//", NULL},
    {"//a", NULL},
    {"/a//b", NULL},
    {"/a//", NULL},
    {"/a%2fb", NULL},
    {"/a%2Fb", NULL},
    {"/a%252fb", NULL},
    {"/a\\b", NULL},
    {"/a%5cb", NULL},
    {"/a%5Cb", NULL},
    {"/a%c0%afb", NULL},
    {"/a%e0%80%afb", NULL},
    {"/a%ef%bc%8fb", NULL},
    {"/a%e2%88%95b", NULL},
    {"/a%c2%a5b", NULL},

    /* parameters of components, percent signs, what is no UTF-8 */
    {"/a;b", NULL},
    {"/a;b=c/d", NULL},
    {"/;/a", NULL},
    {"/a%3bb", NULL},
    {"/100%25", NULL},
    {"/%", NULL},
    {"/%6", NULL},
    {"/%6g", NULL},
    {"/a%", NULL},
    {"/a%e", NULL},
    {"/%e4", NULL},
    {"/%c3", NULL},
    {"/%c3a", NULL},
    {"/%c3%28", NULL},
    {"/%80", NULL},
    {"/%ed%a0%80", NULL},
    {"/%f4%90%80%80", NULL},
    {"/%ff", NULL},
    {"/%c2%85", NULL},
    {"/%e2%80%a8", NULL},
};

TEST(a_path_has_one_spelling_or_is_refused)
{
    char path[NET_PATH_SIZE], again[NET_PATH_SIZE];

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        size_t length = strlen(rows[i].target);
        char *exact = mem_alloc(length ? length : 1); /* a byte read behind it is found by the sanitizer */
        int expected = !rows[i].canonical ? -EINVAL : rows[i].canonical[0] == '!' ? -EBADMSG : 0;
        int status;

        memcpy(exact, rows[i].target, length);
        status = net_path_canonical(exact, length, path, sizeof(path));
        mem_free(exact);
        if (status != expected || (status == 0 && strcmp(path, rows[i].canonical) != 0))
            test_fail(__FILE__, __LINE__, "%s: %d %s", rows[i].target, status, status ? "" : path);
        if (status < 0)
            continue;
        check_int(net_path_canonical(path, strlen(path), again, sizeof(again)), 0);
        check_string(again, path);
    }
    check_int(net_path_canonical("/a\0b", 4, path, sizeof(path)), -EBADMSG);
}

TEST(a_path_that_does_not_fit_is_refused)
{
    char path[8];

    check_int(net_path_canonical("/123456", 7, path, sizeof(path)), 0);
    check_string(path, "/123456");
    check_int(net_path_canonical("/1234567", 8, path, sizeof(path)), -ENAMETOOLONG);
    check_int(net_path_canonical("/123|", 5, path, sizeof(path)), 0);
    check_int(net_path_canonical("/1234||", 7, path, sizeof(path)), -ENAMETOOLONG);
    check_int(net_path_canonical("/%31%32%33%34%35%36", 19, path, sizeof(path)), 0);
}

/* Each byte by itself and each pair, encoded: whatever is taken means one thing when it is decoded once, and twice. */
TEST(no_encoded_byte_hides_another)
{
    char path[NET_PATH_SIZE];
    size_t taken = 0;

    for (unsigned one = 0; one < 256; one++)
        for (unsigned two = 0; two < 256; two++) {
            char target[16];
            const char *at = path;

            snprintf(target, sizeof(target), "/%%%02x%%%02X", one, two);
            if (net_path_canonical(target, strlen(target), path, sizeof(path)) < 0)
                continue;
            taken++;
            while (*++at) {
                const char *next = at;
                int byte = net_path_byte(&next);

                check(byte >= ' ' && byte != 0x7f && byte != '%' && byte != '\\' && byte != ';');
                check(*at == '/' || byte != '/');
                at = next - 1;
            }
            check(strcmp(path, "/..") != 0 && strcmp(path, "/.") != 0);
        }
    check(taken > 8000 && taken < 16000);
}

TEST(a_pattern_has_one_spelling)
{
    static const char *const good[] = {"/",      "/**",   "/*",          "/v1/**",   "/v1/*/x", "/**/x", "/a*b*c", "/*.json",
                                       "/%2A/x", "/v1/",  "/%C3%B6/**",  "/a:b@c",   "/a%20b",  "/**/**", "/.well-known/*"};
    static const char *const bad[] = {"",        "v1",     "*",      "**",       "/a**",   "/**a",   "/a/**b", "/***",   "/v1/../x",
                                      "/./x",    "//",     "/a//b",  "/%61",     "/%2f",   "/%2b",   "/%2a",   "/%c3%b6", "/%2B",
                                      "/a?b",    "/a?",    "/[ab]",  "/{id}",    "/a b",   "/\xc3\xb6", "/a\\b", "/a;b",  "/%00",
                                      "/%5C",    "/%25",   "/a#",    "/..",      "/a|b",   "/%zz",   "/a\n"};
    char longest[NET_PATTERN_SIZE + 1];

    for (size_t i = 0; i < ARRAY_COUNT(good); i++)
        if (net_path_pattern_check(good[i]) < 0)
            test_fail(__FILE__, __LINE__, "refused: %s", good[i]);
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
        if (net_path_pattern_check(bad[i]) != -EINVAL)
            test_fail(__FILE__, __LINE__, "not refused: %s", bad[i]);
    memset(longest, 'a', sizeof(longest));
    longest[0] = '/';
    longest[NET_PATTERN_SIZE] = '\0';
    check_int(net_path_pattern_check(longest), -EINVAL);
    longest[NET_PATTERN_SIZE - 1] = '\0';
    check_int(net_path_pattern_check(longest), 0);
}

static const struct {
    const char *pattern, *path;
    bool grants, denies;
} matches[] = {
    {"/", "/", true, true},
    {"/", "/a", false, false},
    {"/v1", "/v1", true, true},
    {"/v1", "/v1/", false, true},
    {"/v1/", "/v1/", true, true},
    {"/v1/", "/v1", false, true},
    {"/v1", "/V1", false, true},
    {"/v1", "/v1.", false, true},
    {"/v1", "/v1%20", false, true},
    {"/v1", "/v11", false, false},
    {"/v1", "/v1/a", false, false},
    {"/v1/*", "/v1", false, false},
    {"/v1/*", "/v1/", false, false},
    {"/v1/*", "/v1/a", true, true},
    {"/v1/*", "/v1/a/", false, true},
    {"/v1/*", "/v1/a/b", false, false},
    {"/v1/**", "/v1", true, true},
    {"/v1/**", "/v1/", true, true},
    {"/v1/**", "/v1/a/b/c/", true, true},
    {"/v1/**", "/v11", false, false},
    {"/v1/**", "/", false, false},
    {"/**", "/", true, true},
    {"/**", "/a/b", true, true},
    {"/**", "*", false, false},
    {"/*", "*", false, false},
    {"/**/x", "/x", true, true},
    {"/**/x", "/a/b/x", true, true},
    {"/**/x", "/a/b/xx", false, false},
    {"/**/x", "/x/y", false, false},
    {"/a/**/b/**/c", "/a/b/c", true, true},
    {"/a/**/b/**/c", "/a/1/b/2/b/c", true, true},
    {"/a/**/b/**/c", "/a/1/c/b", false, false},
    {"/**/b/c/**", "/b/b/b/c", true, true},
    {"/*.json", "/a.json", true, true},
    {"/*.json", "/.json", true, true},
    {"/*.json", "/a.jsonx", false, false},
    {"/a*b*c", "/abc", true, true},
    {"/a*b*c", "/axbxbxc", true, true},
    {"/a*b*c", "/acb", false, false},
    {"/%2A", "/*", true, true},
    {"/%2A", "/%2A", true, true},
    {"/%2A", "/a", false, false},
    {"/a+b", "/a%2Bb", true, true},
    {"/a:b", "/a%3Ab", true, true},
    {"/%C3%B6*", "/%C3%B6", true, true},
    {"/*", "/%C3%B6", true, true},
    {"/%C3%B6", "/%C3%B7", false, false},
};

TEST(patterns_match_what_they_say_and_deny_what_a_lenient_server_would_take_for_it)
{
    for (size_t i = 0; i < ARRAY_COUNT(matches); i++) {
        char path[NET_PATH_SIZE];

        check_int(net_path_pattern_check(matches[i].pattern), 0);
        check_int(net_path_canonical(matches[i].path, strlen(matches[i].path), path, sizeof(path)), 0);
        if (net_path_matches(matches[i].pattern, path, false) != matches[i].grants ||
            net_path_matches(matches[i].pattern, path, true) != matches[i].denies)
            test_fail(__FILE__, __LINE__, "%s: %s", matches[i].pattern, matches[i].path);
    }
}

/* Every pattern and path of a few pieces, against the tables of the reference. */
TEST(short_patterns_match_as_the_reference_says)
{
    static const char *const pieces[] = {"/", "a", "B", "*", "**", "%2A", "."};
    char pattern[64], path[64];
    unsigned step = 20 / test_rounds(20); /* prime to 7: each piece comes in each place */
    size_t compared = 0;

    for (unsigned i = 0; i < 7 * 7 * 7 * 7 * 7; i += step) {
        snprintf(pattern, sizeof(pattern), "/%s%s%s%s", pieces[i % 7], pieces[i / 7 % 7], pieces[i / 49 % 7], pieces[i / 343 % 7]);
        if (net_path_pattern_check(pattern) < 0)
            continue;
        for (unsigned j = i / 2401; j < 7 * 7 * 7 * 7; j += 7) {
            const char *list = pattern;
            struct net_requests requests = {.paths = &list, .path_count = 1};
            struct net_request request = {.method = "GET", .path = path};
            char raw[64];

            snprintf(raw, sizeof(raw), "/%s%s%s%s", pieces[j % 7], pieces[j / 7 % 7], pieces[j / 49 % 7], pieces[j / 343 % 7]);
            if (net_path_canonical(raw, strlen(raw), path, sizeof(path)) < 0)
                continue;
            compared++;
            for (int is_deny = 0; is_deny < 2; is_deny++)
                if (net_requests_match(&requests, &request, is_deny) != reference_match(&requests, &request, is_deny))
                    test_fail(__FILE__, __LINE__, "%s: %s (%d)", pattern, path, is_deny);
        }
    }
    check(compared > test_rounds(100000));
}
