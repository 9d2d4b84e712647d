/* SPDX-License-Identifier: Apache-2.0 */
/* Of bundles only certificates are taken, and what was named has to be there. */
#include "sdk/trust.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "test.h"

#define ONE "-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----"

static int count(const char *text, struct text *pem)
{
    return trust_add(pem, text, strlen(text));
}

TEST(what_stands_between_certificates_is_left_out)
{
    auto_text struct text pem = {0};

    check_int(count("# a comment\n" ONE "\n-----BEGIN PRIVATE KEY-----\nWA==\n-----END PRIVATE KEY-----\n" ONE " tail", &pem), 2);
    check_string(pem.data, ONE "\n" ONE "\n");
}

TEST(a_certificate_that_does_not_end_is_none)
{
    auto_text struct text pem = {0};

    check_int(count("-----BEGIN CERTIFICATE-----\nQUJD\n", &pem), -EBADMSG);
    check_int(count("-----BEGIN CERTIFICATE-----\nQUJD\n" ONE, &pem), -EBADMSG);
    check_int(count("-----BEGIN TRUSTED CERTIFICATE-----\nQUJD\n-----END TRUSTED CERTIFICATE-----\n", &pem), 0);
    check_int(count("", &pem), 0);
}

TEST(a_file_that_is_named_is_read_or_refused_by_name)
{
    static char path[] = "/tmp/cordon-unit-XXXXXX";
    char variable[64];
    const char *const environment[] = {variable, NULL}, *const none[] = {NULL};
    struct error err = ERROR_INIT;
    auto_text struct text pem = {0}, host = {0};
    int fd = test_make_file(path);

    check(fd >= 0);
    close(fd);
    snprintf(variable, sizeof(variable), "SSL_CERT_FILE=%s", path);
    check_int(trust_read(none, &host, &err), 0);
    check_int(trust_read(environment, &pem, &err), -EBADMSG);
    check_contains(err.text, "SSL_CERT_FILE");
    text_finish(&pem);
    check_int(trust_add_text(&pem, "none", "/a.pem", &err), -EBADMSG);
    check_contains(err.text, "network.tls.authorities: /a.pem");
    text_finish(&pem);
    test_write_file(path, ONE, 0644);
    check_int(trust_read(environment, &pem, &err), 0);
    check_int(trust_add_text(&pem, ONE "\n" ONE, path, &err), 2);
    check_int(pem.length, host.length + 3 * (strlen(ONE) + 1));
    text_finish(&pem);
    unlink(path);
    check_int(trust_read(environment, &pem, &err), -ENOENT);
}
