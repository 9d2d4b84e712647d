/* SPDX-License-Identifier: Apache-2.0 */
/* System calls: clock_gettime, sendmsg, epoll_ctl, shutdown. */
#include "launcher/notes.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/memory.h"
#include "launcher/fds.h"
#include "launcher/server.h"

int notes_open(struct notes *notes, struct error *err)
{
    struct launch_note *ring = mem_alloc(NOTES_MAX * sizeof(*ring));

    if (!ring)
        return error_memory(err);
    *notes = (struct notes){.ring = ring};
    return 0;
}

/* ---- sending ---- */

static void wait_for_room(struct server *server, bool waits)
{
    struct epoll_event event = {.events = EPOLLIN | (waits ? EPOLLOUT : 0), .data.ptr = server->notes.hearer};

    if (server->notes.is_full == waits)
        return;
    server->notes.is_full = waits;
    (void)!epoll_ctl(server->epoll, EPOLL_CTL_MOD, server->notes.hearer->fd, &event);
}

void notes_flush(struct server *server)
{
    struct notes *notes = &server->notes;

    while (notes->hearer && notes->count) {
        int status = fds_send(notes->hearer->fd, &notes->ring[notes->first], sizeof(*notes->ring), NULL, 0, MSG_DONTWAIT);

        if (status == -EAGAIN) {
            wait_for_room(server, true);
            return;
        }
        if (status < 0) { /* gone: the loop closes it, and the next one hears the rest */
            shutdown(notes->hearer->fd, SHUT_RDWR);
            notes->hearer = NULL;
            return;
        }
        notes->first = (notes->first + 1) % NOTES_MAX;
        notes->count--;
    }
    if (notes->hearer)
        wait_for_room(server, false);
}

/* The one before it is a former cordond's. */
void notes_hear(struct server *server, struct source *hearer)
{
    if (server->notes.hearer && server->notes.hearer != hearer)
        shutdown(server->notes.hearer->fd, SHUT_RDWR);
    server->notes.hearer = hearer;
    server->notes.is_full = false;
}

void notes_forget(struct server *server, const struct source *source)
{
    if (server->notes.hearer == source)
        server->notes.hearer = NULL;
}

/* ---- what there is to say ---- */

/* Its place in the ring; NULL = there is none. */
static struct launch_note *next(struct server *server, enum launch_noted kind)
{
    struct notes *notes = &server->notes;
    struct launch_note *note;

    if (!notes->ring)
        return NULL;
    if (notes->count == NOTES_MAX) {
        notes->lost++;
        return NULL;
    }
    note = &notes->ring[(notes->first + notes->count++) % NOTES_MAX];
    *note = (struct launch_note){.magic = LAUNCH_MAGIC, .kind = kind, .time_ns = clock_real_ns(), .lost = notes->lost, .user = UINT32_MAX,
                                 .uid = UINT32_MAX, .login_uid = UINT32_MAX, .session = UINT32_MAX};
    notes->lost = 0;
    return note;
}

void notes_began(struct server *server)
{
    struct launch_note *note = next(server, LAUNCH_NOTED_BEGAN);

    if (!note)
        return;
    note->uid = server->range.first;
    note->count = server->range.count;
    snprintf(note->text, sizeof(note->text), "%s", server->can_login ? "" : "without login uids: this kernel, or how it was started, gives none");
}

void notes_owned(struct server *server, uint32_t user, uint32_t first, uint32_t count)
{
    struct launch_note *note = next(server, LAUNCH_NOTED_OWNED);

    if (!note)
        return;
    note->user = user;
    note->uid = first;
    note->count = count;
}

void notes_keeper(struct server *server, enum launch_noted kind, const struct group *group)
{
    struct launch_note *note = next(server, kind);

    if (!note)
        return;
    note->user = group->peer.uid;
    note->login_uid = group->peer.login_uid;
    note->pid = (uint32_t)group->peer.pid;
    snprintf(note->group, sizeof(note->group), "%s", group->name);
}

void notes_container(struct server *server, enum launch_noted kind, const struct container *container, const struct launch_reply *reply)
{
    struct launch_note *note = next(server, kind);

    if (!note)
        return;
    note->user = container->group->peer.uid;
    note->pid = (uint32_t)container->pid;
    note->uid = container->has_own_uid ? container->uid : UINT32_MAX;
    note->login_uid = server->can_login ? container->uid : UINT32_MAX;
    snprintf(note->group, sizeof(note->group), "%s", container->group->name);
    snprintf(note->id, sizeof(note->id), "%s", container->id);
    if (!reply)
        return;
    note->session = reply->session;
    snprintf(note->text, sizeof(note->text), "%.*s", (int)sizeof(note->text) - 1, reply->cgroup);
}

/* One a second of each keeper; of all that is no keeper's a few: who asks for what he is refused, a thousand times, keeps nothing else out of the ring. */
static bool may_tell(struct notes *notes, struct group *group, unsigned *ret_untold)
{
    uint64_t now = clock_monotonic_ns(), *began = group ? &group->refused_ns : &notes->second_ns;
    unsigned *untold = group ? &group->refused_untold : &notes->untold;
    bool is_new = !*began || now - *began >= NS_PER_S;

    if (is_new)
        notes->refused = group ? notes->refused : 0;
    if (is_new)
        *began = now;
    if (!is_new && (group || notes->refused >= NOTES_REFUSED_MAX)) {
        ++*untold;
        return false;
    }
    notes->refused += !group;
    *ret_untold = *untold;
    *untold = 0;
    return true;
}

void notes_refused(struct server *server, struct group *group, uint32_t user, uint32_t type, const char *id, const struct error *why)
{
    struct launch_note *note;
    unsigned untold;

    if (!server->notes.ring || !may_tell(&server->notes, group, &untold))
        return;
    note = next(server, LAUNCH_NOTED_REFUSED);
    if (!note)
        return;
    note->type = type;
    note->count = untold;
    note->user = group ? group->peer.uid : user;
    note->pid = group ? (uint32_t)group->peer.pid : 0;
    if (group)
        snprintf(note->group, sizeof(note->group), "%s", group->name);
    if (id && name_is_plain(id, LAUNCH_ID_SIZE))
        snprintf(note->id, sizeof(note->id), "%s", id);
    snprintf(note->text, sizeof(note->text), "%.*s", (int)sizeof(note->text) - 1, why->text);
}
