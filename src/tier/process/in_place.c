/* SPDX-License-Identifier: Apache-2.0 */
#include "tier/process/in_place.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tier/process/control.h"

/* The guard makes it, so that there is none without somebody who removes it. Nobody can know the name before. */
int in_place_name(const struct plan *plan, char ret_scratch[IN_PLACE_PATH_MAX], struct error *err)
{
    uint64_t random = 0;
    char *base;

    ret_scratch[0] = '\0';
    if (!plan->private_count)
        return 0;
    if (getrandom(&random, sizeof(random), 0) != sizeof(random))
        return error_system(err, errno, "draw a random number");
    base = realpath("/tmp", NULL);
    if (!base)
        return error_system(err, errno, "find /tmp, for private directories");
    if (snprintf(ret_scratch, IN_PLACE_PATH_MAX, "%s/cordon-%016" PRIx64, base, random) >= IN_PLACE_PATH_MAX)
        ret_scratch[0] = '\0';
    free(base);
    if (!ret_scratch[0])
        return error_system(err, ENAMETOOLONG, "name a private directory in /tmp");
    return 0;
}

void in_place_order_end(int control)
{
    shutdown(control, SHUT_WR);
}

void in_place_end(int control)
{
    struct message message;
    int status;

    in_place_order_end(control);
    do
        status = control_receive(control, &message, NULL, 0);
    while (status == 0 || status == -EBADMSG);
}

void in_place_forget(const char *scratch)
{
    static const char *const below[] = {"/home", "/tmp", ""};
    char path[IN_PLACE_PATH_MAX + 8];

    for (size_t i = 0; scratch[0] && i < ARRAY_COUNT(below); i++) {
        snprintf(path, sizeof(path), "%s%s", scratch, below[i]);
        rmdir(path);
    }
}
