/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The launcher, as the core has it: a connection on which it tells what it does (src/launcher/launch.h), for the log. The starter has asked for that, so that
 * nothing can be asked on it any more: who takes the core over has no way to the launcher but the starter's two messages.
 */
#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "daemon/services.h"
#include "launcher/launch.h"

static int hear(struct service *service, struct error *err)
{
    struct launch_note note;
    int status = service_receive(service, &note, sizeof(note), err);

    if (status <= 0)
        return status;
    if (note.magic != LAUNCH_MAGIC || !note.kind || note.kind >= LAUNCH_NOTED_COUNT_ || !memchr(note.text, '\0', sizeof(note.text)) ||
        !memchr(note.id, '\0', sizeof(note.id)) || !memchr(note.group, '\0', sizeof(note.group)))
        return error_set(err, ERROR_INVALID, EPROTO, "it said what is no message");
    own_tell_launcher(service->core, &note);
    return status;
}

const struct service_kind service_launcher = {.name = "launcher", .hear = hear};
