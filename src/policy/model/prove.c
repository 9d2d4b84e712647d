/* SPDX-License-Identifier: Apache-2.0 */
/* Questions put together out of what can be read, written and reached (prove_paths.c, prove_reach.c). */
#include "policy/prove.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/glob.h"
#include "base/text.h"
#include "policy/model/effective.h"
#include "policy/model/prover.h"

const char *proof_answer_name(enum proof_answer answer)
{
    static const char *const names[] = {[PROOF_HOLDS] = "holds", [PROOF_POSSIBLE] = "possible", [PROOF_UNDECIDED] = "undecided"};

    return (size_t)answer < ARRAY_COUNT(names) && names[answer] ? names[answer] : "undecided";
}

int proof_add_rule(struct prover *prover, struct proof_lines *lines, const char *rule, const char *text)
{
    struct proof_line *line = arena_append(prover->arena, lines->items, lines->count);

    if (!line)
        return -ENOMEM;
    *line = (struct proof_line){text, rule};
    return 0;
}

int proof_add(struct prover *prover, struct proof_lines *lines, const struct origin *rule, const char *format, ...)
{
    const char *where = rule ? origin_text(prover->arena, rule) : NULL, *copy = NULL;
    auto_free char *text = NULL;
    va_list args;

    va_start(args, format);
    if (vasprintf(&text, format, args) >= 0)
        copy = arena_string(prover->arena, text);
    va_end(args);
    return copy && (where || !rule) ? proof_add_rule(prover, lines, where, copy) : -ENOMEM;
}

/* ---- from a file to a destination ---- */

static int assume_reached(struct prover *prover)
{
    return proof_add(prover, &prover->proof.assumptions, NULL,
                     "what a granted destination passes on is not followed, nor what somebody outside does with files that the "
                     "program wrote");
}

/* File rules are about all programs alike: whichever may reach it may read it, and be told by those that do. */
static int prove_flow(struct prover *prover, const char *path, const char *destination, struct error *err)
{
    struct proof *proof = &prover->proof;
    enum proof_answer reads, reaches;
    size_t side_ways = 0;
    int status = prove_path(prover, path, ACCESS_READ, &reads);

    if (status < 0 || assume_reached(prover) < 0)
        return error_memory(err);
    proof->answer = reads;
    if (reads == PROOF_HOLDS)
        return 0;
    proof->reasons.count = reads == PROOF_POSSIBLE ? 0 : proof->reasons.count;
    status = prove_reach(prover, destination, &reaches, err);
    if (status < 0)
        return status;
    if (reaches == PROOF_HOLDS && prove_side_ways(prover, &side_ways) < 0)
        return error_memory(err);
    if (reaches == PROOF_HOLDS && side_ways)
        reaches = PROOF_UNDECIDED;
    if (reaches == PROOF_HOLDS || (reads == PROOF_POSSIBLE && reaches == PROOF_POSSIBLE))
        proof->answer = reaches;
    else
        proof->answer = PROOF_UNDECIDED;
    return 0;
}

/* ---- a secret ---- */

static const struct secret *find_secret(const struct effective *effective, const char *name)
{
    for (size_t i = 0; i < effective->secret_count; i++)
        if (effective->secrets[i].name && strcmp(effective->secrets[i].name, name) == 0)
            return &effective->secrets[i];
    return NULL;
}

/* Its value lies where the program can take it by itself: then it goes wherever the program's data go. */
static int prove_held(struct prover *prover, const struct secret *secret, struct error *err)
{
    const char *pattern;

    if (secret->source == SECRET_ENV && policy_list_permits(prover->policy, LIST_ENV_INHERIT, secret->text)) {
        struct proof *proof = &prover->proof;

        if (proof_add(prover, &proof->witness, &secret->source_origin, "%s is inherited: the program has the value itself", secret->text) < 0)
            return error_memory(err);
        return prove_reach(prover, prover->request->destination, &proof->answer, err);
    }
    prover->proof.answer = PROOF_HOLDS;
    if (secret->source != SECRET_FILE)
        return 0;
    pattern = glob_literal(prover->arena, secret->text);
    return pattern ? prove_flow(prover, pattern, prover->request->destination, err) : error_memory(err);
}

/* Could `destination` be one of the secret's hosts? Everything could, and so could an address: it may be that of the host. */
static bool may_be_host(const struct secret *secret, const char *destination)
{
    size_t length = strcspn(destination, ":");
    bool is_pattern = destination[0] == '*' && destination[1] == '.';

    if (!secret->hosts.count)
        return false;
    if (strcmp(destination, "*") == 0 || destination[0] == '[' || destination[length + (destination[length] == ':')] == ':' ||
        strchr(destination, '/') || destination[strspn(destination, "0123456789.:")] == '\0')
        return true;
    for (size_t i = 0; i < secret->hosts.count; i++) {
        const char *host = secret->hosts.items[i].text, *rest = is_pattern ? strchr(host, '.') : host;
        const char *wanted = is_pattern ? destination + 1 : destination;
        size_t size = is_pattern ? length - 1 : length;

        if (host[0] == '*') /* one of many */
            return true;
        if (rest && strlen(rest) == size && strncasecmp(rest, wanted, size) == 0)
            return true;
    }
    return false;
}

static int prove_secret(struct prover *prover, struct error *err)
{
    const struct prove_request *request = prover->request;
    struct proof *proof = &prover->proof;
    const struct secret *secret;
    struct effective effective;
    int status = policy_settle(prover->policy, prover->arena, NULL, NULL, &effective, err);

    if (status < 0)
        return status;
    secret = find_secret(&effective, request->secret);
    if (!secret)
        return error_set(err, ERROR_INVALID, EINVAL, "the policy has no secret of the name '%.64s'", request->secret);
    if (may_be_host(secret, request->destination)) {
        status = prove_reach(prover, request->destination, &proof->answer, err);
        if (status == 0 && proof->answer != PROOF_HOLDS &&
            proof_add(prover, &proof->witness, &secret->origin, "%s is put into requests to it", request->secret) < 0)
            return error_memory(err);
        return status;
    }
    status = prove_held(prover, secret, err);
    if (status < 0 || proof->answer != PROOF_HOLDS)
        return status;
    proof->witness.count = proof->reasons.count = 0;
    if (proof_add(prover, &proof->reasons, &secret->hosts.origin, "%s is put into requests to its own hosts alone (%s%s)", request->secret,
                  secret->hosts.count ? secret->hosts.items[0].text : "none", secret->hosts.count > 1 ? ", ..." : "") < 0)
        return error_memory(err);
    return 0;
}

/* ---- all ---- */

static int prove_ceiling(struct prover *prover, struct error *err)
{
    struct proof *proof = &prover->proof;
    const char *witness = NULL;
    int status;

    if (policy_is_subset(prover->policy, prover->request->ceiling, &witness)) {
        proof->answer = PROOF_HOLDS;
        status = proof_add(prover, &proof->reasons, NULL, "the ceiling permits all that the policy allows");
    } else if (!witness || strncmp(witness, "the policies are too complex", 28) == 0 || strncmp(witness, "out of memory", 13) == 0) {
        proof->answer = PROOF_UNDECIDED;
        status = proof_add(prover, &proof->reasons, NULL, "%s", witness ? witness : "out of memory");
    } else {
        proof->answer = PROOF_POSSIBLE;
        status = proof_add(prover, &proof->witness, NULL, "%s", witness);
    }
    return status < 0 ? error_memory(err) : 0;
}

static const char *question_text(struct arena *arena, const struct prove_request *request)
{
    switch (request->question) {
    case PROVE_CAN_READ:
        return arena_printf(arena, "can anything at or below %s be read?", request->path);
    case PROVE_CAN_WRITE:
        return arena_printf(arena, "can anything at or below %s be written?", request->path);
    case PROVE_CAN_REACH:
        return arena_printf(arena, "can %s be reached?", request->destination);
    case PROVE_READS_REACHES:
        return arena_printf(arena, "can anything that reads %s reach %s?", request->path, request->destination);
    case PROVE_SECRET_REACHES:
        return arena_printf(arena, "can the value of %s reach %s?", request->secret, request->destination);
    case PROVE_WRITABLE_OBEYED:
        return "can anything be written that a program outside executes or obeys?";
    case PROVE_ESCAPES_CEILING:
        return "does it allow anything that the ceiling does not permit?";
    }
    return NULL;
}

static int answer(struct prover *prover, struct error *err)
{
    const struct prove_request *request = prover->request;
    enum proof_answer *answer = &prover->proof.answer;
    int status = 0;

    switch (request->question) {
    case PROVE_CAN_READ:
    case PROVE_CAN_WRITE:
        status = prove_path(prover, request->path, request->question == PROVE_CAN_READ ? ACCESS_READ : ACCESS_WRITE, answer);
        break;
    case PROVE_CAN_REACH:
        return prove_reach(prover, request->destination, answer, err);
    case PROVE_READS_REACHES:
        return prove_flow(prover, request->path, request->destination, err);
    case PROVE_SECRET_REACHES:
        return prove_secret(prover, err);
    case PROVE_WRITABLE_OBEYED:
        status = prove_obeyed(prover, answer);
        break;
    case PROVE_ESCAPES_CEILING:
        return prove_ceiling(prover, err);
    }
    return status < 0 ? error_memory(err) : 0;
}

int policy_prove(struct arena *arena, const struct policy *policy, const struct prove_request *request, struct proof *ret_proof,
                 struct error *err)
{
    struct prover prover = {.arena = arena, .policy = policy, .request = request, .proof = {.answer = PROOF_UNDECIDED}};
    int status;

    prover.proof.question = question_text(arena, request);
    if (!prover.proof.question)
        return error_memory(err);
    status = answer(&prover, err);
    if (status < 0)
        return status;
    if (prover.proof.answer != PROOF_POSSIBLE) /* half a witness is none */
        prover.proof.witness.count = 0;
    else
        prover.proof.reasons.count = 0;
    *ret_proof = prover.proof;
    return 0;
}
