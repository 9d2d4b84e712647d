/* SPDX-License-Identifier: Apache-2.0 */
/* What the ways out have in common with the starter, and no more. */
#include "gateway/logged.h"
#include "worker/channel.h"

bool logged_ask(struct gateway *gateway, struct worker_message *message)
{
    message->type = WORKER_HELD;
    message->kind = WORKER_HELD_RECORD;
    return channel_send(gateway->channel.fd, message, false) == 0;
}
