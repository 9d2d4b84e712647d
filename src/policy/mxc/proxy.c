/* SPDX-License-Identifier: Apache-2.0 */
/*
 * runtimeConfig.networkProxy: http or https, a loopback host, a port of its own. MXC reads it as a
 * browser reads an address; spellings that only a browser knows ("http:127.1:8080") are refused.
 */
#include <string.h>
#include <strings.h>

#include "base/number.h"
#include "policy/mxc/request.h"

struct url {
    const char *scheme;
    const char *user; /* "user:password" */
    const char *host;
    const char *port; /* NULL = none */
};

/* Split in place; NULL, or what is wrong with it. */
static const char *url_split(char *text, struct url *ret_url)
{
    char *colon = strchr(text, ':'), *at, *end, *port;

    if (!colon || colon == text)
        return "is no URL";
    *colon = '\0';
    ret_url->scheme = text;
    if (strncmp(colon + 1, "//", 2) != 0)
        return "is no URL: '//' must follow the scheme";
    text = colon + 3;
    text[strcspn(text, "/?#")] = '\0';
    at = strrchr(text, '@');
    if (at)
        *at = '\0';
    ret_url->user = at ? text : "";
    ret_url->host = at ? at + 1 : text;
    end = strchr(ret_url->host, ']');
    port = strchr(end ? end : ret_url->host, ':');
    if (port)
        *port++ = '\0';
    ret_url->port = port && *port ? port : NULL;
    return NULL;
}

static const char *url_fault(const struct url *url, uint64_t *ret_port)
{
    bool is_https = strcasecmp(url->scheme, "https") == 0;

    if (!is_https && strcasecmp(url->scheme, "http") != 0)
        return "must use the 'http' or 'https' scheme";
    if (url->port && number_parse(url->port, 0, 65535, ret_port, NULL) < 0)
        return "is invalid: invalid port number";
    if (strcasecmp(url->host, "localhost") != 0 && strcmp(url->host, "127.0.0.1") != 0 &&
        strcmp(url->host, "[::1]") != 0)
        return "must use localhost, 127.0.0.1, or [::1]";
    /* MXC's reader drops the scheme's own port and then misses it. */
    if (!url->port || *ret_port == (is_https ? 443u : 80u))
        return "must include a port, and not the scheme's own (e.g., http://localhost:8080)";
    return NULL;
}

/* What MXC's bubblewrap refuses of a valid URL, NULL = nothing. */
static const char *url_limit(const struct url *url, uint64_t port)
{
    if (*url->user && strcmp(url->user, ":") != 0)
        return "must not carry credentials; give them to the proxy itself";
    if (!port)
        return "has port 0";
    if (strcmp(url->host, "[::1]") == 0)
        return "is on the IPv6 loopback; let the proxy listen on 127.0.0.1";
    return NULL;
}

int mxc_proxy(const struct request *request, const struct node *node, const char *member)
{
    struct document *document = request->document;
    const struct network *network = &document->network;
    char *copy = arena_string(request->arena, node->text);
    struct url url = {0};
    const char *fault, *limit;
    uint64_t port = 0;

    if (!copy)
        return error_memory(request->err);
    fault = mxc_has_nul(node) ? "holds a NUL" : url_split(copy, &url);
    if (!fault)
        fault = url_fault(&url, &port);
    if (fault)
        return mxc_refuse(request, node, ERROR_INVALID, 0, "%s %s", member, fault);
    if (request->contract->phase == MXC_ONE_SHOT &&
        (network->egress_default.value || network->allow_count || network->deny_count))
        return mxc_refuse(request, node, ERROR_INVALID, 0,
                          "%s requires network.egress.default='deny' with no direct allow or deny "
                          "rules",
                          member);
    limit = url_limit(&url, port);
    if (limit)
        return mxc_unsupported(request, node, member, limit);
    document->network.is_set = true;
    document->network.proxy_port = (uint16_t)port;
    document->network.proxy_origin = mxc_origin(request, node, member);
    document->network.proxy = arena_printf(request->arena, "%s://%s:%u", strcasecmp(url.scheme, "https") == 0 ? "https" : "http",
                                           strcmp(url.host, "127.0.0.1") == 0 ? "127.0.0.1" : "localhost", (unsigned)port);
    return document->network.proxy ? 0 : error_memory(request->err);
}
