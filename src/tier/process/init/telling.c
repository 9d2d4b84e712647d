/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parent is told of connections: what a process executes that connects, before it does, since it may be gone when
 * the gateway's word of the connection is read; and what the kernel refuses, of which the gateway never hears. The program
 * must not wait for the parent: the one is written to memory without a word, which would wake it, and where the socket has
 * no room for the other it is counted.
 */
#include <linux/errno.h>
#include <linux/tcp.h>

#include "tier/process/init/keeper.h"

#define AF_INET_FAMILY  2 /* <sys/socket.h> belongs to a C library */
#define AF_INET6_FAMILY 10
#define LEVEL_SOCKET    1
#define OPTION_PROTOCOL 38
#define LEVEL_TCP       6
#define STATE_CLOSE     7 /* TCP_CLOSE */

/* `exe` gets no zero behind it; 0 = it cannot be told, and the parent may still find it. */
static size_t read_exe(const struct keeper *keeper, const struct call *call, char *exe, size_t size)
{
    char path[32], *end = path + sizeof(path);
    long length;

    string_append(string_append_number(path, end, call->tid), end, "/exe");
    length = sys_call4(readlinkat, keeper->proc, path, exe, size);
    return length < 0 || length == (long)size ? 0 : (size_t)length;
}

void telling_process(struct keeper *keeper, const struct call *call, uint32_t process)
{
    struct record_who *slot = &keeper->who[process % RECORD_WHO_COUNT];
    char exe[RECORD_EXE_SIZE] not_initialised;
    size_t length = read_exe(keeper, call, exe, sizeof(exe));

    if (slot->process == process && slot->length == length && !memcmp(slot->exe, exe, length))
        return;
    __atomic_store_n(&slot->turn, slot->turn + 1, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    slot->process = process;
    slot->length = (uint32_t)length;
    memcpy(slot->exe, exe, length);
    __atomic_store_n(&slot->turn, slot->turn + 1, __ATOMIC_RELEASE);
}

/* Into an address of the container's own loopback nobody is refused. */
static int is_loopback(const struct record_refusal *refusal)
{
    static const uint8_t none[16], mapped[12] = {[10] = 0xff, [11] = 0xff};
    const uint8_t *address = refusal->address;

    if (refusal->family == AF_INET6_FAMILY) {
        if (!memcmp(address, none, 15))
            return address[15] <= 1;
        if (memcmp(address, mapped, sizeof(mapped)) != 0)
            return 0;
        address += sizeof(mapped);
    }
    return address[0] == 127 || !memcmp(address, none, 4);
}

/* 0 = nowhere that somebody could be refused. */
static int read_name(const unsigned char *name, size_t length, struct record_refusal *refusal)
{
    if (length < 8)
        return 0;
    refusal->family = (uint16_t)(name[0] | name[1] << 8);
    refusal->port = (uint16_t)(name[2] << 8 | name[3]);
    if (refusal->family == AF_INET_FAMILY)
        memcpy(refusal->address, name + 4, 4);
    else if (refusal->family == AF_INET6_FAMILY && length >= 24)
        memcpy(refusal->address, name + 8, 16);
    else
        return 0;
    return !is_loopback(refusal);
}

/*
 * The errno of a refusal, or 0. Who does not wait hears of a closed port later; on lo it is known by now, and looking at it
 * must not take it from the program. One that was connected, and then reset, has had an answer to its first byte.
 */
static long refusal_of(int socket, long status)
{
    struct tcp_info info = {0};
    int size = sizeof(info);

    switch (status) {
    case -EACCES:
    case -EPERM:
    case -ECONNREFUSED:
    case -ENETUNREACH:
    case -EHOSTUNREACH:
        return -status;
    case -EINPROGRESS:
        if (sys_call5(getsockopt, socket, LEVEL_TCP, TCP_INFO, &info, &size) >= 0 && info.tcpi_state == STATE_CLOSE &&
            !info.tcpi_bytes_acked)
            return ECONNREFUSED;
        return 0;
    default:
        return 0;
    }
}

void telling_result(struct keeper *keeper, const struct call *call, const struct waiting *waiting, const void *name,
                    size_t length, long status)
{
    struct message message = {.type = MESSAGE_REFUSED};
    struct record_refusal *refusal = &message.refusal;
    uint32_t mark = waiting->mark;
    int protocol = 0, size = sizeof(protocol);
    long process;

    if (status == 0 || !(keeper->record->flags & RECORD_TELLS) || !read_name(name, length, refusal))
        return;
    message.value = (int32_t)refusal_of(waiting->socket, status);
    if (!message.value)
        return;
    if (!mark && call) {
        process = marks_process(keeper, call);
        mark = process > 0 && process <= RECORD_MARK_PROCESS ? (uint32_t)process : 0;
        message.object[read_exe(keeper, call, message.object, sizeof(message.object))] = '\0';
    }
    sys_call5(getsockopt, waiting->socket, LEVEL_SOCKET, OPTION_PROTOCOL, &protocol, &size);
    refusal->process = mark & RECORD_MARK_PROCESS;
    refusal->program = mark >> RECORD_MARK_SHIFT;
    refusal->protocol = (uint32_t)protocol;
    refusal->lost = keeper->untold;
    if (message_offer(keeper->control, &message, -1) < 0)
        keeper->untold++;
    else
        keeper->untold = 0;
}
