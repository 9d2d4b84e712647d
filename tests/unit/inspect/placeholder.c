/* SPDX-License-Identifier: Apache-2.0 */
/* Placeholders where their secret may stand, and each of them one step aside. */
#include "inspect/placeholder.h"

#include <errno.h>

#include "base/memory.h"
#include "test.h"

#define P "cordon-0123456789abcdef"
#define Q "cordon-fedcba9876543210"

static const struct net_secret_field fields[] = {
    {NET_SECRET_HEADER, "Authorization"}, {NET_SECRET_QUERY, "api key"}, {NET_SECRET_BASIC, ""},
    {NET_SECRET_BODY, "/auth/token"},     {NET_SECRET_BODY, "token"},    {NET_SECRET_BODY, "/list/1"},
};
static const char *const hosts[] = {"api.example.com"};
static struct net_secret items[] = {
    {.name = "TOKEN", .placeholder = P, .hosts = hosts, .host_count = 1, .fields = fields, .field_count = 6, .value_length = 40},
    {.name = "KEY", .placeholder = Q, .hosts = hosts, .host_count = 1, .fields = fields, .field_count = 1, .value_length = 20},
};
static const struct net_secrets secrets = {.items = items, .count = 2};
#define HOST "api.example.com"

enum kind { FIELD, TARGET, BODY };

/* "a<0>b": pieces with the numbers of secrets; or the error. */
static void describe(int status, const struct placeholder_text *text, unsigned secret, const struct error *err, char *out)
{
    static const char encodings[] = {' ', 'f', 'j'};

    if (status < 0) {
        sprintf(out, "%u: %s", secret, err->text);
        return;
    }
    out += sprintf(out, "%s", text->is_basic ? "basic " : "");
    *out = '\0';
    for (size_t i = 0; i < text->count; i++)
        out += text->pieces[i].bytes ? sprintf(out, "%.*s", (int)text->pieces[i].size, text->pieces[i].bytes)
                                     : sprintf(out, "<%u%c>", text->pieces[i].secret, encodings[text->pieces[i].encoding]);
}

static int split(struct placeholders *placeholders, enum kind kind, const char *host, const char *name, const char *text,
                 char *out)
{
    struct placeholder_text pieces auto_placeholder_text = {0};
    struct error err = ERROR_INIT;
    unsigned secret = 99;
    int status;

    if (kind == FIELD)
        status = placeholder_split_field(placeholders, host, name, strlen(name), text, strlen(text), &pieces, &secret, &err);
    else if (kind == TARGET)
        status = placeholder_split_target(placeholders, host, text, strlen(text), &pieces, &secret, &err);
    else
        status = placeholder_split_body(placeholders, host, name, text, strlen(text), &pieces, &secret, &err);
    describe(status, &pieces, secret, &err, out);
    return status;
}

static const struct {
    enum kind kind;
    const char *host, *name, *text, *pieces;
} good[] = {
    {FIELD, HOST, "X", "no placeholder", "no placeholder"},
    {FIELD, NULL, "X", "no placeholder", "no placeholder"},
    {FIELD, HOST, "X", "", ""},
    {FIELD, HOST, "authorization", "Bearer " P, "Bearer <0 >"},
    {FIELD, HOST, "Authorization", P, "<0 >"},
    {FIELD, HOST, "Authorization", P "," Q " x", "<0 >,<1 > x"},
    {FIELD, HOST, "Authorization", "Basic dXNlcjpjb3Jkb24tMDEyMzQ1Njc4OWFiY2RlZg==", "basic user:<0 >"},
    {FIELD, HOST, "AUTHORIZATION", "bASIC  Y29yZG9uLTAxMjM0NTY3ODlhYmNkZWY6eC1vYXV0aA==", "basic <0 >:x-oauth"},
    {FIELD, HOST, "Authorization", "Basic dXNlcjpwYXNz", "Basic dXNlcjpwYXNz"},
    {TARGET, HOST, "", "/v1?a=b", "/v1?a=b"},
    {TARGET, HOST, "", "/v1?a=b&api+key=" P "&c", "/v1?a=b&api+key=<0f>&c"},
    {TARGET, HOST, "", "/v1?%61pi%20key=x" P, "/v1?%61pi%20key=x<0f>"},
    {TARGET, HOST, "", "/v1?api+key=100%25" P, "/v1?api+key=100%25<0f>"},
    {BODY, HOST, "application/json", "{\"auth\": {\"token\": \"Bearer " P "\"}}", "{\"auth\": {\"token\": \"Bearer <0j>\"}}"},
    {BODY, HOST, "Application/JSON; charset=utf-8", "{\"list\":[1,\"" P P "\"]}", "{\"list\":[1,\"<0j><0j>\"]}"},
    {BODY, HOST, "application/json;charset=\"UTF-8\"", "{\"auth\": {\"token\": \"\\\"" P "\\u0020\\\\" P "\\\"\"}}",
     "{\"auth\": {\"token\": \"\\\"<0j>\\u0020\\\\<0j>\\\"\"}}"},
    {BODY, HOST, "application/x-www-form-urlencoded; charset=UTF-8", "token=" P, "token=<0f>"},
    {BODY, HOST, "application/json", "no json, no placeholder", "no json, no placeholder"},
    {BODY, HOST, "application/x-www-form-urlencoded", "a=b&token=" P, "a=b&token=<0f>"},
    {BODY, HOST, "application/octet-stream", "no placeholder", "no placeholder"},
    {BODY, HOST, "", "", ""},
};

static const struct {
    enum kind kind;
    const char *host, *name, *text, *error;
} bad[] = {
    {FIELD, HOST, "Cookie", P, "0: the placeholder of secret 'TOKEN' is in field 'Cookie', which is none of the places"},
    {FIELD, HOST, "X-" P, "x", "0: the placeholder of secret 'TOKEN' is in the name of a field"},
    {FIELD, NULL, "Authorization", P, "0: the placeholder of secret 'TOKEN' is in field 'Authorization', and its value is put in at its own hosts alone, over TLS"},
    {FIELD, "evil.example.com", "Authorization", P, "0: the placeholder of secret 'TOKEN' is in field 'Authorization' of a request to evil.example.com"},
    {FIELD, HOST, "Authorization", "Basic dXNlcjpjb3Jkb24tZmVkY2JhOTg3NjU0MzIxMA==", "1: the placeholder of secret 'KEY' is in the name and password"},
    {FIELD, "evil.example.com", "Authorization", "Basic dXNlcjpjb3Jkb24tMDEyMzQ1Njc4OWFiY2RlZg==", "0: the placeholder of secret 'TOKEN' is in the name and password"},
    {FIELD, HOST, "X-Basic", "Basic dXNlcjpjb3Jkb24tMDEyMzQ1Njc4OWFiY2RlZg==", "0: the placeholder of secret 'TOKEN' is in field 'X-Basic' in a coding"},
    {FIELD, HOST, "Authorization", "cordon%2D0123456789abcdef", "0: the placeholder of secret 'TOKEN' is in field 'Authorization' in a coding"},
    {TARGET, HOST, "", "/" P, "0: the placeholder of secret 'TOKEN' is in the path"},
    {TARGET, HOST, "", "/?" P "=x", "0: the placeholder of secret 'TOKEN' is in the query"},
    {TARGET, HOST, "", "/?other=" P, "0: the placeholder of secret 'TOKEN' is in the query"},
    {TARGET, HOST, "", "/?x=1;api+key=" P, "0: the placeholder of secret 'TOKEN' is in the query"},
    {TARGET, HOST, "", "/?api+key=a&b=" P, "0: the placeholder of secret 'TOKEN' is in the query"},
    {TARGET, HOST, "", "/?api+key=" Q, "1: the placeholder of secret 'KEY' is in the query"},
    {TARGET, NULL, "", "/?api+key=" P, "0: the placeholder of secret 'TOKEN' is in the query, and its value is put in at its own hosts alone, over TLS"},
    {TARGET, HOST, "", "/?api%2=" P, "0: the placeholder of secret 'TOKEN' is in the query"},
    {TARGET, HOST, "", "/?api+key=cordon%2d0123456789abcdef", "0: the placeholder of secret 'TOKEN' is in the target in a coding"},
    {FIELD, HOST, "Authorization", "Bearer %4" P, "0: the placeholder of secret 'TOKEN' is in field 'Authorization' behind the beginning"},
    {FIELD, HOST, "Authorization", P " \\x4" Q, "1: the placeholder of secret 'KEY' is in field 'Authorization' behind the beginning"},
    {TARGET, HOST, "", "/v1?a=b&api+key=%4" P, "0: the placeholder of secret 'TOKEN' is in the target behind the beginning"},
    {TARGET, HOST, "", "/v1?api+key=" P "%" P, "0: the placeholder of secret 'TOKEN' is in the target behind the beginning"},
    {BODY, HOST, "application/x-www-form-urlencoded", "token=%" P, "0: the placeholder of secret 'TOKEN' is in the body behind the beginning"},
    {BODY, HOST, "application/json", "{\"auth\": {\"token\": \"%4" P "\"}}", "0: the placeholder of secret 'TOKEN' is in the body behind the beginning"},
    {BODY, HOST, "application/json", "{\"auth\": {\"other\": \"" P "\"}}", "0: the placeholder of secret 'TOKEN' is in a part of the JSON"},
    {BODY, HOST, "application/json", "{\"auth\": {\"token\": \"" P "\", \"x\": \"" P "\"}}", "0: the placeholder of secret 'TOKEN' is in a part of the JSON"},
    {BODY, HOST, "application/json", "{\"auth\": {\"token\": \"" P "\"}, \"" P "\": 1}", "0: the placeholder of secret 'TOKEN' is in a part of the JSON"},
    {BODY, HOST, "application/json", "{\"auth\": {\"token\": \"a\", \"token\": \"" P "\"}}", "0: the placeholder of secret 'TOKEN' is in a body that is no JSON, or says a key twice"},
    {BODY, HOST, "application/json", "{\"auth\": {\"token\": \"cordon-012345678\\u0039abcdef\"}, \"x\": \"" P "\"}", "0: the placeholder of secret 'TOKEN' is in a part of the JSON"},
    {BODY, HOST, "application/json", "{\"auth\": {\"token\": \"cordon-012345678\\u0039abcdef\"}}", "0: the placeholder of secret 'TOKEN' is in the body in a coding"},
    {BODY, HOST, "application/json", "{\"auth\": {\"token\": \"" Q "\"}}", "1: the placeholder of secret 'KEY' is in a part of the JSON"},
    {BODY, HOST, "application/json", "{\"list\":[\"" P "\"]}", "0: the placeholder of secret 'TOKEN' is in a part of the JSON"},
    {BODY, HOST, "application/json", "{\"list\":{\"01\":\"" P "\"}}", "0: the placeholder of secret 'TOKEN' is in a part of the JSON"},
    {BODY, HOST, "application/json; charset=utf-7", "{\"auth\": {\"token\": \"+ACI-,+ACI-x+ACI-:+ACI-" P "\"}}",
     "0: the placeholder of secret 'TOKEN' is in a body that is neither"},
    {BODY, HOST, "application/json; a=b; charset=utf-7", "{\"auth\": {\"token\": \"" P "\"}}",
     "0: the placeholder of secret 'TOKEN' is in a body that is neither"},
    {BODY, HOST, "application/x-www-form-urlencoded; charset=utf-16", "token=" P,
     "0: the placeholder of secret 'TOKEN' is in a body that is neither"},
    {BODY, HOST, "application/json", P, "0: the placeholder of secret 'TOKEN' is in a body that is no JSON"},
    {BODY, HOST, "application/x-www-form-urlencoded", "other=" P, "0: the placeholder of secret 'TOKEN' is in a field of the form"},
    {BODY, HOST, "application/x-www-form-urlencoded", P "=1", "0: the placeholder of secret 'TOKEN' is in a field of the form"},
    {BODY, HOST, "application/x-www-form-urlencoded", "/auth/token=" P, "0: the placeholder of secret 'TOKEN' is in a field of the form"},
    {BODY, HOST, "text/plain", "{\"auth\": {\"token\": \"" P "\"}}", "0: the placeholder of secret 'TOKEN' is in a body that is neither"},
    {BODY, HOST, "", "Y29yZG9uLTAxMjM0NTY3ODlhYmNkZWY=", "0: the placeholder of secret 'TOKEN' is in the body in a coding"},
    {BODY, "evil.example.com", "application/x-www-form-urlencoded", "token=" P, "0: the placeholder of secret 'TOKEN' is in a field of the form"},
};

static void open_placeholders(struct placeholders *placeholders)
{
    struct error err = ERROR_INIT;

    if (placeholders_init(placeholders, &secrets, &err) < 0)
        test_fail(__FILE__, __LINE__, "%s", err.text);
}

TEST(a_placeholder_where_its_secret_may_stand_becomes_a_piece)
{
    struct placeholders placeholders;
    char out[1024];

    open_placeholders(&placeholders);
    for (size_t i = 0; i < ARRAY_COUNT(good); i++) {
        split(&placeholders, good[i].kind, good[i].host, good[i].name, good[i].text, out);
        check_string(out, good[i].pieces);
    }
    placeholders_finish(&placeholders);
}

TEST(a_placeholder_anywhere_else_is_refused_with_its_secret)
{
    struct placeholders placeholders;
    char out[1024];

    open_placeholders(&placeholders);
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        if (split(&placeholders, bad[i].kind, bad[i].host, bad[i].name, bad[i].text, out) != -EACCES)
            test_fail(__FILE__, __LINE__, "row %zu was taken: %s", i, out);
        if (strncmp(out, bad[i].error, strlen(bad[i].error)) != 0)
            test_fail(__FILE__, __LINE__, "row %zu: '%s' does not begin with '%s'", i, out, bad[i].error);
    }
    placeholders_finish(&placeholders);
}

/* "\n" takes the first byte of a placeholder that begins with n, "\u00" the first two of one that begins with digits. */
TEST(a_placeholder_that_an_escape_reaches_into_is_none_and_cannot_stand_for_another)
{
    static const char *const placeholders[] = {"npm_0123456789abcdef", "6eabc-0123456789abcdef", "rk_0123456789abcdef"};
    static const struct {
        const char *text;
        bool is_taken;
    } rows[][3] = {
        {{"{\"token\":\"npm_0123456789abcdef\",\"comment\":\"x\\n\"}", true},
         {"{\"comment\":\"\\npm_0123456789abcdef\",\"token\":\"\\u006epm_0123456789abcdef\"}", false},
         {"{\"comment\":\"\\npm_0123456789abcdef\",\"token\":\"\"}", false}},
        {{"{\"token\":\"\\u00206eabc-0123456789abcdef\"}", true},
         {"{\"comment\":\"\\u006eabc-0123456789abcdef\",\"token\":\"\\u0036eabc-0123456789abcdef\"}", false},
         {"{\"comment\":\"\\u6eabc-0123456789abcdef\",\"token\":\"\"}", false}},
        {{"{\"token\":\"\\\\rk_0123456789abcdef\"}", true},
         {"{\"comment\":\"\\rk_0123456789abcdef\",\"token\":\"\\u0072k_0123456789abcdef\"}", false},
         {"{\"token\":\"\\\\\\rk_0123456789abcdef\"}", false}},
    };
    static const struct net_secret_field field = {NET_SECRET_BODY, "/token"};
    char out[1024];

    for (size_t i = 0; i < ARRAY_COUNT(placeholders); i++) {
        struct net_secret item = {.name = "TOKEN", .placeholder = placeholders[i], .hosts = hosts, .host_count = 1, .fields = &field,
                                  .field_count = 1, .value_length = 40};
        const struct net_secrets one = {.items = &item, .count = 1};
        struct placeholders looked;
        struct error err = ERROR_INIT;

        check_int(placeholders_init(&looked, &one, &err), 0);
        for (size_t j = 0; j < ARRAY_COUNT(rows[i]); j++)
            if (split(&looked, BODY, HOST, "application/json", rows[i][j].text, out) != (rows[i][j].is_taken ? 0 : -EACCES))
                test_fail(__FILE__, __LINE__, "'%s': %s", rows[i][j].text, out);
        placeholders_finish(&looked);
    }
}

TEST(a_body_is_wanted_whole_only_where_a_value_may_go_into_it)
{
    struct placeholders placeholders;

    open_placeholders(&placeholders);
    check(placeholder_wants_body(&placeholders, HOST, "application/json; charset=utf-8"));
    check(placeholder_wants_body(&placeholders, HOST, "application/x-www-form-urlencoded"));
    check(!placeholder_wants_body(&placeholders, HOST, "application/jsonp"));
    check(!placeholder_wants_body(&placeholders, HOST, "application/json; charset=utf-7"));
    check(!placeholder_wants_body(&placeholders, HOST, ""));
    check(!placeholder_wants_body(&placeholders, "evil.example.com", "application/json"));
    check(!placeholder_wants_body(&placeholders, NULL, "application/json"));
    check(placeholder_has_host(&placeholders, HOST));
    check(!placeholder_has_host(&placeholders, "evil.example.com"));
    check(!placeholder_has_host(&placeholders, NULL));
    placeholders_finish(&placeholders);
}

TEST(a_body_that_goes_by_is_stopped_before_the_placeholder_has_left)
{
    static const char body[] = "before " P " behind";
    struct placeholders placeholders;
    struct scrub *scrub = NULL;
    struct error err = ERROR_INIT;
    size_t left = 0;

    open_placeholders(&placeholders);
    check_int(scrub_new(&placeholders.values, &scrub, &err), 0);
    for (size_t i = 0; i < sizeof(body) - 1 && !scrub_found(scrub); i++) {
        check_int(scrub_push(scrub, body + i, 1), 0);
        if (scrub_found(scrub))
            break;
        left += scrub_ready(scrub);
        scrub_take(scrub, scrub_ready(scrub));
    }
    check_int(left, strlen("before "));
    check_int(scrub_found(scrub), 1);
    scrub_free(scrub);
    placeholders_finish(&placeholders);
}

/* As many as the holder takes, wherever they stand, and not one more. */
TEST(more_placeholders_than_a_request_may_have_are_refused)
{
    static const struct {
        enum kind kind;
        const char *name, *begin, *each, *end;
    } rows[] = {
        {FIELD, "Authorization", "", P " ", ""},
        {TARGET, "", "/?", "api+key=" P "&", ""},
        {BODY, "application/x-www-form-urlencoded", "", "token=" P "&", ""},
        {BODY, "application/json", "{\"auth\": {\"token\": \"", P, "\"}}"},
    };
    static char value[600 * (sizeof(P) + 10)];
    struct placeholders placeholders;
    char out[16384];

    open_placeholders(&placeholders);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        for (unsigned count = HOLD_USES_MAX; count < 600; count += count == HOLD_USES_MAX ? 1 : 500) {
            strcpy(value, rows[i].begin);
            for (unsigned j = 0; j < count; j++)
                strcat(value, rows[i].each);
            strcat(value, rows[i].end);
            check_int(split(&placeholders, rows[i].kind, HOST, rows[i].name, value, out), count == HOLD_USES_MAX ? 0 : -EACCES);
            if (count > HOLD_USES_MAX) {
                check_contains(out, "more placeholders");
                check(strncmp(out, "0: ", 3) == 0);
            }
        }
    placeholders_finish(&placeholders);
}

static int attempt(void)
{
    struct placeholders placeholders;
    struct placeholder_text pieces auto_placeholder_text = {0};
    struct error err = ERROR_INIT;
    unsigned secret;
    int status = placeholders_init(&placeholders, &secrets, &err);

    if (status < 0)
        return status;
    status = placeholder_split_field(&placeholders, HOST, "Authorization", 13, "Basic dXNlcjpjb3Jkb24tMDEyMzQ1Njc4OWFiY2RlZg==",
                                     46, &pieces, &secret, &err);
    placeholders_finish(&placeholders);
    return status;
}

TEST(each_allocation_that_fails_while_splitting_is_reported)
{
    test_each_allocation_fails(attempt, 64);
}
