/* SPDX-License-Identifier: Apache-2.0 */
/* An authority in a directory of its own, and who asks it. */
#ifndef CORDON_TESTS_IDENTITY_SCENE_H
#define CORDON_TESTS_IDENTITY_SCENE_H

#include "identity/exchange.h"
#include "identity/issuer.h"
#include "test.h"

#define NOW      ((time_t)1800000000)
#define INSTANCE "01kb5k3zt0aaaaaaaaaaaaaaaa"
#define INNER    "01kb5k3zt0bbbbbbbbbbbbbbbb"
#define DEEPER   "01kb5k3zt0cccccccccccccccc"
#define HOST     "spiffe://local.test/host/box"
#define PERSON   HOST "/user/1000"
#define AGENT    PERSON "/agent/coder/" INSTANCE
#define CHILD    AGENT "/sub/" INNER
#define AUDIENCE "https://api.example.org"

struct scene {
    char directory[64];
    struct issuer *issuer;
    struct identity_name host, agent, child, deeper;
    struct error err;
};

void scene_open(struct scene *scene);
void scene_close(struct scene *scene);

/* One token for AUDIENCE; the text is the caller's to mem_free(). */
char *scene_token(struct scene *scene, const struct identity_name *actor, enum token_kind kind, const char *subject_token, const char *may_act);
/* The same, which must be refused for a reason that contains `why`. */
void scene_refused(struct scene *scene, const struct exchange *exchange, const char *why);

int scene_verify(struct scene *scene, enum token_kind kind, const char *text, time_t now, struct token *ret_token);

/* `text` with a header or payload of one's own, signed by this key. */
char *scene_forge(EVP_PKEY *key, const char *header, const char *payload);

#endif
