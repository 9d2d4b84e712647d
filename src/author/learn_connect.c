/* SPDX-License-Identifier: Apache-2.0 */
/* What connections need: a socket of the host, a host by its name, an address; or why nobody should learn it. */
#include <netinet/in.h>
#include <string.h>

#include "author/learn_needs.h"
#include "net/address.h"
#include "net/name.h"

static int omit(struct finding *f, const struct learn_use *use, const char *text, const char *reason, bool is_sensitive)
{
    return learn_omit(f->learned, use, text, reason, is_sensitive, f->err);
}

/* Whoever talks to an agent of keys uses them; where such a socket lies is up to who started it. */
static bool is_agent(const char *path)
{
    const char *name = path_base(path);

    return strncmp(name, "S.gpg-agent", 11) == 0 || strstr(path, "/ssh-") || strncmp(name, "agent.", 6) == 0 ||
           strstr(name, "ssh-agent") || strstr(name, "ssh_auth");
}

static int find_socket(struct finding *f, const struct learn_use *use)
{
    if (learn_is_made(f, use->path))
        return 0;
    if (is_agent(use->path))
        return omit(f, use, use->path, "an agent that holds keys", true);
    if (use->is_refused)
        return omit(f, use, use->path, "a socket of the host, and it was refused; name it in unixSockets if it is meant", false);
    if (use->is_private)
        return 0;
    if (!learn_name_can_be_written(&f->map->places, use->path))
        return omit(f, use, use->path, "its name cannot be written in a policy", false);
    return learn_add_use(f->map->arena, &f->needs->sockets, &f->needs->socket_count, use, f->err);
}

/* A name that a program asked for is its own choice of words: it may look like a pattern, or like an address. */
static bool is_canonical(const struct learn_use *use)
{
    char name[NET_NAME_SIZE];

    return net_name_canonical(use->host, strlen(use->host), name, NULL) == 0 && strcmp(name, use->host) == 0;
}

/* Whoever is learned from chooses what it asks for: what was refused is proposed, and granted only when that is asked for. */
static int add_host(struct finding *f, const struct learn_use *use)
{
    int r;

    if (!use->is_refused || f->options->takes_denied_hosts)
        return learn_add_use(f->map->arena, &f->needs->hosts, &f->needs->host_count, use, f->err);
    r = learn_add_use(f->map->arena, &f->needs->proposed, &f->needs->proposed_count, use, f->err);
    return r < 0 ? r : omit(f, use, use->host, "the network refused it; a rule for it is proposed", false);
}

static int find_address(struct finding *f, const struct learn_use *use)
{
    struct net_address address;
    enum net_address_class class;

    if (net_address_parse(use->host, strlen(use->host), &address) < 0)
        return omit(f, use, use->host, "it cannot be written in a policy", false);
    class = net_address_class(&address);
    if (class == NET_METADATA || class == NET_LINK_LOCAL)
        return omit(f, use, use->host, "an address at which clouds hand out credentials", true);
    if (class != NET_PUBLIC && use->is_refused)
        return omit(f, use, use->host, "an address of this machine or of networks around it; name it if it is meant", true);
    return add_host(f, use);
}

static int find_host(struct finding *f, const struct learn_use *use)
{
    bool is_icmp = use->protocol && strcmp(use->protocol, "icmp") == 0;

    if (!use->is_address && !is_canonical(use))
        return omit(f, use, use->host, "it cannot be written in a policy", false);
    if (is_icmp)
        return omit(f, use, use->host, "echo; name the host with protocol: icmp if it is meant", false);
    if (use->is_name_only)
        return add_host(f, use);
    if ((use->protocol && strcmp(use->protocol, "tcp") != 0 && strcmp(use->protocol, "udp") != 0) || !use->port || use->port > 65535)
        return omit(f, use, use->host, "it cannot be written in a policy", false);
    return use->is_address ? find_address(f, use) : add_host(f, use);
}

int learn_find_connect(struct finding *f, const struct learn_use *use)
{
    if (use->path)
        return find_socket(f, use);
    if (use->host)
        return find_host(f, use);
    if (use->is_refused)
        return omit(f, use, use->text ?: "an address", "there was no network; name the host if it is meant", false);
    return 0;
}
