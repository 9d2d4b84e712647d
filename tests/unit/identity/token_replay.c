/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

TEST(what_the_fuzzer_shows_is_no_token_of_ours)
{
    test_corpus(CORDON_TEST_CORPUS, LLVMFuzzerTestOneInput);
}
