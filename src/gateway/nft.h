/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A batch for nf_tables, over libmnl: one table of the family inet, its chains, sets of intervals and rules. Nothing is
 * sent before nft_commit(), and the kernel takes all of it or nothing. What has no room is remembered, and fails there.
 */
#ifndef CORDON_GATEWAY_NFT_H
#define CORDON_GATEWAY_NFT_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/ruleset.h"

struct mnl_socket;
struct mnl_nlmsg_batch;
struct nlattr;
struct nlmsghdr;

struct nft {
    struct mnl_socket *socket;
    struct mnl_nlmsg_batch *batch;
    char *buffer;
    const char *table;
    uint32_t sequence;
    uint32_t answers; /* to be waited for */
    bool is_failed;   /* out of room */
};

/* In the calling thread's network namespace. 0 or -errno. */
int nft_open(struct nft *nft, const char *table, bool is_again) must_check; /* again: in the place of the one that is there */
int nft_commit(struct nft *nft) must_check; /* 0 or -errno: of the first message that the kernel refuses */
void nft_close(struct nft *nft);

void nft_add_chain(struct nft *nft, const char *name, uint32_t hook, int32_t priority, uint32_t policy);

struct nft_set {
    const char *name;
    uint32_t id;   /* one for each set of the batch */
    uint32_t type; /* as nft(8) numbers types, for who lists them: NFT_TYPE_* */
    uint32_t size; /* of a key */
};
#define NFT_TYPE_IPADDR       7
#define NFT_TYPE_IP6ADDR      8
#define NFT_TYPE_INET_SERVICE 13

void nft_add_ports(struct nft *nft, const struct nft_set *set, const struct ports *ports);
void nft_add_blocks(struct nft *nft, const struct nft_set *set, const struct blocks *blocks);

/* ---- a rule, from its first expression to its last; `family` is AF_INET or AF_INET6 ---- */

struct nft_rule {
    struct nft *nft;
    struct nlmsghdr *header;
    struct nlattr *list, *expression, *data; /* that are open */
};

struct nft_rule nft_rule_begin(struct nft *nft, const char *chain, int family);
void nft_rule_end(struct nft_rule *rule);

void nft_match_meta(struct nft_rule *rule, uint32_t key, uint8_t value);
void nft_load(struct nft_rule *rule, uint32_t base, uint32_t offset, uint32_t size);
void nft_load_destination(struct nft_rule *rule, int family);
void nft_load_source(struct nft_rule *rule, int family);

/* Of what was loaded. */
void nft_compare(struct nft_rule *rule, uint32_t operation, const void *bytes, uint32_t size);
void nft_match_prefix(struct nft_rule *rule, int family, const char *text, unsigned prefix);
void nft_match_set(struct nft_rule *rule, const struct nft_set *set, uint32_t flags);

void nft_verdict(struct nft_rule *rule, uint32_t verdict);

/* To the socket at `address` and `port`, and accept. Where none is there the rule ends, and the next one's turn it is. */
void nft_tproxy(struct nft_rule *rule, int family, const char *address, uint16_t port);

#endif
