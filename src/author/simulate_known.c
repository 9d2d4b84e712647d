/* SPDX-License-Identifier: Apache-2.0 */
/* Answers about connections, by all that the question says: rules are looked through one by one, and the same are asked for often. */
#include <string.h>

#include "author/simulate_inside.h"
#include "base/hash.h"

static const char *text_of(const char *text)
{
    return text ? text : "";
}

static bool is_kept(const struct question *question)
{
    return question->operation == OPERATION_CONNECT && !question->path && !question->request &&
           strlen(text_of(question->host)) < sizeof(((struct simulate_known *)NULL)->host) &&
           strlen(text_of(question->exe)) < sizeof(((struct simulate_known *)NULL)->exe);
}

static struct simulate_known *slot_of(const struct simulation *simulation, const struct question *question)
{
    const char *host = text_of(question->host), *exe = text_of(question->exe);
    uint64_t hash = hash_mix(HASH_START, host, strlen(host));

    hash = hash_mix(hash, exe, strlen(exe));
    hash = hash_mix(hash, question->address.bytes, sizeof(question->address.bytes));
    hash = hash_mix(hash, &question->port, sizeof(question->port));
    return &simulation->known[(hash ^ hash >> 29) % SIMULATE_KNOWN];
}

bool simulate_judge_known(const struct simulation *simulation, const struct question *question, struct judged *ret_judged)
{
    const struct simulate_known *known;

    if (!is_kept(question))
        return false;
    known = slot_of(simulation, question);
    if (!known->is_set || known->port != question->port || known->protocol != question->protocol ||
        known->address.family != question->address.family ||
        memcmp(known->address.bytes, question->address.bytes, sizeof(known->address.bytes)) != 0 ||
        strcmp(known->host, text_of(question->host)) != 0 || strcmp(known->exe, text_of(question->exe)) != 0)
        return false;
    *ret_judged = known->judged;
    return true;
}

void simulate_judge_keep(struct simulation *simulation, const struct question *question, const struct judged *judged)
{
    struct simulate_known *known;

    if (!is_kept(question))
        return;
    known = slot_of(simulation, question);
    *known = (struct simulate_known){.is_set = true, .address = question->address, .port = question->port, .protocol = question->protocol,
                                     .judged = *judged};
    memcpy(known->host, text_of(question->host), strlen(text_of(question->host)) + 1); /* is_kept() */
    memcpy(known->exe, text_of(question->exe), strlen(text_of(question->exe)) + 1);
}
