/* SPDX-License-Identifier: Apache-2.0 */
/*
 * c-ares 1.18 in the gateway's event loop. A question's id is drawn here and its source port by the kernel, for every burst
 * of questions anew; what comes from elsewhere, with another id or about another name, c-ares drops and goes on waiting.
 *
 * System calls: socket, connect, setsockopt, fcntl, recvfrom, sendto, writev, close, epoll_ctl, getrandom; and malloc's
 * (brk, mmap, munmap), which nothing else here needs after names_open().
 */
#include "gateway/dns_upstream.h"

#include <ares.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/random.h>
#include <sys/time.h>

#include "base/clock.h"
#include "base/memory.h"
#include "gateway/dns_cache.h"
#include "gateway/pins.h"

#define CLASS_IN     1
#define SOCKETS_MAX  16
#define TRY_MS       1000 /* for the first round of servers, twice that for the second, ... */
#define TRIES        3
#define HEADER_SIZE  12

struct lookup {
    struct dns_upstream *upstream;
    char name[NET_NAME_SIZE]; /* empty = unused */
    enum dns_type type;
    struct dns_ask *asks;
    struct loop_timer deadline;
};

struct server_socket {
    struct loop_watch watch; /* fd -1 = unused */
    struct dns_upstream *upstream;
};

struct dns_upstream {
    struct loop *loop;
    ares_channel channel;
    struct dns_cache *cache;
    struct loop_timer retry; /* when c-ares wants to be called though nothing came */
    bool is_closing;
    size_t server_count;
    struct net_address servers[DNS_SERVERS_MAX];
    struct server_socket sockets[SOCKETS_MAX];
    struct lookup lookups[DNS_LOOKUPS_MAX];
};

#define owner_of(member, type, field) ((type *)(void *)((char *)(member) - offsetof(type, field)))

/* ---- who waits ---- */

static void ask_link(struct lookup *lookup, struct dns_ask *ask)
{
    ask->next = lookup->asks;
    ask->before = &lookup->asks;
    if (ask->next)
        ask->next->before = &ask->next;
    lookup->asks = ask;
}

void dns_upstream_cancel(struct dns_ask *ask)
{
    if (!ask->before)
        return;
    *ask->before = ask->next;
    if (ask->next)
        ask->next->before = ask->before;
    ask->next = NULL;
    ask->before = NULL;
}

/* An ask that begins meanwhile is put in front of its lookup and so is not met here. */
static void tell_all(struct lookup *lookup, const struct dns_result *result)
{
    struct dns_ask *rest = lookup->asks;

    lookup->asks = NULL;
    if (rest)
        rest->before = &rest;
    while (rest) {
        struct dns_ask *ask = rest;

        dns_upstream_cancel(ask);
        ask->answered(ask, result);
    }
}

/* Nobody waits longer. The lookup itself stays until c-ares gives up: its answer may come, and be kept for the next. */
static void deadline_due(struct loop_timer *timer)
{
    tell_all(owner_of(timer, struct lookup, deadline), &(struct dns_result){.outcome = DNS_FAILED});
}

/* ---- answers ---- */

static void result_add(struct dns_result *result, int family, const void *bytes, size_t size, int ttl)
{
    struct net_address *address = &result->addresses[result->count++];

    *address = (struct net_address){.family = family};
    memcpy(address->bytes, bytes, size);
    if (ttl < 0)
        ttl = 0;
    if (result->count == 1 || (uint32_t)ttl < result->ttl_s)
        result->ttl_s = (uint32_t)ttl;
}

static int read_addresses(const unsigned char *message, int size, enum dns_type type, struct dns_result *result)
{
    struct ares_addrttl found4[DNS_ADDRESSES_MAX];
    struct ares_addr6ttl found6[DNS_ADDRESSES_MAX];
    int count = DNS_ADDRESSES_MAX, status;

    if (type == DNS_A)
        status = ares_parse_a_reply(message, size, NULL, found4, &count);
    else
        status = ares_parse_aaaa_reply(message, size, NULL, found6, &count);
    for (int i = 0; status == ARES_SUCCESS && i < count; i++) {
        if (type == DNS_A)
            result_add(result, AF_INET, &found4[i].ipaddr, 4, found4[i].ttl);
        else
            result_add(result, AF_INET6, &found6[i].ip6addr, 16, found6[i].ttl);
    }
    return status;
}

void dns_reply_read(const unsigned char *message, size_t size, enum dns_type type, struct dns_result *ret_result)
{
    struct dns_result result = {.outcome = DNS_FAILED};
    unsigned rcode = size >= HEADER_SIZE ? message[3] & 15u : DNS_SERVFAIL;

    if (rcode == DNS_NXDOMAIN) {
        result.outcome = DNS_NO_NAME;
    } else if (rcode == DNS_NOERROR && size <= 65535) {
        int status = read_addresses(message, (int)size, type, &result);

        if (status == ARES_SUCCESS || status == ARES_ENODATA)
            result.outcome = result.count ? DNS_FOUND : DNS_NO_DATA;
    }
    result.ttl_s = result.outcome == DNS_FOUND ? pins_ttl(result.ttl_s) : DNS_NEGATIVE_TTL_S;
    *ret_result = result;
}

static void answered(void *data, int status, int timeouts unused_arg, unsigned char *message, int size)
{
    struct lookup *lookup = data;
    struct dns_upstream *upstream = lookup->upstream;
    struct dns_result result = {.outcome = DNS_FAILED};
    struct lookup ended = *lookup;

    if (upstream->is_closing)
        return;
    if (status == ARES_SUCCESS && message && size > 0)
        dns_reply_read(message, (size_t)size, lookup->type, &result);
    if (result.outcome != DNS_FAILED)
        dns_cache_put(upstream->cache, lookup->name, lookup->type, &result, loop_now_ns(upstream->loop));
    /* free before anybody is told: who is told may ask again */
    loop_cancel(upstream->loop, &lookup->deadline);
    lookup->name[0] = '\0';
    lookup->asks = NULL;
    if (ended.asks)
        ended.asks->before = &ended.asks;
    tell_all(&ended, &result);
}

/* ---- c-ares in the loop ---- */

static void retry_start(struct dns_upstream *upstream)
{
    struct timeval until;

    if (ares_timeout(upstream->channel, NULL, &until))
        loop_start(upstream->loop, &upstream->retry, (uint64_t)until.tv_sec * 1000 + (uint64_t)until.tv_usec / 1000);
    else
        loop_cancel(upstream->loop, &upstream->retry);
}

static void retry_due(struct loop_timer *timer)
{
    struct dns_upstream *upstream = owner_of(timer, struct dns_upstream, retry);

    ares_process_fd(upstream->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    retry_start(upstream);
}

static void socket_ready(struct loop_watch *watch, uint32_t events)
{
    struct dns_upstream *upstream = owner_of(watch, struct server_socket, watch)->upstream;
    int fd = watch->fd;

    ares_process_fd(upstream->channel, events & ~(uint32_t)EPOLLOUT ? fd : ARES_SOCKET_BAD,
                    events & (EPOLLOUT | EPOLLERR | EPOLLHUP) ? fd : ARES_SOCKET_BAD);
    retry_start(upstream);
}

static struct server_socket *find_socket(struct dns_upstream *upstream, int fd)
{
    for (size_t i = 0; i < SOCKETS_MAX; i++)
        if (upstream->sockets[i].watch.fd == fd)
            return &upstream->sockets[i];
    return NULL;
}

/* A socket that cannot be watched is one of which nothing comes: the question ends by its deadline. */
static void socket_changed(void *data, ares_socket_t fd, int readable, int writable)
{
    struct dns_upstream *upstream = data;
    struct server_socket *known = find_socket(upstream, fd);
    uint32_t events = (readable ? EPOLLIN : 0u) | (writable ? EPOLLOUT : 0u);

    if (known && events) {
        if (loop_change(upstream->loop, &known->watch, events) == 0)
            return;
        loop_forget(upstream->loop, &known->watch);
        known->watch.fd = -1;
    } else if (known) {
        loop_forget(upstream->loop, &known->watch);
        known->watch.fd = -1;
    } else if (events) {
        known = find_socket(upstream, -1);
        if (!known)
            return;
        known->watch = (struct loop_watch){.fd = fd, .ready = socket_ready};
        if (loop_watch(upstream->loop, &known->watch, events) < 0)
            known->watch.fd = -1;
    }
}

/* ---- asking ---- */

static struct lookup *find_lookup(struct dns_upstream *upstream, const char *name, enum dns_type type)
{
    struct lookup *unused = NULL;

    for (size_t i = 0; i < DNS_LOOKUPS_MAX; i++) {
        struct lookup *lookup = &upstream->lookups[i];

        if (!lookup->name[0])
            unused = unused ? unused : lookup;
        else if (lookup->type == type && strcmp(lookup->name, name) == 0)
            return lookup;
    }
    return unused;
}

static int send_question(struct lookup *lookup)
{
    struct dns_upstream *upstream = lookup->upstream;
    unsigned char *message = NULL;
    unsigned short id;
    int size = 0, status;

    if (getrandom(&id, sizeof(id), 0) != sizeof(id))
        return ARES_ENOMEM;
    status = ares_create_query(lookup->name, CLASS_IN, (int)lookup->type, id, 1, &message, &size, DNS_UDP_SIZE_MAX);
    if (status != ARES_SUCCESS)
        return status;
    ares_send(upstream->channel, message, size, answered, lookup);
    ares_free_string(message);
    return ARES_SUCCESS;
}

static void lookup_start(struct lookup *lookup, struct dns_upstream *upstream, const char *name, enum dns_type type)
{
    lookup->upstream = upstream;
    lookup->type = type;
    lookup->deadline.due = deadline_due;
    memcpy(lookup->name, name, strnlen(name, NET_NAME_SIZE - 1) + 1);
}

void dns_upstream_ask(struct dns_upstream *upstream, const char *name, enum dns_type type, struct dns_ask *ask)
{
    struct dns_result result = {.outcome = DNS_FAILED};
    struct lookup *lookup;
    bool is_new;

    if (dns_cache_get(upstream->cache, name, type, loop_now_ns(upstream->loop), &result)) {
        ask->answered(ask, &result);
        return;
    }
    lookup = find_lookup(upstream, name, type);
    if (!lookup) {
        ask->answered(ask, &result);
        return;
    }
    is_new = !lookup->name[0];
    if (is_new)
        lookup_start(lookup, upstream, name, type);
    if (!lookup->asks)
        loop_start(upstream->loop, &lookup->deadline, DNS_WAIT_MS);
    ask_link(lookup, ask);
    if (is_new && send_question(lookup) != ARES_SUCCESS)
        answered(lookup, ARES_ENOMEM, 0, NULL, 0);
    retry_start(upstream);
}

/* ---- opening ---- */

static int fail(struct error *err, int status, const char *what)
{
    return status == ARES_ENOMEM ? error_memory(err)
                                 : error_set(err, ERROR_SYSTEM, EIO, "%s: %s", what, ares_strerror(status));
}

/* The first few, as the C library does; their addresses are what a rule about the resolver is compared with. */
static int read_servers(struct dns_upstream *upstream, struct error *err)
{
    struct ares_addr_port_node *servers = NULL, *last = NULL;
    int status = ares_get_servers_ports(upstream->channel, &servers);

    if (status != ARES_SUCCESS)
        return fail(err, status, "name servers");
    for (struct ares_addr_port_node *at = servers; at && upstream->server_count < DNS_SERVERS_MAX; at = at->next) {
        struct net_address *address = &upstream->servers[upstream->server_count++];

        *address = (struct net_address){.family = at->family};
        memcpy(address->bytes, &at->addr, at->family == AF_INET ? 4 : 16);
        last = at;
    }
    if (last && last->next) {
        struct ares_addr_port_node *rest = last->next;

        last->next = NULL;
        status = ares_set_servers_ports(upstream->channel, servers);
        last->next = rest;
    }
    ares_free_data(servers);
    return status == ARES_SUCCESS ? 0 : fail(err, status, "name servers");
}

static int open_channel(struct dns_upstream *upstream, const char *servers, struct error *err)
{
    struct ares_options options = {.flags = ARES_FLAG_EDNS | ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES,
                                   .timeout = TRY_MS,
                                   .tries = TRIES,
                                   .ednspsz = DNS_UDP_SIZE_MAX,
                                   .lookups = (char[]){"b"},
                                   .sock_state_cb = socket_changed,
                                   .sock_state_cb_data = upstream};
    int status = ares_init_options(&upstream->channel, &options,
                                   ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_EDNSPSZ |
                                       ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB);

    if (status != ARES_SUCCESS) {
        upstream->channel = NULL;
        return fail(err, status, "/etc/resolv.conf");
    }
    if (servers)
        status = ares_set_servers_ports_csv(upstream->channel, servers);
    if (status != ARES_SUCCESS)
        return fail(err, status, servers);
    return read_servers(upstream, err);
}

int dns_upstream_open(struct loop *loop, const char *servers, struct dns_upstream **ret_upstream, struct error *err)
{
    struct dns_upstream *upstream;
    int status = ares_library_init(ARES_LIB_INIT_ALL);

    if (status != ARES_SUCCESS)
        return fail(err, status, "c-ares");
    upstream = mem_alloc(sizeof(*upstream));
    if (!upstream) {
        ares_library_cleanup();
        return error_memory(err);
    }
    upstream->loop = loop;
    upstream->retry.due = retry_due;
    for (size_t i = 0; i < SOCKETS_MAX; i++) {
        upstream->sockets[i].watch.fd = -1;
        upstream->sockets[i].upstream = upstream;
    }
    upstream->cache = dns_cache_new();
    status = upstream->cache ? open_channel(upstream, servers, err) : error_memory(err);
    if (status < 0) {
        dns_upstream_close(upstream);
        return status;
    }
    *ret_upstream = upstream;
    return 0;
}

void dns_upstream_close(struct dns_upstream *upstream)
{
    if (!upstream)
        return;
    upstream->is_closing = true;
    if (upstream->channel)
        ares_destroy(upstream->channel);
    for (size_t i = 0; i < DNS_LOOKUPS_MAX; i++) {
        while (upstream->lookups[i].asks)
            dns_upstream_cancel(upstream->lookups[i].asks);
        loop_cancel(upstream->loop, &upstream->lookups[i].deadline);
    }
    loop_cancel(upstream->loop, &upstream->retry);
    dns_cache_free(upstream->cache);
    mem_free(upstream);
    ares_library_cleanup();
}

size_t dns_upstream_servers(const struct dns_upstream *upstream, struct net_address ret_servers[DNS_SERVERS_MAX])
{
    memcpy(ret_servers, upstream->servers, upstream->server_count * sizeof(*ret_servers));
    return upstream->server_count;
}
