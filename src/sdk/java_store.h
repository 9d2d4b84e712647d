/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates as Java's trust store (cacerts) in the form JKS. */
#ifndef CORDON_SDK_JAVA_STORE_H
#define CORDON_SDK_JAVA_STORE_H

#include "base/error.h"
#include "base/text.h"

/* Of `pem`, which holds nothing but certificates (sdk/trust.h). The password is "changeit", as everywhere. */
int java_store_write(const char *pem, size_t size, struct text *store, struct error *err) must_check;

#endif
