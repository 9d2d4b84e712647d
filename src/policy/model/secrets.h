/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets over all layers. */
#ifndef CORDON_POLICY_MODEL_SECRETS_H
#define CORDON_POLICY_MODEL_SECRETS_H

#include "policy/model/effective.h"

/* Does this item of a ceiling permit the secret to be sent to `host` (NULL = to anybody, which none does that names hosts)? */
bool secret_covers(const struct secret *limit, const struct secret *secret, const char *host);

/* Does the layer say which secrets there may be? */
bool document_limits_secrets(const struct document *layer);
bool document_permits_secret(const struct document *layer, const struct secret *secret, const char *host);
bool policy_permits_secret(const struct policy *policy, const struct secret *secret, const char *host);

/* Those that are left, each with the hosts that are left. In the arena, with strings of the layers. */
int policy_secrets(const struct policy *policy, struct arena *arena, settle_refuse *refuse, void *data,
                   struct secret **ret_secrets, size_t *ret_count, struct error *err) must_check;

#endif
