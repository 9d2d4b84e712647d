/* SPDX-License-Identifier: Apache-2.0 */
/* Which sockets a program may make, and what may not be sent with a flag. */
#include "tier/process/emitter.h"

#include <linux/in.h>
#include <sys/socket.h>

/*
 * Of the types, what TCP, UDP and ping need. AF_INET with SOCK_PACKET is a packet socket by another name, SOCK_SEQPACKET
 * and SOCK_DCCP load SCTP and DCCP. A raw socket is refused as the kernel does without the capability, on which ping
 * tries the other way.
 */
static void emit_inet(struct emitter *emitter)
{
    static const uint32_t protocols[] = {0, 1 /* ICMP */, 6 /* TCP */, 17 /* UDP */, 58 /* ICMPv6 */};

    emit_load_argument(emitter, 1);
    emit(emitter, BPF_ALU | BPF_AND | BPF_K, SOCKET_TYPE_MASK, 0, 0);
    emit_if_equal(emitter, SOCK_RAW, RETURN_ERRNO(EPERM));
    emit(emitter, BPF_JMP | BPF_JEQ | BPF_K, SOCK_STREAM, 2, 0);
    emit_unless_equal(emitter, SOCK_DGRAM, RETURN_ERRNO(ESOCKTNOSUPPORT));
    emit_load_argument(emitter, 2);
    for (size_t i = 0; i < ARRAY_COUNT(protocols); i++)
        emit_if_equal(emitter, protocols[i], SECCOMP_RET_ALLOW);
    emit_quietly(emitter, IPPROTO_MPTCP, RETURN_ERRNO(EPROTONOSUPPORT)); /* servers try it first */
    emit_return(emitter, RETURN_ERRNO(EPROTONOSUPPORT)); /* MPTCP and SCTP fall back to TCP */
}

/*
 * A datagram names its target in memory, where only the kernel reads it, so what may send any comes from the keeper.
 * SOCK_RAW is the same by another name.
 */
static void emit_unix(struct emitter *emitter)
{
    if (!emitter->plan->keeps_sockets || emitter->plan->sends_datagrams) {
        emit_if_equal(emitter, AF_UNIX, SECCOMP_RET_ALLOW);
        return;
    }
    emit(emitter, BPF_JMP | BPF_JEQ | BPF_K, AF_UNIX, 0, 7);
    emit_load_argument(emitter, 1);
    emit(emitter, BPF_ALU | BPF_AND | BPF_K, SOCKET_TYPE_MASK, 0, 0);
    emit_if_equal(emitter, SOCK_DGRAM, SECCOMP_RET_USER_NOTIF);
    emit_if_equal(emitter, SOCK_RAW, SECCOMP_RET_USER_NOTIF);
    emit_return(emitter, SECCOMP_RET_ALLOW);
}

static void emit_socket(struct emitter *emitter)
{
    emit_load_argument(emitter, 0);
    emit_unix(emitter);
    if (emitter->plan->allows_inet) {
        size_t skip;

        emit(emitter, BPF_JMP | BPF_JEQ | BPF_K, AF_INET, 2, 0);
        emit(emitter, BPF_JMP | BPF_JEQ | BPF_K, AF_INET6, 1, 0);
        skip = emitter->length;
        emit(emitter, BPF_JMP | BPF_JA, 0, 0, 0);
        emit_inet(emitter);
        if (skip < FILTER_LENGTH_MAX)
            emitter->program[skip].k = (uint32_t)(emitter->length - skip - 1);
    }
    emit_unless_equal(emitter, AF_NETLINK, RETURN_ERRNO(EAFNOSUPPORT));
    emit_load_argument(emitter, 2);
    emit_if_equal(emitter, 0 /* NETLINK_ROUTE */, SECCOMP_RET_ALLOW);
    emit_return(emitter, RETURN_ERRNO(EAFNOSUPPORT));
}

/* As a kernel answers that has fast open switched off, on which programs connect. */
static void emit_send(struct emitter *emitter, unsigned index)
{
    if (emitter->plan->marks_programs) {
        emit_load_argument(emitter, index);
        emit(emitter, BPF_JMP | BPF_JSET | BPF_K, MSG_FASTOPEN, 0, 1);
        emit_return(emitter, RETURN_ERRNO(EOPNOTSUPP));
    }
    emit_return(emitter, SECCOMP_RET_ALLOW);
}

bool emit_about_sockets(struct emitter *emitter, enum filter_verdict verdict)
{
    switch (verdict) {
    case FILTER_SOCKET:
        emit_socket(emitter);
        return true;
    case FILTER_SOCKETPAIR:
        emit_load_argument(emitter, 0);
        emit_unix(emitter);
        emit_return(emitter, RETURN_ERRNO(EAFNOSUPPORT));
        return true;
    case FILTER_SEND_2:
    case FILTER_SEND_3:
        emit_send(emitter, verdict == FILTER_SEND_2 ? 2 : 3);
        return true;
    default:
        return false;
    }
}
