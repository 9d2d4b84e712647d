/* SPDX-License-Identifier: Apache-2.0 */
/* The corpus of tests/fuzz/fuzz-audit.c, and of fuzz-sensord.c. */
#include "test.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

TEST(the_corpus_of_audit_records_holds)
{
    test_corpus(CORDON_TEST_CORPUS, LLVMFuzzerTestOneInput);
}
