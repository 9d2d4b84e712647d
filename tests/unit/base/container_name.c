/* SPDX-License-Identifier: Apache-2.0 */
#include "base/container_name.h"

#include <string.h>

#include "base/compiler.h"
#include "test.h"

TEST(a_containers_name_looks_like_no_id_option_or_path)
{
    static const char *const good[] = {"a", "_", "box", "Box-2.old", "_x.y", "a0123456789"};
    static const char *const bad[] = {"", "0", "9a", ".", "..", ".a", "-a", "a b", "a/b", "a\n", "a=b", "\xc3\xa9", "a\xc3\xa9"};
    char longest[CONTAINER_NAME_MAX + 2];

    for (size_t i = 0; i < ARRAY_COUNT(good); i++)
        check(container_name_is_one(good[i]));
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
        check(!container_name_is_one(bad[i]));
    memset(longest, 'a', sizeof(longest));
    longest[CONTAINER_NAME_MAX + 1] = '\0';
    check(!container_name_is_one(longest));
    longest[CONTAINER_NAME_MAX] = '\0';
    check(container_name_is_one(longest));
}
