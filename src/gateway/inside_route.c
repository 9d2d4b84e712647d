/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lo, its addresses and the routes of the container's network namespace. Runs once, in the thread that is inside, and again
 * for other rules: what they need is added then, and what the former ones left out of their routes is taken up again. What
 * only the former ones led to stays, and is refused when it is dialled.
 *
 * What may be reached is `local` on lo: the kernel delivers it there, and answers for ports that nobody listens on. (With
 * IPv4 only the table `local` makes it answer.) The rest is `prohibit`. Questions to port 53 have a table of their own in
 * which everything is local, so that programs that know a resolver by its address find the gateway's.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>

#include "base/memory.h"
#include "gateway/inside.h"
#include "net/inside.h"

#define REQUEST_BYTES   512
#define BATCH_BYTES     (32 << 10)
#define DUMP_BYTES      (32 << 10) /* the kernel fills no more of what a reader has room for */
#define REQUESTS_MAX    512u /* in one batch */
#define LO              1 /* the first interface of every network namespace */
#define DNS_TABLE       53
#define DNS_PRIORITY    100  /* behind the table `local` (0), before main (32766) */
#define PROHIBIT_METRIC UINT32_MAX

/* What the kernel may lack, so that its refusal is no failure. */
enum lack {
    LACK_NOTHING = 0,
    LACK_IPV6,   /* EOPNOTSUPP, EAFNOSUPPORT; EACCES: shut by the administrator */
    LACK_TABLES4, /* several tables: EOPNOTSUPP, EAFNOSUPPORT */
    LACK_TABLES6,
};

/*
 * Messages that go to the kernel together: it does one after the other, also behind one that it refuses, and answers
 * those and the last.
 */
struct request {
    struct mnl_socket *socket;
    struct nlmsghdr *header; /* of the message under construction */
    size_t used;             /* bytes in front of it */
    uint32_t sequence, first; /* of the messages that have not been sent, the first */
    bool is_again; /* what is there already is replaced, or left */
    bool is_lacking[LACK_TABLES6 + 1];
    enum lack lacks[REQUESTS_MAX]; /* from `first` on */
    _Alignas(struct nlmsghdr) char bytes[BATCH_BYTES];
};

static void *begin(struct request *request, unsigned type, unsigned flags, size_t extra)
{
    memset(request->bytes + request->used, 0, REQUEST_BYTES);
    request->header = mnl_nlmsg_put_header(request->bytes + request->used);
    request->header->nlmsg_type = (uint16_t)type;
    request->header->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
    request->header->nlmsg_seq = ++request->sequence;
    request->lacks[request->sequence - request->first] = LACK_NOTHING;
    return mnl_nlmsg_put_extra_header(request->header, extra);
}

static bool is_lack(struct request *request, uint32_t sequence, int number)
{
    enum lack lack = sequence - request->first < REQUESTS_MAX ? request->lacks[sequence - request->first] : LACK_NOTHING;

    if (request->is_again && lack >= LACK_TABLES4 && number == EEXIST)
        return true;
    if (lack == LACK_NOTHING || (number != EOPNOTSUPP && number != EAFNOSUPPORT && !(lack == LACK_IPV6 && number == EACCES)))
        return false;
    request->is_lacking[lack] = true;
    return true;
}

/* 0 when the kernel has done everything up to this one; or the first errno. */
static int await(struct request *request, uint32_t last)
{
    _Alignas(struct nlmsghdr) char answer[4096];

    for (;;) {
        ssize_t size = mnl_socket_recvfrom(request->socket, answer, sizeof(answer));
        const struct nlmsghdr *header = (const struct nlmsghdr *)answer;

        if (size < 0)
            return -errno;
        if (!mnl_nlmsg_ok(header, (int)size) || header->nlmsg_type != NLMSG_ERROR)
            return -EPROTO;
        if (mnl_cb_run(answer, (size_t)size, 0, 0, NULL, NULL) < 0 && !is_lack(request, header->nlmsg_seq, errno))
            return -errno;
        if (header->nlmsg_seq == last)
            return 0;
    }
}

/* Send what there is, and wait for what the kernel says to it. 0 or -errno. */
static int flush(struct request *request)
{
    int status;

    if (!request->used)
        return 0;
    request->header->nlmsg_flags |= NLM_F_ACK;
    status = mnl_socket_sendto(request->socket, request->bytes, request->used) < 0 ? -errno : 0;
    if (status == 0)
        status = await(request, request->header->nlmsg_seq);
    request->used = 0;
    request->first = request->sequence + 1;
    return status;
}

/* The message is complete, and goes with the next ones; now where there is no room for another. */
static int finish(struct request *request, enum lack lack)
{
    request->lacks[request->sequence - request->first] = lack;
    request->used += MNL_ALIGN(request->header->nlmsg_len);
    if (request->used + REQUEST_BYTES <= sizeof(request->bytes) && request->sequence - request->first + 1 < REQUESTS_MAX)
        return 0;
    return flush(request);
}

static size_t address_size(int family)
{
    return family == AF_INET ? 4 : 16;
}

static void put_address(struct request *request, unsigned type, int family, const char *text)
{
    unsigned char bytes[16];

    inet_pton(family, text, bytes);
    mnl_attr_put(request->header, (uint16_t)type, address_size(family), bytes);
}

static int bring_up(struct request *request)
{
    struct ifinfomsg *link = begin(request, RTM_NEWLINK, 0, sizeof(*link));

    link->ifi_index = LO;
    link->ifi_flags = link->ifi_change = IFF_UP;
    return finish(request, LACK_NOTHING);
}

static int add_address(struct request *request, int family, const char *text)
{
    struct ifaddrmsg *address = begin(request, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, sizeof(*address));

    address->ifa_family = (uint8_t)family;
    address->ifa_prefixlen = (uint8_t)(address_size(family) * 8);
    address->ifa_flags = family == AF_INET6 ? IFA_F_NODAD : 0;
    address->ifa_scope = RT_SCOPE_UNIVERSE;
    address->ifa_index = LO;
    put_address(request, IFA_LOCAL, family, text);
    put_address(request, IFA_ADDRESS, family, text);
    return finish(request, family == AF_INET6 ? LACK_IPV6 : LACK_NOTHING);
}

/* Questions to port 53, wherever they go, have a table of their own. */
static int add_rules(struct request *request, int family)
{
    static const uint8_t protocols[] = {IPPROTO_UDP, IPPROTO_TCP};
    static const struct fib_rule_port_range port = {.start = NET_INSIDE_DNS_PORT, .end = NET_INSIDE_DNS_PORT};
    int status = 0;

    for (size_t i = 0; i < ARRAY_COUNT(protocols) && status == 0; i++) {
        struct fib_rule_hdr *rule = begin(request, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, sizeof(*rule));

        rule->family = (uint8_t)family;
        rule->table = DNS_TABLE;
        rule->action = FR_ACT_TO_TBL;
        mnl_attr_put_u32(request->header, FRA_PRIORITY, DNS_PRIORITY + (uint32_t)i);
        mnl_attr_put_u8(request->header, FRA_IP_PROTO, protocols[i]);
        mnl_attr_put(request->header, FRA_DPORT_RANGE, sizeof(port), &port);
        status = finish(request, family == AF_INET6 ? LACK_TABLES6 : LACK_TABLES4);
    }
    return status;
}

static int make_interface(struct request *request, bool *ret_has_ipv6, struct error *err)
{
    static const struct {
        int family;
        const char *text;
    } rows[] = {
        {AF_INET, NET_INSIDE_ADDRESS4},
        {AF_INET, NET_INSIDE_GATEWAY4},
        {AF_INET6, NET_INSIDE_ADDRESS6},
        {AF_INET6, NET_INSIDE_GATEWAY6},
    };
    int status = bring_up(request);

    for (size_t i = 0; i < ARRAY_COUNT(rows) && status == 0; i++)
        status = add_address(request, rows[i].family, rows[i].text);
    if (status == 0)
        status = add_rules(request, AF_INET);
    if (status == 0)
        status = add_rules(request, AF_INET6);
    if (status == 0)
        status = flush(request);
    if (status < 0)
        return error_system(err, -status, "bring up lo in the container, its addresses and the routing rules for port 53");
    *ret_has_ipv6 = !request->is_lacking[LACK_IPV6];
    return 0;
}

struct route {
    unsigned type, table;
    uint32_t metric;
};

static void put_route(struct request *request, unsigned type, const struct net_block *block, const struct route *route)
{
    unsigned how = NLM_F_CREATE | (request->is_again ? NLM_F_REPLACE : NLM_F_EXCL);
    struct rtmsg *message = begin(request, type, type == RTM_NEWROUTE ? how : 0, sizeof(*message));

    message->rtm_family = (uint8_t)block->family;
    message->rtm_dst_len = (uint8_t)block->prefix;
    message->rtm_table = (uint8_t)route->table;
    message->rtm_protocol = RTPROT_STATIC;
    message->rtm_type = (uint8_t)route->type;
    message->rtm_scope = route->type == RTN_LOCAL ? RT_SCOPE_HOST : RT_SCOPE_UNIVERSE;
    if (block->prefix)
        mnl_attr_put(request->header, RTA_DST, address_size(block->family), block->address);
    if (route->metric)
        mnl_attr_put_u32(request->header, RTA_PRIORITY, route->metric);
    if (route->type == RTN_LOCAL || (route->type == RTN_PROHIBIT && block->family == AF_INET6))
        mnl_attr_put_u32(request->header, RTA_OIF, LO);
    if (route->type == RTN_LOCAL)
        put_address(request, RTA_PREFSRC, block->family,
                    block->family == AF_INET ? NET_INSIDE_ADDRESS4 : NET_INSIDE_ADDRESS6);
}

static int add_route(struct request *request, const struct net_block *block, const struct route *route)
{
    put_route(request, RTM_NEWROUTE, block, route);
    return finish(request, LACK_NOTHING);
}

static int add_all(struct request *request, const struct blocks *blocks, const struct route *route)
{
    int status = 0;

    for (size_t i = 0; i < blocks->count && status == 0; i++)
        status = add_route(request, &blocks->items[i], route);
    return status;
}

static const struct route local = {.type = RTN_LOCAL, .table = RT_TABLE_LOCAL};
static const struct route throw = {.type = RTN_THROW, .table = RT_TABLE_LOCAL};

static bool is_same(const struct net_block *a, const struct net_block *b)
{
    return net_block_contains(a, b) && net_block_contains(b, a);
}

/* Routes of just these blocks stand in the table already, or will. */
static void leave_out(struct blocks *blocks, const struct net_block *block)
{
    size_t kept = 0;

    for (size_t i = 0; i < blocks->count; i++)
        if (!is_same(&blocks->items[i], block))
            blocks->items[kept++] = blocks->items[i];
    blocks->count = kept;
}

/*
 * Rules about names reach all but a few special blocks: then everything is local, and those few are passed over to the
 * tables behind. Otherwise each block that may be reached has its route.
 */
static int add_reachable(struct request *request, const struct inside_want *want, int family, struct arena *arena,
                         struct blocks *ret_thrown)
{
    static const struct net_block kernels[] = {{.family = AF_INET, .address = {127}, .prefix = 8},
                                               {.family = AF_INET6, .address = {0xff}, .prefix = 8}};
    const struct blocks *reachable = &want->set->reachable[family == AF_INET6];
    const struct blocks *synthetic = &want->synthetic[family == AF_INET6];
    struct net_block all = {.family = family};
    struct blocks others = {0};
    int status;

    if (reachable->count > 1)
        status = net_other_blocks(reachable->items, reachable->count, arena, family, &others.items, &others.count, NULL);
    else
        status = -E2BIG; /* not fewer */
    if (status < 0 || others.count + 1 >= reachable->count)
        return add_all(request, reachable, &local);
    leave_out(&others, &kernels[family == AF_INET6]);
    for (size_t i = 0; i < synthetic->count; i++)
        leave_out(&others, &synthetic->items[i]);
    *ret_thrown = others;
    status = add_all(request, &others, &throw);
    return status < 0 ? status : add_all(request, &(struct blocks){&all, 1}, &local);
}

/* What a list of the routes that stand is read into. */
struct standing {
    struct arena *arena;
    int family;
    struct blocks blocks;
};

static int read_attribute(const struct nlattr *attribute, void *data)
{
    struct net_block *block = data;

    if (mnl_attr_get_type(attribute) == RTA_DST && mnl_attr_get_payload_len(attribute) == address_size(block->family))
        memcpy(block->address, mnl_attr_get_payload(attribute), address_size(block->family));
    return MNL_CB_OK;
}

static int read_route(const struct nlmsghdr *header, void *data)
{
    const struct rtmsg *message = mnl_nlmsg_get_payload(header);
    struct standing *standing = data;
    struct net_block *block;

    if (header->nlmsg_type != RTM_NEWROUTE || mnl_nlmsg_get_payload_len(header) < sizeof(*message) ||
        message->rtm_family != standing->family || message->rtm_type != RTN_THROW)
        return MNL_CB_OK;
    block = arena_append(standing->arena, standing->blocks.items, standing->blocks.count);
    if (!block) {
        errno = ENOMEM;
        return MNL_CB_ERROR;
    }
    *block = (struct net_block){.family = standing->family, .prefix = message->rtm_dst_len};
    return mnl_attr_parse(header, sizeof(*message), read_attribute, block);
}

/* Nobody else inside makes routes: each that passes over is of former rules, or of these. */
static int list_thrown(struct request *request, struct standing *standing)
{
    _Alignas(struct nlmsghdr) char answer[DUMP_BYTES];
    struct rtmsg *message = begin(request, RTM_GETROUTE, NLM_F_DUMP, sizeof(*message));
    int more;

    message->rtm_family = (uint8_t)standing->family;
    more = mnl_socket_sendto(request->socket, request->header, request->header->nlmsg_len) < 0 ? -1 : 1;
    while (more > 0) {
        ssize_t size = mnl_socket_recvfrom(request->socket, answer, sizeof(answer));

        more = size < 0 ? -1 : mnl_cb_run(answer, (size_t)size, request->sequence, 0, read_route, standing);
    }
    request->first = request->sequence + 1;
    return more < 0 ? -errno : 0;
}

/*
 * A route that passes over a block beats the ones around it, and none of the new ones need be within it. So those that the
 * former rules left behind go, but not before the new ones stand: until then what is there would be led elsewhere.
 */
static int drop_thrown(struct request *request, struct arena *arena, int family, const struct blocks *wanted)
{
    struct standing standing = {.arena = arena, .family = family};
    int status = flush(request);

    if (status == 0)
        status = list_thrown(request, &standing);
    for (size_t i = 0; i < wanted->count; i++)
        leave_out(&standing.blocks, &wanted->items[i]);
    for (size_t i = 0; i < standing.blocks.count && status == 0; i++) {
        put_route(request, RTM_DELROUTE, &standing.blocks.items[i], &throw);
        status = finish(request, LACK_NOTHING);
    }
    return status;
}

/*
 * Without several tables questions to other resolvers are refused, and programs find the one that resolv.conf names. (The
 * kernel would put the route into the table main.)
 */
static int add_routes(struct request *request, const struct inside_want *want, int family)
{
    static const struct route questions = {.type = RTN_LOCAL, .table = DNS_TABLE};
    static const struct route prohibit = {.type = RTN_PROHIBIT, .table = RT_TABLE_MAIN, .metric = PROHIBIT_METRIC};
    auto_arena struct arena *arena = arena_new();
    bool is_six = family == AF_INET6;
    struct blocks thrown = {0};
    int status = arena ? add_reachable(request, want, family, arena, &thrown) : -ENOMEM;

    /* an open policy reaches everything already */
    if (status == 0 && !(want->set->reachable[is_six].count == 1 && want->set->reachable[is_six].items[0].prefix == 0))
        status = add_all(request, &want->synthetic[is_six], &local);
    if (status == 0 && !request->is_lacking[is_six ? LACK_TABLES6 : LACK_TABLES4])
        status = add_route(request, &(struct net_block){.family = family}, &questions);
    if (status == 0)
        status = add_route(request, &(struct net_block){.family = family}, &prohibit);
    if (status == 0 && want->is_again)
        status = drop_thrown(request, arena, family, &thrown);
    return status;
}

int inside_make_routes(const struct inside_want *want, bool *ret_has_ipv6, struct error *err)
{
    struct request request = {.socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC), .first = 1, .is_again = want->is_again};
    bool has_ipv6 = false;
    int status;

    if (!request.socket)
        return error_system(err, errno, "open a route socket in the container");
    status = make_interface(&request, &has_ipv6, err);
    if (status == 0) {
        status = add_routes(&request, want, AF_INET);
        if (status == 0 && has_ipv6)
            status = add_routes(&request, want, AF_INET6);
        if (status == 0)
            status = flush(&request);
        if (status < 0)
            (void)error_system(err, -status, "make the routes of the container");
    }
    mnl_socket_close(request.socket);
    if (status == 0)
        *ret_has_ipv6 = has_ipv6;
    return status;
}
