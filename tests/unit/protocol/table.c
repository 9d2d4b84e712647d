/* SPDX-License-Identifier: Apache-2.0 */
/* The table itself: what every reader of it relies on. */
#include "protocol/codec.h"
#include "protocol/table.h"

#include <errno.h>

#include "test.h"

TEST(every_row_is_found_by_its_type_and_no_other)
{
    size_t count, found = 0;
    const struct protocol_row *rows = protocol_rows(&count);

    for (unsigned type = 0; type <= UINT16_MAX; type++) {
        const struct protocol_row *row = protocol_row((uint16_t)type);

        found += row != NULL;
        check(!row || row->type == type);
    }
    check_int(found, count);
    for (size_t i = 1; i < count; i++)
        check(rows[i - 1].type < rows[i].type);
}

TEST(every_row_says_who_when_and_only_fields_that_there_are)
{
    size_t count;
    const struct protocol_row *rows = protocol_rows(&count);

    for (size_t i = 0; i < count; i++) {
        check(rows[i].name && rows[i].from && rows[i].to);
        check(rows[i].from == PROTOCOL_FILE ? !rows[i].states : rows[i].states != 0);
        check(rows[i].fds <= PROTOCOL_FDS_MAX && rows[i].use_count <= PROTOCOL_USES_MAX);
        for (unsigned use = 0; use < rows[i].use_count; use++) {
            check(protocol_tag_row(rows[i].uses[use].tag));
            check(rows[i].uses[use].often >= PROTOCOL_ONE && rows[i].uses[use].often <= PROTOCOL_MANY);
            for (unsigned other = 0; other < use; other++)
                check(rows[i].uses[other].tag != rows[i].uses[use].tag);
        }
    }
}

/* Who says nothing in the table cannot say it: each row against each role and each state. */
TEST(a_message_is_permitted_to_its_senders_in_its_states_and_with_its_descriptors_alone)
{
    size_t count;
    const struct protocol_row *rows = protocol_rows(&count);

    for (size_t i = 0; i < count; i++) {
        struct protocol_message message = {.row = &rows[i], .type = rows[i].type};

        for (unsigned from = 1; from <= PROTOCOL_FILE; from <<= 1)
            for (unsigned to = 1; to <= PROTOCOL_FILE; to <<= 1)
                for (unsigned state = 1; state <= PROTOCOL_JOINED; state <<= 1)
                    for (size_t fds = 0; fds <= PROTOCOL_FDS_MAX; fds++) {
                        bool may = (rows[i].from & from) && (rows[i].to & to) && (rows[i].states & state) && fds == rows[i].fds;
                        int status = protocol_permit(&message, from, to, state, fds, NULL);

                        check_int(status, may ? 0 : -EPROTO);
                    }
    }
}
