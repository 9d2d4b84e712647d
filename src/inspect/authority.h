/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The authority of one container: made when the inspector starts, known to this container alone, gone with it. Its key
 * never leaves this process.
 */
#ifndef CORDON_INSPECT_AUTHORITY_H
#define CORDON_INSPECT_AUTHORITY_H

#include <stddef.h>
#include <time.h>

#include <openssl/types.h>

#include "base/compiler.h"
#include "base/error.h"
#include "net/address.h"

struct authority;

int authority_new(time_t now, struct authority **ret_authority, struct error *err) must_check;
void authority_free(struct authority *authority);

/* Its certificate as PEM; *ret_text is the caller's to mem_free(). */
int authority_print(const struct authority *authority, char **ret_text, size_t *ret_size, struct error *err) must_check;

/*
 * Have a connection present a certificate for this name, or where that is NULL for the address. At most
 * AUTHORITY_LEAVES_MAX are kept. -ENOMEM, -EIO.
 */
int authority_present(struct authority *authority, const char *name, const struct net_address *address, time_t now, SSL *tls) must_check;

#define AUTHORITY_LEAVES_MAX 256u
#define AUTHORITY_DAYS       (5 * 365)
#define AUTHORITY_LEAF_DAYS  7

#endif
