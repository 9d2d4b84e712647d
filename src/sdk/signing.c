/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/signing.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "sdk/container.h"
#include "sdk/helpers.h"

#define AGAIN_MS       1000 /* after one that ended: a program that asks without end starts no more than these */
#define FETCH_AGAIN_MS 200

static bool is_listed(const char *const *list, const char *text)
{
    while (*list && strcmp(*list, text) != 0)
        list++;
    return *list != NULL;
}

/* Whom it may have tokens for: by the policy of its start, and by the one that it has since, where that says so, too. NULL = whomever. */
static const char *const *find_audiences(const struct cordon_container *container, const char *both[SIGNER_AUDIENCES_MAX + 1])
{
    const char *const *first = container->assembly.plan->identity_audiences;
    const char *const *now = container->changed.plan ? container->changed.plan->identity_audiences : NULL;
    size_t count = 0;

    if (!first || !now)
        return first ? first : now;
    for (size_t i = 0; first[i] && count < SIGNER_AUDIENCES_MAX; i++)
        if (is_listed(now, first[i]))
            both[count++] = first[i];
    both[count] = NULL;
    return both;
}

/* Who asks, and how it is contained: by what holds now. */
static int present(void *context, struct signer_link *link, struct error *err)
{
    struct cordon_container *container = context;
    const char *both[SIGNER_AUDIENCES_MAX + 1];
    auto_text struct text facts = {0};
    int status = attest_facts(container, &facts, err);

    return status < 0 ? status : signer_link_say(link, container->identity.text, facts.data, find_audiences(container, both), err);
}

static void open_member(struct cordon_container *container)
{
    struct signer_member *member = &container->signing.member;

    member->present = present;
    member->context = container;
    snprintf(member->name, sizeof(member->name), "%s", container->identity.text);
}

/* ---- a signer of its own ---- */

/* With the authority of this user, for this container and nobody else. */
static int start_process(struct cordon_container *container, int *ret_fd, struct error *err)
{
    const struct assembly *assembly = &container->assembly;
    struct arena *arena = assembly->policy->arena;
    struct identity_name host = container->identity.name;
    char text[IDENTITY_TEXT_SIZE];
    const char *program = NULL, *directory = arena_printf(arena, "%s/identity", assembly->places.state);
    int status = directory ? helpers_find_signer(arena, &assembly->places, &program, err) : error_memory(err);

    while (host.kind != IDENTITY_HOST)
        if (!identity_around(&host, &host))
            return error_set(err, ERROR_INTERNAL, EINVAL, "a container without a machine");
    identity_print(&host, text);
    return status < 0 ? status : signer_start(program, directory, text, container->identity.text, &container->signing.process, ret_fd, err);
}

static void note_failure(struct signing *signing)
{
    error_prepend(&signing->failure, "nothing can be signed for this container");
    signing->again_ns = clock_monotonic_ns() + AGAIN_MS * NS_PER_MS;
}

static int start_own(struct cordon_container *container)
{
    struct signing *signing = &container->signing;
    int fd = -1, status = signing->own ? 0 : signer_link_new(&signing->own, &signing->failure);

    if (status == 0)
        status = start_process(container, &fd, &signing->failure);
    if (status < 0)
        note_failure(signing);
    else
        signer_link_connect(signing->own, fd);
    return status;
}

void signing_prepare(struct cordon_container *container)
{
    (void)!start_own(container);
}

static int again(const struct signing *signing, struct error *err)
{
    if (err)
        *err = signing->failure;
    return signing->failure.errnum > 0 ? -signing->failure.errnum : -EIO;
}

/* One that ended while it began has said why; then it was not because of a question, and the next one would do the same. */
static void lost_process(struct signing *signing)
{
    struct error why = ERROR_INIT;

    syscall(SYS_pidfd_send_signal, signing->process.pidfd, SIGKILL, NULL, 0);
    if (signer_await(&signing->process, &why) == 0)
        (void)!error_set(&why, ERROR_SYSTEM, ECONNRESET, "the signer is gone: ask again");
    signer_end(&signing->process);
    signing->failure = why;
    note_failure(signing);
    signer_link_fail(signing->own, &signing->failure);
}

/* ---- a connection of somebody else's ---- */

static void fetch(struct signing *signing, uint64_t now_ns)
{
    if (now_ns < signing->again_ns)
        return;
    signing->again_ns = now_ns + FETCH_AGAIN_MS * NS_PER_MS;
    signing->fetch(signing->fetch_context);
}

void signing_take(struct signing *signing, int fd)
{
    if (signing->own && fd >= 0)
        signer_link_connect(signing->own, fd);
    else
        fd_close_at(&fd);
}

/* ---- both ---- */

static int find_link(struct cordon_container *container, struct signer_link **ret_link, struct error *err)
{
    struct signing *signing = &container->signing;
    int status = 0;

    *ret_link = signing->given;
    if (signing->given)
        return 0;
    if (signing->fetch && !signing->own)
        status = signer_link_new(&signing->own, err);
    else if (!signing->fetch && (!signing->own || signer_link_fd(signing->own) < 0))
        status = clock_monotonic_ns() < signing->again_ns ? again(signing, err) : start_own(container) < 0 ? again(signing, err) : 0;
    *ret_link = signing->own;
    return status;
}

int signing_open(struct cordon_container *container, struct error *err)
{
    struct signer_link *link = NULL;
    int status = find_link(container, &link, err);

    if (status == 0 && !container->signing.member.present)
        open_member(container);
    return status;
}

int signing_ask(struct cordon_container *container, const struct signer_question *question, signer_answered *answered, void *context,
                struct error *err)
{
    int status = signing_open(container, err);
    struct signer_link *link = container->signing.given ? container->signing.given : container->signing.own;

    if (status < 0)
        return status;
    status = signer_link_ask(link, &container->signing.member, question, answered, context, err);
    signing_step(container);
    return status;
}

int signing_fd(const struct signing *signing)
{
    return signing->own ? signer_link_fd(signing->own) : -1;
}

void signing_step(struct cordon_container *container)
{
    struct signing *signing = &container->signing;
    struct signer_link *link = signing->given ? signing->given : signing->own;
    uint64_t now = clock_monotonic_ns();

    if (!link || !signing->member.present)
        return;
    if (signing->own && signer_link_fd(signing->own) >= 0 && !signer_link_step(signing->own)) {
        signer_link_connect(signing->own, -1);
        if (signing->process.pidfd >= 0)
            lost_process(signing);
    }
    signing->next_ns = signer_link_expire(link, now);
    if (!signing->fetch || signer_link_fd(link) >= 0 || !signing->next_ns)
        return;
    fetch(signing, now);
    if (signing->again_ns < signing->next_ns)
        signing->next_ns = signing->again_ns;
}

void signing_close(struct signing *signing)
{
    struct signer_link *link = signing->given ? signing->given : signing->own;

    served_finish(signing);
    if (link && signing->member.present)
        signer_link_leave(link, &signing->member);
    signer_link_free(signing->own);
    signer_end(&signing->process);
    *signing = SIGNING_INIT;
}
