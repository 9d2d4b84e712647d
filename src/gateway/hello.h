/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a connection says of itself before anything of it goes out: the server name of a TLS ClientHello, the host of a
 * plain HTTP/1 request. Reads what has arrived so far, keeps nothing, allocates nothing.
 */
#ifndef CORDON_GATEWAY_HELLO_H
#define CORDON_GATEWAY_HELLO_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "net/name.h"

#define HELLO_MAX ((size_t)16384) /* what does not end within this is wrong */

enum hello {
    HELLO_MORE = 0, /* it may still say a name */
    HELLO_NAME,     /* *ret_name, canonical */
    HELLO_NOTHING,  /* a protocol that names nobody */
    HELLO_NO_NAME,  /* TLS or HTTP that could have said a name, and does not */
    HELLO_WRONG,    /* it is TLS or HTTP, and does not say it once and in a form that all readers take alike */
};

/* `bytes` are the first of the connection; of more than HELLO_MAX only these are looked at. */
enum hello hello_read(const unsigned char *bytes, size_t size, char ret_name[NET_NAME_SIZE]) must_check;

/* Of a hello of TLS that hello_read() found a name in: how long it is; 0 = it was none. */
size_t hello_size(const unsigned char *bytes, size_t size) must_check;

/* Are these the first bytes of TLS; of requests that can be read, over HTTP/1 or by prior knowledge over HTTP/2? */
bool hello_is_tls(const unsigned char *bytes, size_t size);
bool hello_is_http(const unsigned char *bytes, size_t size);

/* The two forms; hello_read() chooses by the first byte. */
enum hello hello_read_tls(const unsigned char *bytes, size_t size, char ret_name[NET_NAME_SIZE]) must_check;
enum hello hello_read_http(const unsigned char *bytes, size_t size, char ret_name[NET_NAME_SIZE]) must_check;

#endif
