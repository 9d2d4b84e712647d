/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cordon-tpm seal|unseal TCTI: a key of 32 bytes, which no other machine's TPM gives back. Standard input and output: the key, and what is kept of it
 * on disk. Executed by cordon-signer before that gives up its rights; a program of its own so that nobody else links the libraries of TPMs.
 *
 * The sealed object is a child of the storage primary that the TPM makes anew from its own seed (the ECC template of TCG's
 * Provisioning Guidance), so nothing stays in the TPM. It is bound to the TPM, not to what was booted.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <tss2/tss2_esys.h>
#include <tss2/tss2_mu.h>
#include <tss2/tss2_rc.h>
#include <tss2/tss2_tctildr.h>

#include "base/compiler.h"
#include "base/file.h"
#include "base/memory.h"

#define KEY_SIZE  32
#define BLOB_SIZE 2048

struct tpm {
    TSS2_TCTI_CONTEXT *transport;
    ESYS_CONTEXT *context;
    ESYS_TR primary;
};

static int fail(const char *what, TSS2_RC code)
{
    fprintf(stderr, "cordon-tpm: %s: %s\n", what, Tss2_RC_Decode(code));
    return 1;
}

/* In the null of authorisations: the owner's is empty on machines where nobody took it. */
static int tpm_open(struct tpm *tpm, const char *name)
{
    const TPM2B_SENSITIVE_CREATE no_secret = {0};
    const TPM2B_DATA no_data = {0};
    const TPML_PCR_SELECTION no_registers = {0};
    const TPM2B_PUBLIC template = {
        .publicArea = {
            .type = TPM2_ALG_ECC,
            .nameAlg = TPM2_ALG_SHA256,
            .objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_USERWITHAUTH |
                                TPMA_OBJECT_NODA | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT,
            .parameters.eccDetail = {.symmetric = {.algorithm = TPM2_ALG_AES, .keyBits.aes = 128, .mode.aes = TPM2_ALG_CFB},
                                     .scheme.scheme = TPM2_ALG_NULL,
                                     .curveID = TPM2_ECC_NIST_P256,
                                     .kdf.scheme = TPM2_ALG_NULL},
        },
    };
    TSS2_RC code = Tss2_TctiLdr_Initialize(name, &tpm->transport);

    if (code)
        return fail(name, code);
    code = Esys_Initialize(&tpm->context, tpm->transport, NULL);
    if (!code)
        code = Esys_CreatePrimary(tpm->context, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &no_secret, &template, &no_data,
                                  &no_registers, &tpm->primary, NULL, NULL, NULL, NULL);
    return code ? fail("make the primary key of this TPM", code) : 0;
}

static void tpm_close(struct tpm *tpm)
{
    if (tpm->context) {
        if (tpm->primary != ESYS_TR_NONE)
            Esys_FlushContext(tpm->context, tpm->primary);
        Esys_Finalize(&tpm->context);
    }
    Tss2_TctiLdr_Finalize(&tpm->transport);
}

static int seal(struct tpm *tpm, const unsigned char *key, unsigned char blob[BLOB_SIZE], size_t *size)
{
    TPM2B_SENSITIVE_CREATE secret = {.sensitive.data.size = KEY_SIZE};
    const TPM2B_DATA no_data = {0};
    const TPML_PCR_SELECTION no_registers = {0};
    const TPM2B_PUBLIC template = {
        .publicArea = {.type = TPM2_ALG_KEYEDHASH,
                       .nameAlg = TPM2_ALG_SHA256,
                       .objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_NODA,
                       .parameters.keyedHashDetail.scheme.scheme = TPM2_ALG_NULL},
    };
    TPM2B_PRIVATE *private = NULL;
    TPM2B_PUBLIC *public = NULL;
    TSS2_RC code;

    memcpy(secret.sensitive.data.buffer, key, KEY_SIZE);
    code = Esys_Create(tpm->context, tpm->primary, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &secret, &template, &no_data, &no_registers, &private,
                       &public, NULL, NULL, NULL);
    explicit_bzero(&secret, sizeof(secret));
    *size = 0;
    if (!code)
        code = Tss2_MU_TPM2B_PRIVATE_Marshal(private, blob, BLOB_SIZE, size);
    if (!code)
        code = Tss2_MU_TPM2B_PUBLIC_Marshal(public, blob, BLOB_SIZE, size);
    Esys_Free(private);
    Esys_Free(public);
    return code ? fail("seal", code) : 0;
}

static int unseal(struct tpm *tpm, const unsigned char *blob, size_t size, unsigned char key[KEY_SIZE])
{
    TPM2B_PRIVATE private = {0};
    TPM2B_PUBLIC public = {0};
    TPM2B_SENSITIVE_DATA *secret = NULL;
    ESYS_TR object = ESYS_TR_NONE;
    size_t at = 0;
    TSS2_RC code = Tss2_MU_TPM2B_PRIVATE_Unmarshal(blob, size, &at, &private);
    int status = 0;

    if (!code)
        code = Tss2_MU_TPM2B_PUBLIC_Unmarshal(blob, size, &at, &public);
    if (!code)
        code = Esys_Load(tpm->context, tpm->primary, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &private, &public, &object);
    if (!code)
        code = Esys_Unseal(tpm->context, object, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &secret);
    if (code)
        status = fail("unseal: this is not the TPM that sealed it, or it was cleared", code);
    else if (secret->size != KEY_SIZE)
        status = fail("unseal: what was sealed is no key", 0);
    else
        memcpy(key, secret->buffer, KEY_SIZE);
    if (object != ESYS_TR_NONE)
        Esys_FlushContext(tpm->context, object);
    Esys_Free(secret);
    return status;
}

int main(int argc, char **argv)
{
    struct tpm tpm = {.primary = ESYS_TR_NONE};
    unsigned char out[BLOB_SIZE];
    auto_free char *in = NULL;
    size_t in_size = 0, out_size = KEY_SIZE;
    bool is_seal = argc == 3 && strcmp(argv[1], "seal") == 0;
    int status;

    if (!is_seal && (argc != 3 || strcmp(argv[1], "unseal") != 0)) {
        fprintf(stderr, "usage: cordon-tpm seal|unseal TCTI\n");
        return 2;
    }
    if (file_read_fd(0, "standard input", BLOB_SIZE, &in, &in_size, NULL) < 0 || (is_seal && in_size != KEY_SIZE)) {
        fprintf(stderr, "cordon-tpm: standard input is not what is to be sealed, or unsealed\n");
        return 2;
    }
    status = tpm_open(&tpm, argv[2]);
    if (status == 0)
        status = is_seal ? seal(&tpm, (const unsigned char *)in, out, &out_size) : unseal(&tpm, (const unsigned char *)in, in_size, out);
    tpm_close(&tpm);
    if (status == 0 && file_write_all(1, out, out_size) < 0)
        status = 1;
    explicit_bzero(in, in_size);
    explicit_bzero(out, sizeof(out));
    return status;
}
