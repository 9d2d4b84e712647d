/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container may reach, and the one function that decides it. The policy makes the rules, the gateway asks about
 * each connection, datagram and name; `cordon why` and simulation ask the same function. Everything here is canonical:
 * names as net/name.h makes them, addresses as net/address.h does, so nothing is compared in two spellings.
 */
#ifndef CORDON_NET_RULES_H
#define CORDON_NET_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "base/error.h"
#include "base/memory.h"
#include "net/address.h"
#include "net/name.h"

enum net_protocol { NET_ANY = 0, NET_TCP = 1, NET_UDP = 2, NET_ICMP = 3 };

/* Whom a rule is about: addresses, a name, or a name at these addresses. */
struct net_peer {
    const char *host; /* canonical name, or "*." and one: exactly one label more; NULL = any name or none */
    bool has_block;
    struct net_block block;
    struct net_block *except;
    size_t except_count;
};

struct net_ports {
    uint16_t first, last; /* 1..65535; 0..65535 when no port was named */
    bool has_port;
    enum net_protocol protocol;
};

/* One request over HTTP as it is judged (net/request.h). */
struct net_request {
    const char *method; /* a token, as sent: case counts */
    const char *path;   /* canonical: begins with '/', without query, or is "*"; NULL = net_path_canonical() said -EINVAL */
    bool is_upgrade;    /* asks for a WebSocket */
    bool has_call;      /* its body has been read, or it has none: */
    bool is_empty;      /* it has none */
    const char *call;   /* a JSON-RPC method; "" = an answer to a call of the server; NULL = neither */
    const char *tool;   /* whom a tools/call names, NULL = none */
};

/* To which requests a rule is narrowed. docs/decisions/0121 has what each member means for allow and for deny rules. */
struct net_requests {
    const char *const *methods; /* none = every */
    size_t method_count;
    const char *const *paths; /* patterns (net/request.h); none = every */
    size_t path_count;
    bool has_websocket; /* may become a WebSocket, whose messages nobody judges; not with has_calls */
    bool has_calls;     /* only POST, every body is JSON-RPC and each call of it one of these: */
    bool is_mcp;        /* also what every session of MCP says and does nothing, and where `paths` are named its GET and DELETE */
    const char *const *calls;
    size_t call_count;
    const char *const *tools; /* of tools/call, with is_mcp; none = none, unless "tools/call" is among the calls */
    size_t tool_count;
};

/* A program of the container, as it was when the policy was compiled. */
struct net_program {
    const char *path; /* inside; only a name until it has been found */
    uint64_t device, inode, size;
    int64_t change_s;
    uint32_t change_ns;
    unsigned char digest[32]; /* SHA-256 */
};

/* How much may go by. 0 = no limit. */
struct net_budget {
    uint64_t connections, requests;
    uint64_t bytes_up, bytes_down;
    uint64_t bytes_per_second; /* both ways together; what is more waits */
    bool ends_run;             /* when it is used up; else nothing more is forwarded */
    const char *where;
};

#define NET_BUDGETS_MAX 256u
#define NET_PROGRAMS_MAX 512u

struct net_rule {
    struct net_peer *peers; /* none = every address */
    size_t peer_count;
    struct net_ports *ports; /* none = every port and protocol */
    size_t port_count;
    const struct net_requests *requests; /* only these; NULL = whatever goes by, requests or not */
    /* The other members are of allow rules only. A program can be copied: a deny rule about one would keep nobody back. */
    bool terminates;          /* TLS is opened by the gateway's side, requests in it are judged */
    const uint16_t *programs; /* from 1: of net_rules.programs; none = every program */
    size_t program_count;
    uint16_t budget;   /* from 1: of net_rules.budgets, behind those in total; 0 = none */
    uint64_t until_ms; /* since 1970: from then on it grants nothing; 0 = it has no end */
    const char *where; /* "agent.yaml:12:5: network.egress.allow[2]", for events and errors; never NULL */
};

/* One layer of the policy. What is reached is permitted by every layer. */
struct net_layer {
    bool is_open; /* egress.default: allow */
    /*
     * It says nothing of what may be reached, only its deny rules count: a ceiling without more. Open, without allow rules.
     * Layers of this kind alone permit whatever they do not deny: no limit, for comparisons; no record holds them.
     */
    bool only_denies;
    const char *where; /* of the default */
    struct net_rule *allow;
    size_t allow_count;
    size_t ended_count; /* behind the allow rules so many whose time is over: they grant nothing, and refusals say so */
    struct net_rule *deny; /* stronger than allow and than the default */
    size_t deny_count;
};

/* A listener on one side that leads to the loopback of the other, TCP. */
struct net_door {
    uint16_t port;    /* where it is listened on */
    uint16_t to_port; /* where it leads */
    const char *where;
};

struct net_rules {
    struct net_layer *layers;
    size_t layer_count;
    struct net_door *inward; /* on the host's loopback, to a listener inside (ingress.ports) */
    size_t inward_count;
    struct net_door *outward; /* on the container's loopback, to one of the host (ingress.hostLoopback, networkProxy) */
    size_t outward_count;
    struct net_program *programs; /* that rules are about */
    size_t program_count;
    struct net_budget *budgets; /* of rules; of the layers themselves, which everything counts for: the first `total_count` */
    size_t budget_count, total_count;
    uint64_t said_real_ms, said_boot_ms; /* both clocks when these rules were said: see net_rules_now_ms(); 0 = there is only the wall's */
    bool is_asked; /* somebody is asked about what none of them grants: all of it is to reach the gateway. No record holds it */
};

enum net_verdict {
    NET_REFUSE = 0,
    NET_PERMIT,
    NET_ASK_NAME,    /* it depends on what the connection says of itself (SNI, Host, TLS or not): ask again then */
    NET_ASK_REQUEST, /* it depends on each request of it: the inspector asks again for each */
    NET_ASK_CALL,    /* of a request: on its body */
};

enum net_said {
    NET_SAID_NOT_YET = 0, /* nothing has been received */
    NET_SAID_NOTHING,     /* what was received names nobody: a raw protocol */
    NET_SAID_NAME,        /* `name` */
    NET_SAID_NO_NAME,     /* TLS without a server name, HTTP without a host: it could have said one */
};

enum net_reason {
    NET_BY_RULE = 0,   /* an allow rule, a default, or a deny rule: `where` */
    NET_NO_RULE,       /* no rule grants it */
    NET_NOT_RESOLVED,  /* a name rule might, but no name was asked for that has this address */
    NET_OTHER_NAME,    /* it says another name than the one that the address was given for */
    NET_SHARED,        /* several names have this address, and not all of them may be reached so */
    NET_SPECIAL,       /* loopback, link-local, metadata, private, the host's own: only a rule that names it by address */
    NET_NOT_SAID,      /* it has to say its name and did not (a name is denied, or UDP by name) */
    NET_PROGRAM,       /* a rule would grant it to another program */
    NET_REQUEST,       /* a rule grants other requests to this host */
    NET_CALL,          /* a rule grants other calls or tools */
    NET_OPAQUE,        /* requests decide, and they cannot be read: TLS that is not terminated, or no HTTP */
    NET_MALFORMED,     /* a request that two programs could read differently */
    NET_PLACEHOLDER,   /* it holds a placeholder of a secret that does not belong there */
    NET_BUDGET,        /* a budget is used up */
    NET_ENDED,         /* a rule granted it until its time was over */
    NET_CROWDED,       /* too much waits to be read or sent on, whatever it is */
    NET_NOT_LOGGED,    /* it has to be in the audit log before, and that took no record of it */
};
const char *net_reason_text(enum net_reason reason); /* "no rule grants it", ... */
bool net_reason_is_ungranted(enum net_reason reason); /* nothing is about it, now */

struct net_question {
    enum net_protocol protocol; /* TCP, UDP or ICMP */
    struct net_address address; /* where it would be dialled */
    uint16_t port;              /* 0 with ICMP */
    bool is_own;                /* an address of the host's own interfaces */
    const char *const *names;   /* canonical: for which this container was given this address */
    size_t name_count;
    enum net_said said;
    const char *name; /* canonical; with NET_SAID_NAME */
    uint16_t program; /* from 1: of net_rules.programs; 0 = another or not known */
    bool is_tls;      /* it speaks TLS: false before anything was said */
    bool is_opened;   /* with `request`: the TLS was opened, the request was in it */
    const struct net_request *request; /* NULL = the connection as a whole; with TCP, NET_SAID_NAME or _NO_NAME only */
};

#define NET_PROGRAM_ANY UINT16_MAX /* net_question.program: could any program do so? For names and for comparisons */

#define NET_DECISION_BUDGETS 8 /* one of each layer; what has more layers with budgets is refused where it is compiled */

struct net_decision {
    enum net_verdict verdict;
    enum net_reason reason;
    const char *where; /* of the rule or default that decided, NULL where none did */
    const char *name;  /* by which of the question's names it is permitted or refused, NULL = by address */
    bool terminates;   /* with NET_ASK_REQUEST: it is TLS and to be opened, the requests in it have `is_opened` */
    /*
     * What it counts for, from 1, of each layer the first rule that grants it (with NET_ASK_REQUEST: some request of it, for
     * the connection and its bytes; each request then has its own); those in total are not among them. With NET_PERMIT and
     * NET_ASK_REQUEST.
     */
    uint16_t budgets[NET_DECISION_BUDGETS];
    unsigned budget_count;
};

/*
 * Refused by any deny rule of any layer; else permitted where each layer has an allow rule for it or is open. Bounded by
 * rules times names; allocates nothing. docs/decisions/0111 (names) and 0121 (requests, programs).
 *
 * A connection is asked about when it begins (NET_SAID_NOT_YET), and again where the answer is NET_ASK_NAME. NET_REFUSE and
 * NET_PERMIT are final: nothing that it says later, and no request in it, is judged otherwise. NET_ASK_REQUEST is never the
 * answer at the beginning; where it is, each request is asked about with the same question and `request`, `said` and `name`
 * being the request's own; NET_ASK_CALL: again with its body, once for each call that is in it.
 */
struct net_decision net_decide(const struct net_rules *rules, const struct net_question *question);

/*
 * May this name be asked for at all? Permitted where each layer is open, has an allow rule about it, or one about every
 * address (no peer, or a block of prefix 0: a rule about some block lets nobody ask, since a question is a message too);
 * and no layer denies it at every port and address.
 */
struct net_decision net_decide_name(const struct net_rules *rules, const char *name);

/*
 * Rules with an end (docs/decisions/0226). What time it is for these rules: of the wall's clock, or so much after they were said as has passed since
 * by the clock that nobody sets, whichever is later. A clock that is set back makes no rule longer.
 */
uint64_t net_rules_now_ms(const struct net_rules *rules);
/*
 * Those whose time is over by then grant nothing any more, for good; `ended` (may be NULL) is told of each. How many there were. What holds a
 * rule of these by its address holds another one afterwards.
 */
size_t net_rules_end(struct net_rules *rules, uint64_t now_ms, void (*ended)(void *context, const struct net_rule *rule), void *context);
/* When the next one ends; 0 = none does. */
uint64_t net_rules_next_end_ms(const struct net_rules *rules);

/* Does any of them open TLS? Then the container has to know an authority from its start on. */
bool net_rules_open_tls(const struct net_rules *rules);
/* One about this name, or about everything? Where none does, nobody sees what is said to it. */
bool net_rules_open_tls_to(const struct net_rules *rules, const char *name);

/*
 * These rules, and in the layers of `layers` (a bit each) one more that grants what `question` is about over its protocol and at its
 * port: names[0] where it has one, else its address; until `until_ms` (0 = without an end). In the arena, together with what `rules` refer to. NULL
 * without memory.
 */
#define NET_ADDED_LAYERS_MAX 64
struct net_rules *net_rules_add(const struct net_rules *rules, const struct net_question *question, uint64_t layers, const char *where,
                                uint64_t until_ms, struct arena *arena);

/*
 * What any rule could grant to any program, so that the rest is refused before it reaches the gateway. Never less than what
 * net_decide() permits. In the arena; blocks disjoint and ascending, ports disjoint and ascending. `_by`: over this protocol.
 */
int net_reachable_blocks_by(const struct net_rules *rules, struct arena *arena, enum net_protocol protocol, int family,
                            struct net_block **ret_blocks, size_t *ret_count, struct error *err) must_check;
int net_reachable_blocks(const struct net_rules *rules, struct arena *arena, int family, struct net_block **ret_blocks,
                         size_t *ret_count, struct error *err) must_check;
/* Every other address of the family, in the same way. */
int net_other_blocks(const struct net_block *blocks, size_t count, struct arena *arena, int family,
                     struct net_block **ret_blocks, size_t *ret_count, struct error *err) must_check;
int net_reachable_ports(const struct net_rules *rules, struct arena *arena, enum net_protocol protocol,
                        struct net_ports **ret_ports, size_t *ret_count, struct error *err) must_check;

/* As one flat record, for another process. Reading checks every offset, count and enumerator; bounded to 1 MiB. */
#define NET_RECORD_MAX ((size_t)1 << 20)
int net_rules_write(const struct net_rules *rules, void **ret_record, size_t *ret_size, struct error *err) must_check;
int net_rules_read(struct arena *arena, const void *record, size_t size, struct net_rules **ret_rules,
                   struct error *err) must_check;

#endif
