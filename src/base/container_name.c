/* SPDX-License-Identifier: Apache-2.0 */
#include "base/container_name.h"

#include <string.h>

bool container_name_is_one(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789.-";
    size_t length = strlen(name);

    return length && length <= CONTAINER_NAME_MAX && strspn(name, letters) == length && !strchr("0123456789.-", name[0]);
}
