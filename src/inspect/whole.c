/* SPDX-License-Identifier: Apache-2.0 */
#include "inspect/whole.h"

const struct verdict whole_refused = {
    .verdict = NET_REFUSE, .reason = NET_CROWDED, .status = 503, .code = "busy",
    .what = "more than 32 MiB of bodies that are read as a whole wait on the connections of this container",
};

bool whole_set(struct inspector *inspector, size_t *share, size_t size)
{
    bool is_less = size <= *share;

    inspector->whole += size - *share;
    *share = size;
    return is_less || inspector->whole <= WHOLE_MAX;
}
