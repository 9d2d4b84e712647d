/* SPDX-License-Identifier: Apache-2.0 */
/* Which requests a rule is about. In doubt one that grants is not about it, and one that denies is. */
#include "net/request.h"

#include <string.h>
#include <strings.h>

#include "net/path.h"

/* ---- paths ---- */

struct span {
    const char *at, *end;
};

/* The next component of what is behind a '/'; false behind the last. */
static bool next_component(const char **rest, bool is_lenient, struct span *ret_component)
{
    const char *at = *rest;
    size_t length;

    if (!at || (is_lenient && !*at)) /* nothing behind the last '/' */
        return false;
    length = strcspn(at, "/");
    *ret_component = (struct span){at, at + length};
    *rest = at[length] ? at + length + 1 : NULL;
    return true;
}

/* Windows drops dots and spaces at the end of a name. */
static struct span without_tail(struct span component)
{
    for (;;) {
        if (component.end > component.at && component.end[-1] == '.')
            component.end--;
        else if (component.end - component.at >= 3 && strncmp(component.end - 3, "%20", 3) == 0)
            component.end -= 3;
        else
            return component;
    }
}

static int folded(int byte)
{
    return byte >= 'A' && byte <= 'Z' ? byte - 'A' + 'a' : byte;
}

static bool is_same(int a, int b, bool is_lenient)
{
    return a == b || (is_lenient && folded(a) == folded(b));
}

static bool component_matches(struct span pattern, struct span name, bool is_lenient)
{
    const char *star = NULL, *behind_star = NULL;

    if (is_lenient) {
        pattern = without_tail(pattern);
        name = without_tail(name);
    }
    if (pattern.end - pattern.at == 1 && *pattern.at == '*')
        return name.at < name.end;
    while (name.at < name.end) {
        if (pattern.at < pattern.end && *pattern.at == '*') {
            star = ++pattern.at;
            behind_star = name.at;
            continue;
        }
        if (pattern.at < pattern.end) {
            const char *next_pattern = pattern.at, *next_name = name.at;

            if (is_same(net_path_byte(&next_pattern), net_path_byte(&next_name), is_lenient)) {
                pattern.at = next_pattern;
                name.at = next_name;
                continue;
            }
        }
        if (!star) /* nothing to give one byte more to */
            return false;
        net_path_byte(&behind_star);
        pattern.at = star;
        name.at = behind_star;
    }
    while (pattern.at < pattern.end && *pattern.at == '*')
        pattern.at++;
    return pattern.at == pattern.end;
}

static bool is_any_number(struct span component)
{
    return component.end - component.at == 2 && strncmp(component.at, "**", 2) == 0;
}

/* As component_matches() with components for bytes and "**" for '*'. */
bool net_path_matches(const char *pattern, const char *path, bool is_lenient)
{
    const char *star = NULL, *behind_star = NULL;
    bool has_star = false;

    if (*pattern != '/' || *path != '/')
        return false;
    pattern++;
    path++;
    for (;;) {
        struct span wanted, is;
        bool has_wanted = next_component(&pattern, is_lenient, &wanted), has_more;

        if (has_wanted && is_any_number(wanted)) {
            has_star = true;
            star = pattern;
            behind_star = path;
            continue;
        }
        has_more = next_component(&path, is_lenient, &is);
        if (!has_wanted && !has_more)
            return true;
        if (has_wanted && has_more && component_matches(wanted, is, is_lenient))
            continue;
        if (!has_star || !next_component(&behind_star, is_lenient, &is))
            return false;
        pattern = star;
        path = behind_star;
    }
}

static bool has_path(const struct net_requests *requests, const char *path, bool is_deny)
{
    for (size_t i = 0; i < requests->path_count; i++)
        if (net_path_matches(requests->paths[i], path, is_deny))
            return true;
    return false;
}

/* ---- methods and calls ---- */

static bool has_text(const char *const *list, size_t count, const char *text)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i], text) == 0)
            return true;
    return false;
}

/* Some servers take small letters for capital ones. */
static bool has_method(const struct net_requests *requests, const char *method, bool is_deny)
{
    for (size_t i = 0; i < requests->method_count; i++)
        if (strcmp(requests->methods[i], method) == 0 || (is_deny && strcasecmp(requests->methods[i], method) == 0))
            return true;
    return false;
}

/* What every session of MCP says, and nothing is done for it. */
static const char *const session[] = {
    "",     "initialize",           "notifications/cancelled", "notifications/initialized", "notifications/progress",
    "ping", "notifications/roots/list_changed", "tools/list"};

const char *const *net_session_calls(size_t *ret_count)
{
    *ret_count = ARRAY_COUNT(session);
    return session;
}

static bool has_call(const struct net_requests *requests, const char *call, const char *tool)
{
    return has_text(requests->calls, requests->call_count, call) ||
           (tool && strcmp(call, "tools/call") == 0 && has_text(requests->tools, requests->tool_count, tool));
}

static enum net_match grants_call(const struct net_requests *requests, const struct net_request *request)
{
    /* MCP opens and ends its stream of events so. Anywhere on the host these would be any request at all. */
    bool is_stream = requests->is_mcp && requests->path_count &&
                     (strcmp(request->method, "GET") == 0 || strcmp(request->method, "DELETE") == 0);

    if (request->is_upgrade || (!is_stream && strcmp(request->method, "POST") != 0))
        return NET_MATCH_NO;
    if (!request->has_call)
        return NET_MATCH_BODY;
    if (is_stream || !request->call)
        return is_stream && request->is_empty && !request->call ? NET_MATCH_YES : NET_MATCH_NO;
    if (requests->is_mcp && has_text(session, ARRAY_COUNT(session), request->call))
        return NET_MATCH_YES;
    return has_call(requests, request->call, request->tool) ? NET_MATCH_YES : NET_MATCH_NO;
}

/* What the inspector cannot read as a call the server might. A WebSocket can hold any. */
static enum net_match denies_call(const struct net_requests *requests, const struct net_request *request)
{
    if (request->is_upgrade)
        return NET_MATCH_YES;
    if (!request->has_call)
        return NET_MATCH_BODY;
    if (!request->call)
        return request->is_empty ? NET_MATCH_NO : NET_MATCH_YES;
    if (!request->tool && requests->tool_count && strcmp(request->call, "tools/call") == 0)
        return NET_MATCH_YES;
    return has_call(requests, request->call, request->tool) ? NET_MATCH_YES : NET_MATCH_NO;
}

enum net_match net_requests_match(const struct net_requests *requests, const struct net_request *request, bool is_deny)
{
    if (!request->method) /* no request at all */
        return is_deny ? NET_MATCH_YES : NET_MATCH_NO;
    if (requests->method_count && !has_method(requests, request->method, is_deny))
        return NET_MATCH_NO;
    if (requests->path_count && (request->path ? !has_path(requests, request->path, is_deny) : !is_deny))
        return NET_MATCH_NO;
    if (is_deny ? requests->has_websocket && !request->is_upgrade : request->is_upgrade && !requests->has_websocket)
        return NET_MATCH_NO;
    if (!requests->has_calls)
        return NET_MATCH_YES;
    return is_deny ? denies_call(requests, request) : grants_call(requests, request);
}
