/* SPDX-License-Identifier: Apache-2.0 */
/* The machine's signer as this keeper has it: one link for all of its containers, over whatever connections there are one after another. */
#include <errno.h>

#include "base/memory.h"
#include "keeper/keeper.h"
#include "signer/link.h"

static void heard(struct loop_watch *watch, uint32_t events)
{
    struct keeper *keeper = container_of(watch, struct keeper, signer_watch);

    if (signer_link_step(keeper->signer))
        return;
    loop_forget(keeper->loop, watch);
    signer_link_connect(keeper->signer, -1);
    watch->fd = -1;
    daemon_tell_gone(keeper, "signer");
}

int signs_connect(struct keeper *keeper, int fd, struct error *err)
{
    int status;

    loop_forget(keeper->loop, &keeper->signer_watch);
    signer_link_connect(keeper->signer, fd);
    keeper->signer_watch = (struct loop_watch){.fd = fd, .ready = heard};
    status = loop_watch(keeper->loop, &keeper->signer_watch, EPOLLIN);
    if (status < 0) {
        signer_link_connect(keeper->signer, -1);
        keeper->signer_watch.fd = -1;
        return error_system(err, -status, "watch the signer's connection");
    }
    return 0;
}

int signs_begin(struct keeper *keeper, struct error *err)
{
    keeper->signer_watch.fd = -1;
    return signer_link_new(&keeper->signer, err);
}
