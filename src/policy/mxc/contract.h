/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MXC's contracts as tables: which members an object may have in which version, of which type, in
 * the order in which MXC lists them. Nothing here reads a document.
 */
#ifndef CORDON_POLICY_MXC_CONTRACT_H
#define CORDON_POLICY_MXC_CONTRACT_H

#include <stddef.h>

enum mxc_version {
    MXC_0_6 = 1 << 0,
    MXC_0_7 = 1 << 1,
    MXC_0_8 = 1 << 2,
    MXC_0_9 = 1 << 3,
    MXC_1_0 = 1 << 4,
    MXC_1_1 = 1 << 5,
};
#define MXC_UNREGISTERED (MXC_0_6 | MXC_0_7 | MXC_0_8) /* the superset; null means absent */
#define MXC_REGISTERED   (MXC_0_9 | MXC_1_0 | MXC_1_1)
#define MXC_EVERY        (MXC_UNREGISTERED | MXC_REGISTERED)

enum mxc_type {
    MXC_STRING = 1,
    MXC_TEXT, /* a string that is not empty */
    MXC_BOOL,
    MXC_U32,
    MXC_U64,
    MXC_PORT, /* 1..65535 */
    MXC_CHOICE,
    MXC_CAPABILITY, /* a string without a comma and not one of the reserved names */
    MXC_OBJECT,
    MXC_ANY,
};

struct mxc_choice {
    const char *name;
    unsigned versions;
};

struct mxc_choices {
    const char *name; /* as MXC calls the type in its errors; NULL = to MXC it is a string first */
    const struct mxc_choice *items;
    size_t count;
};

enum mxc_list { MXC_SINGLE = 0, MXC_LIST, MXC_LIST_FILLED /* at least one item */ };

struct mxc_member {
    const char *name;
    enum mxc_type type;
    unsigned versions; /* in which it exists */
    unsigned required; /* in which it must be present */
    enum mxc_list list;
    const struct mxc_choices *choices;
    const struct mxc_shape *shape;
    const char *same_as; /* another spelling of that member */
};

struct mxc_shape {
    const char *name; /* as MXC calls the type in its errors */
    const struct mxc_member *members;
    size_t count;
    const char *hint; /* what MXC appends when the type or a required member is wrong */
};

enum mxc_phase { MXC_ONE_SHOT = 0, MXC_PROVISION, MXC_START, MXC_EXEC, MXC_STOP, MXC_DEPROVISION };

/* The closed root of one (version, phase, containment). */
struct mxc_root {
    enum mxc_phase phase;
    const char *containment; /* of provision, else NULL */
    unsigned versions;
    const char *title; /* "one-shot": "Invalid one-shot request: ..." */
    const struct mxc_shape *shape;
};

/* 0 when `text` is none of the versions that are read. */
unsigned mxc_version_find(const char *text);

/* "1.0", as hints name a version. */
const char *mxc_version_short(unsigned version);

/* -1 when `text` is no phase. */
int mxc_phase_find(const char *text);

/* NULL when there is no such root. */
const struct mxc_root *mxc_root_find(unsigned version, enum mxc_phase phase,
                                     const char *containment);

/* What MXC appends to "unknown field `name`" in the object `parent` ("network", ...): where the
 * member went. NULL = nothing. */
const char *mxc_migration_hint(const struct mxc_root *root, const char *parent, const char *name);

/* Sections that belong to one containment, in the order in which MXC lists them. */
struct mxc_section {
    const char *member;
    const char *containment;
};
extern const struct mxc_section mxc_sections[];
extern const size_t mxc_section_count;

#endif
