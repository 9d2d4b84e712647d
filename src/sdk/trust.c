/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bundles are files of the host that root or the caller chose. Of them only what stands between the lines of certificates is
 * taken: comments, keys and "TRUSTED CERTIFICATE" (OpenSSL's own form) are not for others.
 */
#include "sdk/trust.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/memory.h"
#include "sdk/places.h"

#define BEGIN_LINE "-----BEGIN CERTIFICATE-----"
#define END_LINE   "-----END CERTIFICATE-----"

int trust_add(struct text *pem, const char *text, size_t size)
{
    const char *at = text, *end = text + size;
    int count = 0;

    while ((at = memmem(at, (size_t)(end - at), BEGIN_LINE, strlen(BEGIN_LINE)))) {
        const char *body = at + strlen(BEGIN_LINE);
        const char *last = memmem(body, (size_t)(end - body), END_LINE, strlen(END_LINE));
        const char *next = memmem(body, (size_t)(end - body), BEGIN_LINE, strlen(BEGIN_LINE));

        if (!last || (next && next < last))
            return -EBADMSG;
        last += strlen(END_LINE);
        text_add_n(pem, at, (size_t)(last - at));
        text_add(pem, "\n");
        at = last;
        count++;
    }
    return count;
}

/* How many. */
static int add_bytes(struct text *pem, const char *bytes, size_t size, const char *path, struct error *err)
{
    int status = trust_add(pem, bytes, size);

    if (status <= 0)
        return error_set(err, ERROR_INVALID, EBADMSG, "%s holds no certificates in PEM", path);
    if (pem->is_broken)
        return error_memory(err);
    if (pem->length > TRUST_BYTES_MAX)
        return error_set(err, ERROR_LIMIT, E2BIG, "with %s there are more than %zu MiB of certificates", path,
                         TRUST_BYTES_MAX >> 20);
    return status;
}

int trust_add_text(struct text *pem, const char *text, const char *path, struct error *err)
{
    int status = add_bytes(pem, text, strlen(text), path, err);

    if (status < 0)
        error_prepend(err, "network.tls.authorities");
    return status;
}

static int add_file(struct text *pem, const char *path, const char *why, struct error *err)
{
    auto_free char *bytes = NULL;
    size_t size;
    int status = file_read(path, TRUST_BYTES_MAX, &bytes, &size, err);

    if (status == 0)
        status = add_bytes(pem, bytes, size, path, err);
    if (status < 0)
        error_prepend(err, "%s", why);
    return status < 0 ? status : 0;
}

static const char *find_bundle(void)
{
    static const char *const paths[] = {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
                                        "/etc/ssl/cert.pem"};
    struct stat st;

    for (size_t i = 0; i < ARRAY_COUNT(paths); i++)
        if (stat(paths[i], &st) == 0 && S_ISREG(st.st_mode))
            return paths[i];
    return NULL;
}

int trust_read(const char *const *environment, struct text *pem, struct error *err)
{
    const char *bundle = find_bundle(), *own = environment_get(environment, "SSL_CERT_FILE");
    int status = bundle ? add_file(pem, bundle, "the authorities of this host", err) : 0;

    if (status == 0 && own && *own && (!bundle || strcmp(own, bundle) != 0))
        status = add_file(pem, own, "SSL_CERT_FILE", err);
    return status;
}
