/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose keepers keep containers on disk, below a directory of root's: a record for each key of each caller, as whom his keeper was started, so that one
 * is started again when it has ended, or the machine has. What a keeper wrote down is in a directory of its caller's (hand.c), where nobody looks from here.
 * What is missing or damaged of a record is nobody's; his containers stay where they are until a keeper of that key is started for a client of his.
 */
#include "launcher/kept.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"

#define MAGIC          0x4b707443u
#define STEADY_NS      (60 * NS_PER_S) /* a keeper that stood so long was started well */
#define DELAY_FIRST_NS NS_PER_S
#define DELAYS_MAX     9               /* each twice as long: 4 minutes */
#define TOLD_NS        (30 * NS_PER_S) /* who asked has so long to have it started */
#define ATTACH_NS      (10 * NS_PER_S) /* and so long a keeper that lives, to find this launcher */

struct record {
    uint32_t magic, size;
    uint32_t uid, gid, login_uid, group_count;
    unsigned char key[LAUNCH_KEY_SIZE];
    struct hand_manner manner;
    gid_t groups[HAND_GROUPS_MAX];
};

static int directory_open(const char *state, const char *name, int *ret_fd, struct error *err)
{
    char path[4096];
    int status;

    if ((size_t)snprintf(path, sizeof(path), "%s/%s", state, name) >= sizeof(path))
        return error_set(err, ERROR_LIMIT, ENAMETOOLONG, "%s/%s: too long", state, name);
    status = file_make_directories(path, 0700, err);
    if (status < 0)
        return status;
    *ret_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    return *ret_fd < 0 ? error_system(err, errno, "open %s", path) : 0;
}

/* ---- records ---- */

static int record_write(const struct server *server, const char *name, const struct record *record, struct error *err)
{
    char hidden[LAUNCH_GROUP_SIZE + 1];
    auto_close int fd = -1;
    int status;

    snprintf(hidden, sizeof(hidden), ".%s", name);
    fd = openat(server->keeps, hidden, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    status = fd < 0 ? -errno : file_write_all(fd, record, sizeof(*record));
    if (status == 0 && (fsync(fd) < 0 || renameat(server->keeps, hidden, server->keeps, name) < 0 || fsync(server->keeps) < 0))
        status = -errno;
    if (status == 0)
        return 0;
    unlinkat(server->keeps, hidden, 0);
    return error_system(err, -status, "write down whose containers these are");
}

static bool record_read(const struct server *server, const char *name, struct record *ret_record)
{
    auto_close int fd = openat(server->keeps, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    return fd >= 0 && read(fd, ret_record, sizeof(*ret_record)) == (ssize_t)sizeof(*ret_record) && ret_record->magic == MAGIC &&
           ret_record->size == sizeof(*ret_record) && ret_record->group_count <= HAND_GROUPS_MAX;
}

static int record_add(const struct server *server, const struct group *group, const struct kept *kept, struct error *err)
{
    auto_free struct record *record = mem_alloc(sizeof(*record));
    const struct peer *peer = &group->peer;
    int status;

    if (!record)
        return error_memory(err);
    *record = (struct record){.magic = MAGIC, .size = sizeof(*record), .uid = peer->uid, .gid = peer->gid, .login_uid = peer->login_uid,
                              .group_count = peer->group_count};
    memcpy(record->key, kept->key, sizeof(record->key));
    memcpy(record->groups, peer->groups, peer->group_count * sizeof(record->groups[0]));
    status = peer_manner(peer, &record->manner, err);
    return status < 0 ? status : record_write(server, kept->name, record, err);
}

/* ---- which there are ---- */

static struct kept *find_key(const struct server *server, uint32_t uid, const unsigned char key[LAUNCH_KEY_SIZE])
{
    struct kept *kept = server->kept;

    while (kept && (kept->uid != uid || memcmp(kept->key, key, LAUNCH_KEY_SIZE) != 0))
        kept = kept->next;
    return kept;
}

struct kept *kept_find(const struct server *server, const char *name)
{
    struct kept *kept = server->kept;

    while (kept && strcmp(kept->name, name) != 0)
        kept = kept->next;
    return kept;
}

/* Behind all others, so that a number among them stays what it is when one comes. */
static struct kept *add(struct server *server, uint32_t uid, uint32_t gid, const unsigned char key[LAUNCH_KEY_SIZE])
{
    struct kept **end = &server->kept, *kept = mem_alloc(sizeof(*kept));

    if (!kept)
        return NULL;
    *kept = (struct kept){.uid = uid, .gid = gid};
    memcpy(kept->key, key, LAUNCH_KEY_SIZE);
    while (*end)
        end = &(*end)->next;
    *end = kept;
    server->kept_count++;
    return kept;
}

static void forget(struct server *server, struct kept *kept)
{
    struct kept **at = &server->kept;

    for (struct group *group = server->groups; group; group = group->next) {
        group->keeps = group->keeps == kept ? NULL : group->keeps;
        group->again = group->again == kept ? NULL : group->again;
    }
    while (*at != kept)
        at = &(*at)->next;
    *at = kept->next;
    server->kept_count--;
    mem_free(kept);
}

static bool has_keeper(const struct server *server, const struct kept *kept, const struct group *but)
{
    for (const struct group *group = server->groups; group; group = group->next)
        if (group != but && !group->is_over && group->keeps == kept)
            return true;
    return false;
}

/* ---- what keepers say ---- */

static int check_room(const struct server *server, uint32_t uid, struct error *err)
{
    size_t own = 0;

    for (const struct kept *kept = server->kept; kept; kept = kept->next)
        own += kept->uid == uid;
    if (own < KEPT_OF_CALLER_MAX && server->kept_count < KEPT_MAX)
        return 0;
    return error_set(err, ERROR_LIMIT, EDQUOT, "at most %d kinds of kept containers of one caller, %d of all: remove some first (cordon rm)", KEPT_OF_CALLER_MAX, KEPT_MAX);
}

static int begin(struct server *server, struct group *group, const unsigned char key[LAUNCH_KEY_SIZE], struct kept **ret_kept, struct error *err)
{
    int status = check_room(server, group->peer.uid, err);
    struct stat there;
    struct kept *kept = status == 0 ? add(server, group->peer.uid, group->peer.gid, key) : NULL;

    if (!kept)
        return status < 0 ? status : error_memory(err);
    do
        snprintf(kept->name, sizeof(kept->name), "k%u-%u", kept->uid, ++server->next_kept);
    while (kept_find(server, kept->name) != kept || fstatat(server->keeps, kept->name, &there, AT_SYMLINK_NOFOLLOW) == 0);
    *ret_kept = kept;
    return 0;
}

/* One that was started by a record is for the key of that alone: who started it may have been told another one. */
int kept_say(struct server *server, struct group *group, const unsigned char key[LAUNCH_KEY_SIZE], enum launch_keeping what, struct error *err)
{
    struct kept *kept = find_key(server, group->peer.uid, key), *new = NULL;
    int status = 0;

    if ((group->keeps && group->keeps != kept) || (group->again && group->again != kept))
        return error_set(err, ERROR_FORBIDDEN, EPERM, "this keeper keeps what another key is for");
    if (what == LAUNCH_FORGETS && kept && !has_keeper(server, kept, group)) {
        unlinkat(server->keeps, kept->name, 0);
        forget(server, kept);
        return 0;
    }
    if (what != LAUNCH_KEEPS) {
        group->keeps = group->again = NULL;
        return 0;
    }
    if (group->keeps)
        return 0;
    if (!kept) {
        status = begin(server, group, key, &new, err);
        kept = new;
    }
    if (status == 0)
        status = record_add(server, group, kept, err);
    if (status < 0 && new)
        forget(server, new);
    if (status < 0)
        return status;
    kept->gid = group->peer.gid;
    if (group->began_ns >= kept->wanted_ns) /* it has looked for what nobody has, or will */
        kept->is_wanted = false;
    group->keeps = kept;
    return 0;
}

/* Also where another keeper has the same key: that one looks once, when it begins. */
void kept_left(struct group *group)
{
    struct kept *kept = group->keeps ? group->keeps : group->again;
    uint64_t now = clock_monotonic_ns();

    group->keeps = group->again = NULL;
    if (!kept)
        return;
    kept->is_wanted = true;
    kept->wanted_ns = now;
    if (now - group->began_ns > STEADY_NS)
        kept->tries = 0;
    kept->due_ns = kept->tries ? now + (DELAY_FIRST_NS << (kept->tries - 1)) : now;
}

/* ---- started again ---- */

void kept_next(struct server *server, uint32_t from, struct kept **ret_kept, uint32_t *ret_next, uint64_t *ret_wait_ns)
{
    uint64_t now = clock_monotonic_ns(), soonest = UINT64_MAX;
    uint32_t at = 0;

    *ret_kept = NULL;
    *ret_next = 0;
    for (struct kept *kept = server->kept; kept; kept = kept->next, at++) {
        if (!kept->is_wanted)
            continue;
        if (!*ret_kept && at >= from && kept->due_ns <= now) {
            kept->due_ns = now + TOLD_NS;
            *ret_kept = kept;
            *ret_next = at + 1;
        }
        soonest = kept->due_ns < soonest ? kept->due_ns : soonest;
    }
    *ret_wait_ns = soonest == UINT64_MAX ? UINT64_MAX : soonest > now ? soonest - now : 0;
}

/* Groups that its user has no more are gone, or somebody who has been taken out of one would be in it for ever. Root needs none. */
static int narrow(struct peer *peer, const struct launch_request *request, struct error *err)
{
    uint32_t kept = 0;
    bool has_first = peer->uid == 0;

    for (uint32_t i = 0; i < request->count; i++)
        has_first |= (gid_t)request->numbers[i] == peer->gid;
    if (!has_first)
        return error_set(err, ERROR_FORBIDDEN, EPERM, "user %u is no more, or no more in group %u: his containers are not started again", peer->uid, peer->gid);
    for (uint32_t i = 0; i < peer->group_count && peer->uid; i++)
        for (uint32_t j = 0; j < request->count; j++)
            if ((gid_t)request->numbers[j] == peer->groups[i]) {
                peer->groups[kept++] = peer->groups[i];
                break;
            }
    if (peer->uid)
        peer->group_count = kept;
    return 0;
}

int kept_read(const struct server *server, const struct kept *kept, const struct launch_request *request, struct peer *ret_peer, struct hand_manner *ret_manner,
              struct error *err)
{
    auto_free struct record *record = mem_alloc(sizeof(*record));

    if (!record)
        return error_memory(err);
    if (request->count > LAUNCH_KEPT_MAX)
        return error_set(err, ERROR_INVALID, EINVAL, "more groups than there is room for");
    if (!record_read(server, kept->name, record) || record->uid != kept->uid || memcmp(record->key, kept->key, sizeof(record->key)) != 0)
        return error_set(err, ERROR_INVALID, EBADMSG, "the record %s of who keeps containers cannot be read", kept->name);
    *ret_peer = (struct peer){.pidfd = -1, .uid = record->uid, .gid = record->gid, .login_uid = record->login_uid, .group_count = record->group_count};
    memcpy(ret_peer->groups, record->groups, sizeof(record->groups));
    *ret_manner = record->manner;
    return narrow(ret_peer, request, err);
}

void kept_tried(struct server *server, struct kept *kept, struct group *group)
{
    if (kept->tries < DELAYS_MAX)
        kept->tries++;
    kept->is_wanted = !group;
    kept->due_ns = clock_monotonic_ns() + (DELAY_FIRST_NS << (kept->tries - 1));
    if (group)
        group->again = kept;
}

/* ---- beginning ---- */

int kept_open(struct server *server, const char *state, struct error *err)
{
    int status = directory_open(state, "kept", &server->keeps, err);

    return status < 0 ? status : directory_open(state, "containers", &server->containers, err);
}

static int load(struct server *server, const char *name, struct error *err)
{
    auto_free struct record *record = mem_alloc(sizeof(*record));
    struct kept *kept;

    if (!record)
        return error_memory(err);
    if (!name_is_plain(name, strlen(name) + 1) || strlen(name) >= LAUNCH_GROUP_SIZE || !record_read(server, name, record) ||
        find_key(server, record->uid, record->key)) {
        fprintf(stderr, "cordon-launcher: the record %s of who keeps containers cannot be read, and is left\n", name);
        return 0;
    }
    kept = add(server, record->uid, record->gid, record->key);
    if (!kept)
        return error_memory(err);
    snprintf(kept->name, sizeof(kept->name), "%s", name);
    kept->is_wanted = true;
    for (const struct group *group = server->groups; group; group = group->next) {
        if (group->peer.uid != kept->uid)
            continue;
        if (group->is_over)
            kept->wanted_ns = clock_monotonic_ns(); /* what it kept those that live have not looked for */
        else
            kept->due_ns = clock_monotonic_ns() + ATTACH_NS;
    }
    return 0;
}

int kept_load(struct server *server, struct error *err)
{
    int fd = openat(server->keeps, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), status = 0;
    DIR *directory = fd < 0 ? NULL : fdopendir(fd);

    if (!directory)
        return error_system(err, errno, "list who keeps containers");
    for (struct dirent *entry; status == 0 && (entry = readdir(directory));)
        if (entry->d_name[0] != '.' && server->kept_count < KEPT_MAX)
            status = load(server, entry->d_name, err);
    closedir(directory);
    return status;
}
