/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of nf_tables. */
#include "gateway/nft.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "base/memory.h"

#define BATCH_BYTES     (1u << 20)
#define SOCKET_BYTES    (8u << 20)
#define ELEMENTS_A_TIME 256u /* of a set, a message: its attribute has 16 bits for their size */

static struct nlmsghdr *begin(struct nft *nft, uint16_t type, uint16_t flags)
{
    return nftnl_nlmsg_build_hdr(mnl_nlmsg_batch_current(nft->batch), type, NFPROTO_INET, flags, ++nft->sequence);
}

static void finish(struct nft *nft)
{
    if (!mnl_nlmsg_batch_next(nft->batch))
        nft->is_failed = true;
}

static void add_table(struct nft *nft)
{
    struct nftnl_table *table = nftnl_table_alloc();

    if (!table) {
        nft->is_failed = true;
        return;
    }
    nftnl_table_set_u32(table, NFTNL_TABLE_FAMILY, NFPROTO_INET);
    nftnl_table_set_str(table, NFTNL_TABLE_NAME, nft->table);
    nftnl_table_nlmsg_build_payload(begin(nft, NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK), table);
    finish(nft);
    nftnl_table_free(table);
}

void nft_add_chain(struct nft *nft, const char *name, uint32_t hook, int32_t priority, uint32_t policy)
{
    struct nftnl_chain *chain = nftnl_chain_alloc();

    if (!chain) {
        nft->is_failed = true;
        return;
    }
    nftnl_chain_set_str(chain, NFTNL_CHAIN_TABLE, nft->table);
    nftnl_chain_set_str(chain, NFTNL_CHAIN_NAME, name);
    nftnl_chain_set_str(chain, NFTNL_CHAIN_TYPE, "filter");
    nftnl_chain_set_u32(chain, NFTNL_CHAIN_HOOKNUM, hook);
    nftnl_chain_set_s32(chain, NFTNL_CHAIN_PRIO, priority);
    nftnl_chain_set_u32(chain, NFTNL_CHAIN_POLICY, policy);
    nftnl_chain_nlmsg_build_payload(begin(nft, NFT_MSG_NEWCHAIN, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK), chain);
    finish(nft);
    nftnl_chain_free(chain);
}

/* ---- sets of intervals ---- */

static struct nftnl_set *set_new(struct nft *nft, const struct nft_set *set)
{
    struct nftnl_set *made = nftnl_set_alloc();

    if (!made) {
        nft->is_failed = true;
        return NULL;
    }
    nftnl_set_set_str(made, NFTNL_SET_TABLE, nft->table);
    nftnl_set_set_str(made, NFTNL_SET_NAME, set->name);
    nftnl_set_set_u32(made, NFTNL_SET_FAMILY, NFPROTO_INET);
    nftnl_set_set_u32(made, NFTNL_SET_ID, set->id);
    nftnl_set_set_u32(made, NFTNL_SET_KEY_TYPE, set->type);
    nftnl_set_set_u32(made, NFTNL_SET_KEY_LEN, set->size);
    nftnl_set_set_u32(made, NFTNL_SET_FLAGS, NFT_SET_INTERVAL | NFT_SET_CONSTANT);
    return made;
}

static void add_set(struct nft *nft, const struct nft_set *set)
{
    struct nftnl_set *made = set_new(nft, set);

    if (!made)
        return;
    nftnl_set_nlmsg_build_payload(begin(nft, NFT_MSG_NEWSET, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK), made);
    finish(nft);
    nftnl_set_free(made);
}

struct elements {
    struct nft *nft;
    const struct nft_set *set;
    struct nftnl_set *part;
    unsigned count;
};

static void elements_flush(struct elements *elements)
{
    if (!elements->part)
        return;
    nftnl_set_elems_nlmsg_build_payload(begin(elements->nft, NFT_MSG_NEWSETELEM, NLM_F_CREATE | NLM_F_ACK),
                                        elements->part);
    finish(elements->nft);
    nftnl_set_free(elements->part);
    elements->part = NULL;
    elements->count = 0;
}

static void elements_add(struct elements *elements, const void *key, uint32_t flags)
{
    struct nftnl_set_elem *element;

    if (elements->count == ELEMENTS_A_TIME)
        elements_flush(elements);
    if (!elements->part)
        elements->part = set_new(elements->nft, elements->set);
    element = elements->part ? nftnl_set_elem_alloc() : NULL;
    if (!element) {
        elements->nft->is_failed = true;
        return;
    }
    nftnl_set_elem_set(element, NFTNL_SET_ELEM_KEY, key, elements->set->size);
    if (flags)
        nftnl_set_elem_set_u32(element, NFTNL_SET_ELEM_FLAGS, flags);
    nftnl_set_elem_add(elements->part, element);
    elements->count++;
}

void nft_add_ports(struct nft *nft, const struct nft_set *set, const struct ports *ports)
{
    struct elements elements = {.nft = nft, .set = set};

    add_set(nft, set);
    for (size_t i = 0; i < ports->count; i++) {
        uint16_t first = htons(ports->items[i].first), behind = htons((uint16_t)(ports->items[i].last + 1u));

        elements_add(&elements, &first, 0);
        /* an interval that nothing ends goes to the last */
        if (ports->items[i].last != UINT16_MAX)
            elements_add(&elements, &behind, NFT_SET_ELEM_INTERVAL_END);
    }
    elements_flush(&elements);
}

/* The first address behind a block; false = there is none. */
static bool block_end(const struct net_block *block, unsigned char end[16])
{
    memcpy(end, block->address, 16);
    for (unsigned bit = block->prefix; bit-- > 0;) {
        unsigned char mask = (unsigned char)(0x80u >> bit % 8);

        end[bit / 8] ^= mask;
        if (end[bit / 8] & mask)
            return true;
    }
    return false;
}

static bool is_within_another(const struct blocks *blocks, size_t index)
{
    for (size_t i = 0; i < blocks->count; i++)
        if (i != index && net_block_contains(&blocks->items[i], &blocks->items[index]) &&
            (i < index || !net_block_contains(&blocks->items[index], &blocks->items[i])))
            return true;
    return false;
}

void nft_add_blocks(struct nft *nft, const struct nft_set *set, const struct blocks *blocks)
{
    struct elements elements = {.nft = nft, .set = set};
    unsigned char end[16];

    add_set(nft, set);
    for (size_t i = 0; i < blocks->count; i++) {
        if (is_within_another(blocks, i))
            continue;
        elements_add(&elements, blocks->items[i].address, 0);
        if (block_end(&blocks->items[i], end))
            elements_add(&elements, end, NFT_SET_ELEM_INTERVAL_END);
    }
    elements_flush(&elements);
}

/* ---- expressions of a rule ---- */

static struct nftnl_expr *put(struct nft_rule *rule, const char *name)
{
    struct nftnl_expr *expression = rule->rule ? nftnl_expr_alloc(name) : NULL;

    if (expression)
        nftnl_rule_add_expr(rule->rule, expression);
    else
        rule->nft->is_failed = true;
    return expression;
}

#define SET_U32(expression, attribute, value)                                                                        \
    do {                                                                                                             \
        if (expression)                                                                                              \
            nftnl_expr_set_u32(expression, attribute, value);                                                        \
    } while (0)

void nft_compare(struct nft_rule *rule, uint32_t operation, const void *bytes, uint32_t size)
{
    struct nftnl_expr *expression = put(rule, "cmp");

    SET_U32(expression, NFTNL_EXPR_CMP_SREG, NFT_REG_1);
    SET_U32(expression, NFTNL_EXPR_CMP_OP, operation);
    if (expression)
        nftnl_expr_set(expression, NFTNL_EXPR_CMP_DATA, bytes, size);
}

void nft_match_meta(struct nft_rule *rule, uint32_t key, uint8_t value)
{
    struct nftnl_expr *expression = put(rule, "meta");

    SET_U32(expression, NFTNL_EXPR_META_KEY, key);
    SET_U32(expression, NFTNL_EXPR_META_DREG, NFT_REG_1);
    nft_compare(rule, NFT_CMP_EQ, &value, 1);
}

void nft_load(struct nft_rule *rule, uint32_t base, uint32_t offset, uint32_t size)
{
    struct nftnl_expr *expression = put(rule, "payload");

    SET_U32(expression, NFTNL_EXPR_PAYLOAD_DREG, NFT_REG_1);
    SET_U32(expression, NFTNL_EXPR_PAYLOAD_BASE, base);
    SET_U32(expression, NFTNL_EXPR_PAYLOAD_OFFSET, offset);
    SET_U32(expression, NFTNL_EXPR_PAYLOAD_LEN, size);
}

static uint32_t address_size(int family)
{
    return family == AF_INET ? 4 : 16;
}

void nft_load_destination(struct nft_rule *rule, int family)
{
    nft_load(rule, NFT_PAYLOAD_NETWORK_HEADER, family == AF_INET ? 16 : 24, address_size(family));
}

void nft_load_source(struct nft_rule *rule, int family)
{
    nft_load(rule, NFT_PAYLOAD_NETWORK_HEADER, family == AF_INET ? 12 : 8, address_size(family));
}

void nft_match_prefix(struct nft_rule *rule, int family, const char *text, unsigned prefix)
{
    unsigned char address[16], mask[16] = "", none[16] = "";
    struct nftnl_expr *expression = put(rule, "bitwise");

    inet_pton(family, text, address);
    for (unsigned bit = 0; bit < prefix; bit++)
        mask[bit / 8] |= (unsigned char)(0x80u >> bit % 8);
    SET_U32(expression, NFTNL_EXPR_BITWISE_SREG, NFT_REG_1);
    SET_U32(expression, NFTNL_EXPR_BITWISE_DREG, NFT_REG_1);
    SET_U32(expression, NFTNL_EXPR_BITWISE_LEN, address_size(family));
    if (expression) {
        nftnl_expr_set(expression, NFTNL_EXPR_BITWISE_MASK, mask, address_size(family));
        nftnl_expr_set(expression, NFTNL_EXPR_BITWISE_XOR, none, address_size(family));
    }
    nft_compare(rule, NFT_CMP_EQ, address, address_size(family));
}

void nft_match_set(struct nft_rule *rule, const struct nft_set *set, uint32_t flags)
{
    struct nftnl_expr *expression = put(rule, "lookup");

    SET_U32(expression, NFTNL_EXPR_LOOKUP_SREG, NFT_REG_1);
    if (expression)
        nftnl_expr_set_str(expression, NFTNL_EXPR_LOOKUP_SET, set->name);
    SET_U32(expression, NFTNL_EXPR_LOOKUP_SET_ID, set->id);
    if (flags)
        SET_U32(expression, NFTNL_EXPR_LOOKUP_FLAGS, flags);
}

void nft_verdict(struct nft_rule *rule, uint32_t verdict)
{
    struct nftnl_expr *expression = put(rule, "immediate");

    SET_U32(expression, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
    SET_U32(expression, NFTNL_EXPR_IMM_VERDICT, verdict);
}

static void put_immediate(struct nft_rule *rule, uint32_t where, const void *bytes, uint32_t size)
{
    struct nftnl_expr *expression = put(rule, "immediate");

    SET_U32(expression, NFTNL_EXPR_IMM_DREG, where);
    if (expression)
        nftnl_expr_set(expression, NFTNL_EXPR_IMM_DATA, bytes, size);
}

void nft_tproxy(struct nft_rule *rule, int family, const char *text, uint16_t port)
{
    unsigned char address[16];
    uint16_t to = htons(port);
    struct nftnl_expr *expression;

    inet_pton(family, text, address);
    put_immediate(rule, NFT_REG_1, address, address_size(family));
    put_immediate(rule, NFT_REG_2, &to, sizeof(to));
    expression = put(rule, "tproxy");
    SET_U32(expression, NFTNL_EXPR_TPROXY_FAMILY, family == AF_INET ? NFPROTO_IPV4 : NFPROTO_IPV6);
    SET_U32(expression, NFTNL_EXPR_TPROXY_REG_ADDR, NFT_REG_1);
    SET_U32(expression, NFTNL_EXPR_TPROXY_REG_PORT, NFT_REG_2);
    nft_verdict(rule, NF_ACCEPT);
}

struct nft_rule nft_rule_begin(struct nft *nft, const char *chain, int family)
{
    struct nft_rule rule = {.nft = nft, .rule = nftnl_rule_alloc()};

    if (!rule.rule) {
        nft->is_failed = true;
        return rule;
    }
    nftnl_rule_set_str(rule.rule, NFTNL_RULE_TABLE, nft->table);
    nftnl_rule_set_str(rule.rule, NFTNL_RULE_CHAIN, chain);
    nftnl_rule_set_u32(rule.rule, NFTNL_RULE_FAMILY, NFPROTO_INET);
    nft_match_meta(&rule, NFT_META_NFPROTO, family == AF_INET ? NFPROTO_IPV4 : NFPROTO_IPV6);
    return rule;
}

void nft_rule_end(struct nft_rule *rule)
{
    if (!rule->rule)
        return;
    nftnl_rule_nlmsg_build_payload(
        begin(rule->nft, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND | NLM_F_ACK), rule->rule);
    finish(rule->nft);
    nftnl_rule_free(rule->rule);
}

/* ---- the batch ---- */

/* The kernel answers every message of a batch; the first failure is the one that tells. 0 or -errno. */
int nft_commit(struct nft *nft)
{
    _Alignas(struct nlmsghdr) char answer[8192];
    uint32_t left = nft->sequence - 1; /* neither the batch's begin nor its end is answered */

    nftnl_batch_end(mnl_nlmsg_batch_current(nft->batch), ++nft->sequence);
    finish(nft);
    if (nft->is_failed)
        return -ENOBUFS;
    if (mnl_socket_sendto(nft->socket, mnl_nlmsg_batch_head(nft->batch), mnl_nlmsg_batch_size(nft->batch)) < 0)
        return -errno;
    while (left) {
        ssize_t size = mnl_socket_recvfrom(nft->socket, answer, sizeof(answer));
        int rest = (int)size;

        if (size < 0)
            return -errno;
        for (struct nlmsghdr *at = (void *)answer; mnl_nlmsg_ok(at, rest); at = mnl_nlmsg_next(at, &rest)) {
            const struct nlmsgerr *said = mnl_nlmsg_get_payload(at);

            if (at->nlmsg_type != NLMSG_ERROR)
                continue;
            if (said->error)
                return said->error;
            left--;
        }
    }
    return 0;
}

int nft_open(struct nft *nft, const char *table)
{
    int room = SOCKET_BYTES;

    *nft = (struct nft){.table = table, .buffer = mem_alloc(2 * BATCH_BYTES)};
    nft->batch = nft->buffer ? mnl_nlmsg_batch_start(nft->buffer, BATCH_BYTES) : NULL;
    if (!nft->batch)
        return -ENOMEM;
    nft->socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
    if (!nft->socket || mnl_socket_bind(nft->socket, 0, MNL_SOCKET_AUTOPID) < 0)
        return -errno;
    /* the whole batch is one message, and each of its parts is answered before any answer is read */
    setsockopt(mnl_socket_get_fd(nft->socket), SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
    setsockopt(mnl_socket_get_fd(nft->socket), SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
    nftnl_batch_begin(mnl_nlmsg_batch_current(nft->batch), ++nft->sequence);
    finish(nft);
    add_table(nft);
    return 0;
}

void nft_close(struct nft *nft)
{
    if (nft->batch)
        mnl_nlmsg_batch_stop(nft->batch);
    if (nft->socket)
        mnl_socket_close(nft->socket);
    mem_free(nft->buffer);
}
