/* SPDX-License-Identifier: Apache-2.0 */
/* One destination, asked of the function that the gateway asks. */
#include "policy/model/destinations.h"

#include <string.h>
#include <sys/socket.h>

void block_bounds(const struct net_block *block, unsigned char ret_first[16],
                  unsigned char ret_last[16])
{
    unsigned size = block->family == AF_INET ? 4 : 16;

    memset(ret_first, 0, 16);
    memset(ret_last, 0, 16);
    for (unsigned i = 0; i < size; i++) {
        unsigned kept = block->prefix > 8 * i ? block->prefix - 8 * i : 0;
        unsigned char mask = kept >= 8 ? 0xff : (unsigned char)(0xff00 >> kept);

        ret_first[i] = block->address[i] & mask;
        ret_last[i] = ret_first[i] | (unsigned char)~mask;
    }
}

bool destination_is_permitted(const struct net_rules *rules, const struct destination *destination)
{
    struct net_question question = {
        .protocol = destination->protocol,
        .address = {.family = destination->family},
        .port = destination->port,
        .is_own = destination->is_own,
        .names = destination->host ? &destination->host : NULL,
        .name_count = destination->host ? 1 : 0,
        .said = destination->host ? NET_SAID_NAME : NET_SAID_NOTHING,
        .name = destination->host,
    };

    memcpy(question.address.bytes, destination->address, sizeof(question.address.bytes));
    return net_decide(rules, &question).verdict == NET_PERMIT;
}
