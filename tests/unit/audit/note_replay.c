/* SPDX-License-Identifier: Apache-2.0 */
/* The corpus of tests/fuzz/fuzz-note.c. */
#include "test.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

TEST(the_corpus_of_notes_holds)
{
    test_corpus(CORDON_TEST_CORPUS "/note", LLVMFuzzerTestOneInput);
}
