/* SPDX-License-Identifier: Apache-2.0 */
/* The fuzzer's corpus of configurations as a test, held against git itself where there is one. */
#include <stdint.h>
#include <stdlib.h>

#include "test.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

TEST(every_configuration_that_the_fuzzer_kept_is_read_as_the_second_reader_does)
{
    test_corpus(CORDON_TEST_CORPUS, LLVMFuzzerTestOneInput);
}

TEST(every_configuration_that_the_fuzzer_kept_is_read_as_git_does)
{
    if (system("git --version >/dev/null 2>&1") != 0)
        test_skip("git");
    setenv("CORDON_FUZZ_GIT", "yes", 1);
    test_corpus(CORDON_TEST_CORPUS, LLVMFuzzerTestOneInput);
}
