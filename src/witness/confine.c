/* SPDX-License-Identifier: Apache-2.0 */
#include "witness/confine.h"

#include "worker/shut.h"

#define READABLE_MAX 32

int witness_confine(const char *writable, const char *const *readable, bool may_connect, struct error *err)
{
    struct shut_place places[1 + READABLE_MAX] = {{.path = writable, .access = SHUT_OWN, .is_optional = true}};
    size_t count = 1;

    for (; readable && *readable && count <= READABLE_MAX; readable++)
        places[count++] = (struct shut_place){.path = *readable, .access = SHUT_READ, .is_optional = true};
    return shut_files(places, count, may_connect ? SHUT_MAY_CONNECT : 0, err);
}
