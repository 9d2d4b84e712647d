/* SPDX-License-Identifier: Apache-2.0 */
/* The fuzzer's corpus of messages as a test. */
#include <stddef.h>
#include <stdint.h>

#include "test.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

TEST(every_message_that_the_fuzzer_kept_is_taken_whole_or_refused)
{
    test_corpus(CORDON_TEST_CORPUS, LLVMFuzzerTestOneInput);
}
