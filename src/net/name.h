/* SPDX-License-Identifier: Apache-2.0 */
/* Names of hosts in the one spelling in which they are compared. */
#ifndef CORDON_NET_NAME_H
#define CORDON_NET_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "base/error.h"
#include "net/address.h"

#define NET_NAME_SIZE 254 /* 253 bytes and the end (RFC 1035, 2.3.4) */

/*
 * A host's name: labels of letters, digits, '-' and '_' (1..63 bytes, no '-' at either end), lower case; international
 * names only as their A-labels (xn--, RFC 5890). Refused: anything else, a trailing dot, an empty label, control bytes
 * and NUL, and whatever a program could take for an address (RFC 6943, 3.1.1: a last label of digits only, or 0x...).
 */
int net_name_canonical(const char *text, size_t size, char ret_name[NET_NAME_SIZE], struct error *err) must_check;

/* The same of a rule's: a name, or "*." and a name of at least two labels. */
int net_pattern_canonical(const char *text, size_t size, char ret_pattern[NET_NAME_SIZE], struct error *err) must_check;

/* Equal, or `pattern` is "*." and `name` has exactly one label more than what follows. Both canonical. */
bool net_name_matches(const char *pattern, const char *name);

/* What stands before the port in an authority (RFC 3986, 3.2.2): a name, or an address written in full. */
struct net_host {
    bool is_address;
    char name[NET_NAME_SIZE]; /* where it is none */
    struct net_address address;
};

/*
 * `HOST`, `HOST:PORT`, `[IPV6]:PORT`, of a Host header, an :authority or a CONNECT. *ret_port is 0 where none is written.
 * Refused: user information, zones, percent-encoding, octal, hexadecimal and short IPv4, port 0, white space.
 */
int net_authority_parse(const char *text, size_t size, struct net_host *ret_host, unsigned *ret_port,
                        struct error *err) must_check;

#endif
