/* SPDX-License-Identifier: Apache-2.0 */
/*
 * After the ClientHello: a server may ask for a second one (HelloRetryRequest, RFC 8446, 4.1.4), and many then serve the
 * name that the second says. So nothing but the first goes up before the server has answered, and what it asks for is
 * compared with the first.
 */
#ifndef CORDON_GATEWAY_RETRY_H
#define CORDON_GATEWAY_RETRY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "gateway/hello.h"

enum retry_step {
    RETRY_NONE = 0, /* nothing is looked at, or nothing more */
    RETRY_SEND,     /* the first hello goes up */
    RETRY_ANSWER,   /* the server's first bytes are waited for */
    RETRY_SECOND,   /* the second hello is */
};

/* What a server answers a hello with. */
enum retry_answer {
    RETRY_ANSWER_MORE = 0, /* too little to tell */
    RETRY_ANSWER_OTHER,    /* no second hello will be read */
    RETRY_ANSWER_RETRY,
    RETRY_ANSWER_WRONG, /* in pieces that no server has a reason for */
};
#define RETRY_ANSWER_BYTES ((size_t)43)
enum retry_answer retry_read_answer(const unsigned char *bytes, size_t size) must_check;

/* The second hello, or a change of cipher specification (for middleboxes) and then it: as hello_read_tls(). */
enum hello retry_read_second(const unsigned char *bytes, size_t size, char ret_name[NET_NAME_SIZE]) must_check;

struct flow;

/* The flow was permitted by the name of a hello of `size` bytes (0: of no hello of TLS). */
void retry_begin(struct flow *flow, size_t size);

/*
 * What can be done now; the pump's ways are held meanwhile. 0, -EACCES where the second hello is not the first one's, or
 * another -errno.
 */
int retry_run(struct flow *flow) must_check;

#endif
