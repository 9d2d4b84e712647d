/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON writer. */
#include "base/json.h"

#include "test.h"

TEST(a_record_on_one_line)
{
    auto_text struct text text = {0};
    struct json json = JSON_INIT(&text, 0);

    json_begin_object(&json, NULL);
    json_add_string(&json, "name", "a");
    json_add_int(&json, "low", INT64_MIN);
    json_add_uint(&json, "high", UINT64_MAX);
    json_begin_array(&json, "list");
    json_add_bool(&json, NULL, true);
    json_add_bool(&json, NULL, false);
    json_add_null(&json, NULL);
    json_add_string(&json, NULL, NULL);
    json_end(&json);
    json_begin_object(&json, "empty");
    json_end(&json);
    json_begin_array(&json, "none");
    json_end(&json);
    json_add_raw(&json, "raw", "{\"x\":1}");
    json_end(&json);
    check_string(text.data, "{\"name\":\"a\",\"low\":-9223372036854775808,"
                            "\"high\":18446744073709551615,\"list\":[true,false,null,null],"
                            "\"empty\":{},\"none\":[],\"raw\":{\"x\":1}}");
}

TEST(a_record_for_people_is_indented)
{
    auto_text struct text text = {0};
    struct json json = JSON_INIT(&text, 2);

    json_begin_object(&json, NULL);
    json_begin_array(&json, "list");
    json_add_int(&json, NULL, 1);
    json_add_int(&json, NULL, 2);
    json_end(&json);
    json_begin_object(&json, "empty");
    json_end(&json);
    json_end(&json);
    check_string(text.data, "{\n  \"list\": [\n    1,\n    2\n  ],\n  \"empty\": {}\n}");
}

TEST(a_string_cannot_end_its_own_quotes)
{
    auto_text struct text text = {0};
    struct json json = JSON_INIT(&text, 0);

    json_begin_object(&json, NULL);
    json_add_string(&json, "k\"ey", "a\"b\\c\n\t\x1b\x7f");
    json_end(&json);
    check_string(text.data, "{\"k\\\"ey\":\"a\\\"b\\\\c\\u000a\\u0009\\u001b\\u007f\"}");
}

TEST(bytes_that_are_no_text_become_the_replacement_character)
{
    auto_text struct text text = {0};
    struct json json = JSON_INIT(&text, 0);

    json_begin_array(&json, NULL);
    json_add_string(&json, NULL,
                    "a\xff"
                    "b");
    json_add_string(&json, NULL, "\xed\xa0\x80");
    json_add_string(&json, NULL, "gr\xc3\xbc\xc3\x9f");
    json_add_string_n(&json, NULL, "a\0b", 3);
    json_add_string_n(&json, NULL, "\xc3\xbc", 1); /* ends within a letter */
    json_end(&json);
    check_string(text.data, "[\"a\\ufffdb\",\"\\ufffd\\ufffd\\ufffd\",\"gr\xc3\xbc\xc3\x9f\","
                            "\"a\\u0000b\",\"\\ufffd\"]");
}

TEST(nesting_goes_as_deep_as_promised)
{
    auto_text struct text text = {0};
    struct json json = JSON_INIT(&text, 0);

    for (int i = 0; i < JSON_DEPTH_MAX; i++)
        json_begin_array(&json, NULL);
    for (int i = 0; i < JSON_DEPTH_MAX; i++)
        json_end(&json);
    check_int(text.length, 2 * JSON_DEPTH_MAX);
    check_int(json.depth, 0);
}

TEST(what_a_terminal_would_obey_is_an_escape_and_the_same_text)
{
    auto_text struct text text = {0};
    struct json json = JSON_INIT(&text, 0);

    json_add_string(&json, NULL, "a\u202eb\u061cc\u2069d\xc2\x9b" "e\u00e4\u20ac\U0001f600");
    check_string(text.data, "\"a\\u202eb\\u061cc\\u2069d\\u009be\u00e4\u20ac\U0001f600\"");
}
