/* SPDX-License-Identifier: Apache-2.0 */
/* What is recorded of containers inside: that they were there, in the outermost one's record; and their own records, for whoever hears that one's. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "sdk/nest/nests_inside.h"

#define LINE_MAX_SIZE ((size_t)1 << 20) /* of a record */

const char *nests_run_of(const struct nests *nests, const struct cordon_container *container, int place)
{
    return place < 0 ? event_log_run_id(container->log) : nests->items[place].id;
}

void nests_put_identity(const struct nests *nests, const struct cordon_container *container, int place, struct text *out)
{
    if (place < 0) {
        text_add(out, container->identity.text);
        return;
    }
    nests_put_identity(nests, container, nests->items[place].parent, out);
    text_printf(out, "/sub/%s", nests->items[place].id);
}

/* ---- in the outermost one's record: a failure is found out with the record of its end ---- */

void nests_record_started(struct nests *nests, const struct cordon_container *container, int place)
{
    auto_text struct text identity = {0};
    struct nester *nester = &nests->items[place];
    struct event_nested nested = {nester->id, nests_run_of(nests, container, nester->parent), NULL, nester->told.digest};

    nests_put_identity(nests, container, place, &identity);
    nested.identity = identity.is_broken ? "" : identity.data;
    nester->runs = true;
    (void)!event_nested_started(container->log, &nested, NULL);
}

void nests_record_ended(struct nests *nests, const struct cordon_container *container, struct nester *nester)
{
    const struct event_nested nested = {nester->id, nests_run_of(nests, container, nester->parent), NULL, NULL};

    if (nester->runs)
        (void)!event_nested_ended(container->log, &nested, NULL);
    nester->runs = false;
}

/*
 * The store drops the oldest run of all when it is full, and a program can ask without end: so that it cannot have other runs dropped,
 * only so many of those inside are kept. What has begun since this run can be one of them, and nothing else.
 */
void nests_keep_record(struct nests *nests, const struct cordon_container *container, const char *id)
{
    const char *runs = container->assembly.places.runs;

    if (strcmp(id, event_log_run_id(container->log)) <= 0)
        return;
    for (size_t tries = nests->record_count; nests->record_count == NESTS_RECORDS && tries; tries--) {
        char oldest[NEST_ID_SIZE];

        memcpy(oldest, nests->records[0], sizeof(oldest));
        memmove(nests->records, nests->records + 1, (NESTS_RECORDS - 1) * sizeof(*nests->records));
        nests->record_count--;
        if (!event_run_drop(runs, oldest)) /* it is still under way */
            memcpy(nests->records[nests->record_count++], oldest, sizeof(oldest));
    }
    if (nests->record_count < NESTS_RECORDS)
        memcpy(nests->records[nests->record_count++], id, NEST_ID_SIZE);
}

/* ---- their own ---- */

static int begin_record(const struct nests *nests, const struct cordon_container *container, int place, struct error *err)
{
    auto_text struct text identity = {0};
    const struct event_recorder *recorder = nests->recorder;
    struct nester *nester = &nests->items[place];
    int status;

    nests_put_identity(nests, container, place, &identity);
    if (identity.is_broken)
        return error_memory(err);
    status = recorder->begin(recorder->owner, nester->id, container->assembly.places.runs, &nester->recording, err);
    if (status == 0)
        nester->is_recorded = true;
    return status < 0 || !recorder->expect ? status : recorder->expect(nester->recording, identity.data, err);
}

/* A nester has read what a program wrote: a line that is no record of its own run is nobody's. */
static int hear_line(const struct nests *nests, const struct nester *nester, struct error *err)
{
    char begins[96];
    size_t length = (size_t)snprintf(begins, sizeof(begins), "{\"schema\":\"cordon-event/1\",\"id\":\"%s.", nester->id);

    if (nester->line.length <= length || memcmp(nester->line.data, begins, length) != 0)
        return error_set(err, ERROR_INTERNAL, EBADMSG, "a record of a container inside that is none");
    return nests->recorder->hear(nester->recording, nester->line.data, nester->line.length, err);
}

int nests_take_record(const struct nests *nests, const struct cordon_container *container, int place, const struct nest_packet *packet)
{
    struct nester *nester = &nests->items[place];
    size_t size = packet->value > 0 ? (size_t)packet->value : 0;
    int status = 0;

    if (!nests->recorder || !size || size > sizeof(packet->piece) || nester->line.length + size > LINE_MAX_SIZE)
        return -EBADMSG;
    if (!*nester->id) /* it fails before there is a first process */
        memcpy(nester->id, packet->id, sizeof(nester->id));
    text_add_n(&nester->line, packet->piece, size);
    if (nester->line.is_broken)
        return -ENOMEM;
    if (packet->piece[size - 1] != '\n')
        return 1;
    if (!nester->is_recorded)
        status = begin_record(nests, container, place, NULL);
    if (status == 0)
        status = hear_line(nests, nester, NULL);
    text_finish(&nester->line);
    return status < 0 ? status : 1;
}

int nests_settle(const struct nests *nests, const struct nester *nester)
{
    struct nest_packet answer = {.type = NEST_SETTLED};
    int status = nests->recorder && nests->recorder->settle && nester->is_recorded ? nests->recorder->settle(nester->recording, &answer.error) : -EBADMSG;

    if (status < 0 && answer.error.kind == ERROR_NONE)
        return status;
    if (status < 0)
        answer.type = NEST_FAILED;
    return nest_send(nester->worker.channel, &answer, NULL, 0) < 0 ? -EPIPE : 1;
}

void nests_end_record(const struct nests *nests, struct nester *nester)
{
    if (nester->is_recorded)
        nests->recorder->done(nester->recording);
    nester->is_recorded = false;
    nester->recording = NULL;
    text_finish(&nester->line);
}
