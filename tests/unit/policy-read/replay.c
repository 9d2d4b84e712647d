/* SPDX-License-Identifier: Apache-2.0 */
/* The fuzzer's corpus as a test: what it once found must never come back. */
#include <stdint.h>

#include "test.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

TEST(every_text_that_the_fuzzer_kept_is_loaded_or_refused)
{
    test_corpus(CORDON_TEST_CORPUS, LLVMFuzzerTestOneInput);
}
