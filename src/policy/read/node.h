/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A document as a tree with the position of every value. Both front ends read through it. libfyaml
 * does the parsing; this adds what a policy needs: bounds, no anchors, aliases, tags, merge keys or
 * second documents, no duplicate keys.
 */
#ifndef CORDON_POLICY_READ_NODE_H
#define CORDON_POLICY_READ_NODE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/memory.h"

#define NODE_DEPTH_MAX 32
#define NODE_COUNT_MAX 100000
#define NODE_TEXT_MAX  ((size_t)1 << 20)

enum node_kind {
    NODE_MAP = 1,
    NODE_LIST,
    NODE_STRING,
    NODE_INTEGER,
    NODE_FLOAT,
    NODE_BOOL,
    NODE_NULL
};
enum node_syntax { NODE_YAML = 1, NODE_JSON = 2 };

struct node {
    enum node_kind kind;
    unsigned line, column;         /* 1-based */
    unsigned end_line, end_column; /* just behind the value */
    const char *text;              /* scalars: as written (unescaped), NUL-terminated */
    size_t length;                 /* bytes of text; larger than strlen() when it holds a NUL */
    struct node **items;           /* lists */
    struct node_entry *entries;    /* maps, in the order of the document */
    size_t count;
};

struct node_entry {
    const char *key;
    unsigned line, column;
    struct node *value;
};

/* *ret_root lives in the arena. Errors: "name:line:column: what". A JSON text must be strict JSON
 * (RFC 8259). */
int node_read(struct arena *arena, const char *name, const char *text, size_t size,
              enum node_syntax syntax, struct node **ret_root, struct error *err) must_check;

/* Value of `key` in a map, NULL when absent. */
const struct node *node_get(const struct node *map, const char *key);

/* "string", "list", "map", "whole number", ... for errors. */
const char *node_kind_name(enum node_kind kind);

#endif
