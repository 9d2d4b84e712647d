/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration is one line, so that whether a daemon is asked is known before anything else is read. */
#include "sdk/daemon.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "protocol/peer.h"
#include "protocol/service.h"
#include "protocol/socket.h"
#include "sdk/places.h"
#include "sdk/request.h"

#define CONFIG_SYSTEM "/etc/cordon/config.yaml"
#define CONFIG_MAX    ((size_t)64 << 10)
#define PATH_ROOM     4096

static const char *const uses[] = {[DAEMON_NEVER] = "never", [DAEMON_AVAILABLE] = "available", [DAEMON_REQUIRED] = "required"};

static int use_of(const char *text, size_t length, enum daemon_use *ret_use)
{
    for (size_t i = DAEMON_NEVER; i < ARRAY_COUNT(uses); i++)
        if (strlen(uses[i]) == length && strncmp(uses[i], text, length) == 0) {
            *ret_use = (enum daemon_use)i;
            return 0;
        }
    return -EINVAL;
}

int cordon_request_set_daemon(struct cordon_request *request, const char *use, struct cordon_error *err)
{
    if (!use)
        request->daemon = 0;
    else if (use_of(use, strlen(use), &request->daemon) < 0)
        return error_set(public_error(err), ERROR_INVALID, EINVAL, "daemon '%s': never, available or required", use);
    return 0;
}

static const char *skip_blanks(const char *text)
{
    return text + strspn(text, " \t\r");
}

int daemon_config_parse(const char *path, const char *text, enum daemon_use *ret_use, struct error *err)
{
    static const char key[] = "daemon:";
    bool is_said = false;

    for (unsigned line = 1; *text; line++) {
        size_t length = strcspn(text, "\n"), word;
        const char *at = skip_blanks(text);

        if (at < text + length && *at != '#' && strncmp(text, "---", 3) != 0) {
            if (strncmp(text, key, strlen(key)) != 0)
                return error_set(err, ERROR_INVALID, EINVAL, "%s:%u: only 'daemon: never|available|required' can stand here", path, line);
            at = skip_blanks(text + strlen(key));
            word = strcspn(at, " \t\r\n#");
            if (is_said || use_of(at, word, ret_use) < 0)
                return error_set(err, ERROR_INVALID, EINVAL, "%s:%u: daemon: %s", path, line, is_said ? "is said twice" : "never, available or required");
            at = skip_blanks(at + word);
            if (at < text + length && *at != '#')
                return error_set(err, ERROR_INVALID, EINVAL, "%s:%u: daemon: never, available or required, and nothing else", path, line);
            is_said = true;
        }
        text += length + (text[length] == '\n');
    }
    return 0;
}

static int read_config(const char *path, enum daemon_use *ret_use, struct error *err)
{
    auto_free char *text = NULL;
    struct error failure = ERROR_INIT;
    size_t size;
    int status = file_read(path, CONFIG_MAX, &text, &size, &failure);

    if (status == -ENOENT || status == -ENOTDIR)
        return 0;
    if (status == 0 && strlen(text) != size)
        status = error_set(&failure, ERROR_INVALID, EINVAL, "%s: a NUL in it", path);
    if (status < 0) {
        if (err)
            *err = failure;
        return status;
    }
    return daemon_config_parse(path, text, ret_use, err);
}

static int read_own_config(const struct cordon_request *request, enum daemon_use *ret_use, struct error *err)
{
    auto_arena struct arena *arena = arena_new();
    const char *const *environment = (const char *const *)(request->environment ? request->environment : environ);
    struct places places;
    char path[PATH_ROOM];
    int status;

    if (!arena)
        return error_memory(err);
    status = places_find_own(arena, environment, &places, NULL);
    if (status == -ENOMEM)
        return error_memory(err);
    if (status < 0)
        return 0; /* whoever has no home has no configuration; that it has none is said elsewhere */
    if ((size_t)snprintf(path, sizeof(path), "%s/config.yaml", places.config) >= sizeof(path))
        return 0;
    return read_config(path, ret_use, err);
}

enum daemon_use daemon_settle_use(enum daemon_use asked, enum daemon_use system)
{
    if (system == DAEMON_REQUIRED)
        return system;
    return asked ? asked : system ? system : DAEMON_NEVER;
}

int daemon_find_use(const struct cordon_request *request, enum daemon_use *ret_use, struct error *err)
{
    const char *wish = getenv("CORDON_DAEMON");
    enum daemon_use asked = request->daemon, system = 0;
    int status = 0;

    if (request->daemon == DAEMON_HERE) {
        *ret_use = DAEMON_NEVER;
        return 0;
    }
    if (!asked && wish && *wish && use_of(wish, strlen(wish), &asked) < 0)
        return error_set(err, ERROR_INVALID, EINVAL, "CORDON_DAEMON=%s: never, available or required", wish);
    if (!asked)
        status = read_own_config(request, &asked, err);
    if (status == 0)
        status = read_config(CONFIG_SYSTEM, &system, err);
    if (status == 0)
        *ret_use = daemon_settle_use(asked, system);
    return status;
}

/* $XDG_RUNTIME_DIR/cordon, /run/user/UID/cordon, <state>/run, and the system's: which of them, in this order. 0 = there is no such one. */
static bool socket_path(unsigned which, char ret_path[108])
{
    const char *runtime = getenv("XDG_RUNTIME_DIR"), *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    size_t room = 108;
    int size;

    switch (which) {
    case 0:
        size = runtime && runtime[0] == '/' ? snprintf(ret_path, room, "%s/cordon/control.sock", runtime) : -1;
        break;
    case 1:
        size = runtime && runtime[0] == '/' ? -1 : snprintf(ret_path, room, "/run/user/%u/cordon/control.sock", (unsigned)geteuid());
        break;
    case 2:
        if (state && state[0] == '/')
            size = snprintf(ret_path, room, "%s/cordon/run/control.sock", state);
        else
            size = home && home[0] == '/' ? snprintf(ret_path, room, "%s/.local/state/cordon/run/control.sock", home) : -1;
        break;
    default:
        size = snprintf(ret_path, room, "/run/cordon/control.sock");
        break;
    }
    return size > 0 && (size_t)size < room;
}

/*
 * Is the daemon behind a socket that this uid listens on the user's own? Root listens for the machine's, too, whose core is another user: of root's own
 * nobody but root could come to the socket, and it is where a user's lies.
 */
static bool is_own(const char *path, bool is_named, uid_t listens)
{
    char directory[108];
    struct stat st;

    if (listens != geteuid() || listens != 0)
        return listens == geteuid();
    if (is_named)
        return false;
    snprintf(directory, sizeof(directory), "%.*s", (int)(strrchr(path, '/') - path), path);
    return stat(directory, &st) == 0 && st.st_uid == 0 && !(st.st_mode & 077);
}

/* Whoever listens there is told what is to be run: it has to be somebody who could run it anyway. */
static int check_server(int fd, const char *path, uid_t *ret_uid, struct error *err)
{
    struct ucred who;
    socklen_t size = sizeof(who);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) < 0)
        return error_system(err, errno, "ask who listens at %s", path);
    if (who.uid != 0 && who.uid != geteuid())
        return error_set(err, ERROR_FORBIDDEN, EPERM, "%s: user %u listens there, who is neither you nor root", path, who.uid);
    *ret_uid = who.uid;
    return 0;
}

static int connect_at(const char *path, bool is_named, int *ret_fd, bool *ret_is_own, struct error *err)
{
    auto_close int fd = -1;
    uid_t listens = 0;
    int status = service_connect(path, &fd, err);

    if (status == 0)
        status = check_server(fd, path, &listens, err);
    if (status < 0)
        return status;
    if (ret_is_own)
        *ret_is_own = is_own(path, is_named, listens);
    *ret_fd = take_fd(fd);
    return 0;
}

int daemon_connect(int *ret_fd, bool *ret_is_own, struct error *err)
{
    const char *named = getenv("CORDON_CONTROL");
    char path[108], first[108] = "";

    if (named && *named)
        return connect_at(named, true, ret_fd, ret_is_own, err);
    for (unsigned which = 0; which < 4; which++) {
        int status;

        if (!socket_path(which, path))
            continue;
        status = connect_at(path, which == 3, ret_fd, ret_is_own, err);
        if (status != -ENOENT && status != -ENOTDIR && status != -ECONNREFUSED && status != -EACCES)
            return status;
        if (!*first)
            snprintf(first, sizeof(first), "%s", path);
    }
    return error_set(err, ERROR_SYSTEM, ENOENT, "no daemon listens at %s: start it (systemctl --user start cordond, or cordond --user)", first);
}

/* It closed the door at once, and has left a word why. */
static int hear_refusal(int control, struct error *err)
{
    auto_free struct protocol_received *received = mem_alloc(sizeof(*received));
    struct error why = ERROR_INIT;
    int status = received ? protocol_receive(control, MSG_DONTWAIT, received, &why) : error_memory(&why);

    if (status > 0 && received->message.type == PROTOCOL_FAILED)
        protocol_read_error(&received->message, &why);
    else if (status >= 0)
        error_set(&why, ERROR_SYSTEM, EPIPE, "the daemon closed the connection without a word");
    if (received)
        protocol_drop(received);
    if (err)
        *err = why;
    return why.errnum ? -why.errnum : -EPIPE;
}

int daemon_greet(int control, struct error *err)
{
    auto_protocol struct protocol_out hello;
    int status;

    protocol_begin(&hello, PROTOCOL_HELLO, 0);
    protocol_add_number(&hello, TAG_VERSION_LEAST, PROTOCOL_VERSION);
    protocol_add_number(&hello, TAG_VERSION_MOST, PROTOCOL_VERSION);
    protocol_add_text(&hello, TAG_PROGRAM, "libcordon " CORDON_VERSION_TEXT);
    status = protocol_send(control, 0, &hello, NULL, 0, err);
    return status == -EPIPE || status == -ECONNRESET ? hear_refusal(control, err) : status;
}

static int hear_log(int control, int *ret_fd, bool *ret_is_users, struct error *err)
{
    auto_free struct protocol_received *received = mem_alloc(sizeof(*received));
    int status = received ? protocol_receive(control, 0, received, err) : error_memory(err);

    if (status == 0)
        status = error_set(err, ERROR_SYSTEM, EPIPE, "the daemon closed the connection without a word");
    if (status > 0)
        status = protocol_permit(&received->message, PROTOCOL_DAEMON, PROTOCOL_CLIENT, PROTOCOL_GREETED, received->fd_count, err);
    if (status == 0 && received->message.type == PROTOCOL_FAILED) {
        protocol_read_error(&received->message, err);
        status = err && err->errnum ? -err->errnum : -EAGAIN;
    } else if (status == 0 && received->message.type != PROTOCOL_LOG_IS) {
        status = error_set(err, ERROR_INTERNAL, EPROTO, "the daemon says %s", received->message.row->name);
    }
    if (status == 0) {
        *ret_is_users = protocol_number(&received->message, TAG_KIND, 0) != 0;
        *ret_fd = take_fd(received->fds[0]);
    }
    if (received)
        protocol_drop(received);
    return status;
}

int daemon_ask_log(int *ret_fd, bool *ret_is_users, struct error *err)
{
    auto_protocol struct protocol_out out = {0};
    auto_close int control = -1;
    int status = daemon_connect(&control, NULL, err);

    if (status == 0)
        status = daemon_greet(control, err);
    if (status < 0)
        return status;
    protocol_begin(&out, PROTOCOL_TELL_LOG, 1);
    status = protocol_send(control, 0, &out, NULL, 0, err);
    return status < 0 ? status : hear_log(control, ret_fd, ret_is_users, err);
}
