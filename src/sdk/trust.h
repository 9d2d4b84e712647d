/* SPDX-License-Identifier: Apache-2.0 */
/* The certificates of authorities that this host believes, for the workers and for bundles inside. */
#ifndef CORDON_SDK_TRUST_H
#define CORDON_SDK_TRUST_H

#include "base/error.h"
#include "base/text.h"

#define TRUST_BYTES_MAX ((size_t)4 << 20) /* all of them together */

/*
 * Append every certificate, as PEM and nothing else, of the host's bundle and of the caller's SSL_CERT_FILE. A bundle of the
 * host that is not there is none; a file that the variable names and that cannot be read is -ENOENT, -EACCES, ...
 */
int trust_read(const char *const *environment, struct text *pem, struct error *err) must_check;

/* Those of the text of a file, `path`, that was read already. How many; at least one. */
int trust_add_text(struct text *pem, const char *text, const char *path, struct error *err) must_check;

/* The certificates of `text`, which may hold anything between them. How many; -EBADMSG for one that does not end. */
int trust_add(struct text *pem, const char *text, size_t size);

#endif
