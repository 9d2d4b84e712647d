/* SPDX-License-Identifier: Apache-2.0 */
/* What follows from whose service it is and from what the kernel holds. */
#include <string.h>

#include "base/json.h"
#include "sdk/unproved.h"
#include "test.h"

static void check_words(enum service_of of, const char *const *proof, size_t count, const char *protection, const char *expected)
{
    const struct unproved *rows[UNPROVED_MAX];
    auto_text struct text words = {0};

    for (size_t i = 0, n = unproved_find(of, proof, count, protection, rows); i < n; i++)
        text_printf(&words, "%s%s", i ? " " : "", rows[i]->what);
    check_string(words.data ? words.data : "", expected);
}

TEST(what_no_service_of_the_machine_proves_is_named_and_nothing_else)
{
    static const char *const all[] = {"loginuid", "uid", "cgroup", "pidfd"}, *const group[] = {"cgroup"}, *const none[] = {"process"};

    check_words(SERVICE_OF_SYSTEM, all, 4, "tpm", "");
    check_words(SERVICE_OF_SYSTEM, all, 4, NULL, ""); /* not known: nothing is said of it */
    check_words(SERVICE_OF_SYSTEM, all, 4, "file", "keys");
    check_words(SERVICE_OF_SYSTEM, all + 1, 3, "tpm", "audit"); /* a kernel without audit */
    check_words(SERVICE_OF_SYSTEM, group, 1, "tpm", "audit files");
    check_words(SERVICE_OF_USER, all, 4, "tpm", "signatures records");
    check_words(SERVICE_OF_USER, group, 1, "file", "signatures records audit files keys");
    check_words(SERVICE_NONE, none, 1, "file", "signatures records audit files descendants keys");
    check_words(SERVICE_NONE, NULL, 0, NULL, "signatures records audit files descendants");
}

TEST(a_word_that_nobody_knows_is_no_service)
{
    check_int(service_parse("system"), SERVICE_OF_SYSTEM);
    check_int(service_parse("user"), SERVICE_OF_USER);
    check_int(service_parse("none"), SERVICE_NONE);
    check_int(service_parse("System"), SERVICE_NONE);
    check_int(service_parse(NULL), SERVICE_NONE);
}
