/* SPDX-License-Identifier: Apache-2.0 */
/* One connection through the inspector within a fuzzer: no process, no TLS, no gateway. */
#ifndef CORDON_FUZZ_INSPECT_HARNESS_H
#define CORDON_FUZZ_INSPECT_HARNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HARNESS_HEARD_MAX (1u << 17)

/*
 * The first byte says how much of the rest the program sends, the server sends what is left. What the server heard, at most
 * HARNESS_HEARD_MAX. The rules grant GET, POST and HEAD of "/v1" and what is below it, at api.test.
 */
size_t harness_run(const uint8_t *data, size_t size, bool is_h2, char *ret_heard);

#endif
