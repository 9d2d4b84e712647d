/* SPDX-License-Identifier: Apache-2.0 */
/* Versions, phases, closed objects, types, positions. The texts are what MXC 1.0.1 prints. */
#include "mxc-test.h"

#define INVALID "Invalid one-shot request: Invalid configuration"

TEST(each_version_that_is_known_is_accepted)
{
    check_accepted(ONE_SHOT_OF("0.6.0-alpha", ""));
    check_accepted(ONE_SHOT_OF("0.7.0-alpha", ""));
    check_accepted(ONE_SHOT_OF("0.8.0-alpha", ""));
    check_accepted(ONE_SHOT_OF("0.9.0-alpha", ""));
    check_accepted(ONE_SHOT_OF("1.0.0", ""));
    check_accepted(ONE_SHOT_OF("1.1.0-alpha", ""));
}

TEST(no_other_version_is_accepted_by_likeness)
{
    static const char *const texts[] = {
        ONE_SHOT_OF("", ""),       ONE_SHOT_OF("1.0", ""),         ONE_SHOT_OF("1.0.1", ""),
        ONE_SHOT_OF("0.9.0", ""),  ONE_SHOT_OF("0.5.0-alpha", ""), ONE_SHOT_OF("1.0.0\\u0000", ""),
        ONE_SHOT_OF(" 1.0.0", ""), ONE_SHOT_OF("1.0.0-alpha", ""), ONE_SHOT_OF("2.0.0", ""),
    };

    for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
        check_refused_about(texts[i], MXC_MALFORMED_REQUEST,
                            "Unsupported contract version. Registered versions are: 0.9.0-alpha, "
                            "1.0.0, 1.1.0-alpha");
}

TEST(a_version_that_is_missing_or_no_string_is_named_with_its_position)
{
    check_refused("{}", MXC_MALFORMED_REQUEST,
                  "Invalid version declaration: missing field `version` at line 1 column 2");
    check_refused("{\"version\":1}", MXC_MALFORMED_REQUEST,
                  "Invalid version declaration: invalid type: integer `1`, expected a string at "
                  "line 1 column 12");
    check_refused("{\"version\":null}", MXC_MALFORMED_REQUEST,
                  "Invalid version declaration: invalid type: null, expected a string at line 1 "
                  "column 15");
    check_refused_about("[]", MXC_MALFORMED_REQUEST, "Invalid version declaration");
    check_refused_about("\"x\"", MXC_MALFORMED_REQUEST, "Invalid version declaration");
}

TEST(an_unknown_member_is_named_with_its_path_and_what_was_expected)
{
    check_refused(PROCESS(",\"bogus\":1"), MXC_MALFORMED_REQUEST,
                  INVALID " at `process.bogus`: unknown field `bogus`, expected one of "
                          "`commandLine`, `cwd`, `env`, `inheritDefaultEnv`, `timeout` at line 1 "
                          "column 55");
    check_refused(ONE_SHOT(",\"lifecycle\":{\"zz\":1}"), MXC_MALFORMED_REQUEST,
                  INVALID " at `lifecycle.zz`: unknown field `zz`, expected `destroyOnExit` or "
                          "`preservePolicy` at line 1 column 66");
    check_refused(ONE_SHOT(",\"telemetry\":{\"zz\":1}"), MXC_MALFORMED_REQUEST,
                  INVALID " at `telemetry.zz`: unknown field `zz`, expected `enabled` at line 1 "
                          "column 66");
    check_refused(ONE_SHOT(",\"bogus\":1"), MXC_MALFORMED_REQUEST,
                  INVALID " at `bogus`: unknown field `bogus`, expected one of `$schema`, "
                          "`_comment`, `version`, `containerId`, `containment`, `lifecycle`, "
                          "`process`, `filesystem`, `fallback`, `network`, `ui`, "
                          "`processContainer`, `lxc`, `seatbelt`, `runtimeConfig`, `telemetry`, "
                          "`wslc` at line 1 column 56");
}

TEST(the_longest_error_keeps_its_position)
{
    check_refused_about(
        ONE_SHOT_OF("1.1.0-alpha",
                    ",\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\":1"),
        MXC_MALFORMED_REQUEST, "`hyperlight` at line 1 column 177");
}

TEST(a_position_counts_lines_and_bytes)
{
    struct verdict verdict =
        mxc_read("{\"version\":\"1.0.0\",\n "
                 "\"process\":{\"commandLine\":\"x\",\n\t\"\xc3\xa9\xc3\xa9\":1}}");

    check_string(
        verdict.err.text,
        "dir/p.json:3:2: " INVALID
        " at `process.\xc3\xa9\xc3\xa9`: unknown field `\xc3\xa9\xc3\xa9`, expected one of "
        "`commandLine`, `cwd`, `env`, `inheritDefaultEnv`, `timeout` at line 3 column 7");
    verdict_finish(&verdict);
}

TEST(a_name_from_the_document_cannot_forge_a_line)
{
    check_refused_about(PROCESS(",\"a\\nb\\u001b[0m\":1"), MXC_MALFORMED_REQUEST,
                        "unknown field `a\\nb\\u{1b}[0m`");
}

TEST(what_a_version_does_not_have_is_unknown_in_it)
{
    check_refused_about(ONE_SHOT_OF("1.0.0", ",\"appContainer\":{}"), MXC_MALFORMED_REQUEST,
                        "unknown field `appContainer`");
    check_refused_about(ONE_SHOT_OF("1.0.0", ",\"test\":{}"), MXC_MALFORMED_REQUEST,
                        "unknown field `test`");
    check_accepted(ONE_SHOT_OF("1.1.0-alpha", ",\"test\":{}"));
    check_refused_about(ONE_SHOT_OF("1.0.0", ",\"containment\":\"vm\""), MXC_MALFORMED_REQUEST,
                        "unknown variant `vm`");
    check_refused_about(ONE_SHOT_OF("1.1.0-alpha", ",\"containment\":\"appcontainer\""),
                        MXC_MALFORMED_REQUEST, "unknown variant `appcontainer`");
    check_refused_about(ONE_SHOT_OF("0.9.0-alpha", ",\"experimental\":{}"), MXC_MALFORMED_REQUEST,
                        "unknown field `experimental`");
}

TEST(a_member_and_its_older_spelling_are_one_member)
{
    check_refused_about(ONE_SHOT_OF("0.9.0-alpha", ",\"appContainer\":{},\"processContainer\":{}"),
                        MXC_MALFORMED_REQUEST, "duplicate field `processContainer` at line 1");
}

TEST(null_is_not_an_absent_member)
{
    check_refused(PROCESS(",\"cwd\":null"), MXC_MALFORMED_REQUEST,
                  INVALID " at `process.cwd`: invalid type: null, expected a string at line 1 "
                          "column 58");
    check_refused_about(ONE_SHOT(",\"network\":null"), MXC_MALFORMED_REQUEST,
                        "invalid type: null, expected struct Network");
    check_accepted(ONE_SHOT(",\"_comment\":null"));
}

TEST(a_rule_is_noticed_before_a_comma_and_behind_a_brace)
{
    check_refused_about("{\"version\":\"1.0.0\",\"process\":{\"commandLine\":\"\"}}", MXC_MALFORMED_REQUEST,
                        "`process.commandLine`: string must not be empty at line 1 column 47");
    check_refused_about("{\"version\":\"1.0.0\",\"process\":{\"commandLine\":\"\",\"timeout\":1}}",
                        MXC_MALFORMED_REQUEST, "string must not be empty at line 1 column 46");
}

TEST(a_choice_with_a_nul_is_shown_with_it)
{
    check_refused_about(ONE_SHOT(",\"ui\":{\"clipboard\":\"no\\u0000ne\"}"), MXC_MALFORMED_REQUEST,
                        "unknown variant `no\\u{0}ne`, expected one of `none`");
}

TEST(a_wrong_type_is_named_as_serde_names_it)
{
    static const struct {
        const char *value, *expected;
    } rows[] = {
        {"{}", "invalid type: map, expected u32 at line 1 column 58"},
        {"18446744073709551615", "invalid value: integer `18446744073709551615`, expected u32 at line 1 column 78"},
        {"18446744073709551616", "invalid type: floating point `18446744073709551616`, expected u32 at line 1 column 78"},
        {"-9223372036854775808", "invalid value: integer `-9223372036854775808`, expected u32 at line 1 column 78"},
        {"-9223372036854775809", "invalid type: floating point `-9223372036854775809`, expected u32 at line 1 column 78"},
        {"-0", "invalid type: floating point `-0`, expected u32 at line 1 column 60"},
        {"[]", "invalid type: sequence, expected u32 at line 1 column 58"},
        {"true", "invalid type: boolean `true`, expected u32 at line 1 column 62"},
        {"\"5\"", "invalid type: string \"5\", expected u32 at line 1 column 61"},
        {"1.5", "invalid type: floating point `1.5`, expected u32 at line 1 column 61"},
        {"-1", "invalid value: integer `-1`, expected u32 at line 1 column 60"},
        {"4294967296", "invalid value: integer `4294967296`, expected u32 at line 1 column 68"},
        {"\"a\\\"b\"", "invalid type: string \"a\\\"b\", expected u32 at line 1 column 64"},
    };

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        char text[256], message[256];

        snprintf(text, sizeof(text), PROCESS(",\"timeout\":%s"), rows[i].value);
        snprintf(message, sizeof(message), INVALID " at `process.timeout`: %s", rows[i].expected);
        check_refused(text, MXC_MALFORMED_REQUEST, message);
    }
}

TEST(an_array_is_no_object)
{
    check_refused_about("{\"version\":\"1.0.0\",\"process\":[\"x\"]}", MXC_MALFORMED_REQUEST,
                        "invalid type: sequence, expected struct Process");
    check_refused_about(ONE_SHOT(",\"network\":[]"), MXC_MALFORMED_REQUEST,
                        "invalid type: sequence, expected struct Network");
}

TEST(the_first_fault_in_the_document_is_the_one_that_is_named)
{
    check_refused_about("{\"process\":{\"commandLine\":5},\"zz\":1,\"version\":\"1.0.0\"}",
                        MXC_MALFORMED_REQUEST, "at `process.commandLine`");
    check_refused_about("{\"zz\":1,\"process\":{\"commandLine\":5},\"version\":\"1.0.0\"}",
                        MXC_MALFORMED_REQUEST, "at `zz`");
}

TEST(a_missing_member_is_named_at_the_end_of_its_object)
{
    check_refused("{\"version\":\"1.0.0\"}", MXC_MALFORMED_REQUEST,
                  INVALID ": missing field `process` at line 1 column 19");
    check_refused("{\"version\":\"1.0.0\",\"process\":{}}", MXC_MALFORMED_REQUEST,
                  INVALID " at `process`: missing field `commandLine` at line 1 column 31");
    check_refused("{\"version\":\"1.0.0\",\"process\":{\"commandLine\":\"\"}}",
                  MXC_MALFORMED_REQUEST,
                  INVALID " at `process.commandLine`: string must not be empty at line 1 column "
                          "47");
}

TEST(a_reserved_or_joined_capability_is_refused)
{
    check_refused_about(ONE_SHOT(",\"processContainer\":{\"capabilities\":[\"a,b\"]}"),
                        MXC_MALFORMED_REQUEST, "at `processContainer.capabilities[0]`: capability");
    check_refused_about(
        ONE_SHOT(",\"processContainer\":{\"capabilities\":[\"learningModeLogging\"]}"),
        MXC_MALFORMED_REQUEST, "are reserved");
    check_refused_about(ONE_SHOT(",\"processContainer\":{\"capabilities\":[\"a\"]}"),
                        MXC_MALFORMED_REQUEST, "Multiple containment backends configured");
}

TEST(only_the_section_of_the_containment_may_be_there)
{
    check_refused_about(ONE_SHOT(",\"seatbelt\":{}"), MXC_MALFORMED_REQUEST,
                        "Multiple containment backends configured: containment is 'process'");
    check_refused_about(ONE_SHOT(",\"seatbelt\":{},\"wslc\":{}"), MXC_MALFORMED_REQUEST,
                        "wslc, seatbelt");
    check_refused_about(ONE_SHOT(",\"containment\":\"wslc\",\"seatbelt\":{}"),
                        MXC_MALFORMED_REQUEST, "containment is 'wslc'");
    check_refused_about(ONE_SHOT_OF("0.9.0-alpha", ",\"macos_sandbox\":{}"), MXC_MALFORMED_REQUEST,
                        "seatbelt");
    check_refused_about(ONE_SHOT(",\"lxc\":{}"), MXC_MALFORMED_REQUEST,
                        "missing field `distribution`");
}

TEST(a_backend_that_linux_has_not_is_unsupported_containment)
{
    static const char *const names[] = {"processcontainer", "seatbelt",   "wslc",    "vm",
                                        "windows_sandbox",  "hyperlight", "microvm", "lxc"};

    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        char text[256];

        snprintf(text, sizeof(text), ONE_SHOT_OF("1.1.0-alpha", ",\"containment\":\"%s\""),
                 names[i]);
        check_refused_about(text, MXC_UNSUPPORTED_CONTAINMENT, names[i]);
    }
    check_accepted(ONE_SHOT(",\"containment\":\"bubblewrap\""));
    check_accepted(ONE_SHOT(",\"containment\":\"process\""));
}

TEST(an_isolation_session_must_allow_all_network)
{
    check_refused_about(ONE_SHOT(",\"containment\":\"isolation_session\""), MXC_MALFORMED_REQUEST,
                        "isolation_session");
    check_refused_about(
        ONE_SHOT(",\"containment\":\"isolation_session\",\"network\":{\"egress\":{\"default\":"
                 "\"allow\"},\"ingress\":{\"default\":\"allow\",\"hostLoopback\":\"allow\"}}"),
        MXC_UNSUPPORTED_CONTAINMENT, "isolation_session");
}

TEST(a_legacy_network_member_says_where_it_went)
{
    check_refused(ONE_SHOT(",\"network\":{\"defaultPolicy\":1}"), MXC_MALFORMED_REQUEST,
                  INVALID " at `network.defaultPolicy`: unknown field `defaultPolicy`, expected "
                          "`egress` or `ingress` at line 1 column 75; schema 1.0 migration: use "
                          "network.egress.default ('allow' or 'deny')");
    check_refused_about(ONE_SHOT_OF("0.9.0-alpha", ",\"network\":{\"proxy\":1}"),
                        MXC_MALFORMED_REQUEST,
                        "; schema 0.9 migration: use runtimeConfig.networkProxy with a proxy URL");
    check_refused(ONE_SHOT(",\"network\":{\"removeRulesOnExit\":1}"), MXC_MALFORMED_REQUEST,
                  INVALID " at `network.removeRulesOnExit`: unknown field `removeRulesOnExit`, "
                          "expected `egress` or `ingress` at line 1 column 79");
}
