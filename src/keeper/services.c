/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the daemon that this keeper has a connection to: what each is used for is in the file of its row. */
#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "keeper/keeper.h"

static const struct row {
    const char *name;
    int (*take)(struct keeper *keeper, int fd, struct error *err); /* takes it, also on failure */
} rows[] = {
    {"logger", writer_connect},
    {"signer", signs_connect},
    {"sensor", senses_connect},
};

/* One that this keeper does not know belongs to a newer cordond: it does without. */
int services_take(struct keeper *keeper, const char *name, int fd, struct error *err)
{
    int lifted, status = numbers_lift(fd, &lifted, err);

    if (status < 0)
        return status;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        if (strcmp(rows[i].name, name) == 0)
            return rows[i].take(keeper, lifted, err);
    fd_close_at(&lifted);
    return 0;
}
