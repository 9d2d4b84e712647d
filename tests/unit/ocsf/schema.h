/* SPDX-License-Identifier: Apache-2.0 */
/* Holds a record against the extract of OCSF's schema that lies beside. */
#ifndef CORDON_TESTS_OCSF_SCHEMA_H
#define CORDON_TESTS_OCSF_SCHEMA_H

#include <stddef.h>

/* Fails the test with the member that is not as the schema has it. */
void schema_check(const char *body, size_t size);
/* NULL, or what is wrong with it. */
const char *schema_fault(const char *body, size_t size);

#endif
