/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's list of names. A program that answers itself out of it never asks the container's resolver, and what that one was
 * not asked for leads nowhere. So inside the list holds what the resolver leaves out, names of the container's own loopback and
 * of nothing; the rest is asked for, and the resolver reads the host's list first.
 */
#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "base/looks.h"
#include "policy/compile/compile.h"

#define HOSTS_PATH     "/etc/hosts"
#define HOSTS_SIZE_MAX ((size_t)1 << 20) /* of the host's */
#define INSIDE_MAX     ((size_t)32 << 10) /* the plan's files are part of what is handed to process 1 */

/* Whether a line is an address outside with names. */
static bool leads_out(const char *line, size_t size)
{
    static const char blanks[] = " \t\r\v\f\n";
    size_t begin = 0, end;
    struct net_address address;
    enum net_address_class class;

    while (begin < size && strchr(blanks, line[begin]))
        begin++;
    for (end = begin; end < size && line[end] != '#' && !strchr(blanks, line[end]);)
        end++;
    if (begin == end)
        return false;
    if (net_address_parse(line + begin, end - begin, &address) < 0)
        return true; /* with a zone, or in a spelling that only some read */
    class = net_address_class(&address);
    return class != NET_LOOPBACK && class != NET_UNUSABLE;
}

int hosts_inside(struct arena *arena, const char *data, size_t size, const char **ret_text, struct error *err)
{
    char *text = arena_alloc(arena, size + 1);
    size_t length = 0;
    bool is_other = false;

    if (!text)
        return error_memory(err);
    for (size_t at = 0; at < size;) {
        const char *end = memchr(data + at, '\n', size - at);
        size_t line = end ? (size_t)(end - data) + 1 - at : size - at;

        if (leads_out(data + at, line)) {
            is_other = true;
        } else {
            memcpy(text + length, data + at, line);
            length += line;
        }
        at += line;
    }
    text[length] = '\0';
    *ret_text = is_other || memchr(text, '\0', length) ? text : NULL;
    return 0;
}

/* A list that nobody can read here, no program inside answers out of. */
static int read_inside(struct compile *c, const char *path, const char **ret_text, struct error *err)
{
    auto_free char *data = NULL;
    struct error why = ERROR_INIT;
    size_t size = 0;
    int r;

    look_content(path, true);
    r = file_read(path, HOSTS_SIZE_MAX, &data, &size, &why);

    if (why.kind == ERROR_MEMORY)
        return error_memory(err);
    if (r < 0 && why.kind != ERROR_LIMIT)
        return 0;
    if (r == 0)
        r = hosts_inside(c->arena, data, size, ret_text, err);
    if (r < 0 ? why.kind != ERROR_LIMIT : !*ret_text || strlen(*ret_text) <= INSIDE_MAX)
        return r;
    *ret_text = "127.0.0.1 localhost\n::1 localhost\n";
    return compile_warning(c, c->plan->network_origin, err, "%s is too long to be shown inside: of its names of loopbacks there is "
                           "only localhost", HOSTS_PATH);
}

int hosts_want_file(struct compile *c, struct error *err)
{
    struct layout_want want = {.state = LAYOUT_FILE, .is_there = true, .origin = c->plan->network_origin};
    struct resolved object;
    int r;

    if (c->plan->network != PLAN_NET_GATEWAY || c->plan->wall == PLAN_WALL_LANDLOCK)
        return 0;
    r = resolve_path(c->resolver, HOSTS_PATH, &object, err);
    if (r < 0 || object.status != RESOLVE_FOUND || !S_ISREG(object.mode) || objects_access(c, object.real, NULL) == ACCESS_DENIED)
        return r;
    want.path = object.real;
    r = read_inside(c, object.real, &want.source, err);
    return r < 0 || !want.source ? r : layout_want(c->layout, &want, err);
}
