/* SPDX-License-Identifier: Apache-2.0 */
/* Questions put together out of what can be read, written and reached (prove_paths.c, prove_reach.c). */
#include "policy/prove.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/glob.h"
#include "base/text.h"
#include "net/name.h"
#include "policy/model/effective.h"
#include "policy/model/prover.h"
#include "policy/model/secrets.h"

const char *proof_answer_name(enum proof_answer answer)
{
    static const char *const names[] = {[PROOF_HOLDS] = "holds", [PROOF_POSSIBLE] = "possible", [PROOF_UNDECIDED] = "undecided"};

    return (size_t)answer < ARRAY_COUNT(names) && names[answer] ? names[answer] : "undecided";
}

int proof_add_rule(struct prover *prover, struct proof_lines *lines, const char *rule, const char *text)
{
    struct proof_line *line;

    /* What one name depends on at two ports is said once. */
    for (size_t i = 0; lines == &prover->proof.reasons && !rule && i < lines->count; i++)
        if (!lines->items[i].rule && strcmp(lines->items[i].text, text) == 0)
            return 0;
    line = arena_append(prover->arena, lines->items, lines->count);
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

static int assume(struct prover *prover, const char *text)
{
    return proof_add(prover, &prover->proof.assumptions, NULL, "%s", text);
}

static int assume_reached(struct prover *prover)
{
    return assume(prover, "what a granted destination passes on is not followed, nor what somebody outside does with files that the "
                          "program wrote");
}

/* File rules are about all programs alike: whichever may reach it may read it, and be told by those that do. */
static int follow_program(struct prover *prover, const char *path, const char *destination, enum proof_answer *ret_answer,
                          struct error *err)
{
    struct proof *proof = &prover->proof;
    enum proof_answer reads, reaches;
    int status = prove_path(prover, path, ACCESS_READ, &reads);

    if (status < 0)
        return error_memory(err);
    *ret_answer = reads;
    if (reads == PROOF_HOLDS)
        return 0;
    proof->reasons.count = reads == PROOF_POSSIBLE ? 0 : proof->reasons.count;
    status = prove_reach(prover, destination, &reaches, err);
    if (status < 0)
        return status;
    if (prove_side_ways(prover, true, &reaches) < 0)
        return error_memory(err);
    *ret_answer = reaches == PROOF_HOLDS || reads == PROOF_POSSIBLE ? reaches : PROOF_UNDECIDED;
    return 0;
}

/* Could `target` be one of the secret's hosts? Everything could, and so could an address: it may be that of the host. */
static bool may_be_host(const struct secret *secret, const struct prove_target *target)
{
    if (!target->name)
        return secret->hosts.count > 0;
    for (size_t i = 0; i < secret->hosts.count; i++) {
        const char *host = secret->hosts.items[i].text;

        if (strcmp(host, target->name) == 0 || net_name_matches(target->name, host) || net_name_matches(host, target->name))
            return true;
    }
    return false;
}

/* What Cordon itself reads, to put it into requests. */
static int follow_secret(struct prover *prover, const struct secret *secret, const struct prove_target *target, const char *destination,
                         enum proof_answer *ret_answer, struct error *err)
{
    int status;

    *ret_answer = PROOF_HOLDS;
    if (!may_be_host(secret, target))
        return 0;
    status = prove_reach(prover, destination, ret_answer, err);
    if (status == 0 && *ret_answer != PROOF_HOLDS &&
        proof_add(prover, &prover->proof.witness, &secret->origin, "%s is put into requests to it", secret->name ? secret->name : secret->file) < 0)
        return error_memory(err);
    return status;
}

/* One is enough; a doubt is no proof. */
static enum proof_answer either(enum proof_answer a, enum proof_answer b)
{
    if (a == PROOF_POSSIBLE || b == PROOF_POSSIBLE)
        return PROOF_POSSIBLE;
    return a == PROOF_UNDECIDED || b == PROOF_UNDECIDED ? PROOF_UNDECIDED : PROOF_HOLDS;
}

static int follow_secrets(struct prover *prover, const char *path, const struct prove_target *target, const char *destination,
                          enum proof_answer *answer, struct error *err)
{
    struct secret *secrets = NULL;
    size_t count = 0;
    int status = policy_secrets(prover->policy, prover->arena, NULL, NULL, &secrets, &count, err);

    for (size_t i = 0; i < count && status == 0; i++) {
        enum proof_answer sent;

        if (secrets[i].source != SECRET_FILE || !secrets[i].text || !glob_covers(path, secrets[i].text))
            continue;
        status = follow_secret(prover, &secrets[i], target, destination, &sent, err);
        if (status == 0)
            *answer = either(*answer, sent);
    }
    return status;
}

static int prove_flow(struct prover *prover, const char *path, const char *destination, struct error *err)
{
    struct proof *proof = &prover->proof;
    struct prove_target target;
    int status = prove_parse_target(prover->arena, destination, &target, err);

    if (status < 0)
        return status;
    if (assume_reached(prover) < 0)
        return error_memory(err);
    status = follow_program(prover, path, destination, &proof->answer, err);
    if (status < 0 || proof->answer == PROOF_POSSIBLE)
        return status;
    proof->witness.count = 0;
    return follow_secrets(prover, path, &target, destination, &proof->answer, err);
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
static int prove_held(struct prover *prover, const struct secret *secret, const char *destination, enum proof_answer *ret_answer,
                      struct error *err)
{
    struct proof *proof = &prover->proof;
    const char *pattern;
    int status;

    *ret_answer = PROOF_HOLDS;
    if (secret->source == SECRET_ENV && policy_list_permits(prover->policy, LIST_ENV_INHERIT, secret->text)) {
        if (proof_add(prover, &proof->witness, &secret->source_origin, "%s is inherited: the program has the value itself", secret->text) < 0)
            return error_memory(err);
        status = prove_reach(prover, destination, ret_answer, err);
        return status == 0 && prove_side_ways(prover, true, ret_answer) < 0 ? error_memory(err) : status;
    }
    if (secret->source == SECRET_COMMAND && assume(prover, "the program cannot make the command's value itself: what the command reads "
                                                           "is not known") < 0)
        return error_memory(err);
    if (secret->source != SECRET_FILE)
        return 0;
    pattern = glob_literal(prover->arena, secret->text);
    return pattern ? follow_program(prover, pattern, destination, ret_answer, err) : error_memory(err);
}

static int prove_secret(struct prover *prover, struct error *err)
{
    const struct prove_request *request = prover->request;
    struct proof *proof = &prover->proof;
    const struct secret *secret;
    struct effective effective;
    struct prove_target target;
    enum proof_answer held;
    int status = policy_settle(prover->policy, prover->arena, NULL, NULL, &effective, err);

    if (status == 0)
        status = prove_parse_target(prover->arena, request->destination, &target, err);
    if (status < 0)
        return status;
    secret = find_secret(&effective, request->secret);
    if (!secret)
        return error_set(err, ERROR_INVALID, EINVAL, "the policy has no secret of the name '%.64s'", request->secret);
    if (assume_reached(prover) < 0)
        return error_memory(err);
    status = follow_secret(prover, secret, &target, request->destination, &proof->answer, err);
    if (status < 0 || proof->answer == PROOF_POSSIBLE)
        return status;
    proof->witness.count = 0;
    status = prove_held(prover, secret, request->destination, &held, err);
    if (status < 0)
        return status;
    proof->answer = either(proof->answer, held);
    if (proof->answer != PROOF_HOLDS)
        return 0;
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
        status = prove_reach(prover, request->destination, answer, err);
        return status == 0 && prove_side_ways(prover, false, answer) < 0 ? error_memory(err) : status;
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
