/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Say to a service what it should not be told, then see whether it still answers others. Arguments: way, path of its socket.
 * Ways: huge (messages as large as a socket takes), forged (random ones, with descriptors), silent (many connections that say
 * nothing), reach (only whether it can be reached). It is answered when a connection is heard of within the deadline.
 */
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "attempt.h"

#define SILENT 300
#define FORGED 200
#define HUGE   (192 * 1024)

static struct sockaddr_un address = {.sun_family = AF_UNIX};

static int reach(void)
{
    int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

    if (fd < 0 || fcntl(fd, F_SETFL, O_NONBLOCK) < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
        if (fd >= 0)
            close(fd);
        return -1;
    }
    return fd;
}

/* With descriptors of ours, as many as one message takes. */
static void send_it(int fd, const void *bytes, size_t size, int descriptors)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(253 * sizeof(int))];
    } ancillary = {0};
    struct iovec part = {(void *)(uintptr_t)bytes, size};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

    if (descriptors) {
        message.msg_control = &ancillary;
        message.msg_controllen = CMSG_SPACE((size_t)descriptors * sizeof(int));
        ancillary.header = (struct cmsghdr){.cmsg_len = CMSG_LEN((size_t)descriptors * sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
        for (int i = 0; i < descriptors; i++)
            memcpy(CMSG_DATA(&ancillary.header) + (size_t)i * sizeof(int), &fd, sizeof(fd));
    }
    (void)!sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void send_forged(bool is_huge)
{
    static unsigned char bytes[HUGE];
    unsigned long long state = 88172645463325252ull; /* the same each time */

    for (int i = 0; i < FORGED; i++) {
        int fd = reach();
        size_t size = is_huge ? sizeof(bytes) >> (i % 4) : (size_t)(i % 600) + 1;

        for (size_t at = 0; at < size; at++) {
            state ^= state << 13, state ^= state >> 7, state ^= state << 17;
            bytes[at] = (unsigned char)state;
        }
        if (i % 3 == 0)
            memset(bytes, i % 2 ? 0xff : 0, size < 16 ? size : 16);
        if (fd >= 0) {
            send_it(fd, bytes, size, is_huge ? 0 : i % 4 == 3 ? 253 : i % 4);
            close(fd);
        }
    }
}

static void be_silent(void)
{
    struct rlimit most;

    if (getrlimit(RLIMIT_NOFILE, &most) == 0) {
        most.rlim_cur = most.rlim_max;
        setrlimit(RLIMIT_NOFILE, &most);
    }
    for (int i = 0; i < SILENT; i++)
        reach();
}

/* The right question at /run/cordon/self, whose answer begins with a status; any other service answers what it wants. Who is turned away asks again. */
static bool ask(void)
{
    static struct {
        unsigned magic, audiences;
        unsigned long long seconds;
        unsigned digest_size, unused;
        char digest[64], what[32], context[72], nonce[136], to[1024], audience[4][512], token[16384];
    } question = {.magic = 0x64496c53, .what = "name"};
    struct pollfd waiting = {.fd = reach(), .events = POLLIN};
    char answer[64];
    bool is_answered = waiting.fd >= 0 && send(waiting.fd, &question, sizeof(question), MSG_NOSIGNAL) > 0 &&
                       poll(&waiting, 1, ATTEMPT_DEADLINE_MS / 4) == 1 && recv(waiting.fd, answer, sizeof(answer), 0) > 0;

    if (waiting.fd >= 0)
        close(waiting.fd);
    return is_answered;
}

static bool is_answered(void)
{
    for (long long end = now_ms() + ATTEMPT_DEADLINE_MS; now_ms() < end; pause_ms(20))
        if (ask())
            return true;
    return false;
}

int main(int argc, char **argv)
{
    const char *way = argument(argc, argv, 1), *path = argument(argc, argv, 2);

    if (strlen(path) >= sizeof(address.sun_path)) {
        errno = ENAMETOOLONG;
        broken("the name of the socket");
    }
    strcpy(address.sun_path, path);
    if (strcmp(way, "reach") == 0)
        decide(reach(), "connect");
    if (!is_answered()) {
        errno = ETIMEDOUT;
        broken("it did not answer before either");
    }
    if (strcmp(way, "silent") == 0)
        be_silent();
    else
        send_forged(strcmp(way, "huge") == 0);
    if (!is_answered())
        succeeded("it answers nobody any more");
    refused_because("it answers all the same");
}
