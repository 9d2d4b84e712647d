/* SPDX-License-Identifier: Apache-2.0 */
/* The corpus of the fuzzer of DNS messages. */
#include "test.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

TEST(the_corpus_of_messages_is_read_without_a_fault)
{
    test_corpus(CORDON_TEST_CORPUS, LLVMFuzzerTestOneInput);
}
