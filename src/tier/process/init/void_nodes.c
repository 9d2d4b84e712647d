/* SPDX-License-Identifier: Apache-2.0 */
#include <linux/errno.h>
#include <linux/stat.h>

#include "tier/process/init/void.h"

struct void_nodes void_nodes;

static uint32_t name_keep(const char *name, size_t length)
{
    struct void_nodes *all = &void_nodes;
    uint32_t at = all->name_bytes;

    memcpy(all->names + at, name, length);
    all->name_bytes += (uint32_t)length;
    return at;
}

long nodes_add(uint32_t parent, const char *name, size_t length, uint32_t mode, const char *text)
{
    struct void_nodes *all = &void_nodes;
    struct void_node *made = &all->nodes[all->count];
    long there = nodes_child(parent, name, length);

    if (there >= 0)
        return there;
    if (!length || length > VOID_NAME_MAX)
        return -EINVAL;
    if (all->count == RECORD_VOID_NODES_MAX || VOID_NAMES_BYTES - all->name_bytes < length)
        return -ENOSPC;
    *made = (struct void_node){.parent = parent,
                               .next = all->nodes[parent].child,
                               .mode = mode,
                               .name = name_keep(name, length),
                               .length = (uint32_t)length,
                               .text = text};
    all->nodes[parent].child_count++;
    all->nodes[parent].is_listed = 0;
    __atomic_store_n(&all->nodes[parent].child, all->count, __ATOMIC_RELEASE);
    return (long)all->count++;
}

void nodes_begin(void)
{
    void_nodes.nodes[VOID_TOP] = (struct void_node){.mode = S_IFDIR | 0755};
    void_nodes.count = 1;
    nodes_add(VOID_TOP, "r", 1, S_IFDIR | 0755, 0);
    nodes_add(VOID_TOP, "m", 1, S_IFDIR | 0700, 0);
}

long nodes_child(uint32_t parent, const char *name, size_t length)
{
    const struct void_nodes *all = &void_nodes;

    for (uint32_t at = __atomic_load_n(&all->nodes[parent].child, __ATOMIC_ACQUIRE); at; at = all->nodes[at].next)
        if (all->nodes[at].length == length && !memcmp(all->names + all->nodes[at].name, name, length))
            return at;
    return -ENOENT;
}

static size_t component_length(const char *path)
{
    size_t length = 0;

    while (path[length] && path[length] != '/')
        length++;
    return length;
}

long nodes_parent(const char *path, const char **ret_name)
{
    long at = VOID_ROOT;

    for (;;) {
        size_t length;

        while (*path == '/')
            path++;
        length = component_length(path);
        if (void_nodes.nodes[at].is_covered)
            return -ENOENT;
        if (!path[length]) {
            *ret_name = path;
            return at;
        }
        at = nodes_child((uint32_t)at, path, length);
        if (at < 0)
            return at;
        path += length;
    }
}

char *nodes_path(uint32_t node, char *at, char *end)
{
    uint32_t chain[64], depth = 0;

    for (; node != VOID_ROOT && node != VOID_TOP && depth < 64; node = void_nodes.nodes[node].parent)
        chain[depth++] = node;
    while (depth) {
        const struct void_node *part = &void_nodes.nodes[chain[--depth]];

        at = string_append(at, end, "/");
        for (uint32_t i = 0; i < part->length && at + 1 < end; i++)
            *at++ = void_nodes.names[part->name + i];
        *at = '\0';
    }
    return at;
}
