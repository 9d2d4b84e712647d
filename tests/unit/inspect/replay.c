/* SPDX-License-Identifier: Apache-2.0 */
/* The corpus of the fuzzer fuzz-hold, replayed. */
#include "test.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

TEST(every_file_of_the_corpus_is_read_alike_however_it_is_cut)
{
    test_corpus(CORDON_TEST_CORPUS, LLVMFuzzerTestOneInput);
}
