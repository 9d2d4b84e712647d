/* SPDX-License-Identifier: Apache-2.0 */
/* What a run was asked for, kept beside its record, and the same plan made from it again. */
#ifndef CORDON_SDK_KEPT_H
#define CORDON_SDK_KEPT_H

#include "base/text.h"
#include "event/request.h"
#include "policy/document.h"
#include "sdk/assemble.h"

/* Does what a document says of its program's environment or command hold what looks like a secret? Then its text is not kept. */
int kept_is_secret(const struct document *document, bool *ret_is_secret, struct error *err) must_check;

/* Before the program runs. `argv`: what is executed. */
int kept_write(struct event_log *log, const struct assembly *assembly, const struct cordon_request *request,
               const char *const *argv, struct error *err) must_check;

/*
 * A request that assembles as that of the run did, for the caller and the environment of now. It is not to be run. What was not
 * kept is read from its file when that is still the same, else it is refused (ERROR_INVALID); settings that were not kept are left
 * out, which concerns the program's environment and command alone.
 */
int kept_request(const struct asked *asked, struct cordon_request **ret_request, struct error *err) must_check;

/* From kept_request() to the plan, by the mechanism that the run had. `request` must live as long as the assembly. */
int kept_assemble(const struct asked *asked, const struct cordon_request *request, struct assembly *assembly,
                  struct error *err) must_check;

/*
 * Does what was asked for come to another plan today? *ret_is_same; and in `why`, one line, each reason that can be named: a
 * document or a ceiling that changed, came or went; "" where it is the machine or the caller's environment.
 */
int kept_compare(const struct asked *asked, const struct assembly *today, bool *ret_is_same, struct text *why,
                 struct error *err) must_check;

#endif
