/* SPDX-License-Identifier: Apache-2.0 */
/* What an unquoted scalar is by YAML 1.2's core schema (10.3.2): yes, no, on and off are strings.
 */
#ifndef CORDON_POLICY_READ_SCALAR_H
#define CORDON_POLICY_READ_SCALAR_H

#include "policy/read/node.h"

/* NODE_STRING, NODE_INTEGER, NODE_FLOAT, NODE_BOOL or NODE_NULL. */
enum node_kind scalar_kind(const char *text);

#endif
