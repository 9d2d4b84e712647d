/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a program finds below /run/cordon/id without asking: its certificate, and whom to believe. Asked for before the program runs, again before it gets
 * old, and when the signer was another one, whose key for this container is another. What cannot be had leaves what is there.
 */
#include <errno.h>
#include <poll.h>

#include "base/clock.h"
#include "sdk/container.h"

#define WAIT_MS     1000 /* a start waits so long for a signer that answers; what comes later comes later */
#define AGAIN_S     5    /* after one that could not be had */
#define LEAST_S     10   /* an answer is not asked for again before */

static const char *const names[PLAN_SERVED_COUNT] = {
    [PLAN_SERVED_SVID] = "x509",
    [PLAN_SERVED_BUNDLE] = "bundle-pem",
    [PLAN_SERVED_KEYS] = "bundle",
};

static bool is_wanted(const struct cordon_container *container)
{
    return container->assembly.plan && plan_serves(container->assembly.plan);
}

static void in_seconds(struct served_file *file, uint64_t seconds)
{
    file->due_ns = clock_monotonic_ns() + seconds * NS_PER_S;
}

/* To process 1, if it is there. */
static void hand_over(struct served_file *file)
{
    struct cordon_container *container = file->container;
    enum plan_served number = (enum plan_served)(file - container->signing.files);

    if (!container->signing.serves || !file->bytes.length || container->state != CONTAINER_RUNNING)
        return;
    if (container->assembly.ops->serve(container->run, number, file->bytes.data, file->bytes.length, NULL) < 0)
        in_seconds(file, AGAIN_S);
    text_finish(&file->bytes);
}

static void answered(void *context, int status, const char *bytes, size_t size, uint64_t until, const struct error *unused_arg why)
{
    struct served_file *file = context;
    uint64_t now = clock_real_ns() / NS_PER_S;

    file->is_asked = false;
    if (status < 0) {
        in_seconds(file, AGAIN_S);
    } else {
        text_finish(&file->bytes);
        text_add_n(&file->bytes, bytes, size);
        in_seconds(file, until > now + LEAST_S ? until - now : LEAST_S);
        if (file->bytes.is_broken)
            text_finish(&file->bytes);
        hand_over(file);
    }
    /* perhaps nobody is in container_step() just now */
    if (file->container->watch.epoll >= 0 && file->container->state == CONTAINER_RUNNING)
        (void)!watch_update(file->container, NULL);
}

static void ask(struct cordon_container *container, int i)
{
    struct served_file *file = &container->signing.files[i];
    const struct signer_question question = {.what = names[i]};

    if (file->is_asked)
        return;
    file->is_asked = true;
    if (signing_ask(container, &question, answered, file, NULL) == 0)
        return;
    file->is_asked = false;
    in_seconds(file, AGAIN_S);
}

static void connected(void *context)
{
    for (int i = 0; i < PLAN_SERVED_COUNT; i++)
        ask(context, i);
}

/* Once for a container. What starts the connection is the first question. */
static void open_files(struct cordon_container *container)
{
    struct signing *signing = &container->signing;

    if (signing->member.connected || signing_open(container, NULL) < 0)
        return;
    signing->member.connected = connected;
    signer_link_hear(signing->given ? signing->given : signing->own, &signing->member);
}

static bool is_asking(const struct signing *signing)
{
    for (int i = 0; i < PLAN_SERVED_COUNT; i++)
        if (signing->files[i].is_asked)
            return true;
    return false;
}

/* A signer that has not answered others for so long is not waited for. */
static void await(struct cordon_container *container)
{
    const struct signing *signing = &container->signing;
    struct signer_link *link = signing->given ? signing->given : signing->own;
    uint64_t until = clock_monotonic_ns() + WAIT_MS * NS_PER_MS;

    while (link && signer_link_fd(link) >= 0 && is_asking(signing)) {
        struct pollfd polled = {.fd = signer_link_fd(link), .events = POLLIN};
        uint64_t now = clock_monotonic_ns();

        if (now >= until || signer_link_is_late(link, now))
            return;
        if (poll(&polled, 1, (int)((until - now) / NS_PER_MS) + 1) < 0 && errno != EINTR)
            return;
        if (polled.revents && !signer_link_step(link))
            return; /* seen again by whoever watches it */
    }
}

void served_prepare(struct cordon_container *container)
{
    struct signing *signing = &container->signing;

    if (!is_wanted(container) || signing->member.connected)
        return;
    for (int i = 0; i < PLAN_SERVED_COUNT; i++)
        signing->files[i] = (struct served_file){.container = container, .due_ns = 1};
    if (signing->fetch) /* for which this process has to be heard first */
        return;
    open_files(container);
    for (int i = 0; i < PLAN_SERVED_COUNT; i++)
        ask(container, i);
    await(container);
}

void served_begin(struct cordon_container *container, bool has_first)
{
    for (int i = 0; i < PLAN_SERVED_COUNT && has_first; i++)
        text_finish(&container->signing.files[i].bytes);
    container->signing.serves = is_wanted(container) && container->assembly.ops->serve;
}

void served_step(struct cordon_container *container, uint64_t now_ns)
{
    struct signing *signing = &container->signing;

    if (!signing->serves)
        return;
    open_files(container);
    for (int i = 0; i < PLAN_SERVED_COUNT; i++)
        if (signing->files[i].due_ns <= now_ns)
            ask(container, i);
}

uint64_t served_next_ns(const struct signing *signing)
{
    uint64_t next = 0;

    for (int i = 0; i < PLAN_SERVED_COUNT && signing->serves; i++)
        if (!signing->files[i].is_asked && (!next || signing->files[i].due_ns < next))
            next = signing->files[i].due_ns;
    return next;
}

void served_finish(struct signing *signing)
{
    signing->serves = false;
    for (int i = 0; i < PLAN_SERVED_COUNT; i++)
        text_finish(&signing->files[i].bytes);
}
