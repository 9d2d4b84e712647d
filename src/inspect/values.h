/* SPDX-License-Identifier: Apache-2.0 */
/* The values of all secrets, as they are looked for: in clear, and as Base64 and hexadecimal digits write them. */
#ifndef CORDON_INSPECT_VALUES_H
#define CORDON_INSPECT_VALUES_H

#include <stdbool.h>
#include <stddef.h>

#include "inspect/lane.h"
#include "inspect/search.h"
#include "net/secrets.h"


struct values {
    const struct net_secrets *secrets; /* the caller's, for as long as this lives */
    struct search *search;
    bool has_lane[LANES];
};

/* ERROR_INVALID for a value that is too short or holds control bytes; says which secret and never what. */
int values_init(struct values *values, const struct net_secrets *secrets, struct error *err) must_check;
void values_finish(struct values *values);

/* What search_match() labels a state with. */
unsigned values_secret(unsigned label);
bool values_is_clear(unsigned label); /* the value itself, not a coding of it */

#endif
