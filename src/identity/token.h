/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens: JWT-SVIDs (SPIFFE JWT-SVID 1.0), and those that are none and are signed by other keys, so that none is taken for another.
 *
 *   kind         typ                       sub           what it says
 *   svid         JWT                       the container  this is me (`aud`: to whom)
 *   access       at+jwt (RFC 9068)         the person     `act` (RFC 8693): who acts on that person's behalf, the outermost `act` now, those
 *                                                         within it before: a container, then its parent, and so on
 *   delegation   cordon-delegation+jwt     the person     the same, and `may_act`: which container inside may exchange it, for at most
 *                                                         `cordon_audiences`; `aud` is the authority alone
 *   attestation  cordon-attestation+jwt    the container  `cordon`: how it is contained; `nonce` of who asked
 */
#ifndef CORDON_IDENTITY_TOKEN_H
#define CORDON_IDENTITY_TOKEN_H

#include <time.h>

#include "identity/issuer.h"
#include "identity/jws.h"

#define TOKEN_AUDIENCES_MAX    16
#define TOKEN_AUDIENCE_SIZE    512
#define TOKEN_NONCE_SIZE       129
#define TOKEN_ID_SIZE          32
#define TOKEN_EARLY_S          60 /* that a token may come from the future: clocks differ. None is taken a second too late */

enum token_kind { TOKEN_SVID = 1, TOKEN_ACCESS, TOKEN_DELEGATION, TOKEN_ATTESTATION };

struct token_kind_row {
    const char *name, *type;
    enum bundle_use use;
    enum identity_kind subject;
    unsigned seconds, seconds_max; /* what is asked for in no other words, and what there is at most */
};
const struct token_kind_row *token_kind_row(enum token_kind kind);
/* By name; 0 = none. */
enum token_kind token_kind_parse(const char *name);

/* 1 to 511 printable characters without blanks, '"' and '\': what an audience or a nonce may be. */
bool token_word_is_valid(const char *text, size_t size_max);

/*
 * `claims` is completed: iss, iat, exp, jti. It holds `sub`, `aud` and what is the kind's. `until` beyond the kind's maximum, or the end of the keys, is
 * cut. Added to `text`.
 */
int token_make(const struct issuer *issuer, enum token_kind kind, json_t *claims, time_t now, time_t until, struct text *text,
               struct error *err) must_check;

struct token {
    enum token_kind kind;
    json_t *claims;
    struct identity_name subject;
    char issuer[IDENTITY_TEXT_SIZE];
    char id[TOKEN_ID_SIZE];
    time_t issued, until;
    struct identity_name actors[IDENTITY_DEPTH_MAX]; /* who acts now first */
    size_t actor_count;
};

void token_finish(struct token *token);
#define auto_token cleanup_with(token_finish)

struct token_expected {
    const struct bundle *bundle;
    enum token_kind kind;
    const char *audience; /* who looks; must be among those that it is for */
    const char *nonce;    /* NULL = none was asked for */
    time_t now;
};

/*
 * ERROR_INVALID: it is no such token. ERROR_FORBIDDEN: it is one, and does not hold: for whom, when, by which key, of which kind.
 */
int token_verify(const char *text, size_t length, const struct token_expected *expected, struct token *ret_token, struct error *err) must_check;

#endif
