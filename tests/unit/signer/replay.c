/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

TEST(the_fuzzers_messages_are_answered_or_refused)
{
    test_corpus(CORDON_TEST_CORPUS, LLVMFuzzerTestOneInput);
}
