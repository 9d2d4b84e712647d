/* SPDX-License-Identifier: Apache-2.0 */
/* Each input that the fuzzer kept. */
#include "test.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

TEST(whatever_bytes_come_a_message_is_whole_or_refused)
{
    test_corpus(CORDON_TEST_CORPUS, LLVMFuzzerTestOneInput);
}
