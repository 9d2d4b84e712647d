/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the signer does, told to cordond for the audit log. It waits for nobody: what cordond does not take is kept, a little of it; what finds no room is
 * counted, and the count goes along with the next.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/memory.h"
#include "signer/signer.h"

struct signer_told {
    struct signer_told *next;
    struct protocol_out out;
};

static void take_out(struct signer *signer)
{
    struct signer_told *told = signer->told;

    signer->told = told->next;
    signer->told_count--;
    protocol_free(&told->out);
    mem_free(told);
}

void signer_told_forget(struct signer *signer)
{
    while (signer->told)
        take_out(signer);
}

void signer_told_flush(struct signer *signer)
{
    while (signer->hearer && signer->told) {
        int status = protocol_send(signer->hearer->watch.fd, MSG_DONTWAIT, &signer->told->out, NULL, 0, NULL);

        if (status == -EAGAIN) {
            if (signer->loop)
                (void)!loop_change(signer->loop, &signer->hearer->watch, EPOLLIN | EPOLLOUT);
            return;
        }
        if (status == -EPIPE || status == -ECONNRESET)
            return; /* the next one hears it */
        take_out(signer);
    }
    if (signer->hearer && signer->loop)
        (void)!loop_change(signer->loop, &signer->hearer->watch, EPOLLIN);
}

void signer_hear(struct signer *signer, struct signer_connection *hearer)
{
    signer->hearer = hearer;
    signer_told_flush(signer);
}

void signer_hear_no_more(struct signer *signer, const struct signer_connection *connection)
{
    if (signer->hearer == connection)
        signer->hearer = NULL;
}

/* A program that asks a hundred times a second does not keep out what others do. */
static bool may_tell(struct signer_container *container)
{
    uint64_t now = clock_monotonic_ns();

    if (!container->told_ns || now - container->told_ns >= NS_PER_S) {
        container->told_ns = now;
        container->told = 0;
    }
    if (container->told < SIGNER_TOLD_PER_SECOND) {
        container->told++;
        return true;
    }
    container->untold++;
    return false;
}

static void put_audiences(struct protocol_out *out, const struct protocol_message *question)
{
    struct protocol_field field;

    for (size_t at = 0; question && protocol_next(question, &at, &field);)
        if (field.tag == TAG_SIGN_AUDIENCE)
            protocol_add_text(out, TAG_SIGN_AUDIENCE, field.data);
}

static void put(struct protocol_out *out, struct signer *signer, struct signer_container *container, const struct signer_note *note)
{
    protocol_begin(out, PROTOCOL_SIGN_TOLD, 0);
    protocol_add_text(out, TAG_CODE, note->code);
    protocol_add_number(out, TAG_CREATED_MS, clock_real_ns() / NS_PER_MS);
    protocol_add_text(out, TAG_SIGN_PROTECTION, signer->issuer->protection);
    protocol_add_text(out, TAG_ID, note->serial);
    if (note->what)
        protocol_add_text(out, TAG_SIGN_WHAT, note->what);
    put_audiences(out, note->question);
    if (note->until > 0)
        protocol_add_number(out, TAG_SIGN_UNTIL, (uint64_t)note->until);
    if (note->why)
        protocol_add_text(out, TAG_TEXT, note->why->text);
    if (signer->told_lost)
        protocol_add_number(out, TAG_NUMBER, signer->told_lost);
    signer->told_lost = 0;
    if (!container)
        return;
    protocol_add_text(out, TAG_SIGN_NAME, container->text);
    if (container->untold)
        protocol_add_number(out, TAG_COUNT, container->untold);
    container->untold = 0;
}

void signer_tell(struct signer *signer, struct signer_container *container, const struct signer_note *note)
{
    bool is_end = strcmp(note->code, "destroyed") == 0;
    struct signer_told *told;

    if (signer->is_single || (container && !may_tell(container) && !is_end))
        return;
    told = signer->told_count < SIGNER_TOLD_MAX ? mem_alloc(sizeof(*told)) : NULL;
    if (!told) {
        signer->told_lost++;
        return;
    }
    if (is_end && container->told >= SIGNER_TOLD_PER_SECOND && container->untold)
        container->untold--; /* this very one is told */
    put(&told->out, signer, container, note);
    *(signer->told ? signer->told_end : &signer->told) = told;
    signer->told_end = &told->next;
    signer->told_count++;
    signer_told_flush(signer);
}
