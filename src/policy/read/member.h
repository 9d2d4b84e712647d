/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The members of a cordon/1 document, one row each. The reader, its error texts, the JSON Schema,
 * documents and completion all go through this table, so that a member exists everywhere or
 * nowhere.
 */
#ifndef CORDON_POLICY_READ_MEMBER_H
#define CORDON_POLICY_READ_MEMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

enum value_type {
    VALUE_MAP = 1,   /* a closed set of members: member.members */
    VALUE_LIST,      /* member.item for each item */
    VALUE_DICT,      /* free names of type member.key, member.item for each value */
    VALUE_ANY,       /* anything, ignored */
    VALUE_BOOL,      /* number 0 or 1 */
    VALUE_CHOICE,    /* one of member.choices; number is its index */
    VALUE_COUNT,     /* whole number in member.minimum..maximum */
    VALUE_SIZE,      /* bytes, written with a unit */
    VALUE_DURATION,  /* ms, written with a unit */
    VALUE_CPUS,      /* thousandths of a processor */
    VALUE_TEXT,      /* any string of member.minimum..maximum bytes */
    VALUE_VERSION,   /* "cordon/1" */
    VALUE_NAME,      /* a plain name: letters, digits, '.', '_', '-' */
    VALUE_PROFILE,   /* name of a built-in profile */
    VALUE_LOSS,      /* name of a loss (policy_loss_names()) */
    VALUE_PATH,      /* absolute path, variables put in */
    VALUE_PATH_ITEM, /* VALUE_PATH, or {path, optional: true} */
    VALUE_PATH_GLOB, /* VALUE_PATH_ITEM; a pattern is allowed */
    VALUE_PROTECTED, /* a built-in protected name */
    VALUE_ENV_NAME,
    VALUE_ENV_PATTERN, /* VALUE_ENV_NAME, or a beginning of one followed by '*' */
    VALUE_ENV_ENTRY,   /* "NAME=value" */
    VALUE_SYSCALL,
    VALUE_CIDR,
    VALUE_HOST, /* name of a host, or "*." before one; canonical */
    VALUE_URL,  /* http or https */
    VALUE_METHOD,   /* of HTTP */
    VALUE_TOKEN,    /* of HTTP: name of a header */
    VALUE_FIELD,    /* name of a parameter: letters, digits, '-', '.', '_', '~' */
    VALUE_WORD,     /* of a protocol: printable, no blanks */
    VALUE_URL_PATH, /* pattern of a path in a request */
    VALUE_PROGRAM,  /* name of a program, or VALUE_PATH */
    VALUE_SOURCE,   /* of a secret: env:NAME, file:PATH, keyring:DESCRIPTION; stored by its store function */
    VALUE_PREFIX,   /* letters, digits, '-', '_' */
    VALUE_TIME,     /* of the wall's clock, with its offset (base/date.h): ms since 1970 */
    VALUE_POINTER,  /* JSON pointer, or name of a field in a form */
    VALUE_AUDIENCE, /* whom a token is for: printable ASCII, no blanks */
};

struct reader;
struct place;
struct value;
struct node;
struct member;

typedef int member_store(struct reader *reader, const struct member *member,
                         const struct place *place, const struct value *value);

struct member {
    const char *name; /* NULL ends a table */
    enum value_type type;
    const char *description;      /* one line */
    const struct member *members; /* VALUE_MAP */
    const struct member *item;    /* VALUE_LIST, VALUE_DICT: one row without a name */
    enum value_type key;          /* VALUE_DICT */
    const char *const *choices;   /* VALUE_CHOICE, NULL-terminated */
    uint64_t minimum, maximum;    /* VALUE_COUNT, VALUE_SIZE, VALUE_DURATION; bytes of VALUE_TEXT;
                                     items of VALUE_LIST (maximum 0 = no limit of its own) */
    const char *range;            /* VALUE_COUNT: how more than one is said, for who writes 80-90 */
    bool is_required;
    bool has_optional;   /* VALUE_PATH_ITEM: may be marked optional */
    const char *needs;   /* what this build lacks to enforce it, NULL = enforced */
    bool may_be_asked;   /* `needs` holds for every value but `harmless` */
    uint64_t harmless;   /* value of a scalar that asks for nothing */
    uint64_t enforced;   /* another one that `needs` does not hold for, 0 = none */
    bool is_demand;      /* `needs` holds in a ceiling too: there it demands or limits something, and
                            does not leave a right open */
    size_t offset;       /* in struct document, for the general store functions */
    int detail;          /* meaning is the store function's: an enum path_rule_kind, ... */
    member_store *open;  /* maps and lists: before their members, value->node only */
    member_store *store; /* scalars and items */
    member_store *close; /* maps: after their members */
};

/* The members of a document. */
extern const struct member document_members[];

const struct member *member_find(const struct member *members, const char *name);

/* The member that `name` was probably meant to be, NULL when none is near. */
const char *member_suggest(const struct member *members, const char *name);

/* What to write instead of a member that MXC or an older contract has under another name, or that belongs elsewhere, or NULL.
 * `parent`: of what it was written in, NULL = the document. */
const char *member_moved(const char *parent, const char *name);

/* Distance of two names: insertions, removals, replacements, exchanged neighbours; case counts
 * half. At most `most`, else more than it. */
unsigned text_distance(const char *a, const char *b, unsigned most);

#endif
