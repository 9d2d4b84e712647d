/* SPDX-License-Identifier: Apache-2.0 */
/* From a connection or datagram to the question that src/net decides. */
#include <arpa/inet.h>
#include <string.h>

#include "gateway/gateway.h"
#include "net/inside.h"

bool gateway_is_inside(const struct net_address *address)
{
    struct net_block block = {.family = address->family, .prefix = address->family == AF_INET ? 30 : 126};

    inet_pton(address->family, address->family == AF_INET ? "192.0.0.0" : "fdc0:7d09::", block.address);
    return net_block_has(&block, address);
}

void gateway_judge(struct gateway *gateway, const struct net_question *question, struct net_address *ret_dial,
                   struct net_decision *ret_decision, char *ret_name)
{
    struct net_question full = *question;
    struct net_address given = net_address_unmapped(&question->address);
    const char *names[NAMES_ROOM];
    size_t count = 0;

    *ret_name = '\0';
    *ret_dial = given;
    *ret_decision = (struct net_decision){.verdict = NET_REFUSE, .reason = NET_NOT_RESOLVED};
    if (gateway_is_inside(&given)) {
        ret_decision->reason = NET_SPECIAL;
        return;
    }
    if (names_of(gateway->names, &given, ret_dial, names, NAMES_ROOM, &count) < 0)
        return;
    full.address = net_address_unmapped(ret_dial);
    full.is_own = own_has(gateway->own, &full.address);
    /* `question` may bring the one name by which it was permitted before, which may have been forgotten since */
    if (!question->name_count) {
        full.names = names;
        full.name_count = count;
    }
    *ret_decision = net_decide(gateway->set->rules, &full);
    *ret_dial = full.address;
    if (ret_decision->name)
        strncpy(ret_name, ret_decision->name, NET_NAME_SIZE - 1);
    ret_name[NET_NAME_SIZE - 1] = '\0';
    ret_decision->name = NULL;
}
