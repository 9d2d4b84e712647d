/* SPDX-License-Identifier: Apache-2.0 */
#include "ocsf/scan.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "test.h"

struct told {
    char text[1024];
};

static void tell(void *context, const char *path, size_t path_size, uint64_t hash, struct scan_value value)
{
    struct told *told = context;
    size_t length = strlen(told->text);

    check_int(hash, hash_mix(HASH_START, path, path_size));
    snprintf(told->text + length, sizeof(told->text) - length, "%.*s=%.*s;", (int)path_size, path, (int)value.size, value.at);
}

TEST(members_are_told_by_their_paths)
{
    static const char text[] = " {\"a\" : \"b\\\"c\", \"o\":{\"x\":1,\"y\":{\"z\":null}}, \"l\":[1,{\"q\":2}], \"t\":true,\"f\":false,\"e\":-1.5e+3}\n";
    struct told told = {""};

    check_int(scan_object(text, strlen(text), tell, &told, NULL), 0);
    check_string(told.text, "a=b\\\"c;o.x=1;o.y.z=null;l=[1,{\"q\":2}];t=true;f=false;e=-1.5e+3;");
}

TEST(what_is_not_json_to_the_letter_is_refused)
{
    static const char *const wrongs[] = {
        "{\"a\":01}",  "{\"a\":+1}",     "{\"a\":.5}",      "{\"a\":1.}",  "{\"a\":1e}",     "{\"a\":tru}", "{\"a\":nul", "{\"a\"}",
        "{\"a\":1,}",  "{,}",            "{\"a\":[1,]}",    "{\"a\":[1}",  "{\"a\":\"\\x\"}", "{\"a\":\"\\u12g4\"}", "{\"a\":\"", "{\"a\":1}}",
        "{'a':1}",     "{\"a\":\"\t\"}", "{\"a\":1 \"b\":2}", "{a:1}",       "[1]",           "1",           " ",          "{\"a\":-}",
    };

    for (size_t i = 0; i < ARRAY_COUNT(wrongs); i++) {
        struct told told = {""};

        if (scan_object(wrongs[i], strlen(wrongs[i]), tell, &told, NULL) == 0)
            test_fail(__FILE__, __LINE__, "taken: %s", wrongs[i]);
    }
}

TEST(depth_and_long_names_have_a_bound)
{
    char deep[200], name[300] = "{\"";
    struct told told = {""};

    memset(deep, '[', sizeof(deep));
    memcpy(deep, "{\"a\":", 5);
    check(scan_object(deep, sizeof(deep), tell, &told, NULL) < 0);
    memset(name + 2, 'n', 200);
    strcpy(name + 202, "\":{\"in\":1},\"b\":2}");
    check_int(scan_object(name, strlen(name), tell, &told, NULL), 0);
    check_string(told.text, "b=2;");
}

static struct scan_value string_of(const char *text)
{
    return (struct scan_value){SCAN_STRING, text, strlen(text)};
}

TEST(a_strings_own_bytes)
{
    char text[32], small[4];

    check(scan_text(string_of("a\\n\\u00e4\\ud83d\\ude00\\/\\ud800x"), text, sizeof(text)));
    check_string(text, "a\n\xc3\xa4\xf0\x9f\x98\x80/\xef\xbf\xbdx");
    check(scan_text(string_of("abc"), small, sizeof(small)));
    check(!scan_text(string_of("abcd"), small, sizeof(small)));
}

TEST(items_of_an_array_one_by_one)
{
    static const char text[] = "[ \"a\", {\"x\":[1,2]} ,3 ]";
    const struct scan_value array = {SCAN_ARRAY, text, strlen(text)};
    struct scan_value item;
    size_t at = 0;
    uint64_t number;

    check(scan_item(array, &at, &item) && scan_is(item, "a"));
    check(scan_item(array, &at, &item) && item.kind == SCAN_OBJECT);
    check(scan_item(array, &at, &item) && scan_uint(item, &number) && number == 3);
    check(!scan_item(array, &at, &item));
}
