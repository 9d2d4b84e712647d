/* SPDX-License-Identifier: Apache-2.0 */
/* A value in every way of writing it, cut at every byte: nothing of it comes out, and nothing else is held or changed. */
#include "inspect/scrub.h"

#include <errno.h>
#include <stdlib.h>

#include "base/memory.h"
#include "inspect/spelling.h"
#include "test.h"

#define TOKEN    "ghp_0123456789abcdefABCDEF"
#define PASSWORD "p&ss \"w/rd+<\\>'\xc3\xa9%41"
#define LONG_ONE "aaaaaaaaaaaaaaaaaaaaaaab"

static struct net_secret secrets_items[] = {
    {.name = "TOKEN", .placeholder = "cordon-placeholder-01", .value = TOKEN, .value_length = sizeof(TOKEN) - 1},
    {.name = "PASSWORD", .placeholder = "cordon-placeholder-0002", .value = PASSWORD, .value_length = sizeof(PASSWORD) - 1},
    {.name = "LONG", .placeholder = "cordon-placeholder-00003", .value = LONG_ONE, .value_length = sizeof(LONG_ONE) - 1},
};
static const struct net_secrets secrets = {.items = secrets_items, .count = ARRAY_COUNT(secrets_items)};

struct output {
    char bytes[8192];
    size_t size;
};

static void drain(struct scrub *scrub, struct output *out)
{
    size_t ready = scrub_ready(scrub);

    check(out->size + ready < sizeof(out->bytes));
    memcpy(out->bytes + out->size, scrub_head(scrub), ready);
    out->size += ready;
    out->bytes[out->size] = '\0';
    scrub_take(scrub, ready);
}

static void push(struct scrub *scrub, const char *bytes, size_t size, struct output *out)
{
    char *copy = malloc(size ? size : 1);

    check(copy != NULL);
    memcpy(copy, bytes, size);
    check_int(scrub_push(scrub, copy, size), 0);
    free(copy);
    drain(scrub, out);
}

/* `text` in two pieces, cut at `cut`. */
static void run_cut(struct scrub *scrub, const char *text, size_t size, size_t cut, struct output *out)
{
    out->size = 0;
    push(scrub, text, cut, out);
    push(scrub, text + cut, size - cut, out);
    scrub_end(scrub);
    drain(scrub, out);
}

static void open_scrub(struct values *values, struct scrub **ret_scrub)
{
    struct error err = ERROR_INIT;

    if (values_init(values, &secrets, &err) < 0 || scrub_new(values, ret_scrub, &err) < 0)
        test_fail(__FILE__, __LINE__, "%s", err.text);
}

/* Every spelling of `value` that somebody could write; returns how many there are. */
#define SPELLINGS 24
static size_t spell(const char *value, size_t size, char out[SPELLINGS][1024])
{
    static const char upper[] = "0123456789ABCDEF", lower[] = "0123456789abcdef";
    size_t count = 0;
    char bytes[256], *at;

    memset(out, 0, SPELLINGS * sizeof(*out));
    memcpy(out[count++], value, size);
    spelling_write(HOLD_FORM, value, size, out[count++]);
    spelling_write(HOLD_JSON, value, size, out[count++]);
    at = out[count++]; /* all of it as %xx */
    for (size_t i = 0; i < size; i++)
        at += sprintf(at, "%%%02x", (unsigned char)value[i]);
    at = out[count++]; /* some of it */
    for (size_t i = 0; i < size; i++)
        at += i % 3 ? (*at = value[i], 1) : sprintf(at, "%%%02X", (unsigned char)value[i]);
    at = out[count++]; /* a form */
    for (size_t i = 0; i < size; i++)
        at += value[i] == ' ' ? (*at = '+', 1) : sprintf(at, "%%%02x", (unsigned char)value[i]);
    at = out[count++];
    for (size_t i = 0; i < size; i++)
        at += value[i] == '/' || value[i] == '"' || value[i] == '\\' ? sprintf(at, "\\%c", value[i]) : (*at = value[i], 1);
    for (size_t before = 0; before < 4; before++) {
        memset(bytes, 'u', before);
        memcpy(bytes + before, value, size);
        spelling_base64(bytes, before + size, out[count]);
        count++;
        memcpy(out[count], out[count - 1], sizeof(out[count]));
        for (at = out[count++]; *at; at++)
            *at = *at == '+' ? '-' : *at == '/' ? '_' : *at;
    }
    at = out[count++];
    for (size_t i = 0; i < size; i++, at += 2)
        at[0] = upper[(unsigned char)value[i] >> 4], at[1] = upper[(unsigned char)value[i] & 15];
    at = out[count++];
    for (size_t i = 0; i < size; i++, at += 2)
        at[0] = lower[(unsigned char)value[i] >> 4], at[1] = lower[(unsigned char)value[i] & 15];
    return count;
}

/* Of what stands between the brackets, only base64's outermost digits may be left. */
static void check_gone(const struct output *out, size_t size, size_t spelled)
{
    const char *begin = strchr(out->bytes, '{'), *end = strrchr(out->bytes, '}');
    size_t left = 0;

    check_int(out->size, size);
    check(begin && end && (size_t)(end - begin) == spelled + 1);
    check(strncmp(out->bytes, "before {", 8) == 0);
    check_string(end, "} behind");
    for (const char *at = begin + 1; at < end; at++)
        left += *at != '*';
    check(left <= 6);
}

TEST(a_value_is_gone_however_it_is_written_and_wherever_it_is_cut)
{
    static char spellings[SPELLINGS][1024];
    static struct output out;
    struct values values;
    struct scrub *scrub = NULL;

    open_scrub(&values, &scrub);
    for (size_t i = 0; i < secrets.count; i++) {
        size_t count = spell(secrets.items[i].value, secrets.items[i].value_length, spellings);

        for (size_t j = 0; j < count; j++) {
            char text[2048];
            size_t size = (size_t)snprintf(text, sizeof(text), "before {%.1000s} behind", spellings[j]);

            if (strlen(spellings[j]) == strlen(secrets.items[i].placeholder))
                continue; /* another test */
            for (size_t cut = 0; cut <= size; cut++) {
                run_cut(scrub, text, size, cut, &out);
                check_gone(&out, size, strlen(spellings[j]));
            }
            check(scrub_found(scrub) & 1ull << i);
            scrub_reset(scrub);
            out.size = 0;
            for (size_t at = 0; at < size; at++)
                push(scrub, text + at, 1, &out);
            scrub_end(scrub);
            drain(scrub, &out);
            check_gone(&out, size, strlen(spellings[j]));
            scrub_reset(scrub);
        }
    }
    scrub_free(scrub);
    values_finish(&values);
}

TEST(references_of_html_and_of_unicode_are_read)
{
    static const char *const texts[] = {
        "before {p&amp;ss &quot;w/rd+&lt;\\&gt;&#39;\xc3\xa9%41} behind",
        "before {p&#38;ss &#x22;w/rd+&#60;\\&gt;&apos;&#233;%41} behind",
        "before {p\\u0026ss\\u0020\\\"w\\/rd+\\u003c\\\\\\u003E\\u0027\\u00e9%41} behind",
        "before {p\\x26ss \\\"w\\/rd+<\\\\>\\'\xc3\xa9%41} behind",
    };
    static struct output out;
    struct values values;
    struct scrub *scrub = NULL;

    open_scrub(&values, &scrub);
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
        for (size_t cut = 0; cut <= strlen(texts[i]); cut++) {
            run_cut(scrub, texts[i], strlen(texts[i]), cut, &out);
            check_gone(&out, strlen(texts[i]), strlen(texts[i]) - strlen("before {} behind"));
        }
    scrub_free(scrub);
    values_finish(&values);
}

/* Templates differ in what they write as a reference: Handlebars '=', mustache.js '/', .NET '+'. */
TEST(references_are_read_for_a_value_without_what_html_itself_has_references_for)
{
    static struct net_secret item = {.name = "T", .placeholder = "p", .value = "abc+def/012==", .value_length = 13};
    static const struct net_secrets one = {.items = &item, .count = 1};
    static const char *const texts[] = {
        "before {abc+def/012&#x3D;&#x3D;} behind",
        "before {abc+def&#x2F;012==} behind",
        "before {abc&#43;def&#47;012&#61;&#61;} behind",
    };
    static struct output out;
    struct error err = ERROR_INIT;
    struct values values;
    struct scrub *scrub = NULL;

    check_int(values_init(&values, &one, &err), 0);
    check_int(scrub_new(&values, &scrub, &err), 0);
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
        for (size_t cut = 0; cut <= strlen(texts[i]); cut++) {
            run_cut(scrub, texts[i], strlen(texts[i]), cut, &out);
            check_gone(&out, strlen(texts[i]), strlen(texts[i]) - strlen("before {} behind"));
        }
    run_cut(scrub, "before {abc+def/012&#x3D;&#x3E;} behind", 39, 20, &out);
    check_string(out.bytes, "before {abc+def/012&#x3D;&#x3E;} behind");
    scrub_free(scrub);
    values_finish(&values);
}

/* UTF-16 and UTF-32 in both orders, of every spelling. */
TEST(a_value_is_gone_from_wider_charsets_too)
{
    static const struct {
        size_t width, at;
    } rows[] = {{2, 0}, {2, 1}, {4, 0}, {4, 3}};
    static char spellings[SPELLINGS][1024];
    static struct output out;
    struct values values;
    struct scrub *scrub = NULL;
    size_t count = spell(TOKEN, sizeof(TOKEN) - 1, spellings);

    open_scrub(&values, &scrub);
    for (size_t i = 0; i < ARRAY_COUNT(rows) * count; i++) {
        size_t width = rows[i / count].width, size;
        char text[1024], wide[4096] = "";

        /* of an escape each byte is wide as well, which nobody reads back */
        if (strpbrk(spellings[i % count], "%\\"))
            continue;
        size = (size_t)snprintf(text, sizeof(text), "v {%.500s} w", spellings[i % count]) * width;
        for (size_t j = 0; j < size / width; j++)
            wide[j * width + rows[i / count].at] = text[j];
        for (size_t cut = 0; cut <= size; cut++) {
            size_t left = 0;

            run_cut(scrub, wide, size, cut, &out);
            check_int(out.size, size);
            for (size_t j = 3 * width; j < size - 3 * width; j++)
                left += out.bytes[j] && out.bytes[j] != '*';
            check(left <= 6); /* as of Base64 */
            check(out.bytes[rows[i / count].at] == 'v' && out.bytes[size - width + rows[i / count].at] == 'w');
        }
    }
    scrub_free(scrub);
    values_finish(&values);
}

/* How many bytes of `text` wait for what comes behind. */
static size_t held_of(struct scrub *scrub, const char *text, size_t size)
{
    static struct output out;

    out.size = 0;
    push(scrub, text, size, &out);
    scrub_end(scrub);
    size -= out.size;
    drain(scrub, &out);
    return size;
}

TEST(what_is_held_back_tells_nothing_of_a_value)
{
    static const char *const pairs[][2] = {
        {"text ghp_0123", "text ghp_x123"}, {"\nghp_0123456789abcdefABCDE", "\nghp_0123456789abcdefABCDX"},
        {"a\n%67hp_", "a\n%68hp_"},         {"\\u0067\\u0068", "\\u0068\\u0068"},
        {"\n\tZ2hwXzAx", "\n\tZ2hxXzAx"},  {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"},
    };
    static char large[8192];
    struct values values;
    struct scrub *scrub = NULL;

    open_scrub(&values, &scrub);
    check(held_of(scrub, pairs[0][0], strlen(pairs[0][0])) != held_of(scrub, pairs[0][1], strlen(pairs[0][1]))); /* so it would be */
    scrub_conceal(scrub);
    for (size_t i = 0; i < ARRAY_COUNT(pairs); i++) {
        size_t held = held_of(scrub, pairs[i][0], strlen(pairs[i][0]));

        check_int(strlen(pairs[i][0]), strlen(pairs[i][1]));
        check_int(held, held_of(scrub, pairs[i][1], strlen(pairs[i][1])));
        check_int(held, strlen(pairs[i][0]) - (strchr(pairs[i][0], '\n') ? (size_t)(strchr(pairs[i][0], '\n') + 1 - pairs[i][0]) : 0));
    }
    /* what streams ends its lines, and waits for nothing; what has none waits only as long as a value may be */
    check_int(held_of(scrub, "data: ghp_\n\n", 12), 0);
    memset(large, 'x', sizeof(large) - 100);
    check(held_of(scrub, large, sizeof(large) - 100) < 1000);
    scrub_free(scrub);
    values_finish(&values);
}

TEST(what_is_no_value_passes_untouched_and_is_held_only_while_it_may_become_one)
{
    static const struct {
        const char *text;
        size_t held;
    } rows[] = {
        {"nothing of it\n", 0},
        {"ghp_", 4},
        {"ghp_012345678", 13},
        {"ghp_01234567x", 0},
        {"100%\n", 0},
        {"100%", 1},
        {"100%4", 2},
        {"%67hp_", 6},
        {"{\"a\": \"b\\n\"}", 0},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 23},
        {"data: {}\n\n", 0},
    };
    static struct output out;
    struct values values;
    struct scrub *scrub = NULL;

    open_scrub(&values, &scrub);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        out.size = 0;
        push(scrub, rows[i].text, strlen(rows[i].text), &out);
        check_int(strlen(rows[i].text) - out.size, rows[i].held);
        scrub_end(scrub);
        drain(scrub, &out);
        check_string(out.bytes, rows[i].text);
        check(scrub_found(scrub) == 0);
    }
    scrub_free(scrub);
    values_finish(&values);
}

TEST(texts_apart_do_not_make_a_value_together)
{
    static struct output out;
    struct values values;
    struct scrub *scrub = NULL;

    open_scrub(&values, &scrub);
    push(scrub, TOKEN, 10, &out);
    scrub_end(scrub);
    push(scrub, &TOKEN[10], sizeof(TOKEN) - 11, &out);
    scrub_end(scrub);
    drain(scrub, &out);
    check_string(out.bytes, TOKEN);
    scrub_free(scrub);
    values_finish(&values);
}

TEST(a_placeholder_takes_the_place_of_its_value_where_it_is_as_long)
{
    static const struct net_secret same[] = {
        {.name = "T", .placeholder = "cordon-a-b-c", .value = "twelve bytes", .value_length = 12}};
    static const struct net_secrets one = {.items = (struct net_secret *)same, .count = 1};
    static struct output out;
    struct error err = ERROR_INIT;
    struct values values;
    struct scrub *scrub = NULL;

    check_int(values_init(&values, &one, &err), 0);
    check_int(scrub_new(&values, &scrub, &err), 0);
    run_cut(scrub, "<twelve bytes> <twelve%20bytes> <twelve+bytes>", 46, 20, &out);
    check_string(out.bytes, "<cordon-a-b-c> <**************> <cordon-a-b-c>");
    scrub_free(scrub);
    values_finish(&values);
}

/* Its last digit is the byte itself: both readings come to the same state, and began at different places. */
TEST(an_escape_that_ends_like_the_byte_it_stands_for_goes_as_a_whole)
{
    static struct net_secret item = {.name = "T", .placeholder = "p", .value = "1babcdefgh", .value_length = 10};
    static const struct net_secrets one = {.items = &item, .count = 1};
    static struct output out;
    struct error err = ERROR_INIT;
    struct values values;
    struct scrub *scrub = NULL;

    check_int(values_init(&values, &one, &err), 0);
    check_int(scrub_new(&values, &scrub, &err), 0);
    for (size_t cut = 0; cut <= 14; cut++) {
        run_cut(scrub, "<%31babcdefgh>", 14, cut, &out);
        check_string(out.bytes, "<************>");
    }
    scrub_free(scrub);
    values_finish(&values);
}

static void expect_refused(const char *value, size_t length, const char *why)
{
    struct net_secret item = {.name = "T", .placeholder = "p", .value = value, .value_length = length};
    struct net_secrets one = {.items = &item, .count = 1};
    struct error err = ERROR_INIT;
    struct values values;

    check(values_init(&values, &one, &err) < 0);
    check_contains(err.text, "secret 'T'");
    check_contains(err.text, why);
    if (value)
        check(!strstr(err.text, value));
}

TEST(a_value_that_cannot_be_kept_is_refused_by_name_and_never_shown)
{
    static char large[NET_SECRET_VALUE_MAX + 2];

    memset(large, 'v', NET_SECRET_VALUE_MAX + 1);
    expect_refused("seven77", 7, "7 bytes");
    expect_refused("with\x01" "control", 12, "control byte");
    expect_refused("shorter than said", 40, "without its value");
    expect_refused(NULL, 8, "without its value");
    expect_refused(large, NET_SECRET_VALUE_MAX + 1, "more than 16384 bytes");
}

static int attempt(void)
{
    struct values values;
    struct scrub *scrub = NULL;
    int status = values_init(&values, &secrets, NULL);

    if (status == 0)
        status = scrub_new(&values, &scrub, NULL);
    if (status == 0)
        status = scrub_push(scrub, "text", 4);
    scrub_free(scrub);
    values_finish(&values);
    return status;
}

TEST(each_allocation_that_fails_is_reported)
{
    test_each_allocation_fails(attempt, 64);
}
