/* SPDX-License-Identifier: Apache-2.0 */
/* The corpus of tests/fuzz/fuzz-entry.c. */
#include "test.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

TEST(the_corpus_of_entries_holds)
{
    test_corpus(CORDON_TEST_CORPUS "/entry", LLVMFuzzerTestOneInput);
}
