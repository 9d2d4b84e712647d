/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many certificates and tokens a processor makes and verifies in a second, by the library and through the signer's socket: bench-identity
 * SIGNER [SECONDS]. The floor is OpenSSL's own signature of the same kind. One line each: "name per-second ratio-to-floor".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/x509.h>

#include "base/clock.h"
#include "base/memory.h"
#include "identity/exchange.h"
#include "identity/svid.h"
#include "signer/client.h"

#define HOST     "spiffe://local.test/host/box"
#define INSTANCE "01kb5k3zt0aaaaaaaaaaaaaaaa"
#define AGENT    HOST "/user/1000/agent/coder/" INSTANCE

static struct issuer *issuer;
static struct identity_name agent;
static const struct issuer_generation *signs;
static EVP_PKEY *key;
static char *token;
static X509 *leaf;
static time_t now;
static int keeper = -1;
static uint64_t asked;

static int sign_alone(void)
{
    unsigned char signature[KEY_SIGNATURE_SIZE];

    return key_sign(key, AGENT, sizeof(AGENT), signature, NULL);
}

static int make_key(void)
{
    EVP_PKEY *made = NULL;
    int status = key_make(&made, NULL);

    EVP_PKEY_free(made);
    return status;
}

static int make_svid(void)
{
    X509 *made = NULL;
    int status = svid_make(key, &agent, signs->certificate, signs->keys[BUNDLE_X509], now, now + SVID_SECONDS, &made, NULL);

    X509_free(made);
    return status;
}

static int make_token(void)
{
    const char *audience = "https://api.example.org";
    const struct exchange exchange = {.actor = &agent, .kind = TOKEN_SVID, .audiences = &audience, .audience_count = 1, .now = now};
    auto_text struct text text = {0};

    return exchange_make(issuer, &exchange, &text, NULL, NULL);
}

static int verify_token(void)
{
    const struct token_expected expected = {.bundle = &issuer->bundle, .kind = TOKEN_SVID, .audience = "https://api.example.org", .now = now};
    auto_token struct token read = {0};

    return token_verify(token, strlen(token), &expected, &read, NULL);
}

static int verify_svid(void)
{
    struct identity_name name;

    return svid_verify(leaf, &issuer->bundle, now, &name, NULL);
}

/* A container has so many a second: each asks fewer times than that. */
static int ask_signer(void)
{
    const char *audience = "https://api.example.org";
    const struct signer_question question = {.what = "svid", .audiences = &audience, .audience_count = 1};
    static char name[1024];
    auto_text struct text text = {0};
    int status = 0;

    if (asked++ % 150 == 0) {
        if (name[0])
            status = signer_close_name(keeper, name, NULL);
        snprintf(name, sizeof(name), HOST "/user/1000/agent/coder/%026llu", (unsigned long long)asked);
        if (status == 0)
            status = signer_open(keeper, name, NULL, NULL, NULL);
    }
    return status < 0 ? status : signer_ask(keeper, name, &question, &text, NULL, NULL);
}

static double measure(const char *name, int (*one)(void), double seconds, double floor)
{
    uint64_t from = clock_monotonic_ns(), until = from + (uint64_t)(seconds * (double)NS_PER_S), at;
    uint64_t count = 0;
    double rate;

    do {
        for (int i = 0; i < 50; i++, count++)
            if (one() < 0) {
                fprintf(stderr, "%s failed\n", name);
                exit(1);
            }
        at = clock_monotonic_ns();
    } while (at < until);
    rate = (double)count * (double)NS_PER_S / (double)(at - from);
    printf("%-34s %8.0f /s  %5.2f of the floor\n", name, rate, floor > 0 ? rate / floor : 1.0);
    return rate;
}

/* As others get it. */
static int make_leaf(const struct issuer_generation *by, struct error *err)
{
    auto_text struct text pem = {0};
    X509 *made = NULL;
    int status = svid_make(key, &agent, by->certificate, by->keys[BUNDLE_X509], now, now + SVID_SECONDS, &made, err);

    if (status == 0)
        status = certificate_write_pem(made, &pem, err);
    X509_free(made);
    return status < 0 ? status : svid_read_pem(pem.data, pem.length, &leaf, err);
}

static void prepare(const char *signer, const char *directory)
{
    struct identity_name host, user;
    struct error err = ERROR_INIT;
    struct signer_process process;
    auto_text struct text text = {0};
    const char *audience = "https://api.example.org";
    struct exchange exchange = {.actor = &agent, .kind = TOKEN_SVID, .audiences = &audience, .audience_count = 1};
    char other[64];
    int status;

    now = exchange.now = time(NULL);
    snprintf(other, sizeof(other), "%s/other", directory);
    status = identity_parse(HOST, strlen(HOST), &host, &err);
    identity_user(&host, 1000, &user);
    if (status == 0)
        status = identity_agent(&user, "coder", INSTANCE, &agent, &err);
    if (status == 0)
        status = issuer_open(directory, &host, now, &issuer, &err);
    if (status == 0)
        status = key_make(&key, &err);
    signs = status == 0 ? issuer_signs(issuer, now) : NULL;
    if (status == 0)
        status = make_leaf(signs, &err);
    if (status == 0)
        status = exchange_make(issuer, &exchange, &text, NULL, &err);
    if (status == 0)
        status = text_take(&text, &token, &err);
    if (status == 0)
        status = signer_start(signer, other, HOST, HOST "/user/1000", &process, &keeper, &err);
    if (status == 0)
        status = signer_await(&process, &err);
    if (status < 0) {
        fprintf(stderr, "%s\n", err.text);
        exit(1);
    }
}

int main(int argc, char **argv)
{
    char directory[] = "/tmp/bench-identity-XXXXXX", command[64];
    double seconds = argc > 2 ? atof(argv[2]) : 2, floor;

    if (argc < 2 || !mkdtemp(directory))
        return 2;
    prepare(argv[1], directory);
    floor = measure("floor: ECDSA P-256 signature", sign_alone, seconds, 0);
    measure("key of a container", make_key, seconds, floor);
    measure("X.509-SVID, key given", make_svid, seconds, floor);
    measure("JWT-SVID", make_token, seconds, floor);
    measure("JWT-SVID through the signer", ask_signer, seconds, floor);
    measure("JWT-SVID verified", verify_token, seconds, floor);
    measure("X.509-SVID verified", verify_svid, seconds, floor);
    snprintf(command, sizeof(command), "rm -r %s", directory);
    return system(command) != 0;
}
