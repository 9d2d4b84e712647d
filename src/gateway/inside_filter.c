/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The nftables table of the container's network namespace. Made once, by the thread that is inside; for other rules the
 * kernel exchanges it for another in one step.
 *
 *   table inet cordon {
 *     set tcp, udp          ports that some rule could grant
 *     set resolver4, ...6   addresses whose port 53 a rule grants
 *     chain capture, hook prerouting, priority mangle, of each family:
 *       to the container's own loopback and addresses: accept
 *       port 53 of others, unless in the set: tproxy to the resolver
 *       ports in the sets: tproxy to the gateway
 *     chain leave, hook output, policy drop, of each family:
 *       to the container's own loopback and addresses: accept
 *       from the container's address, TCP and UDP: accept; echo requests where ICMP is granted
 *   }
 *
 * Without the second chain the kernel would answer ping in the name of every address that is local, and what a program
 * sends from a borrowed address (IP_FREEBIND) could make the gateway meet its own answers.
 */
#include <errno.h>
#include <netinet/in.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "gateway/inside.h"
#include "gateway/nft.h"
#include "net/inside.h"

#define TABLE           "cordon"
#define CAPTURE         "capture"
#define LEAVE           "leave"
#define PRIORITY_MANGLE (-150)

enum { SET_TCP = 1, SET_UDP, SET_RESOLVER4, SET_RESOLVER6 };

static uint32_t address_size(int family)
{
    return family == AF_INET ? 4 : 16;
}

static const char *gateway_address(int family)
{
    return family == AF_INET ? NET_INSIDE_GATEWAY4 : NET_INSIDE_GATEWAY6;
}

static void accept_own(struct nft *nft, const char *chain, int family)
{
    static const struct {
        int family;
        const char *address;
        unsigned prefix;
    } own[] = {
        {AF_INET, "127.0.0.0", 8},
        {AF_INET, "192.0.0.0", 30}, /* the container's and the gateway's */
        {AF_INET6, "::1", 128},
        {AF_INET6, "fdc0:7d09::", 126},
    };

    for (size_t i = 0; i < ARRAY_COUNT(own); i++) {
        struct nft_rule rule;

        if (own[i].family != family)
            continue;
        rule = nft_rule_begin(nft, chain, family);
        nft_load_destination(&rule, family);
        nft_match_prefix(&rule, family, own[i].address, own[i].prefix);
        nft_verdict(&rule, NF_ACCEPT);
        nft_rule_end(&rule);
    }
}

static void capture_questions(struct nft *nft, int family, uint8_t protocol, const struct nft_set *but)
{
    struct nft_rule rule = nft_rule_begin(nft, CAPTURE, family);
    uint16_t port = htons(NET_INSIDE_DNS_PORT);

    nft_match_meta(&rule, NFT_META_L4PROTO, protocol);
    nft_load(&rule, NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2);
    nft_compare(&rule, NFT_CMP_EQ, &port, sizeof(port));
    nft_load_destination(&rule, family);
    nft_match_set(&rule, but, NFT_LOOKUP_F_INV);
    nft_tproxy(&rule, family, gateway_address(family), NET_INSIDE_DNS_PORT);
    nft_rule_end(&rule);
}

static void capture_ports(struct nft *nft, int family, uint8_t protocol, const struct nft_set *ports)
{
    struct nft_rule rule = nft_rule_begin(nft, CAPTURE, family);

    nft_match_meta(&rule, NFT_META_L4PROTO, protocol);
    nft_load(&rule, NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2);
    nft_match_set(&rule, ports, 0);
    nft_tproxy(&rule, family, gateway_address(family), NET_INSIDE_PORT);
    nft_rule_end(&rule);
}

static void let_leave(struct nft *nft, int family, uint8_t protocol)
{
    struct nft_rule rule = nft_rule_begin(nft, LEAVE, family);

    nft_load_source(&rule, family);
    nft_match_prefix(&rule, family, family == AF_INET ? NET_INSIDE_ADDRESS4 : NET_INSIDE_ADDRESS6, address_size(family) * 8);
    nft_match_meta(&rule, NFT_META_L4PROTO, protocol);
    nft_verdict(&rule, NF_ACCEPT);
    nft_rule_end(&rule);
}

/* Requests only: what answers them comes from the gateway, to the container's own address. */
static void let_ping_leave(struct nft *nft, int family)
{
    struct nft_rule rule = nft_rule_begin(nft, LEAVE, family);
    uint8_t echo = family == AF_INET ? 8 : 128;

    nft_load_source(&rule, family);
    nft_match_prefix(&rule, family, family == AF_INET ? NET_INSIDE_ADDRESS4 : NET_INSIDE_ADDRESS6, address_size(family) * 8);
    nft_match_meta(&rule, NFT_META_L4PROTO, family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6);
    nft_load(&rule, NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1);
    nft_compare(&rule, NFT_CMP_EQ, &echo, sizeof(echo));
    nft_verdict(&rule, NF_ACCEPT);
    nft_rule_end(&rule);
}

static void add_family(struct nft *nft, int family, const struct blocks *resolvers, const struct nft_set *tcp,
                       const struct nft_set *udp)
{
    const struct nft_set but = {
        .name = family == AF_INET ? "resolver4" : "resolver6",
        .id = SET_RESOLVER4 + (family == AF_INET6),
        .type = family == AF_INET ? NFT_TYPE_IPADDR : NFT_TYPE_IP6ADDR,
        .size = address_size(family),
    };

    nft_add_blocks(nft, &but, resolvers);
    accept_own(nft, CAPTURE, family);
    accept_own(nft, LEAVE, family);
    capture_questions(nft, family, IPPROTO_UDP, &but);
    capture_questions(nft, family, IPPROTO_TCP, &but);
    capture_ports(nft, family, IPPROTO_TCP, tcp);
    capture_ports(nft, family, IPPROTO_UDP, udp);
    let_leave(nft, family, IPPROTO_TCP);
    let_leave(nft, family, IPPROTO_UDP);
}

static void build(struct nft *nft, const struct inside_want *want, bool has_ipv6)
{
    const struct nft_set tcp = {.name = "tcp", .id = SET_TCP, .type = NFT_TYPE_INET_SERVICE, .size = 2};
    const struct nft_set udp = {.name = "udp", .id = SET_UDP, .type = NFT_TYPE_INET_SERVICE, .size = 2};

    nft_add_chain(nft, CAPTURE, NF_INET_PRE_ROUTING, PRIORITY_MANGLE, NF_ACCEPT);
    nft_add_chain(nft, LEAVE, NF_INET_LOCAL_OUT, 0, NF_DROP);
    nft_add_ports(nft, &tcp, &want->set->tcp);
    nft_add_ports(nft, &udp, &want->set->udp);
    add_family(nft, AF_INET, &want->set->resolvers[0], &tcp, &udp);
    if (has_ipv6)
        add_family(nft, AF_INET6, &want->set->resolvers[1], &tcp, &udp);
    if (want->has_ping)
        let_ping_leave(nft, AF_INET);
    if (want->has_ping && has_ipv6)
        let_ping_leave(nft, AF_INET6);
}

static int explain(int status, struct error *err)
{
    if (status == -ENOENT || status == -EOPNOTSUPP || status == -EPROTONOSUPPORT)
        return error_set(err, ERROR_UNENFORCEABLE, -status,
                         "filter connections in the container: this kernel lacks nf_tables with nft_tproxy and nft_set "
                         "(CONFIG_NF_TABLES, CONFIG_NFT_TPROXY; as modules: load nf_tables and nft_tproxy)");
    return error_system(err, -status, "filter connections in the container (nf_tables)");
}

int inside_make_filter(const struct inside_want *want, bool has_ipv6, struct error *err)
{
    struct nft nft;
    int status = nft_open(&nft, TABLE, want->is_again);

    if (status == 0) {
        build(&nft, want, has_ipv6);
        status = nft_commit(&nft);
    }
    nft_close(&nft);
    return status < 0 ? explain(status, err) : 0;
}
