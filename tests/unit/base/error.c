/* SPDX-License-Identifier: Apache-2.0 */
/* The error value: codes, context in front, and nothing in its text that a terminal would obey. */
#include "base/error.h"

#include <errno.h>

#include "test.h"

TEST(an_error_holds_its_kind_number_and_text)
{
    struct error err = ERROR_INIT;

    check_int(error_set(&err, ERROR_INVALID, ERANGE, "port %d is not in %d..%d", 70000, 1, 65535),
              -ERANGE);
    check_int(err.kind, ERROR_INVALID);
    check_int(err.errnum, ERANGE);
    check_string(err.text, "port 70000 is not in 1..65535");
}

TEST(an_error_without_a_number_is_einval)
{
    struct error err = ERROR_INIT;

    check_int(error_set(&err, ERROR_INVALID, 0, "wrong"), -EINVAL);
    check_int(err.errnum, 0);
}

TEST(a_caller_that_wants_no_text_still_gets_the_code)
{
    check_int(error_set(NULL, ERROR_SYSTEM, EACCES, "open"), -EACCES);
    check_int(error_system(NULL, ENOENT, "open"), -ENOENT);
    check_int(error_memory(NULL), -ENOMEM);
    check_int(error_prepend(NULL, "context"), -EINVAL);
}

TEST(a_system_error_ends_with_what_the_system_says)
{
    struct error err = ERROR_INIT;

    check_int(error_system(&err, ENOENT, "open %s", "/x"), -ENOENT);
    check_int(err.kind, ERROR_SYSTEM);
    check_string(err.text, "open /x: No such file or directory");
    error_system(&err, 4095, "open %s", "/x");
    check_string(err.text, "open /x: unknown error");
}

TEST(out_of_memory_is_a_kind_of_its_own)
{
    struct error err = ERROR_INIT;

    check_int(error_memory(&err), -ENOMEM);
    check_int(err.kind, ERROR_MEMORY);
}

TEST(context_goes_in_front_and_keeps_kind_and_number)
{
    struct error err = ERROR_INIT;

    error_set(&err, ERROR_FORBIDDEN, EPERM, "not yours");
    check_int(error_prepend(&err, "policy %s", "build.yaml"), -EPERM);
    check_int(error_prepend(&err, "agent"), -EPERM);
    check_int(err.kind, ERROR_FORBIDDEN);
    check_string(err.text, "agent: policy build.yaml: not yours");
}

TEST(a_long_context_loses_its_beginning_and_never_what_is_wrong)
{
    struct error err = ERROR_INIT;
    char path[4096];

    memset(path, 'p', sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
    error_set(&err, ERROR_INVALID, EINVAL, "unknown member");
    error_prepend(&err, "%s:3:7: member", path);
    check_int(strlen(err.text), ERROR_TEXT_MAX - 1);
    check_int(strncmp(err.text, "...ppp", 6), 0);
    check_string(strchr(err.text, ':'), ":3:7: member: unknown member");
}

TEST(text_from_outside_cannot_command_a_terminal_or_split_a_line)
{
    struct error err = ERROR_INIT;

    error_set(&err, ERROR_INVALID, EINVAL, "%s", "a\033[2Jb\nc\rd\177e");
    check_string(err.text, "a?[2Jb?c?d?e");
    error_prepend(&err, "%s", "x\ny");
    check_string(err.text, "x?y: a?[2Jb?c?d?e");
}

TEST(eight_bit_control_characters_and_text_reversal_are_taken_out_too)
{
    struct error err = ERROR_INIT;

    error_set(&err, ERROR_INVALID, EINVAL, "%s",
              "a\xc2\x9b"
              "2Jb");
    check_string(err.text, "a??2Jb");
    error_set(&err, ERROR_INVALID, EINVAL, "%s",
              "a\xe2\x80\xae"
              "b");
    check_string(err.text, "a???b");
    error_set(&err, ERROR_INVALID, EINVAL, "%s",
              "a\x9b"
              "b");
    check_string(err.text, "a?b");
}

TEST(letters_of_other_languages_stay_as_they_are)
{
    struct error err = ERROR_INIT;

    error_set(&err, ERROR_INVALID, EINVAL, "%s", "gr\xc3\xbc\xc3\x9f \xe4\xbd\xa0");
    check_string(err.text, "gr\xc3\xbc\xc3\x9f \xe4\xbd\xa0");
}

TEST(a_text_that_is_too_long_is_cut_and_terminated)
{
    struct error err = ERROR_INIT;
    char longer[2 * ERROR_TEXT_MAX];

    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    error_set(&err, ERROR_INVALID, EINVAL, "%s", longer);
    check_int(strlen(err.text), ERROR_TEXT_MAX - 1);
    error_system(&err, ENOENT, "%s", longer);
    check_int(strlen(err.text), ERROR_TEXT_MAX - 1);
    error_prepend(&err, "%s", longer);
    check_int(strlen(err.text), ERROR_TEXT_MAX - 1);
    check_int(err.text[0], 'x');
}

TEST(a_letter_is_not_cut_in_half)
{
    struct error err = ERROR_INIT;
    char longer[2 * ERROR_TEXT_MAX];

    for (size_t at = 0; at + 2 < sizeof(longer); at += 2)
        memcpy(longer + at, "\xc3\xbc", 3);
    error_set(&err, ERROR_INVALID, EINVAL, "%s", longer);
    check_int(err.text[ERROR_TEXT_MAX - 2], '?');
    check_int(err.text[ERROR_TEXT_MAX - 1], '\0');
}

TEST(every_kind_has_a_name_and_other_numbers_have_none)
{
    check_string(error_kind_name(ERROR_NONE), "none");
    for (int kind = ERROR_NONE; kind <= ERROR_SCHEMA; kind++)
        check(strcmp(error_kind_name(kind), "unknown") != 0);
    check_string(error_kind_name(ERROR_SCHEMA), "schema");
    check_string(error_kind_name(ERROR_SCHEMA + 1), "unknown");
    check_string(error_kind_name(-1), "unknown");
}
