/* SPDX-License-Identifier: Apache-2.0 */
/* Documents with a phase. They are checked in full; running them is for the daemon. */
#include "mxc-test.h"

#define LIFECYCLE(members) "{\"version\":\"1.0.0\"," members "}"
#define PROVISION(members) LIFECYCLE("\"phase\":\"provision\"" members)
#define START(id)          LIFECYCLE("\"phase\":\"start\",\"sandboxId\":" id)
#define EXEC(members)      LIFECYCLE("\"phase\":\"exec\",\"sandboxId\":\"wslc:a\"" members)

TEST(a_lifecycle_document_is_valid_and_refused_at_launch_by_name)
{
    check_unsupported(PROVISION(",\"containment\":\"wslc\""), "phase");
    check_unsupported(START("\"wslc:a\""), "phase");
    check_unsupported(LIFECYCLE("\"phase\":\"stop\",\"sandboxId\":\"iso:a\""), "phase");
    check_unsupported(LIFECYCLE("\"phase\":\"deprovision\",\"sandboxId\":\"wsb:a\""), "phase");
    check_unsupported(EXEC(",\"process\":{\"commandLine\":\"x\"}"), "phase");
}

TEST(a_phase_is_one_of_five_strings)
{
    check_refused(LIFECYCLE("\"phase\":\"foo\""), MXC_MALFORMED_REQUEST, "Unsupported phase");
    check_refused(LIFECYCLE("\"phase\":\"start\\u0000\""), MXC_MALFORMED_REQUEST,
                  "Unsupported phase");
    check_refused(LIFECYCLE("\"phase\":null"), MXC_MALFORMED_REQUEST,
                  "Invalid phase declaration: invalid type: null, expected a string at line 1 "
                  "column 31");
    check_refused(LIFECYCLE("\"phase\":{}"), MXC_MALFORMED_REQUEST,
                  "Invalid phase declaration: invalid type: map, expected a string at line 1 "
                  "column 27");
}

TEST(provision_names_a_containment_that_has_a_life)
{
    check_refused(PROVISION(""), MXC_MALFORMED_REQUEST,
                  "Invalid provision containment declaration: missing field `containment` at line "
                  "1 column 39");
    check_refused(PROVISION(",\"containment\":5"), MXC_MALFORMED_REQUEST,
                  "Invalid provision containment declaration: invalid type: integer `5`, expected "
                  "a string at line 1 column 54");
    check_refused(PROVISION(",\"containment\":\"bubblewrap\""), MXC_MALFORMED_REQUEST,
                  "Unsupported containment for provision phase");
    check_refused(PROVISION(",\"containment\":\"windows_sandbox\""), MXC_MALFORMED_REQUEST,
                  "Unsupported containment for provision phase");
    check_unsupported("{\"version\":\"1.1.0-alpha\",\"phase\":\"provision\",\"containment\":"
                      "\"windows_sandbox\"}",
                      "phase");
}

TEST(each_phase_has_a_closed_root_of_its_own)
{
    check_refused(PROVISION(",\"containment\":\"wslc\",\"process\":{\"commandLine\":\"x\"}"),
                  MXC_MALFORMED_REQUEST,
                  "Invalid WSLC provision request: Invalid configuration at `process`: unknown "
                  "field `process`, expected one of `$schema`, `_comment`, `version`, `phase`, "
                  "`containment`, `filesystem`, `network`, `telemetry`, `wslc` at line 1 column "
                  "69");
    check_refused(LIFECYCLE("\"phase\":\"stop\",\"sandboxId\":\"wslc:a\",\"process\":1"),
                  MXC_MALFORMED_REQUEST,
                  "Invalid stop request: Invalid configuration at `process`: unknown field "
                  "`process`, expected one of `$schema`, `_comment`, `version`, `phase`, "
                  "`sandboxId`, `telemetry` at line 1 column 64");
    check_refused(EXEC(""), MXC_MALFORMED_REQUEST,
                  "Invalid exec request: Invalid configuration: missing field `process` at line 1 "
                  "column 55");
    check_refused_about(PROVISION(",\"containment\":\"wslc\",\"wslc\":{\"provision\":"
                                  "{\"portMappings\":[]}}"),
                        MXC_MALFORMED_REQUEST, "expected `image` or `imageTarPath`");
    check_refused_about(EXEC(",\"process\":{\"commandLine\":\"x\"},\"filesystem\":{}"),
                        MXC_MALFORMED_REQUEST, "unknown field `filesystem`");
}

TEST(an_isolation_session_states_that_it_cannot_filter)
{
    check_refused(PROVISION(",\"containment\":\"isolation_session\",\"network\":{}"),
                  MXC_MALFORMED_REQUEST,
                  "Invalid IsolationSession provision request: Invalid configuration at "
                  "`network`: missing field `egress` at line 1 column 85; schema 1.0 migration: "
                  "set network.egress.default, network.ingress.default, and "
                  "network.ingress.hostLoopback to 'allow'");
    check_refused_about(PROVISION(",\"containment\":\"isolation_session\",\"network\":{\"egress\":"
                                  "{\"default\":\"deny\"}}"),
                        MXC_MALFORMED_REQUEST,
                        "unknown variant `deny`, expected `allow` at line 1 column 111");
}

TEST(an_identity_has_a_known_prefix)
{
    check_refused_about(START("\"\""), MXC_MALFORMED_ID, "sandboxId");
    check_refused_about(START("\"x\""), MXC_MALFORMED_ID, "sandboxId");
    check_refused_about(START("\":y\""), MXC_MALFORMED_ID, "sandboxId");
    check_refused_about(START("\"wslc:\\u0000\""), MXC_MALFORMED_ID, "sandboxId");
    check_refused_about(START("\"x:y\""), MXC_UNSUPPORTED_CONTAINMENT, "'x'");
    check_refused_about(START("\"WSLC:a\""), MXC_UNSUPPORTED_CONTAINMENT, "'WSLC'");
    check_refused_about(START("null"), MXC_MALFORMED_REQUEST, "at `sandboxId`");
}

TEST(the_rules_of_a_one_shot_hold_inside_of_a_phase)
{
    check_refused_about(EXEC(",\"process\":{\"commandLine\":\"a\\u0000\"}"), MXC_MALFORMED_REQUEST,
                        "NUL");
    check_refused_about(EXEC(",\"process\":{\"commandLine\":\"a\"},\"runtimeConfig\":"
                             "{\"networkProxy\":\"zz\"}"),
                        MXC_MALFORMED_REQUEST, "runtimeConfig.networkProxy");
    check_refused_about(PROVISION(",\"containment\":\"wslc\",\"filesystem\":{\"deniedPaths\":"
                                  "[\"\"]}"),
                        MXC_MALFORMED_REQUEST, "Filesystem path is empty");
}

TEST(a_phase_is_carried_with_what_it_asks_for)
{
    struct verdict verdict = mxc_read(EXEC(",\"process\":{\"commandLine\":\"ls\"}"));

    check(verdict.document != NULL);
    check_string(verdict.document->phase, "exec");
    check_string(verdict.document->command_line, "ls");
    check_int(verdict.document->path_count, 0); /* its files were fixed when it was provisioned */
    verdict_finish(&verdict);
}
