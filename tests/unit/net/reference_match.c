/* SPDX-License-Identifier: Apache-2.0 */
/* Requests against a rule a second time: tables of what matches what, filled from the end. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "reference.h"

#define STAR 256 /* a wildcard; else a byte */

struct word {
    unsigned short *codes;
    size_t count;
};

struct words {
    struct word *items;
    size_t count;
};

static struct words split(struct arena *arena, const char *text, bool is_pattern)
{
    struct words words = {0};
    struct word *word = NULL;

    for (; *text; text++) {
        unsigned code = (unsigned char)*text;
        char hex[3] = "";

        if (*text == '/') {
            word = arena_append(arena, words.items, words.count);
            continue;
        }
        if (*text == '%') {
            memcpy(hex, text + 1, 2);
            code = (unsigned)strtoul(hex, NULL, 16);
            text += 2;
        } else if (*text == '*' && is_pattern) {
            code = STAR;
        }
        if (!word)
            abort(); /* not canonical */
        *arena_append(arena, word->codes, word->count) = (unsigned short)code;
    }
    return words;
}

/* What a server that is not strict makes of it. */
static void loosen(struct words *words)
{
    if (words->count && !words->items[words->count - 1].count)
        words->count--;
    for (size_t i = 0; i < words->count; i++) {
        struct word *word = &words->items[i];

        while (word->count && (word->codes[word->count - 1] == '.' || word->codes[word->count - 1] == ' '))
            word->count--;
        for (size_t j = 0; j < word->count; j++)
            if (word->codes[j] < 128)
                word->codes[j] = (unsigned short)tolower(word->codes[j]);
    }
}

static bool is_stars(const struct word *word, size_t count)
{
    return word->count == count && word->codes[0] == STAR && word->codes[count - 1] == STAR;
}

static bool word_matches(struct arena *arena, const struct word *pattern, const struct word *name)
{
    size_t width = name->count + 1;
    bool *table = arena_alloc(arena, (pattern->count + 1) * width);

    if (is_stars(pattern, 1))
        return name->count;
    for (size_t i = pattern->count + 1; i-- > 0;)
        for (size_t j = width; j-- > 0;) {
            bool *here = &table[i * width + j];

            if (i == pattern->count)
                *here = j == name->count;
            else if (pattern->codes[i] == STAR)
                *here = here[width] || (j < name->count && here[1]);
            else
                *here = j < name->count && pattern->codes[i] == name->codes[j] && here[width + 1];
        }
    return table[0];
}

static bool path_matches(const char *pattern_text, const char *path_text, bool is_loose)
{
    struct arena *arena auto_arena = arena_new();
    struct words pattern, path;
    bool *table;
    size_t width;

    if (strcmp(path_text, "*") == 0)
        return false;
    pattern = split(arena, pattern_text, true);
    path = split(arena, path_text, false);
    if (is_loose) {
        loosen(&pattern);
        loosen(&path);
    }
    width = path.count + 1;
    table = arena_alloc(arena, (pattern.count + 1) * width);
    for (size_t i = pattern.count + 1; i-- > 0;)
        for (size_t j = width; j-- > 0;) {
            bool *here = &table[i * width + j];

            if (i == pattern.count)
                *here = j == path.count;
            else if (is_stars(&pattern.items[i], 2))
                *here = here[width] || (j < path.count && here[1]);
            else
                *here = j < path.count && here[width + 1] && word_matches(arena, &pattern.items[i], &path.items[j]);
        }
    return table[0];
}

static bool is_among(const char *word, const char *const *list, size_t count, bool is_loose)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i], word) == 0 || (is_loose && strcasecmp(list[i], word) == 0))
            return true;
    return false;
}

static bool is_listed(const struct net_requests *requests, const struct net_request *request)
{
    bool is_tool = request->tool && strcmp(request->call, "tools/call") == 0;

    return is_among(request->call, requests->calls, requests->call_count, false) ||
           (is_tool && is_among(request->tool, requests->tools, requests->tool_count, false));
}

static bool is_of_every_session(const char *call)
{
    return strcmp(call, "") == 0 || strcmp(call, "ping") == 0 || strcmp(call, "initialize") == 0 || strcmp(call, "tools/list") == 0 ||
           strcmp(call, "notifications/initialized") == 0 || strcmp(call, "notifications/cancelled") == 0 ||
           strcmp(call, "notifications/progress") == 0 || strcmp(call, "notifications/roots/list_changed") == 0;
}

/* The line of the request, without its body. */
static bool line_matches(const struct net_requests *requests, const struct net_request *request, bool is_deny)
{
    bool has_path = !requests->path_count;

    if (requests->method_count && !is_among(request->method, requests->methods, requests->method_count, is_deny))
        return false;
    if (!request->path)
        has_path |= is_deny;
    for (size_t i = 0; i < requests->path_count && request->path; i++)
        has_path |= path_matches(requests->paths[i], request->path, is_deny);
    if (is_deny)
        return has_path && (request->is_upgrade || !requests->has_websocket);
    return has_path && (requests->has_websocket || !request->is_upgrade);
}

static enum net_match granted_body(const struct net_requests *requests, const struct net_request *request)
{
    bool is_post = strcmp(request->method, "POST") == 0;
    bool is_stream = (strcmp(request->method, "GET") == 0 || strcmp(request->method, "DELETE") == 0) && requests->is_mcp &&
                     requests->path_count;
    bool is_good;

    if (request->is_upgrade || !(is_post || is_stream))
        return NET_MATCH_NO;
    if (!request->has_call)
        return NET_MATCH_BODY;
    if (is_stream)
        is_good = request->is_empty && !request->call;
    else
        is_good = request->call && ((requests->is_mcp && is_of_every_session(request->call)) || is_listed(requests, request));
    return is_good ? NET_MATCH_YES : NET_MATCH_NO;
}

static enum net_match denied_body(const struct net_requests *requests, const struct net_request *request)
{
    if (!request->has_call && !request->is_upgrade)
        return NET_MATCH_BODY;
    if (!request->is_upgrade && request->is_empty && !request->call)
        return NET_MATCH_NO;
    if (request->is_upgrade || !request->call || is_listed(requests, request))
        return NET_MATCH_YES;
    return strcmp(request->call, "tools/call") == 0 && !request->tool && requests->tool_count ? NET_MATCH_YES : NET_MATCH_NO;
}

enum net_match reference_match(const struct net_requests *requests, const struct net_request *request, bool is_deny)
{
    if (!line_matches(requests, request, is_deny))
        return NET_MATCH_NO;
    if (!requests->has_calls)
        return NET_MATCH_YES;
    return is_deny ? denied_body(requests, request) : granted_body(requests, request);
}
