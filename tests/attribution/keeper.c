/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A keeper for tests, which the launcher executes in place of cordon-keeper. Its client says, in one packet of strings that end with
 * NUL: "run", its home, a policy file, the command; a descriptor with it is standard output and error. It answers "started PID ID" and
 * "ended STATUS", or "failed TEXT". "launcher": it answers with its socket to the launcher, for tests that play a hostile keeper; "connect", a path: with a new one.
 * "sensor": the descriptor is its connection to cordon-sensord from then on.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cordon/cordon.h>

#define STRINGS_MAX 64

static int say(int client, const char *text, int fd)
{
    struct iovec vector = {(void *)(size_t)text, strlen(text)};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } ancillary = {.header = {.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int))}};
    struct msghdr header = {.msg_iov = &vector, .msg_iovlen = 1};

    memcpy(CMSG_DATA(&ancillary.header), &fd, sizeof(fd));
    if (fd >= 0) {
        header.msg_control = &ancillary;
        header.msg_controllen = sizeof(ancillary);
    }
    return sendmsg(client, &header, MSG_NOSIGNAL) < 0 ? -1 : 0;
}

static int hear(int client, char *ret_text, size_t size, int *ret_fd)
{
    struct iovec vector = {ret_text, size - 1};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } ancillary;
    struct msghdr header = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = &ancillary, .msg_controllen = sizeof(ancillary)};
    ssize_t got = recvmsg(client, &header, MSG_CMSG_CLOEXEC);
    struct cmsghdr *first = got > 0 ? CMSG_FIRSTHDR(&header) : NULL;

    *ret_fd = -1;
    if (first && first->cmsg_type == SCM_RIGHTS)
        memcpy(ret_fd, CMSG_DATA(first), sizeof(*ret_fd));
    if (got >= 0)
        ret_text[got] = '\0';
    return (int)got;
}

static int sensor = -1;

static int begin(int launcher, int output, char **strings, struct cordon_container **ret_container, struct cordon_error *err)
{
    struct cordon_request *request = NULL;
    int status = cordon_request_new(&request, err);

    if (status == 0)
        status = cordon_request_add_policy_file(request, strings[2], err);
    if (status == 0)
        status = cordon_request_set_command(request, (const char *const *)strings + 3, err);
    if (status == 0)
        status = cordon_request_set_stdio(request, CORDON_STDIO_NULL, output, output, err);
    if (status == 0)
        status = cordon_request_set_launcher(request, launcher, err);
    if (status == 0)
        status = cordon_request_set_sensor(request, sensor, err);
    if (status == 0)
        status = cordon_spawn(request, ret_container, err);
    cordon_request_free(request);
    return status;
}

static void run(int client, int launcher, int output, char **strings)
{
    struct cordon_container *container = NULL;
    struct cordon_status status;
    struct cordon_error err;
    char text[1024];

    if (begin(launcher, output, strings, &container, &err) < 0) {
        snprintf(text, sizeof(text), "failed %s", err.text);
        say(client, text, -1);
        return;
    }
    snprintf(text, sizeof(text), "started %d %s", (int)cordon_container_pid(container), cordon_container_id(container));
    say(client, text, -1);
    if (cordon_container_wait(container, -1, &status, &err) < 0)
        snprintf(text, sizeof(text), "failed %s", err.text);
    else
        snprintf(text, sizeof(text), "ended %d", status.exit_status);
    cordon_container_free(container);
    say(client, text, -1);
}

/* A new connection of this process's. */
static void connect_to(int client, const char *path)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    snprintf(name.sun_path, sizeof(name.sun_path), "%s", path);
    say(client, connect(fd, (struct sockaddr *)&name, sizeof(name)) < 0 ? "failed" : "connected", fd);
    close(fd);
}

int main(void)
{
    const int launcher = 3, client = 4;
    char text[16384], *strings[STRINGS_MAX];
    int fd;

    setenv("PATH", "/usr/local/bin:/usr/bin:/bin", 1);
    while (hear(client, text, sizeof(text), &fd) > 0) {
        size_t count = 0;

        for (char *at = text; *at && count < STRINGS_MAX - 1; at += strlen(at) + 1)
            strings[count++] = at;
        strings[count] = NULL;
        if (count == 1 && strcmp(strings[0], "launcher") == 0)
            say(client, "launcher", launcher);
        else if (count == 1 && strcmp(strings[0], "sensor") == 0) {
            sensor = fd;
            fd = -1;
            say(client, "sensor", -1);
        } else if (count == 2 && strcmp(strings[0], "connect") == 0)
            connect_to(client, strings[1]);
        else if (count > 3 && strcmp(strings[0], "run") == 0 && setenv("HOME", strings[1], 1) == 0)
            run(client, launcher, fd, strings);
        else
            say(client, "failed what?", -1);
        if (fd >= 0)
            close(fd);
    }
    return 0;
}
