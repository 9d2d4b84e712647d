/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Containers that are kept, on disk: <containers>/ID.KEY/ has `request` (what the client asked for), `state` (kept_state.h) and `lock`, which whoever holds the
 * container holds. A directory appears whole, by its name, and a state is replaced whole; what begins with a dot is not there yet, or not any more.
 */
#include "keeper/kept.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "keeper/kept_state.h"
#include "launcher/launch.h"
#include "protocol/service.h"

#define NAME_SIZE  (25 + 1 + 64 + 1)
#define FRESH_S    60 /* one without a lock may be about to get it */

static void key_print(const struct keeper *keeper, char ret_key[65])
{
    for (size_t i = 0; i < sizeof(keeper->key); i++)
        snprintf(ret_key + 2 * i, 3, "%02x", keeper->key[i]);
}

static void name_of(const struct session *session, const char *before, char ret_name[NAME_SIZE + 8])
{
    char key[65];

    key_print(session->keeper, key);
    snprintf(ret_name, NAME_SIZE + 8, "%s%s.%s", before, session->id, key);
}

/* The user's service names its place; of the system's the launcher has opened it, and there is no other way to it. */
static int open_place(const char *path, int *ret_fd, struct error *err)
{
    int status = path ? file_make_directories(path, 0700, err) : service_socket("containers", ret_fd, NULL);

    if (!path)
        return status == -ENOENT ? 0 : status;
    if (status < 0)
        return status;
    *ret_fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return *ret_fd < 0 ? error_system(err, errno, "open %s", path) : 0;
}

int kept_open(struct keeper *keeper, struct error *err)
{
    const char *path = getenv("CORDON_CONTAINERS");
    struct stat st;
    int fd = -1, status;

    keeper->kept = -1;
    status = open_place(path, &fd, err);
    if (status < 0 || fd < 0)
        return status;
    path = path ? path : "the directory of kept containers that the launcher gave";
    if (fstat(fd, &st) < 0)
        return error_system(err, errno, "look at %s", path);
    if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077))
        return error_set(err, ERROR_FORBIDDEN, EPERM, "%s has to be a directory of user %u that nobody else can look into", path, geteuid());
    return numbers_lift(fd, &keeper->kept, err);
}

/* ---- which there are ---- */

/* ID.KEY, of this key */
static bool is_name(const char *name, const char *key)
{
    return strlen(name) == NAME_SIZE - 1 && name[0] == 'c' && strspn(name + 1, "0123456789abcdef") == 24 && name[25] == '.' && strcmp(name + 26, key) == 0;
}

static DIR *open_all(const struct keeper *keeper)
{
    int copy = keeper->kept < 0 ? -1 : openat(keeper->kept, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *all = copy < 0 ? NULL : fdopendir(copy);

    if (!all)
        fd_close_at(&copy);
    return all;
}

static bool is_one_there(const struct keeper *keeper)
{
    DIR *all = open_all(keeper);
    const struct dirent *entry;
    bool is_there = false;
    char key[65];

    key_print(keeper, key);
    while (all && !is_there && (entry = readdir(all)))
        is_there = is_name(entry->d_name, key);
    if (all)
        closedir(all);
    return is_there;
}

/* Where this is not heard, one is started for nothing some day. */
static void say_what_is_left(struct keeper *keeper)
{
    struct error err = ERROR_INIT;

    if (launching_keep(keeper, is_one_there(keeper) ? LAUNCH_LEAVES : LAUNCH_FORGETS, &err) < 0)
        keeper_say("the launcher was not told that nothing is kept any more: %s", err.text);
}

/* ---- written ---- */

static int write_file(int directory, const char *name, const void *bytes, size_t size, struct error *err)
{
    auto_close int fd = openat(directory, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    int status;

    if (fd < 0)
        return error_system(err, errno, "write %s", name);
    status = file_write_all(fd, bytes, size);
    if (status < 0 || fsync(fd) < 0)
        return error_system(err, status < 0 ? -status : errno, "write %s", name);
    return 0;
}

static void boot_id(char *to, size_t size)
{
    char *text = NULL;
    size_t length;

    *to = '\0';
    if (file_read("/proc/sys/kernel/random/boot_id", 64, &text, &length, NULL) == 0)
        snprintf(to, size, "%.36s", text);
    mem_free(text);
}

/* *ret_state is big: the caller's. */
static int state_of(const struct session *session, struct kept_state *ret_state, struct error *err)
{
    const struct ending *ends = &session->ends.when;
    char link[64];
    ssize_t length;

    *ret_state = (struct kept_state){
        .wanted = session->lifecycle == PROTOCOL_CREATED   ? KEPT_CREATED
                  : session->lifecycle == PROTOCOL_STOPPED ? KEPT_STOPPED
                                                           : KEPT_RUNNING,
        .created_ms = session->created_ms, .until_ms = ends->said_ms, .until_boot_ns = ends->boot_ns, .until_is_time = ends->real_ns != 0};
    snprintf(ret_state->name, sizeof(ret_state->name), "%s", session->name);
    snprintf(ret_state->digest, sizeof(ret_state->digest), "%s", session->disk.digest);
    boot_id(ret_state->boot, sizeof(ret_state->boot));
    snprintf(link, sizeof(link), "/proc/self/fd/%d", session->cwd);
    length = readlink(link, ret_state->cwd, sizeof(ret_state->cwd) - 1);
    if (length <= 0 || ret_state->cwd[0] != '/' || memchr(ret_state->cwd, '\n', (size_t)length))
        return error_set(err, ERROR_INVALID, EINVAL, "a container cannot be kept in a directory without a name, or with a newline in it");
    ret_state->cwd[length] = '\0';
    return 0;
}

static int state_text(const struct session *session, struct text *out, struct error *err)
{
    auto_free struct kept_state *state = mem_alloc(sizeof(*state));
    int status = state ? state_of(session, state, err) : error_memory(err);

    if (status == 0)
        kept_state_print(out, state);
    return status == 0 && out->is_broken ? error_memory(err) : status;
}

/* Everything below `name`, which nobody takes up any more. */
static void remove_all(int kept, const char *name)
{
    static const char *const files[] = {"request", "state", "state.new", "lock"};
    auto_close int directory = openat(kept, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    for (size_t i = 0; directory >= 0 && i < ARRAY_COUNT(files); i++)
        unlinkat(directory, files[i], 0);
    unlinkat(kept, name, AT_REMOVEDIR);
}

static int lock_at(int directory, int flags, int *ret_lock, struct error *err)
{
    auto_close int lock = openat(directory, "lock", O_RDWR | O_NOFOLLOW | O_CLOEXEC | flags, 0600);

    if (lock < 0 || flock(lock, LOCK_EX | LOCK_NB) < 0)
        return error_system(err, errno, "lock");
    return numbers_lift(take_fd(lock), ret_lock, err);
}

static int fill(struct session *session, int directory, const struct text *state, struct error *err)
{
    int status = lock_at(directory, O_CREAT | O_EXCL, &session->disk.lock, err);

    if (status == 0)
        status = write_file(directory, "request", session->disk.record, session->disk.record_size, err);
    if (status == 0)
        status = write_file(directory, "state", state->data, state->length, err);
    if (status == 0 && fsync(directory) < 0)
        status = error_system(err, errno, "write");
    return status;
}

int kept_make(struct session *session, struct error *err)
{
    char hidden[NAME_SIZE + 8], name[NAME_SIZE + 8];
    int kept = session->keeper->kept, status;
    auto_text struct text state = {0};
    auto_close int directory = -1;

    if (kept == KEPT_NOWHERE)
        return error_set(err, ERROR_SYSTEM, EIO, "the container could not be written down: %s", session->keeper->kept_why);
    if (kept < 0)
        return 0;
    name_of(session, ".", hidden);
    name_of(session, "", name);
    status = state_text(session, &state, err);
    if (status == 0) /* first: what is on disk is to be found again */
        status = launching_keep(session->keeper, LAUNCH_KEEPS, err);
    if (status < 0)
        return status;
    if (mkdirat(kept, hidden, 0700) < 0)
        return error_system(err, errno, "write the container down");
    directory = openat(kept, hidden, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    status = directory < 0 ? error_system(err, errno, "open %s", hidden) : fill(session, directory, &state, err);
    if (status == 0 && (renameat(kept, hidden, kept, name) < 0 || fsync(kept) < 0))
        status = error_system(err, errno, "name");
    mem_free(take_ptr(session->disk.record));
    if (status == 0)
        return 0;
    remove_all(kept, hidden);
    remove_all(kept, name);
    fd_close_at(&session->disk.lock);
    session->disk.lock = -1;
    error_prepend(err, "the container could not be written down");
    return status;
}

void kept_update(struct session *session)
{
    auto_text struct text state = {0};
    struct error err = ERROR_INIT;
    char name[NAME_SIZE + 8];
    auto_close int directory = -1;
    int status;

    if (session->disk.lock < 0)
        return;
    name_of(session, "", name);
    status = state_text(session, &state, &err);
    if (status == 0 && session->disk.written && strcmp(session->disk.written, state.data) == 0)
        return;
    if (status == 0) {
        directory = openat(session->keeper->kept, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        status = directory < 0 ? error_system(&err, errno, "open %s", name) : write_file(directory, "state.new", state.data, state.length, &err);
    }
    if (status == 0 && (renameat(directory, "state.new", directory, "state") < 0 || fsync(directory) < 0))
        status = error_system(&err, errno, "replace state");
    if (status == 0) {
        mem_free(session->disk.written);
        session->disk.written = mem_string(state.data);
    }
    if (status < 0)
        keeper_say("container %s: what became of it could not be written down: %s", session->id, err.text);
}

/* Nothing is left of this key, or only what others have: nobody has to be started for this one's. */
static void look_for_last(const struct session *removed)
{
    struct keeper *keeper = removed->keeper;

    for (const struct session *session = keeper->sessions; session; session = session->next)
        if (session != removed && session->disk.lock >= 0)
            return;
    say_what_is_left(keeper);
}

int kept_remove(struct session *session, struct error *err)
{
    char hidden[NAME_SIZE + 8], name[NAME_SIZE + 8];
    int kept = session->keeper->kept;

    if (session->disk.lock < 0)
        return 0;
    name_of(session, ".", hidden);
    name_of(session, "", name);
    if (renameat(kept, name, kept, hidden) < 0)
        return errno == ENOENT ? 0 : error_system(err, errno, "remove container %s from the disk", session->id);
    if (fsync(kept) < 0) /* it is gone, but for a loss of power */
        keeper_say("container %s: its removal may not be on the disk yet: %s", session->id, strerror(errno));
    remove_all(kept, hidden);
    look_for_last(session);
    return 0;
}

void kept_forget(struct session *session)
{
    mem_free(take_ptr(session->disk.record));
    mem_free(take_ptr(session->disk.written));
    fd_close_at(&session->disk.lock);
    session->disk.lock = -1;
}

/* ---- found ---- */

static bool is_free(int kept, const char *name, int *ret_lock)
{
    auto_close int directory = openat(kept, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    return directory >= 0 && lock_at(directory, 0, ret_lock, NULL) == 0;
}

/* What was begun and never got its name, or has lost it: once nobody is at it. */
static void clean_up(int kept, const char *name)
{
    struct stat st;
    int lock;

    if (!is_free(kept, name, &lock)) {
        if (fstatat(kept, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || st.st_mtime + FRESH_S > time(NULL) || errno != ENOENT)
            return;
        remove_all(kept, name);
        return;
    }
    remove_all(kept, name);
    fd_close_at(&lock);
}

/* A file of this user's that has no other name, and not what waits for somebody at its other end. */
static int open_own(int directory, const char *name, int *ret_fd, struct error *err)
{
    auto_close int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        return error_system(err, errno, "open %s", name);
    if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || st.st_nlink != 1)
        return error_set(err, ERROR_FORBIDDEN, EPERM, "%s has to be a file of user %u, by this name alone", name, geteuid());
    *ret_fd = take_fd(fd);
    return 0;
}

static int read_state(int directory, struct kept_state *ret_state, struct error *err)
{
    auto_close int fd = -1;
    auto_free char *text = NULL;
    size_t size;
    int status = open_own(directory, "state", &fd, err);

    if (status == 0)
        status = file_read_fd(fd, "state", KEPT_STATE_MAX, &text, &size, err);
    return status < 0 ? status : kept_state_parse(text, size, ret_state, err);
}

static int read_request(int directory, unsigned char **ret_bytes, struct protocol_message *ret_record, struct error *err)
{
    auto_close int fd = -1;
    auto_free char *bytes = NULL;
    size_t size;
    int status = open_own(directory, "request", &fd, err);

    if (status == 0)
        status = file_read_fd(fd, "request", PROTOCOL_RECORD_MAX, &bytes, &size, err);
    if (status == 0)
        status = protocol_parse(bytes, size, ret_record, err);
    if (status == 0 && ret_record->type != PROTOCOL_RECORD_REQUEST)
        status = error_set(err, ERROR_INVALID, EPROTO, "what is written down is no request");
    if (status == 0)
        *ret_bytes = (unsigned char *)take_ptr(bytes);
    return status;
}

static void take_state(struct session *session, const struct kept_state *state)
{
    struct ending *ends = &session->ends.when;
    char boot[40];

    boot_id(boot, sizeof(boot));
    snprintf(session->name, sizeof(session->name), "%s", state->name);
    snprintf(session->disk.digest, sizeof(session->disk.digest), "%s", state->digest);
    session->created_ms = state->created_ms;
    session->lifecycle = state->wanted == KEPT_CREATED ? PROTOCOL_CREATED : PROTOCOL_STOPPED;
    if (!state->until_ms)
        return;
    ending_at(state->until_ms, ends); /* after another boot the wall's clock is all there is */
    if (strcmp(boot, state->boot) == 0 && state->until_boot_ns) {
        ends->boot_ns = state->until_boot_ns;
        ends->real_ns = state->until_is_time ? ends->real_ns : 0;
    }
}

/* It had this name when there was no link in it: one that is there since leads to what was not meant. */
static int open_place_of(const char *path, int *ret_fd, struct error *err)
{
    struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
    int fd = (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));

    if (fd < 0)
        return error_system(err, errno, "its directory %s", path);
    return numbers_lift(fd, ret_fd, err);
}

static int take_up(struct session *session, int directory, struct kept_state *state, struct error *err)
{
    auto_free unsigned char *bytes = NULL;
    struct protocol_message record;
    int status = read_state(directory, state, err);

    if (status == 0)
        status = read_request(directory, &bytes, &record, err);
    if (status == 0)
        status = session_read_request(session, &record, err);
    if (status < 0)
        return status;
    take_state(session, state);
    return open_place_of(state->cwd, &session->cwd, err);
}

static bool is_own(int directory)
{
    struct stat st;

    return fstat(directory, &st) == 0 && st.st_uid == geteuid() && !(st.st_mode & 077);
}

static void find_one(struct keeper *keeper, const char *name)
{
    auto_free struct kept_state *state = mem_alloc(sizeof(*state));
    auto_close int directory = openat(keeper->kept, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct error err = ERROR_INIT;
    struct session *session;
    int lock, status;

    if (!state || directory < 0 || !is_own(directory) || lock_at(directory, 0, &lock, NULL) < 0)
        return; /* somebody else has it */
    session = faccessat(keeper->kept, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0 ? session_found(keeper) : NULL;
    if (!session) {
        fd_close_at(&lock);
        return;
    }
    session->disk.lock = lock;
    snprintf(session->id, sizeof(session->id), "%.25s", name);
    status = take_up(session, directory, state, &err);
    if (status < 0) {
        keeper_say("container %s cannot be taken up again, and is left on the disk: %s", session->id, err.text);
        session->lifecycle = 0;
        session_close(session);
        return;
    }
    session->state = PROTOCOL_RUNNING;
    again_found(session, state->wanted == KEPT_RUNNING, state->wanted != KEPT_CREATED);
    daemon_tell_running(keeper, session);
}

static void find_all(struct keeper *keeper)
{
    DIR *all = open_all(keeper);
    const struct dirent *entry;
    char key[65];

    key_print(keeper, key);
    while (all && (entry = readdir(all)))
        if (entry->d_name[0] == '.' && is_name(entry->d_name + 1, key))
            clean_up(keeper->kept, entry->d_name);
        else if (is_name(entry->d_name, key))
            find_one(keeper, entry->d_name);
    if (all)
        closedir(all);
}

void kept_find(struct keeper *keeper)
{
    bool is_there = is_one_there(keeper), has_one = false;
    struct error err = ERROR_INIT;

    if (is_there && launching_keep(keeper, LAUNCH_KEEPS, &err) < 0) { /* they are not this keeper's, or would be nobody's after it */
        keeper_say("containers on the disk are not taken up: %s", err.text);
        snprintf(keeper->kept_why, sizeof(keeper->kept_why), "%.*s", (int)sizeof(keeper->kept_why) - 1, err.text);
        keeper->kept = KEPT_NOWHERE;
        return;
    }
    find_all(keeper);
    for (const struct session *session = keeper->sessions; session; session = session->next)
        has_one = has_one || session->disk.lock >= 0;
    if (!has_one && (is_there || !keeper->has_client))
        say_what_is_left(keeper);
    ends_look(keeper);
}
