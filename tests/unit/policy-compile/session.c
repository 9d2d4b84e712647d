/* SPDX-License-Identifier: Apache-2.0 */
/* What a document may ask of the user's session: until private desktops exist, nothing. Each member is refused by name. */
#include "fixture.h"

#include <stdlib.h>
#include <string.h>

#include "test.h"

static struct fixture f;

TEST(each_right_of_the_user_interface_is_refused_by_name_and_may_be_declined)
{
    static const struct {
        const char *member, *asked, *declined;
    } rows[] = {
        {"disable", "false", "true"},     {"clipboard", "read", "none"},     {"clipboard", "all", "write"},
        {"injection", "true", "false"},   {"windows", "true", "false"},      {"screenCapture", "true", "false"},
        {"camera", "true", "false"},      {"microphone", "true", "false"},   {"location", "true", "false"},
        {"sessionBus", "true", "false"},
    };
    char text[96];

    fixture_open(&f);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        const char *refusal;

        snprintf(text, sizeof(text), "ui: {%s: %s}\n", rows[i].member, rows[i].asked);
        refusal = refusal_of(&f, text);
        snprintf(text, sizeof(text), "ui.%s: needs a private desktop, which this build does not have; leave it out", rows[i].member);
        check_contains(refusal, text);
        check_int(f.err.kind, ERROR_UNENFORCEABLE);
        snprintf(text, sizeof(text), "ui: {%s: %s}\n", rows[i].member, rows[i].declined);
        accept_text(&f, text);
    }
    fixture_close(&f);
}
