/* SPDX-License-Identifier: Apache-2.0 */
/* The fuzzers' corpora as tests. Both targets have the same entry, so each is in a program of its own. */
#include "test.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

TEST(what_the_fuzzer_kept_breaks_nothing)
{
    test_corpus(CORDON_TEST_CORPUS, LLVMFuzzerTestOneInput);
}
