/* SPDX-License-Identifier: Apache-2.0 */
/* The fuzzer's corpus of records that are shown and handed on as a test. */
#include "test.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

TEST(what_the_fuzzer_of_shown_records_kept_breaks_nothing)
{
    test_corpus(CORDON_TEST_CORPUS, LLVMFuzzerTestOneInput);
}
