/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The MXC front end: one JSON document of Microsoft Execution Containers becomes one struct
 * document. Contracts 0.9.0-alpha, 1.0.0 and 1.1.0-alpha are read by MXC's own rules, 0.6.0-alpha
 * to 0.8.0-alpha as the superset of members that are known of them. docs/mxc-differences.md says
 * for each member what becomes of it.
 */
#ifndef CORDON_POLICY_MXC_MXC_H
#define CORDON_POLICY_MXC_MXC_H

#include "policy/document.h"

struct node;

/*
 * MXC's closed set of error codes; the values are the statuses of its C interface. The first five,
 * 11 and 12 come from documents and launches, 6 to 10 from the life of a sandbox.
 */
enum mxc_code {
    MXC_OK = 0,
    MXC_MALFORMED_REQUEST = 1,
    MXC_UNSUPPORTED_CONTAINMENT = 2,
    MXC_UNSUPPORTED_PHASE = 3,
    MXC_BACKEND_UNAVAILABLE = 4,
    MXC_MALFORMED_ID = 5,
    MXC_STALE_ID = 6,
    MXC_NOT_PROVISIONED = 7,
    MXC_NOT_STARTED = 8,
    MXC_ALREADY_STARTED = 9,
    MXC_ALREADY_STOPPED = 10,
    MXC_POLICY_VALIDATION = 11,
    MXC_BACKEND_ERROR = 12,
};

/*
 * `root` is the tree of `text` as node_read() made it with NODE_JSON. Errors begin with
 * "name:line:column: " and go on in MXC's words where programs match on them; mxc_error_code()
 * tells their code. A member that is valid and that this build cannot enforce is recorded in
 * (*ret_document)->unsupported, one that has no meaning on Linux in ->warnings. All of it lives in
 * `arena`. -EINVAL: the document is refused; -ENOMEM.
 */
int mxc_document_load(struct arena *arena, const char *name, const struct node *root,
                      const char *text, size_t size, const struct load_options *options,
                      struct document **ret_document, struct error *err) must_check;

/* The MXC code of an error of this front end or of a launch; MXC_OK for ERROR_NONE. */
enum mxc_code mxc_error_code(const struct error *err);

/* "malformed_request", ...; "" for MXC_OK and values that are no code. */
const char *mxc_code_name(int code);

/* The text without its "name:line:column: ": what an MXC client expects to read. Points into `err`.
 */
const char *mxc_error_message(const struct error *err);

#endif
