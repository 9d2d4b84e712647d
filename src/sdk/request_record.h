/* SPDX-License-Identifier: Apache-2.0 */
/* A request as a record of the daemon's protocol: what the client writes and the keeper reads. Descriptors travel on their own. */
#ifndef CORDON_SDK_REQUEST_RECORD_H
#define CORDON_SDK_REQUEST_RECORD_H

#include "base/digest.h"
#include "cordon/cordon.h"
#include "protocol/codec.h"

/*
 * All of `request` but descriptors and where output is captured; with the environment, umask and limits of this process where the request
 * brings none. *out is begun here.
 */
void request_write(struct protocol_out *out, const struct cordon_request *request);

/* The other way around: a new request, the caller's. ERROR_INVALID for what no client writes. */
int request_read(const struct protocol_message *message, struct cordon_request **ret_request, struct error *err) must_check;

/*
 * What makes two requests be served by one keeper: documents by name and text, profile, settings, workspace, tier, and the hard limits
 * of this process, its groups and its login uid, which a keeper cannot give to one and keep from another.
 */
int request_key(const struct cordon_request *request, unsigned char ret_key[DIGEST_SIZE], struct error *err) must_check;

/* What of a RECORD_REQUEST belongs to a process rather than to a request: its soft limits, its umask. */
struct request_process {
    unsigned umask;
    struct request_limit {
        uint64_t resource, soft, hard;
    } limits[16];
    size_t limit_count;
};
int request_read_process(const struct protocol_message *message, struct request_process *ret_process, struct error *err) must_check;

#endif
