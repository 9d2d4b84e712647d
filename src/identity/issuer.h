/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The authority of one machine, or of one user where there is no system's: three keys (for X.509-SVIDs, JWT-SVIDs and other tokens)
 * that hold for ISSUER_DAYS, and the next three before these end. The bundle has the next ones a day before they sign.
 *
 * State is one file, <directory>/authority.json (0600), replaced as a whole; bundle.json and bundle.pem beside it are what others are
 * to believe. Several processes may have it open: each looks again at issuer_step().
 */
#ifndef CORDON_IDENTITY_ISSUER_H
#define CORDON_IDENTITY_ISSUER_H

#include <time.h>

#include "identity/bundle.h"
#include "identity/wrap.h"

#define ISSUER_DAY_S         86400
#define ISSUER_DAYS          90
#define ISSUER_ROTATE_DAYS   60 /* the next keys are made then */
#define ISSUER_OVERLAP_DAYS  1  /* and sign so long after */
#define ISSUER_GENERATIONS   4

struct issuer_generation {
    uint64_t number;
    time_t from, until; /* when it begins to sign; when its certificate ends */
    EVP_PKEY *keys[BUNDLE_TOKEN + 1]; /* by enum bundle_use */
    char ids[BUNDLE_TOKEN + 1][KEY_ID_SIZE];
    X509 *certificate;
};

/* What keeps the keys on disk from who reads the disk: a key for all of them, which is sealed by something else than the disk. */
struct issuer_protection {
    const char *name; /* "tpm" */
    /* *ret_sealed is the caller's: a text that unseal() understands. */
    int (*seal)(void *context, const unsigned char key[WRAP_KEY_SIZE], char **ret_sealed, struct error *err);
    int (*unseal)(void *context, const char *sealed, unsigned char ret_key[WRAP_KEY_SIZE], struct error *err);
    void *context;
};

struct issuer {
    char *directory;
    struct identity_name host;
    const char *protection; /* "file" or "tpm" */
    const struct issuer_protection *by; /* NULL = "file" */
    unsigned char wrapping[WRAP_KEY_SIZE];
    char *sealed; /* the same; NULL = not known yet */
    uint64_t sequence;
    struct issuer_generation generations[ISSUER_GENERATIONS]; /* the oldest first */
    size_t count;
    struct bundle bundle; /* of all of them */
};

/*
 * Open what is there, or make it. The directory is made (0700). ERROR_FORBIDDEN: somebody else could read or change it; ERROR_INVALID: it
 * is the authority of another name, or no state at all: it is never made anew over one that is there.
 */
int issuer_open(const char *directory, const struct identity_name *host, time_t now, struct issuer **ret_issuer, struct error *err) must_check;
/* The same, of which the keys are protected by more than the permissions of a file. What is there must be protected likewise. `protection` must stay. */
int issuer_open_by(const char *directory, const struct identity_name *host, const struct issuer_protection *protection, time_t now,
                   struct issuer **ret_issuer, struct error *err) must_check;
void issuer_free(struct issuer *issuer);
void issuer_free_at(struct issuer **issuer);
#define auto_issuer cleanup_with(issuer_free_at)

/* Look again, make the next keys when it is time, forget those that ended. 1 = something changed, 0 = nothing did. */
int issuer_step(struct issuer *issuer, time_t now, struct error *err) must_check;

/* The keys that sign now; NULL: the clock stands before all of them. */
const struct issuer_generation *issuer_signs(const struct issuer *issuer, time_t now);

#endif
