/* SPDX-License-Identifier: Apache-2.0 */
/* This installation: where the library is and, from there, its helper programs. */
#ifndef CORDON_SDK_HELPERS_H
#define CORDON_SDK_HELPERS_H

#include "policy/facts.h"
#include "sdk/places.h"

/* Fill library, helpers and init. */
int helpers_find(struct arena *arena, struct places *places, struct error *err) must_check;

/* cordon-gateway of the same installation, looked for only where a plan has a gateway. In `arena`. */
int helpers_find_gateway(struct arena *arena, const struct places *places, const char **ret_path,
                         struct error *err) must_check;
/* The others, of src/inspect, in the same way: cordon-inspector, cordon-holder. */
int helpers_find_worker(struct arena *arena, const struct places *places, const char *name, const char **ret_path,
                        struct error *err) must_check;

/* cordon-signer, looked for where a container asks to have something signed. */
int helpers_find_signer(struct arena *arena, const struct places *places, const char **ret_path, struct error *err) must_check;

/* cordon-verify-token. */
int helpers_find_verifier(struct arena *arena, const struct places *places, const char **ret_path, struct error *err) must_check;
/* cordon-nester, looked for where a plan lets containers be inside. */
int helpers_find_nester(struct arena *arena, const struct places *places, const char **ret_path, struct error *err) must_check;

/* cordon-sensor, looked for where Landlock refuses first. */
int helpers_find_sensor(struct arena *arena, const struct places *places, const char **ret_path, struct error *err) must_check;

/* cordon-auditor, and cordon-verify of the same installation, for the audit log. */
int helpers_find_auditor(struct arena *arena, const struct places *places, const char **ret_path, struct error *err) must_check;
int helpers_find_log_verifier(struct arena *arena, const struct places *places, const char **ret_path, struct error *err) must_check;

/* The facts about this installation: which workers are there and what this library has them do. */
int helpers_tell(struct arena *arena, const struct places *places, struct facts *facts, struct error *err) must_check;

#endif
