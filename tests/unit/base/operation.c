/* SPDX-License-Identifier: Apache-2.0 */
/* Names of operations lead to them and back. */
#include "base/operation.h"

#include "test.h"

TEST(a_name_leads_to_its_operation_and_to_no_other)
{
    for (int i = OPERATION_NONE + 1; i < OPERATION_COUNT_; i++) {
        const char *name = operation_name((enum operation)i);

        check(*name);
        check_int(operation_parse(name), i);
    }
    check_int(operation_parse("none"), OPERATION_NONE);
    check_int(operation_parse(""), OPERATION_NONE);
    check_int(operation_parse("Read"), OPERATION_NONE);
    check_string(operation_name((enum operation)-1), "none");
    check_string(operation_name(OPERATION_COUNT_), "none");
}

TEST(what_changes_a_file_is_not_taken_for_reading)
{
    check(operation_only_reads(OPERATION_EXECUTE) && operation_only_reads(OPERATION_LOOK));
    check(!operation_only_reads(OPERATION_METADATA) && !operation_only_reads(OPERATION_LINK));
    check(!operation_only_reads(OPERATION_CONNECT) && !operation_only_reads(OPERATION_NONE));
    check(operation_is_of_file(OPERATION_MOUNT) && !operation_is_of_file(OPERATION_BIND));
}
