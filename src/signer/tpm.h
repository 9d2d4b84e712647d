/* SPDX-License-Identifier: Apache-2.0 */
/* The authority's keys under a key that the machine's TPM keeps, by cordon-tpm: before the signer gives up its rights. */
#ifndef CORDON_SIGNER_TPM_H
#define CORDON_SIGNER_TPM_H

#include <limits.h>

#include "identity/issuer.h"

#define TPM_DEVICE "/dev/tpmrm0"
#define TPM_WORDS  "device:" TPM_DEVICE

struct signer_tpm {
    const char *words; /* as the TSS has it: "device:/dev/tpmrm0", "swtpm:path=/run/x" */
    char program[PATH_MAX];
    struct issuer_protection protection;
};

/* ERROR_NOT_FOUND: this installation has no cordon-tpm. */
int signer_tpm_find(struct signer_tpm *tpm, const char *words, struct error *err) must_check;

/* Is there one that this user may use, and is the authority in `directory` one of a TPM's, or not made yet? */
bool signer_tpm_is_fit(const char *directory);

#endif
