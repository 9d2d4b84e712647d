/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target: two requests and a ceiling made from the bytes; their merge grants nothing that
 * any of them does not, by name, by destination and by the subset test. The unit tests replay the
 * corpus. Built as the target beside it; ninja -C DIR tests/unit/policy-model/fuzz-merge
 */
#include <stdio.h>
#include <stdlib.h>

#include "merge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t nothing[1];
    struct source source = {.data = size ? data : nothing, .size = size};
    char why[600];

    if (merge_check(&source, why, sizeof(why)) < 0) {
        fprintf(stderr, "the merge grants more: %s\n", why);
        abort();
    }
    return 0;
}
