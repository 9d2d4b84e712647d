/* SPDX-License-Identifier: Apache-2.0 */
/* Who may have a file that holds a secret. */
#include "base/owner.h"

#include "base/compiler.h"
#include "test.h"

TEST(a_file_that_others_could_read_or_change_holds_no_secret)
{
    static const struct {
        uid_t uid;
        mode_t mode;
        uid_t caller;
        const char *fault;
    } rows[] = {
        {1000, 0600, 1000, NULL}, {1000, 0400, 1000, NULL}, {0, 0600, 0, NULL}, {0, 0640, 1000, NULL}, {0, 0600, 1000, NULL},
        {1000, 0640, 1000, "chmod 600"}, {1000, 0604, 1000, "chmod 600"}, {1000, 0620, 1000, "chmod 600"}, {0, 0640, 0, "chmod 600"},
        {0, 0660, 1000, "chmod 600"}, {0, 0644, 1000, "chmod 600"},
        {1001, 0600, 1000, "another user"}, {1000, 0600, 0, "another user"},
    };

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        const char *fault = owner_secret_fault(rows[i].uid, rows[i].mode, rows[i].caller);

        if (rows[i].fault)
            check_contains(fault ? fault : "", rows[i].fault);
        else
            check(!fault);
    }
}
