/* SPDX-License-Identifier: Apache-2.0 */
/* X.509-SVIDs (SPIFFE X.509-SVID 1.0): certificates whose one URI is a container's name, and the authority's own. */
#ifndef CORDON_IDENTITY_SVID_H
#define CORDON_IDENTITY_SVID_H

#include <time.h>

#include "identity/bundle.h"

#define SVID_SECONDS      3600 /* an X.509-SVID holds so long; it is renewed after half of that */
#define SVID_BACKDATED_S  60   /* clocks differ */
#define SVID_PEM_MAX      ((size_t)64 << 10)

/* A root that signs itself: CA, path length 0, named spiffe://<domain>. */
int svid_make_authority(EVP_PKEY *key, const struct identity_name *domain, uint64_t number, time_t from, time_t until, X509 **ret_certificate,
                        struct error *err) must_check;

/* For the public half of `key`; refused where it would outlive its issuer. To be written: who looks at it with svid_verify() reads it first. */
int svid_make(EVP_PKEY *key, const struct identity_name *name, X509 *issuer, EVP_PKEY *issuer_key, time_t now, time_t until,
              X509 **ret_certificate, struct error *err) must_check;

/*
 * Is this leaf one of the bundle's, now? Its chain has no other certificates: our authorities sign leaves. ERROR_FORBIDDEN says why it
 * is not.
 */
int svid_verify(X509 *leaf, const struct bundle *bundle, time_t now, struct identity_name *ret_name, struct error *err) must_check;
/* The first certificate of a PEM text. */
int svid_read_pem(const char *pem, size_t size, X509 **ret_leaf, struct error *err) must_check;

#endif
