/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses as the kernel takes them, and sockets on their way to them. */
#ifndef CORDON_GATEWAY_DIAL_H
#define CORDON_GATEWAY_DIAL_H

#include <sys/socket.h>

#include "net/address.h"

socklen_t dial_address(const struct net_address *address, unsigned port, struct sockaddr_storage *ret_to);

/* A new non-blocking socket of SOCK_STREAM or SOCK_DGRAM, connected or on its way. -errno. */
int dial(int type, const struct net_address *address, unsigned port) must_check;

/* The same for a TCP socket that is there already, which is taken. */
int dial_with(int fd, const struct net_address *address, unsigned port) must_check;

#endif
