/* SPDX-License-Identifier: Apache-2.0 */
/* The fuzzer's corpus as a test. */
#include "test.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

TEST(every_merge_that_the_fuzzer_kept_grants_no_more_than_its_inputs)
{
    test_corpus(CORDON_TEST_CORPUS, LLVMFuzzerTestOneInput);
}
