/* SPDX-License-Identifier: Apache-2.0 */
/* The host's /etc/hosts, read once while there is a file system. */
#ifndef CORDON_GATEWAY_DNS_HOSTS_H
#define CORDON_GATEWAY_DNS_HOSTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "base/error.h"
#include "net/address.h"

#define DNS_HOSTS_MAX      4096 /* pairs of name and address */
#define DNS_HOSTS_SIZE_MAX ((size_t)16 << 20)

struct dns_hosts;

/*
 * As hosts(5) says. Skipped: lines that are none, names that no host has, and addresses that no container reaches
 * (loopback, unspecified), which lists against advertising have by the ten thousands. A file that is not there is empty.
 */
int dns_hosts_read(const char *path, struct dns_hosts **ret_hosts, struct error *err) must_check;
void dns_hosts_free(struct dns_hosts *hosts);

/* Its addresses of this family, at most `room`. False: the name is not in the file, for no family. */
bool dns_hosts_find(const struct dns_hosts *hosts, const char *name, int family, struct net_address *ret_addresses,
                    size_t room, size_t *ret_count);

#endif
