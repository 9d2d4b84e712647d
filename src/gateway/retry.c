/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records of TLS that follow the first ClientHello.
 *
 * System calls: recvfrom, sendto.
 */
#include "gateway/retry.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "gateway/flow.h"

#define RECORD_HANDSHAKE 22
#define RECORD_HEADER    5
#define SERVER_HELLO     2
#define ANSWER_RANDOM    11 /* behind the headers of record and message, and a version */
#define RANDOM_BYTES     32

enum retry_answer retry_read_answer(const unsigned char *bytes, size_t size)
{
    /* SHA-256 of "HelloRetryRequest": a ServerHello with this as its random number is one */
    static const unsigned char retry[RANDOM_BYTES] = {
        0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
        0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
    };

    if (size == 0)
        return RETRY_ANSWER_MORE;
    if (bytes[0] != RECORD_HANDSHAKE)
        return RETRY_ANSWER_OTHER;
    if (size <= RECORD_HEADER)
        return RETRY_ANSWER_MORE;
    if (bytes[RECORD_HEADER] != SERVER_HELLO)
        return RETRY_ANSWER_OTHER;
    if (((size_t)bytes[3] << 8 | bytes[4]) < RETRY_ANSWER_BYTES - RECORD_HEADER)
        return RETRY_ANSWER_WRONG;
    if (size < RETRY_ANSWER_BYTES)
        return RETRY_ANSWER_MORE;
    return memcmp(bytes + ANSWER_RANDOM, retry, RANDOM_BYTES) == 0 ? RETRY_ANSWER_RETRY : RETRY_ANSWER_OTHER;
}

enum hello retry_read_second(const unsigned char *bytes, size_t size, char ret_name[NET_NAME_SIZE])
{
    static const unsigned char change[] = {20, 3, 3, 0, 1, 1};
    size_t common = size < sizeof(change) ? size : sizeof(change);

    if (common && memcmp(bytes, change, common) == 0) {
        if (common < sizeof(change))
            return HELLO_MORE;
        bytes += sizeof(change);
        size -= sizeof(change);
    }
    return size ? hello_read_tls(bytes, size, ret_name) : HELLO_MORE;
}

/* ---- of a connection ---- */

static void set_step(struct flow *flow, enum retry_step step)
{
    flow->retry = step;
    flow->pump.ways[PUMP_UP].is_held = step != RETRY_NONE;
    flow->pump.ways[PUMP_DOWN].is_held = step == RETRY_SEND || step == RETRY_ANSWER;
    if (step == RETRY_SECOND)
        loop_start(flow->gateway->loop, &flow->hello_timer, FLOW_HELLO_MS);
    else
        loop_cancel(flow->gateway->loop, &flow->hello_timer);
}

void retry_begin(struct flow *flow, size_t size)
{
    flow->hello_left = size;
    if (size)
        set_step(flow, RETRY_SEND);
}

/* What waits at one side, in gateway->peeked. */
static ssize_t peek(struct flow *flow, unsigned side, size_t most)
{
    return recv(flow->pump.sides[side].fd, flow->gateway->peeked, most, MSG_PEEK | MSG_DONTWAIT);
}

static int send_first(struct flow *flow)
{
    struct gateway *gateway = flow->gateway;
    ssize_t size = peek(flow, 0, flow->hello_left), sent;
    size_t may;

    if (size <= 0)
        return size < 0 ? -errno : -ECONNRESET;
    may = pump_take(&flow->pump, PUMP_UP, (size_t)size);
    if (!may)
        return 0;
    sent = send(flow->pump.sides[1].fd, gateway->peeked, may, MSG_DONTWAIT | MSG_NOSIGNAL);
    pump_give(&flow->pump, PUMP_UP, may - (sent > 0 ? (size_t)sent : 0));
    if (sent < 0 && errno != EAGAIN)
        return -errno;
    if (sent < (ssize_t)may)
        flow->pump.sides[1].can_write = false;
    if (sent <= 0)
        return 0;
    if (recv(flow->pump.sides[0].fd, gateway->peeked, (size_t)sent, MSG_TRUNC | MSG_DONTWAIT) != sent)
        return -EIO;
    flow->pump.ways[PUMP_UP].bytes += (uint64_t)sent;
    flow->hello_left -= (size_t)sent;
    if (!flow->hello_left)
        set_step(flow, RETRY_ANSWER);
    return 0;
}

static int read_answer(struct flow *flow)
{
    ssize_t size = peek(flow, 1, RETRY_ANSWER_BYTES);

    if (size < 0)
        return errno == EAGAIN ? 0 : -errno;
    if (size == 0) {
        set_step(flow, RETRY_NONE); /* it will ask for nothing more */
        return 0;
    }
    switch (retry_read_answer(flow->gateway->peeked, (size_t)size)) {
    case RETRY_ANSWER_MORE:
        return flow->pump.sides[1].has_hung_up ? -EACCES : 0;
    case RETRY_ANSWER_OTHER:
        set_step(flow, RETRY_NONE);
        return 0;
    case RETRY_ANSWER_RETRY:
        set_step(flow, RETRY_SECOND);
        return 0;
    case RETRY_ANSWER_WRONG:
        break;
    }
    return -EACCES;
}

static int read_second(struct flow *flow)
{
    ssize_t size = peek(flow, 0, sizeof(flow->gateway->peeked));
    char name[NET_NAME_SIZE];
    enum hello hello;

    if (size < 0)
        return errno == EAGAIN ? 0 : -errno;
    hello = retry_read_second(flow->gateway->peeked, (size_t)size, name);
    if (hello == HELLO_MORE)
        return flow->pump.sides[0].has_hung_up ? -EACCES : 0;
    if (hello != HELLO_NAME || strcmp(name, flow->said) != 0)
        return -EACCES;
    set_step(flow, RETRY_NONE);
    return 0;
}

int retry_run(struct flow *flow)
{
    int status = 0;

    if (flow->retry == RETRY_SEND && flow->pump.sides[1].can_write)
        status = send_first(flow);
    if (status == 0 && flow->retry == RETRY_ANSWER && flow->pump.sides[1].can_read)
        status = read_answer(flow);
    if (status == 0 && flow->retry == RETRY_SECOND && flow->pump.sides[0].can_read)
        status = read_second(flow);
    return status;
}
