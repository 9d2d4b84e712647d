/* SPDX-License-Identifier: Apache-2.0 */
/* What a request says, in the spelling in which rules are written (net/request.h), and whether they permit it. */
#include "inspect/request.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

static bool refuse(struct verdict *verdict, unsigned status, const char *code, enum net_reason reason, const char *what)
{
    *verdict = (struct verdict){.verdict = NET_REFUSE, .reason = reason, .status = status, .code = code, .what = what};
    return false;
}

static bool malformed(struct verdict *verdict, const char *what)
{
    return refuse(verdict, 400, "malformed", NET_MALFORMED, what);
}

/* ---- host ---- */

/* With one dot behind the name, as it is written in full. */
static bool parse_host(struct span text, struct net_host *ret_host, unsigned *ret_port)
{
    char copy[NET_NAME_SIZE + sizeof(":65535")];
    const char *colon = memchr(text.at, ':', text.size);
    size_t name = colon ? (size_t)(colon - text.at) : text.size;

    if (name < 2 || text.at[name - 1] != '.' || text.size > sizeof(copy))
        return net_authority_parse(text.at, text.size, ret_host, ret_port, NULL) == 0;
    memcpy(copy, text.at, name - 1);
    memcpy(copy + name - 1, text.at + name, text.size - name);
    return net_authority_parse(copy, text.size - 1, ret_host, ret_port, NULL) == 0 && !ret_host->is_address;
}

static bool is_of_flow(const struct flow *flow, const struct net_host *host)
{
    if (host->is_address) {
        struct net_address own = net_address_unmapped(&flow->address), other = net_address_unmapped(&host->address);

        return !flow->about.name[0] && net_address_equals(&own, &other);
    }
    return strcmp(host->name, flow->about.name) == 0;
}

static void print_authority(const struct net_host *host, unsigned port, bool is_tls, char *ret, size_t size)
{
    char address[NET_ADDRESS_TEXT_SIZE];
    const char *text = host->name;

    if (host->is_address) {
        net_address_print(&host->address, address);
        text = address;
    }
    if (host->is_address && host->address.family == AF_INET6)
        snprintf(ret, size, "[%s]", text);
    else
        snprintf(ret, size, "%s", text);
    if (port && port != (is_tls ? 443u : 80u))
        snprintf(ret + strlen(ret), size - strlen(ret), ":%u", port);
}

static bool read_host(const struct flow *flow, struct span text, struct request *request, struct verdict *verdict)
{
    bool is_tls = flow->about.is_tls;
    struct net_host host;
    unsigned port;

    if (!parse_host(text, &host, &port))
        return malformed(verdict, "a host that is no name or address, and perhaps a port");
    if (!is_of_flow(flow, &host))
        return refuse(verdict, 421, "wrong-host", NET_OTHER_NAME, "a host other than the one of this connection");
    if (port && port != flow->about.port)
        return refuse(verdict, 421, "wrong-host", NET_OTHER_NAME, "a port other than the one of this connection");
    if (!port && flow->about.port != (is_tls ? 443 : 80))
        port = 0; /* as it was said: servers answer to both */
    print_authority(&host, port, is_tls, request->authority, sizeof(request->authority));
    return true;
}

/* ---- target ---- */

static bool starts_with(struct span text, const char *start)
{
    return text.size >= strlen(start) && strncasecmp(text.at, start, strlen(start)) == 0;
}

static bool is_same(struct span a, struct span b)
{
    return a.size == b.size && strncasecmp(a.at, b.at, a.size) == 0;
}

/* "http://host/path" names the host a second time; what is left is the path. */
static bool read_absolute(const struct flow *flow, struct span host, struct span *target, struct verdict *verdict)
{
    const char *scheme = flow->about.is_tls ? "https://" : "http://";
    struct span authority = {target->at + strlen(scheme), 0};

    if (!starts_with(*target, scheme))
        return malformed(verdict, "a target that is neither a path nor of this connection's scheme");
    target->at += strlen(scheme);
    target->size -= strlen(scheme);
    while (target->size && !strchr("/?#", target->at[0])) {
        target->at++;
        target->size--;
        authority.size++;
    }
    if (!is_same(authority, host))
        return malformed(verdict, "a target with another host than Host");
    if (!target->size || target->at[0] != '/')
        return malformed(verdict, "a target without a path");
    return true;
}

static bool read_path(struct span target, struct request *request, struct verdict *verdict)
{
    const char *mark = memchr(target.at, '?', target.size);
    size_t path = mark ? (size_t)(mark - target.at) : target.size;
    int status;

    request->query = (struct span){target.at + path, target.size - path};
    for (size_t i = path; i < target.size; i++) {
        unsigned char byte = (unsigned char)target.at[i];

        if (byte <= ' ' || byte == '#' || byte >= 0x7f)
            return malformed(verdict, "a byte in the query that no query has");
    }
    if (path >= sizeof(request->path))
        return malformed(verdict, "a path of more than 8 KiB");
    status = net_path_canonical(target.at, path, request->path, sizeof(request->path));
    if (status == -EBADMSG)
        return malformed(verdict, "a byte in the path that no path has, raw or encoded");
    request->is_canonical = status == 0;
    if (!request->is_canonical) {
        memcpy(request->path, target.at, path);
        request->path[path] = '\0';
    }
    return true;
}

bool request_read(struct flow *flow, struct span method, struct span target, struct span host, struct request *ret_request,
                  struct verdict *ret_verdict)
{
    struct request *request = ret_request;

    request->query = (struct span){target.at, 0};
    request->path[0] = request->authority[0] = request->method[0] = request->other_method[0] = '\0';
    request->is_upgrade = false;
    request->is_canonical = true;
    if (method.size >= sizeof(request->method))
        return malformed(ret_verdict, "a method of more than 32 bytes");
    memcpy(request->method, method.at, method.size);
    request->method[method.size] = '\0';
    if (strcmp(request->method, "CONNECT") == 0 || strcmp(request->method, "TRACE") == 0)
        return refuse(ret_verdict, 403, "denied", NET_REQUEST, "CONNECT and TRACE are never permitted");
    if (target.size == 1 && target.at[0] == '*' && strcmp(request->method, "OPTIONS") == 0) {
        memcpy(request->path, "*", sizeof("*"));
        return read_host(flow, host, request, ret_verdict);
    }
    if (target.at[0] != '/' && !read_absolute(flow, host, &target, ret_verdict))
        return false;
    return read_path(target, request, ret_verdict) && read_host(flow, host, request, ret_verdict);
}

/* ---- the rules ---- */

static void ask(const struct flow *flow, const struct net_request *request, struct net_decision *ret_decision)
{
    const struct worker_message *about = &flow->about;
    const char *names[] = {about->name};
    struct net_question question = {
        .protocol = NET_TCP,
        .address = flow->address,
        .port = about->port,
        .is_own = about->kind & WORKER_FLOW_OWN,
        .names = names,
        .name_count = about->name[0] && (about->kind & WORKER_FLOW_GIVEN),
        .said = about->name[0] ? NET_SAID_NAME : NET_SAID_NO_NAME,
        .name = about->name[0] ? about->name : NULL,
        .is_tls = about->is_tls,
        .is_opened = about->is_terminated,
        .program = about->program,
        .request = request,
    };

    *ret_decision = net_decide(flow->inspector->rules, &question);
}

struct net_decision request_judge_flow(const struct flow *flow)
{
    struct net_decision decision;

    ask(flow, NULL, &decision);
    return decision;
}

/* Calls go by POST: where another method is refused, and a body could permit that one, it is the method that is wrong. */
static void name_method(const struct flow *flow, const struct net_request *request, struct verdict *verdict)
{
    struct net_request posted = {.method = "POST", .path = request->path};
    struct net_decision decision;

    if (!request->path || request->is_upgrade || strcmp(request->method, "POST") == 0)
        return;
    ask(flow, &posted, &decision);
    if (decision.verdict != NET_ASK_CALL)
        return;
    verdict->status = 405;
    verdict->code = "method";
    verdict->what = "the rule is about calls, which come by POST: what else a session of MCP asks needs the paths of the rule named";
}

void request_judge(struct flow *flow, const struct net_request *request, struct verdict *ret_verdict)
{
    struct net_decision decision;

    ask(flow, request, &decision);
    *ret_verdict = (struct verdict){.verdict = decision.verdict, .reason = decision.reason, .status = 403, .code = "denied"};
    ret_verdict->budgets = budget_use_of(&decision);
    if (decision.where)
        strncpy(ret_verdict->where, decision.where, sizeof(ret_verdict->where) - 1);
    if (decision.verdict == NET_PERMIT || decision.verdict == NET_ASK_CALL)
        return;
    ret_verdict->verdict = NET_REFUSE;
    name_method(flow, request, ret_verdict);
    if (!request->path) {
        ret_verdict->code = "malformed";
        ret_verdict->what = "a path that servers read differently, or a field that has them take another one";
    }
}

/* ---- another method, another path ---- */

/* '_' is '-' to servers that hand fields on as variables. */
static bool is_name(struct span name, const char *wanted)
{
    if (name.size != strlen(wanted))
        return false;
    for (size_t i = 0; i < name.size; i++)
        if ((name.at[i] == '_' ? '-' : name.at[i] | 0x20) != wanted[i])
            return false;
    return true;
}

/* In upper case, as who obeys it reads it. */
static bool read_method(struct span value, char ret[NET_METHOD_SIZE])
{
    if (!value.size || value.size >= NET_METHOD_SIZE)
        return false;
    for (size_t i = 0; i < value.size; i++) {
        char c = value.at[i];

        if (c >= 'a' && c <= 'z')
            c = (char)(c - 'a' + 'A');
        if (c < 'A' || c > 'Z')
            return false;
        ret[i] = c;
    }
    ret[value.size] = '\0';
    return true;
}

static bool names_method(struct span name)
{
    return is_name(name, "x-http-method-override") || is_name(name, "x-http-method") || is_name(name, "x-method-override");
}

bool request_read_field(struct request *request, const struct field *field, struct verdict *ret_verdict)
{
    char method[NET_METHOD_SIZE] = "";

    if (is_name(field->name, "x-original-url") || is_name(field->name, "x-rewrite-url")) {
        request->is_canonical = false; /* whichever it names */
        return true;
    }
    if (!names_method(field->name))
        return true;
    if (!read_method(field->value, method))
        return malformed(ret_verdict, "a field that names another method, with what is none");
    if (request->other_method[0] && strcmp(request->other_method, method) != 0)
        return malformed(ret_verdict, "fields that name several other methods");
    memcpy(request->other_method, method, sizeof(method));
    return true;
}

void request_judge_method(const struct flow *flow, const struct net_request *asked, const char *other, struct verdict *verdict)
{
    struct net_request request = *asked;
    struct net_decision decision;

    if (!other[0] || strcmp(other, asked->method) == 0)
        return;
    request.method = other;
    ask(flow, &request, &decision);
    if (decision.verdict == NET_PERMIT)
        return;
    malformed(verdict, "a field that has servers take another method than the request's, which is not permitted");
    if (decision.where)
        strncpy(verdict->where, decision.where, sizeof(verdict->where) - 1);
}
