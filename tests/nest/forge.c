/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program in a container that says to whoever makes containers inside what it should not:
 *   forge give KIND  a request that holds, whose standard input is of that kind: "directory", "opath", "opath-file", "asking" or "file" (./given); prints
 *                    what came back and what the program (cat, or ls of a directory) printed
 *   forge flood N [ROUNDS]  as below, so often; then the number of descriptors that are left
 *   forge KIND       one packet of that kind; prints what came back: "refused TEXT", "gone", "nothing" or "started"
 *   forge flood N    N sockets at once, each with a request that holds; prints how many were refused, and how many are open
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* As src/sdk/nest/wire.h has it; the sizes are compared there. */
struct packet {
    uint32_t magic, type;
    int32_t value;
    uint32_t streams;
    uint16_t rows, columns;
    uint32_t depth, number;
    char id[27];
    union {
        char status[256];
        struct {
            int32_t kind, errnum;
            char text[504];
        } error;
    } __attribute__((aligned(8)));
};

static int reach(void)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "/run/cordon/containers"};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    for (int i = 0; i < 1000; i++) {
        if (connect(fd, (struct sockaddr *)&name, sizeof(name)) == 0)
            return fd;
        if (errno != EAGAIN)
            break;
        usleep(10000);
    }
    close(fd);
    return -1;
}

static int send_it(int socket, const void *bytes, size_t size, const int *fds, size_t count)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(64 * sizeof(int))];
    } ancillary = {0};
    struct iovec vector = {(void *)(uintptr_t)bytes, size};
    struct msghdr header = {.msg_iov = &vector, .msg_iovlen = 1};

    if (count) {
        ancillary.header = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(count * sizeof(int))};
        memcpy(CMSG_DATA(&ancillary.header), fds, count * sizeof(int));
        header.msg_control = &ancillary;
        header.msg_controllen = CMSG_SPACE(count * sizeof(int));
    }
    return sendmsg(socket, &header, MSG_NOSIGNAL) == (ssize_t)size ? 0 : -1;
}

static void put(int fd, uint32_t field, const char *text)
{
    uint32_t head[2] = {field, (uint32_t)strlen(text)};

    if (write(fd, head, sizeof(head)) < 0 || write(fd, text, strlen(text)) < 0)
        exit(2);
}

static int memory(int is_sealed)
{
    int fd = memfd_create("x", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    put(fd, 3, "base");
    put(fd, 6, "/");
    put(fd, 8, "/bin/sleep");
    put(fd, 8, "100");
    if (is_sealed)
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
    return fd;
}

static int answer(int socket)
{
    struct packet packet = {0};
    struct pollfd one = {.fd = socket, .events = POLLIN};
    ssize_t got;

    if (poll(&one, 1, 20000) <= 0)
        return printf("nothing\n");
    do
        got = recv(socket, &packet, sizeof(packet), 0);
    while (got < 0 && errno == ECONNRESET);
    if (got <= 0)
        return printf("gone\n");
    if (packet.type == 7)
        return printf("refused %.500s\n", packet.error.text);
    return printf(packet.type == 5 ? "started\n" : "something else\n");
}

/* Everything that seals could be but are not. */
static int half_sealed(const char *kind)
{
    int fd = memory(0);

    if (strcmp(kind, "size") == 0)
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
    else if (strcmp(kind, "write") == 0)
        fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SEAL);
    else { /* what is mapped already stays writable */
        void *mapped = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

        if (mapped == MAP_FAILED)
            exit(2);
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL);
    }
    return fd;
}

/* Its program reads what stdin is: of a directory what lies in it and beside it. */
static int reads_input(void)
{
    int fd = memfd_create("x", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    const char *const words[] = {"/bin/sh", "-c", "cat 0<&0; ls /proc/self/fd/0/; cat /proc/self/fd/0/beside /proc/self/fd/0/../beside; cd /proc/self/fd/0 && cat beside"};

    put(fd, 3, "base");
    put(fd, 6, "/");
    for (int i = 0; i < 3; i++)
        put(fd, 8, words[i]);
    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
    return fd;
}

static int give(const char *kind)
{
    struct packet ask = {.magic = 0x3174654eu, .type = 1, .streams = 7}, packet = {0};
    int socket = reach(), fds[4] = {reads_input(), -1, 1, 1};

    if (socket < 0)
        return printf("no door\n"), 1;
    if (strcmp(kind, "directory") == 0)
        fds[1] = open(".", O_RDONLY | O_DIRECTORY);
    else if (strcmp(kind, "opath") == 0)
        fds[1] = open(".", O_PATH | O_DIRECTORY);
    else if (strcmp(kind, "opath-file") == 0)
        fds[1] = open("given", O_PATH);
    else if (strcmp(kind, "asking") == 0) /* what one may ask with, for one that may not */
        fds[1] = socket;
    else
        fds[1] = open("given", O_RDONLY);
    fflush(stdout);
    send_it(socket, &ask, sizeof(ask), fds, 4);
    while (recv(socket, &packet, sizeof(packet), 0) > 0 && packet.type == 5)
        printf("started\n"), fflush(stdout);
    return packet.type == 7 ? printf("refused %.500s\n", packet.error.text) : printf("ended\n");
}

static int flood(int count)
{
    int refused = 0, open = 0, *sockets = calloc((size_t)count, sizeof(int)), sealed = memory(1);
    struct packet ask = {.magic = 0x3174654eu, .type = 1};

    for (int i = 0; i < count; i++) {
        sockets[i] = reach();
        if (sockets[i] >= 0)
            send_it(sockets[i], &ask, sizeof(ask), &sealed, 1);
    }
    for (int i = 0; i < count; i++) {
        struct packet packet = {0};
        struct pollfd one = {.fd = sockets[i], .events = POLLIN};
        ssize_t got = -1;

        if (sockets[i] >= 0 && poll(&one, 1, 20000) > 0)
            do
                got = recv(sockets[i], &packet, sizeof(packet), MSG_DONTWAIT);
            while (got < 0 && errno == ECONNRESET);
        if (got > 0 && packet.type == 5)
            open++;
        else
            refused++;
    }
    for (int i = 0; i < count; i++)
        close(sockets[i]);
    free(sockets);
    close(sealed);
    printf("refused %d started %d\n", refused, open);
    return 0;
}

int main(int argc, char **argv)
{
    struct packet ask = {.magic = 0x3174654eu, .type = 1};
    int fds[64], socket, pipes[2];
    const char *kind = argc > 1 ? argv[1] : "";

    if (argc > 2 && strcmp(kind, "give") == 0)
        return give(argv[2]);
    for (int i = argc > 3 ? atoi(argv[3]) : 1; argc > 2 && strcmp(kind, "flood") == 0; i--)
        if (flood(atoi(argv[2])) || i <= 1)
            return 0;
    socket = reach();
    if (socket < 0 || pipe(pipes) < 0)
        return printf("no door\n"), 1;
    for (int i = 0; i < 64; i++)
        fds[i] = open("/dev/null", O_RDWR);
    if (strcmp(kind, "short") == 0)
        send_it(socket, &ask, 8, NULL, 0);
    else if (strcmp(kind, "long") == 0)
        send_it(socket, memset(malloc(100000), 'x', 100000), 100000, NULL, 0);
    else if (strcmp(kind, "magic") == 0)
        ask.magic++, fds[0] = memory(1), send_it(socket, &ask, sizeof(ask), fds, 1);
    else if (strcmp(kind, "bare") == 0)
        send_it(socket, &ask, sizeof(ask), NULL, 0);
    else if (strcmp(kind, "pipe") == 0)
        send_it(socket, &ask, sizeof(ask), pipes, 1);
    else if (strcmp(kind, "unsealed") == 0)
        fds[0] = memory(0), send_it(socket, &ask, sizeof(ask), fds, 1);
    else if (strcmp(kind, "size") == 0 || strcmp(kind, "write") == 0 || strcmp(kind, "mapped") == 0)
        fds[0] = half_sealed(kind), send_it(socket, &ask, sizeof(ask), fds, 1);
    else if (strcmp(kind, "many") == 0)
        fds[0] = memory(1), send_it(socket, &ask, sizeof(ask), fds, 64);
    else if (strcmp(kind, "streams") == 0) /* says more of them than it sends */
        ask.streams = 7, fds[0] = memory(1), send_it(socket, &ask, sizeof(ask), fds, 2);
    else if (strcmp(kind, "hello") == 0) /* what only the starter says */
        ask.type = 8, fds[0] = memory(1), send_it(socket, &ask, sizeof(ask), fds, 4);
    else if (strcmp(kind, "forward") == 0)
        ask.type = 11, fds[0] = memory(1), send_it(socket, &ask, sizeof(ask), fds, 5);
    else if (strcmp(kind, "kill") == 0) /* before anything runs */
        ask.type = 3, send_it(socket, &ask, sizeof(ask), NULL, 0);
    else if (strcmp(kind, "fields") == 0) {
        int fd = memfd_create("x", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        uint32_t lies[2] = {3, 0xfffffff0u};

        if (write(fd, lies, sizeof(lies)) < 0)
            return 2;
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
        send_it(socket, &ask, sizeof(ask), &fd, 1);
    } else if (strcmp(kind, "level") == 0) { /* what is around is not for a request to say */
        int fd = memfd_create("x", MFD_CLOEXEC | MFD_ALLOW_SEALING);

        put(fd, 3, "base");
        put(fd, 6, "/");
        put(fd, 16, "spiffe://local.x/host/x/user/0/agent/root/01m83mt7byxdb5xwqsvzs3sqjt");
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
        send_it(socket, &ask, sizeof(ask), &fd, 1);
    } else if (strcmp(kind, "right") == 0)
        fds[0] = memory(1), send_it(socket, &ask, sizeof(ask), fds, 1);
    else if (strcmp(kind, "silent") == 0)
        return sleep(1), printf("left\n"), 0;
    answer(socket);
    return 0;
}
