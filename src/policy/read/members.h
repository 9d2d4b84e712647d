/* SPDX-License-Identifier: Apache-2.0 */
/* The parts that the table of members is written in, one file for each large member. */
#ifndef CORDON_POLICY_READ_MEMBERS_H
#define CORDON_POLICY_READ_MEMBERS_H

#include <stddef.h>

#include "policy/read/reader.h"

#define END                                                                                        \
    {                                                                                              \
        0                                                                                          \
    }
#define DENY_ALLOW    ((const char *const[]){"deny", "allow", NULL})
#define TIERS         ((const char *const[]){"auto", "process", "container", "microvm", "instance", NULL})
#define TEXT_MAX      4096
#define ARGUMENT_MAX  131071 /* one argument or variable, Linux MAX_ARG_STRLEN without its NUL */
#define WORDS_MAX     256                   /* items of a list in a rule or a secret */
#define SPONSOR_MAX   256
#define AUDIENCES_MAX 16                    /* as many as a token can have */
#define BUDGET_MAX    ((uint64_t)1 << 56)
#define SETTING(path) .store = store_setting, .offset = offsetof(struct document, path)

#define NEEDS_BROKER   "needs the daemon, which this build does not have"
#define NEEDS_DESKTOP  "needs a private desktop, which this build does not have; leave it out"
#define NEEDS_TIER     "needs a stronger tier than 'process', the only one that this build has"

extern const struct member filesystem_members[];
extern const struct member network_members[];
extern const struct member http_members[], mcp_members[], jsonrpc_members[], budget_members[];
extern const struct member secret_item;
extern const struct member runtime_members[];

#endif
