/* SPDX-License-Identifier: Apache-2.0 */
/* The corpus of the fuzzer fuzz-http2, replayed. */
#include "test.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

TEST(whatever_a_program_sends_over_http2_the_server_hears_what_the_rules_permit)
{
    test_corpus(CORDON_TEST_CORPUS, LLVMFuzzerTestOneInput);
}
