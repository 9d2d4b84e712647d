/* SPDX-License-Identifier: Apache-2.0 */
/* The fuzzer's corpus as a test. */
#include <dirent.h>

#include "base/file.h"
#include "base/memory.h"
#include "generate.h"
#include "test.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

TEST(every_merge_that_the_fuzzer_kept_grants_no_more_than_its_inputs)
{
    DIR *corpus = opendir(CORDON_TEST_CORPUS);
    size_t count = 0;

    check(corpus);
    for (struct dirent *entry = readdir(corpus); entry; entry = readdir(corpus)) {
        auto_free char *data = NULL;
        char path[4096];
        size_t size;

        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "%s/%s", CORDON_TEST_CORPUS, entry->d_name);
        check_int(file_read(path, (size_t)1 << 20, &data, &size, NULL), 0);
        check_int(LLVMFuzzerTestOneInput((const uint8_t *)data, size), 0);
        count++;
    }
    closedir(corpus);
    check(count > 10);
}
