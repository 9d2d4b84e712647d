/* SPDX-License-Identifier: Apache-2.0 */
/* Inside this part: the authority's keys on disk. */
#ifndef CORDON_IDENTITY_ISSUER_STATE_H
#define CORDON_IDENTITY_ISSUER_STATE_H

#include "identity/issuer.h"

#define ISSUER_STATE_MAX ((size_t)128 << 10)

void issuer_generation_finish(struct issuer_generation *generation);

/* Nothing there is an authority without keys. */
int issuer_state_read(struct issuer *issuer, struct error *err) must_check;
int issuer_state_write(const struct issuer *issuer, struct error *err) must_check;

#endif
