/* SPDX-License-Identifier: Apache-2.0 */
/* The program, as a keeper and cordond have it. */
#ifndef CORDON_TESTS_SIGNER_SCENE_H
#define CORDON_TESTS_SIGNER_SCENE_H

#include "signer/client.h"
#include "test.h"

#define INSTANCE "01kb5k3zt0aaaaaaaaaaaaaaaa"
#define INNER    "01kb5k3zt0bbbbbbbbbbbbbbbb"
#define HOST     "spiffe://local.test/host/box"
#define PERSON   HOST "/user/1000"
#define AGENT    PERSON "/agent/coder/" INSTANCE
#define CHILD    AGENT "/sub/" INNER

struct scene {
    char directory[40];
    struct signer_process process;
    int keeper; /* within PERSON */
    const char *tpm; /* NULL = without */
    struct error err;
};

void scene_open(struct scene *scene);
void scene_start(struct scene *scene);
void scene_close(struct scene *scene);
/* The answer, the caller's to mem_free(). */
char *scene_ask(struct scene *scene, const char *name, const struct signer_question *question);
void scene_refused(struct scene *scene, const char *name, const struct signer_question *question, const char *why);

#endif
