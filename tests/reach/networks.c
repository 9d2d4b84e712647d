/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a network namespace of one's own can be given by netlink: kinds of links, queueing and
 * classifiers. Each message names a kind and nothing else; who answers anything but 'no such kind'
 * is the kind's own code.
 */
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <sys/socket.h>

#include "reach.h"

struct message {
    struct nlmsghdr header;
    union {
        struct ifinfomsg link;
        struct tcmsg traffic;
    };
    char attributes[128];
};

struct answer {
    struct nlmsghdr header;
    struct nlmsgerr error;
    char rest[512];
};

/* Returns what to set the length of when all that it holds is in. */
static struct rtattr *attribute(struct message *message, int type, const char *text)
{
    struct rtattr *end = (void *)((char *)message + NLMSG_ALIGN(message->header.nlmsg_len));
    size_t size = text ? strlen(text) + 1 : 0;

    end->rta_type = (unsigned short)type;
    end->rta_len = (unsigned short)RTA_LENGTH(size);
    if (text)
        memcpy(RTA_DATA(end), text, size);
    message->header.nlmsg_len = (unsigned)((char *)end - (char *)message + RTA_ALIGN(end->rta_len));
    return end;
}

static int ask(int fd, struct message *message)
{
    struct answer answer = {.error.error = -EBADMSG};

    message->header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
    if (message->header.nlmsg_type != RTM_DELQDISC)
        message->header.nlmsg_flags |= NLM_F_CREATE | NLM_F_EXCL;
    if (send(fd, message, message->header.nlmsg_len, 0) < 0)
        return -errno;
    if (recv(fd, &answer, sizeof(answer), 0) < 0)
        return -errno;
    return answer.error.error;
}

static int ask_for_link(int fd, const char *kind)
{
    struct message message = {
        .header = {.nlmsg_type = RTM_NEWLINK, .nlmsg_len = NLMSG_LENGTH(sizeof(message.link))}};
    struct rtattr *info = attribute(&message, IFLA_LINKINFO, NULL);

    attribute(&message, IFLA_INFO_KIND, kind);
    info->rta_len = (unsigned short)((char *)&message + message.header.nlmsg_len - (char *)info);
    return ask(fd, &message);
}

static int ask_for_traffic(int fd, unsigned short type, const char *kind)
{
    struct message message = {
        .header = {.nlmsg_type = type, .nlmsg_len = NLMSG_LENGTH(sizeof(message.traffic))}};
    bool is_clsact = strcmp(kind, "clsact") == 0;

    message.traffic.tcm_ifindex = 1; /* the loopback's in every network namespace */
    if (type != RTM_NEWTFILTER) {
        message.traffic.tcm_parent = is_clsact ? TC_H_CLSACT : TC_H_ROOT;
        message.traffic.tcm_handle = is_clsact ? TC_H_MAKE(TC_H_CLSACT, 0) : 0x10000;
    } else {
        message.traffic.tcm_parent = TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS);
        message.traffic.tcm_info = TC_H_MAKE(1u << 16, 0x0300 /* ETH_P_ALL in network order */);
    }
    attribute(&message, TCA_KIND, kind);
    return ask(fd, &message);
}

/* The next is not asked while one is there. */
static int ask_for_queue(int fd, const char *kind)
{
    int answer = ask_for_traffic(fd, RTM_NEWQDISC, kind);

    if (answer == 0)
        ask_for_traffic(fd, RTM_DELQDISC, kind);
    return answer;
}

static bool is_reached(int answer)
{
    return answer != -EPERM && answer != -EOPNOTSUPP && answer != -ENOENT;
}

/* In a process of its own: whether there is a namespace to be had, then one line for each kind. */
static void try_kinds(bool has_network)
{
    static const char *const links[] = {
        "amt",    "bareudp",   "bond",   "bridge", "can",    "dummy",   "erspan",  "geneve",
        "gre",    "gretap",    "gtp",    "hsr",    "ifb",    "ip6gre",  "ip6tnl",  "ipip",
        "ipoib",  "ipvlan",    "ipvtap", "lowpan", "macsec", "macvlan", "macvtap", "netdevsim",
        "netkit", "nlmon",     "ppp",    "rmnet",  "sit",    "team",    "tun",     "vcan",
        "veth",   "virt_wifi", "vlan",   "vrf",    "vti",    "vxcan",   "vxlan",   "wireguard",
        "wwan",   "xfrm",      "batadv"};
    static const char *const queues[] = {
        "bfifo", "cake",   "cbs",    "choke",    "clsact", "codel",      "drr",    "dualpi2",
        "etf",   "ets",    "fq",     "fq_codel", "fq_pie", "gred",       "hfsc",   "hhf",
        "htb",   "mqprio", "multiq", "netem",    "pfifo",  "pfifo_fast", "pie",    "plug",
        "prio",  "qfq",    "red",    "sfb",      "sfq",    "skbprio",    "taprio", "tbf"};
    static const char *const classifiers[] = {"basic", "bpf",      "cgroup", "flow", "flower",
                                              "fw",    "matchall", "route",  "u32"};
    int fd = has_network ? socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE) : -1;

    for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++)
        reach_note("network-link", links[i], fd >= 0 && is_reached(ask_for_link(fd, links[i])));
    for (size_t i = 0; i < sizeof(queues) / sizeof(*queues); i++)
        reach_note("network-queue", queues[i], fd >= 0 && is_reached(ask_for_queue(fd, queues[i])));
    if (fd >= 0)
        ask_for_traffic(fd, RTM_NEWQDISC, "clsact");
    for (size_t i = 0; i < sizeof(classifiers) / sizeof(*classifiers); i++)
        reach_note("network-classifier", classifiers[i],
                   fd >= 0 && is_reached(ask_for_traffic(fd, RTM_NEWTFILTER, classifiers[i])));
    if (fd >= 0)
        close(fd);
}

/* The last part: it leaves this process's namespaces. */
void reach_networks(void)
{
    try_kinds(unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0);
}
