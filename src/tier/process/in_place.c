/* SPDX-License-Identifier: Apache-2.0 */
#include "tier/process/in_place.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tier/process/control.h"

static int scratch_make(const struct plan *plan, char scratch[IN_PLACE_PATH_MAX], struct error *err)
{
    char below[IN_PLACE_PATH_MAX + 32], *base = realpath("/tmp", NULL);
    bool is_short = base && snprintf(scratch, IN_PLACE_PATH_MAX, "%s/cordon-XXXXXX", base) < IN_PLACE_PATH_MAX;

    free(base);
    if (!is_short || !mkdtemp(scratch)) {
        scratch[0] = '\0';
        return error_system(err, is_short ? errno : ENAMETOOLONG, "make a private directory in /tmp");
    }
    for (size_t i = 0; i < plan->private_count; i++) {
        snprintf(below, sizeof(below), "%s/%s", scratch, plan->privates[i].below);
        if (mkdir(below, 0700) < 0)
            return error_system(err, errno, "make %s", below);
    }
    return 0;
}

int in_place_prepare(const struct tier_start *start, char ret_scratch[IN_PLACE_PATH_MAX], struct error *err)
{
    ret_scratch[0] = '\0';
    if (!start->plan->private_count)
        return 0;
    return scratch_make(start->plan, ret_scratch, err);
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
