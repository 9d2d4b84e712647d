/* SPDX-License-Identifier: Apache-2.0 */
/* The fuzzer's corpus of configurations as a test, held against git itself where there is one. */
#include <dirent.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/memory.h"
#include "test.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void replay(void)
{
    DIR *corpus = opendir(CORDON_TEST_CORPUS);
    size_t count = 0;

    check(corpus);
    for (struct dirent *entry = readdir(corpus); entry; entry = readdir(corpus)) {
        char path[4096];
        char *data auto_free = NULL;
        struct error err = ERROR_INIT;
        size_t size;

        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "%s/%s", CORDON_TEST_CORPUS, entry->d_name);
        check_int(file_read(path, (size_t)1 << 20, &data, &size, &err), 0);
        check_int(LLVMFuzzerTestOneInput((const uint8_t *)data, size), 0);
        count++;
    }
    closedir(corpus);
    check(count > 10);
}

TEST(every_configuration_that_the_fuzzer_kept_is_read_as_the_second_reader_does)
{
    replay();
}

TEST(every_configuration_that_the_fuzzer_kept_is_read_as_git_does)
{
    if (system("git --version >/dev/null 2>&1") != 0)
        test_skip("git");
    setenv("CORDON_FUZZ_GIT", "yes", 1);
    replay();
}
