/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of nf_tables as <linux/netfilter/nf_tables.h> describes them: attributes in attributes, numbers in network order.
 * libmnl has the nesting, and that is all that is needed of a library.
 */
#include "gateway/nft.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <string.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "base/memory.h"

#define BATCH_BYTES     (1u << 20)
#define SOCKET_BYTES    (8u << 20)
#define ELEMENTS_A_TIME 256u /* of a set, a message: its attribute has 16 bits for their size */
#define ONE_BYTES       (64u << 10) /* more than any single message here */

/* ---- messages ---- */

static struct nlmsghdr *begin_any(struct nft *nft, uint16_t type, uint16_t flags, uint8_t family, uint16_t resource)
{
    struct nlmsghdr *header = mnl_nlmsg_put_header(mnl_nlmsg_batch_current(nft->batch));
    struct nfgenmsg *about = mnl_nlmsg_put_extra_header(header, sizeof(*about));

    header->nlmsg_type = type;
    header->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
    header->nlmsg_seq = ++nft->sequence;
    about->nfgen_family = family;
    about->version = NFNETLINK_V0;
    about->res_id = htons(resource);
    return header;
}

static struct nlmsghdr *begin(struct nft *nft, unsigned message, uint16_t flags)
{
    nft->answers++;
    return begin_any(nft, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | message), (uint16_t)(NLM_F_CREATE | NLM_F_ACK | flags),
                     NFPROTO_INET, 0);
}

static void finish(struct nft *nft)
{
    if (!mnl_nlmsg_batch_next(nft->batch))
        nft->is_failed = true;
}

static void put32(struct nlmsghdr *header, unsigned type, uint32_t value)
{
    mnl_attr_put_u32(header, (uint16_t)type, htonl(value));
}

static void put_text(struct nlmsghdr *header, unsigned type, const char *text)
{
    mnl_attr_put_strz(header, (uint16_t)type, text);
}

static struct nlattr *nest(struct nlmsghdr *header, unsigned type)
{
    return mnl_attr_nest_start(header, (uint16_t)type);
}

static void about_table(struct nft *nft, unsigned message, uint16_t flags)
{
    struct nlmsghdr *header = begin(nft, message, flags);

    put_text(header, NFTA_TABLE_NAME, nft->table);
    finish(nft);
}

void nft_add_chain(struct nft *nft, const char *name, uint32_t hook, int32_t priority, uint32_t policy)
{
    struct nlmsghdr *header = begin(nft, NFT_MSG_NEWCHAIN, NLM_F_EXCL);
    struct nlattr *at;

    put_text(header, NFTA_CHAIN_TABLE, nft->table);
    put_text(header, NFTA_CHAIN_NAME, name);
    at = nest(header, NFTA_CHAIN_HOOK);
    put32(header, NFTA_HOOK_HOOKNUM, hook);
    put32(header, NFTA_HOOK_PRIORITY, (uint32_t)priority);
    mnl_attr_nest_end(header, at);
    put32(header, NFTA_CHAIN_POLICY, policy);
    put_text(header, NFTA_CHAIN_TYPE, "filter");
    finish(nft);
}

/* ---- sets of intervals ---- */

static void add_set(struct nft *nft, const struct nft_set *set)
{
    struct nlmsghdr *header = begin(nft, NFT_MSG_NEWSET, NLM_F_EXCL);

    put_text(header, NFTA_SET_TABLE, nft->table);
    put_text(header, NFTA_SET_NAME, set->name);
    put32(header, NFTA_SET_ID, set->id);
    put32(header, NFTA_SET_FLAGS, NFT_SET_INTERVAL | NFT_SET_CONSTANT);
    put32(header, NFTA_SET_KEY_TYPE, set->type);
    put32(header, NFTA_SET_KEY_LEN, set->size);
    finish(nft);
}

struct elements {
    struct nft *nft;
    const struct nft_set *set;
    struct nlmsghdr *header; /* NULL = no message is open */
    struct nlattr *list;
    unsigned count;
};

static void elements_flush(struct elements *elements)
{
    if (!elements->header)
        return;
    mnl_attr_nest_end(elements->header, elements->list);
    finish(elements->nft);
    elements->header = NULL;
    elements->count = 0;
}

static void elements_begin(struct elements *elements)
{
    struct nlmsghdr *header = begin(elements->nft, NFT_MSG_NEWSETELEM, 0);

    put_text(header, NFTA_SET_ELEM_LIST_TABLE, elements->nft->table);
    put_text(header, NFTA_SET_ELEM_LIST_SET, elements->set->name);
    put32(header, NFTA_SET_ELEM_LIST_SET_ID, elements->set->id);
    elements->header = header;
    elements->list = nest(header, NFTA_SET_ELEM_LIST_ELEMENTS);
}

static void elements_add(struct elements *elements, const void *key, uint32_t flags)
{
    struct nlattr *one, *value;

    if (elements->count == ELEMENTS_A_TIME)
        elements_flush(elements);
    if (elements->nft->is_failed)
        return;
    if (!elements->header)
        elements_begin(elements);
    one = nest(elements->header, NFTA_LIST_ELEM);
    if (flags)
        put32(elements->header, NFTA_SET_ELEM_FLAGS, flags);
    value = nest(elements->header, NFTA_SET_ELEM_KEY);
    mnl_attr_put(elements->header, NFTA_DATA_VALUE, elements->set->size, key);
    mnl_attr_nest_end(elements->header, value);
    mnl_attr_nest_end(elements->header, one);
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

static uint32_t address_size(int family)
{
    return family == AF_INET ? 4 : 16;
}

static void expression_begin(struct nft_rule *rule, const char *name)
{
    rule->expression = nest(rule->header, NFTA_LIST_ELEM);
    put_text(rule->header, NFTA_EXPR_NAME, name);
    rule->data = nest(rule->header, NFTA_EXPR_DATA);
}

static void expression_end(struct nft_rule *rule)
{
    mnl_attr_nest_end(rule->header, rule->data);
    mnl_attr_nest_end(rule->header, rule->expression);
}

static void put_value(struct nft_rule *rule, unsigned type, const void *bytes, uint32_t size)
{
    struct nlattr *at = nest(rule->header, type);

    mnl_attr_put(rule->header, NFTA_DATA_VALUE, size, bytes);
    mnl_attr_nest_end(rule->header, at);
}

void nft_compare(struct nft_rule *rule, uint32_t operation, const void *bytes, uint32_t size)
{
    expression_begin(rule, "cmp");
    put32(rule->header, NFTA_CMP_SREG, NFT_REG_1);
    put32(rule->header, NFTA_CMP_OP, operation);
    put_value(rule, NFTA_CMP_DATA, bytes, size);
    expression_end(rule);
}

void nft_match_meta(struct nft_rule *rule, uint32_t key, uint8_t value)
{
    expression_begin(rule, "meta");
    put32(rule->header, NFTA_META_DREG, NFT_REG_1);
    put32(rule->header, NFTA_META_KEY, key);
    expression_end(rule);
    nft_compare(rule, NFT_CMP_EQ, &value, 1);
}

void nft_load(struct nft_rule *rule, uint32_t base, uint32_t offset, uint32_t size)
{
    expression_begin(rule, "payload");
    put32(rule->header, NFTA_PAYLOAD_DREG, NFT_REG_1);
    put32(rule->header, NFTA_PAYLOAD_BASE, base);
    put32(rule->header, NFTA_PAYLOAD_OFFSET, offset);
    put32(rule->header, NFTA_PAYLOAD_LEN, size);
    expression_end(rule);
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

    inet_pton(family, text, address);
    for (unsigned bit = 0; bit < prefix; bit++)
        mask[bit / 8] |= (unsigned char)(0x80u >> bit % 8);
    expression_begin(rule, "bitwise");
    put32(rule->header, NFTA_BITWISE_SREG, NFT_REG_1);
    put32(rule->header, NFTA_BITWISE_DREG, NFT_REG_1);
    put32(rule->header, NFTA_BITWISE_LEN, address_size(family));
    put_value(rule, NFTA_BITWISE_MASK, mask, address_size(family));
    put_value(rule, NFTA_BITWISE_XOR, none, address_size(family));
    expression_end(rule);
    nft_compare(rule, NFT_CMP_EQ, address, address_size(family));
}

void nft_match_set(struct nft_rule *rule, const struct nft_set *set, uint32_t flags)
{
    expression_begin(rule, "lookup");
    put32(rule->header, NFTA_LOOKUP_SREG, NFT_REG_1);
    put_text(rule->header, NFTA_LOOKUP_SET, set->name);
    put32(rule->header, NFTA_LOOKUP_SET_ID, set->id);
    if (flags)
        put32(rule->header, NFTA_LOOKUP_FLAGS, flags);
    expression_end(rule);
}

void nft_verdict(struct nft_rule *rule, uint32_t verdict)
{
    struct nlattr *data, *at;

    expression_begin(rule, "immediate");
    put32(rule->header, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
    data = nest(rule->header, NFTA_IMMEDIATE_DATA);
    at = nest(rule->header, NFTA_DATA_VERDICT);
    put32(rule->header, NFTA_VERDICT_CODE, verdict);
    mnl_attr_nest_end(rule->header, at);
    mnl_attr_nest_end(rule->header, data);
    expression_end(rule);
}

static void put_immediate(struct nft_rule *rule, uint32_t where, const void *bytes, uint32_t size)
{
    expression_begin(rule, "immediate");
    put32(rule->header, NFTA_IMMEDIATE_DREG, where);
    put_value(rule, NFTA_IMMEDIATE_DATA, bytes, size);
    expression_end(rule);
}

void nft_tproxy(struct nft_rule *rule, int family, const char *text, uint16_t port)
{
    unsigned char address[16];
    uint16_t to = htons(port);

    inet_pton(family, text, address);
    put_immediate(rule, NFT_REG_1, address, address_size(family));
    put_immediate(rule, NFT_REG_2, &to, sizeof(to));
    expression_begin(rule, "tproxy");
    put32(rule->header, NFTA_TPROXY_FAMILY, family == AF_INET ? NFPROTO_IPV4 : NFPROTO_IPV6);
    put32(rule->header, NFTA_TPROXY_REG_ADDR, NFT_REG_1);
    put32(rule->header, NFTA_TPROXY_REG_PORT, NFT_REG_2);
    expression_end(rule);
    nft_verdict(rule, NF_ACCEPT);
}

struct nft_rule nft_rule_begin(struct nft *nft, const char *chain, int family)
{
    struct nft_rule rule = {.nft = nft, .header = begin(nft, NFT_MSG_NEWRULE, NLM_F_APPEND)};

    put_text(rule.header, NFTA_RULE_TABLE, nft->table);
    put_text(rule.header, NFTA_RULE_CHAIN, chain);
    rule.list = nest(rule.header, NFTA_RULE_EXPRESSIONS);
    nft_match_meta(&rule, NFT_META_NFPROTO, family == AF_INET ? NFPROTO_IPV4 : NFPROTO_IPV6);
    return rule;
}

void nft_rule_end(struct nft_rule *rule)
{
    mnl_attr_nest_end(rule->header, rule->list);
    finish(rule->nft);
}

/* ---- the batch ---- */

int nft_open(struct nft *nft, const char *table, bool is_again)
{
    int room = SOCKET_BYTES;

    /* a message that begins within the batch may end behind it; then it fails */
    *nft = (struct nft){.table = table, .buffer = mem_alloc(BATCH_BYTES + ONE_BYTES)};
    nft->batch = nft->buffer ? mnl_nlmsg_batch_start(nft->buffer, BATCH_BYTES) : NULL;
    if (!nft->batch)
        return -ENOMEM;
    nft->socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
    if (!nft->socket || mnl_socket_bind(nft->socket, 0, MNL_SOCKET_AUTOPID) < 0)
        return -errno;
    /* the whole batch is one message, and each of its parts is answered before any answer is read */
    setsockopt(mnl_socket_get_fd(nft->socket), SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
    setsockopt(mnl_socket_get_fd(nft->socket), SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
    begin_any(nft, NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
    finish(nft);
    if (is_again)
        about_table(nft, NFT_MSG_DELTABLE, 0);
    about_table(nft, NFT_MSG_NEWTABLE, NLM_F_EXCL);
    return 0;
}

/* The kernel answers every message of a batch; where it refuses one, the whole batch is undone. */
static int await_answers(struct nft *nft)
{
    _Alignas(struct nlmsghdr) char answer[8192];

    while (nft->answers) {
        ssize_t size = mnl_socket_recvfrom(nft->socket, answer, sizeof(answer));
        int rest = (int)size;

        if (size < 0)
            return -errno;
        for (struct nlmsghdr *at = (void *)answer; mnl_nlmsg_ok(at, rest); at = mnl_nlmsg_next(at, &rest)) {
            const struct nlmsgerr *said = mnl_nlmsg_get_payload(at);

            if (at->nlmsg_type != NLMSG_ERROR || mnl_nlmsg_get_payload_len(at) < sizeof(*said))
                continue;
            if (said->error)
                return said->error;
            nft->answers--;
        }
    }
    return 0;
}

int nft_commit(struct nft *nft)
{
    begin_any(nft, NFNL_MSG_BATCH_END, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
    finish(nft);
    if (nft->is_failed)
        return -ENOBUFS;
    if (mnl_socket_sendto(nft->socket, mnl_nlmsg_batch_head(nft->batch), mnl_nlmsg_batch_size(nft->batch)) < 0)
        return -errno;
    return await_answers(nft);
}

void nft_close(struct nft *nft)
{
    if (nft->batch)
        mnl_nlmsg_batch_stop(nft->batch);
    if (nft->socket)
        mnl_socket_close(nft->socket);
    mem_free(nft->buffer);
}
