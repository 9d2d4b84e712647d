/* SPDX-License-Identifier: Apache-2.0 */
/* A request for a container inside, as the program's side writes it and the nester reads it. */
#ifndef CORDON_SDK_NEST_REQUEST_H
#define CORDON_SDK_NEST_REQUEST_H

#include "sdk/nest/bytes.h"
#include "sdk/request.h"

/*
 * Documents are read here, from this process's files; the environment and the working directory are this process's where the
 * request has none. ERROR_UNENFORCEABLE: what a container inside cannot be asked for, by name.
 */
int nest_request_write(const struct cordon_request *request, struct text *out, struct error *err) must_check;

/*
 * What somebody else wrote, through the doors that every request goes through. It names a working directory and an environment,
 * and has neither descriptors nor files. -EBADMSG (ERROR_INVALID): it is none.
 */
int nest_request_read(const void *bytes, size_t size, struct cordon_request **ret_request, struct error *err) must_check;

#endif
