/* SPDX-License-Identifier: Apache-2.0 */
/* Use 512 MiB of memory, where the policy allows less. */
#include <sys/mman.h>

#include "attempt.h"

int main(void)
{
    for (int i = 0; i < 512; i++) {
        char *block =
            mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        if (block == MAP_FAILED)
            refused("mmap");
        memset(block, 1, 1 << 20);
    }
    succeeded("512 MiB were used");
}
