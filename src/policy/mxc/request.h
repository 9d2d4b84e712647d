/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One document on its way through the MXC front end: what all steps share, and the steps. Each step
 * is one file; mxc.c calls them in the order in which MXC looks for faults.
 */
#ifndef CORDON_POLICY_MXC_REQUEST_H
#define CORDON_POLICY_MXC_REQUEST_H

#include "policy/mxc/contract.h"
#include "policy/mxc/mxc.h"
#include "policy/mxc/scan.h"
#include "policy/read/node.h"

struct request {
    struct arena *arena;
    const char *name; /* of the document, in errors */
    const struct load_options *options;
    struct scan scan; /* the text; `at` moves along with the check */
    const struct node *root;
    unsigned version;
    const struct mxc_root *contract;
    const char *containment; /* canonical: "process", "lxc", ... */
    struct document *document;
    struct error *err;
};

/* check.c: `root` against its closed shape, faults in MXC's words and order. */
int mxc_check(struct request *request) must_check;

/* MXC's way to call a value of the wrong type: "integer `5`", "map", ... */
void mxc_describe(char *out, size_t size, const struct node *node);

/* "name:line:column: text": `node` says where, NULL = the document as a whole. */
int mxc_refuse(const struct request *request, const struct node *node, enum error_kind kind,
               int errnum, const char *format, ...) printf_like(5, 6);

/* A declaration that is read before the root is known ("version", "phase", "provision
 * containment"): -EINVAL unless it is a string. A missing one gives *ret_node NULL unless it is
 * required. */
int mxc_declaration(struct request *request, const char *member, const char *what, bool is_required,
                    const struct node **ret_node) must_check;

/* build.c: small helpers of the steps below. */
const struct node *mxc_get(const struct node *map, const char *key); /* null counts as absent */
const struct node *mxc_section_get(const struct node *root, const char *section);
bool mxc_is(const struct node *node, const char *text); /* present and exactly this? */
bool mxc_has_nul(const struct node *node);
uint64_t mxc_number(const struct node *node);
struct origin mxc_origin(const struct request *request, const struct node *node,
                         const char *member);
void mxc_setting(const struct request *request, struct setting *setting, const struct node *node,
                 const char *member, uint64_t value);
int mxc_warn(const struct request *request, const struct node *node, const char *member,
             const char *why) must_check;
int mxc_unsupported(const struct request *request, const struct node *node, const char *member,
                    const char *reason) must_check;

/* The steps, in MXC's order. */
int mxc_process(const struct request *request) must_check;     /* process.c */
int mxc_containment(struct request *request) must_check;       /* containment.c */
int mxc_filesystem(const struct request *request) must_check;  /* filesystem.c */
int mxc_network(const struct request *request) must_check;     /* network.c */
int mxc_old_network(const struct request *request) must_check; /* old_network.c */
int mxc_proxy(const struct request *request, const struct node *url,
              const char *member) must_check;                     /* proxy.c */
int mxc_without_effect(const struct request *request) must_check; /* ignored.c */
int mxc_availability(const struct request *request) must_check;   /* containment.c */
int mxc_sandbox_id(const struct request *request) must_check;     /* containment.c */
int mxc_fold_profiles(const struct request *request) must_check;  /* fold.c */

#endif
