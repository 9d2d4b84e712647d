/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two keepers of two users and what they say: the first byte of each message says which of them, and how many descriptors; then
 * two bytes of type, two of size, and the fields. Whatever they say, no answer names a container of the other user's.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/x509.h>

#include "base/memory.h"
#include "signer/signer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW ((time_t)1800000000)

static struct issuer *issuer;

static time_t still(void)
{
    return NOW;
}

/* Once: keys cost more than messages. */
static void make_issuer(void)
{
    char directory[] = "/tmp/fuzz-signer-XXXXXX", command[64];
    struct identity_name host;
    struct error err = ERROR_INIT;

    if (!mkdtemp(directory) || identity_host("local.test", "box", &host, &err) < 0 || issuer_open(directory, &host, NOW, &issuer, &err) < 0)
        abort();
    snprintf(command, sizeof(command), "rm -r %s", directory);
    if (system(command) != 0)
        abort();
}

struct world {
    struct signer signer;
    int ends[2]; /* the keepers' */
    uint32_t uids[2];
};

static void open_world(struct world *world)
{
    world->signer.issuer = issuer;
    world->signer.now = still;
    for (int i = 0; i < 2; i++) {
        struct identity_name within;
        int pair[2];

        identity_user(&issuer->host, world->uids[i] = 1000 + (uint32_t)i, &within);
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0 || signer_connect(&world->signer, pair[0], &within, false, NULL) < 0)
            abort();
        world->ends[i] = pair[1];
    }
}

/* -1: it was let go. */
static struct signer_connection *connection_of(struct world *world, uint32_t uid)
{
    for (struct signer_connection *at = world->signer.connections; at; at = at->next)
        if (at->within.uid == uid)
            return at;
    return NULL;
}

static void check_answer(const struct world *world, int who)
{
    static struct protocol_received received;
    struct error err = ERROR_INIT;

    while (protocol_receive(world->ends[who], MSG_DONTWAIT, &received, &err) > 0) {
        if (protocol_permit(&received.message, PROTOCOL_SIGNER, PROTOCOL_KEEPER, PROTOCOL_JOINED, received.fd_count, &err) < 0)
            abort();
        if (received.message.type == PROTOCOL_SIGN_ANSWER) {
            size_t size = 0;
            const char *result = protocol_bytes(&received.message, TAG_SIGN_RESULT, &size);

            if (memmem(result, size, "PRIVATE", 7))
                abort();
        }
        protocol_drop(&received);
    }
}

static void check_world(const struct world *world)
{
    for (size_t i = 0; i < SIGNER_BUCKETS; i++)
        for (const struct signer_container *at = world->signer.buckets[i]; at; at = at->next)
            if (at->name.uid != at->of->within.uid)
                abort();
}

/* One message of the input; how much of it that was, 0 = no more. */
static size_t say(struct world *world, const uint8_t *data, size_t size)
{
    struct protocol_header header = {.magic = PROTOCOL_MAGIC, .version = PROTOCOL_VERSION, .request = 7};
    unsigned char bytes[4096];
    int who = size ? data[0] & 1 : 0, fd_count = size ? data[0] >> 1 & 3 : 0;
    size_t length;
    struct signer_connection *connection = connection_of(world, world->uids[who]);
    struct iovec part = {.iov_base = bytes};
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(3 * sizeof(int))] = {0};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

    if (size < 5)
        return 0;
    length = data[3] | (size_t)data[4] << 8;
    if (length > size - 5)
        length = size - 5;
    if (length > sizeof(bytes) - sizeof(header))
        length = sizeof(bytes) - sizeof(header);
    header.type = (uint16_t)(data[1] | data[2] << 8);
    header.size = (uint32_t)length;
    memcpy(bytes, &header, sizeof(header));
    memcpy(bytes + sizeof(header), data + 5, length);
    part.iov_len = sizeof(header) + length;
    if (fd_count) {
        struct cmsghdr *rights = (struct cmsghdr *)control;

        message.msg_control = control;
        message.msg_controllen = CMSG_SPACE((size_t)fd_count * sizeof(int));
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN((size_t)fd_count * sizeof(int));
        for (int i = 0; i < fd_count; i++)
            memcpy(CMSG_DATA(rights) + (size_t)i * sizeof(int), &world->ends[who], sizeof(int));
    }
    if (connection && sendmsg(world->ends[who], &message, MSG_DONTWAIT | MSG_NOSIGNAL) > 0 && !signer_step(connection))
        signer_close(connection);
    check_answer(world, who);
    check_world(world);
    return 5 + length;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct world *world = mem_alloc(sizeof(*world));
    size_t taken;

    if (!issuer)
        make_issuer();
    if (!world)
        abort();
    open_world(world);
    for (int messages = 0; messages < 64 && (taken = say(world, data, size)) > 0; messages++) {
        data += taken;
        size -= taken;
    }
    while (world->signer.connections)
        signer_close(world->signer.connections);
    signer_told_forget(&world->signer);
    if (world->signer.container_count)
        abort();
    close(world->ends[0]);
    close(world->ends[1]);
    mem_free(world);
    return 0;
}
