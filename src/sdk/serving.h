/* SPDX-License-Identifier: Apache-2.0 */
/* Whose service would run this caller's next container, and what that one says of its parts. */
#ifndef CORDON_SDK_SERVING_H
#define CORDON_SDK_SERVING_H

#include "base/error.h"
#include "base/memory.h"
#include "sdk/places.h"
#include "sdk/unproved.h"

#define SERVING_PARTS_MAX 8

struct serving {
    enum service_of of;
    const char *use;         /* what is configured: "never", "available", "required" */
    const char *why;         /* of == SERVICE_NONE, though one is to be used: why there is none; else NULL */
    const char *protection;  /* of the authority's keys: "file", "tpm"; NULL = nobody says */
    const char *parts[SERVING_PARTS_MAX]; /* "logger: ready", ... */
    size_t part_count;
};

/*
 * Nothing is started and nothing waits for long. What it points to lives in `arena`. A service that is not there, or that does not answer, is no error:
 * `why` says it. A configuration that is not understood is one.
 */
int serving_find(struct arena *arena, const struct places *places, struct serving *ret_serving, struct error *err) must_check;

/* Where others find whom to believe: the machine's, or this user's (places.state). `name`: "bundle.json", "bundle.pem". NULL = no memory. */
const char *serving_bundle(struct arena *arena, const struct places *places, enum service_of of, const char *name);

#endif
