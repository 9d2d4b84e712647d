/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In a network namespace of one's own, make a link of a kind or queueing for the loopback, by
 * netlink. Arguments: link or queueing, kind.
 */
#include <linux/if_link.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <sched.h>
#include <sys/socket.h>

#include "attempt.h"
#include "namespaces.h"

struct message {
    struct nlmsghdr header;
    union {
        struct ifinfomsg link;
        struct tcmsg queueing;
    };
    char attributes[256];
};

static void enter_own_network(void)
{
    namespaces_enter(CLONE_NEWNET);
}

static struct rtattr *attribute(struct message *message, unsigned short type, const void *data,
                                size_t size)
{
    struct rtattr *end = (void *)((char *)message + NLMSG_ALIGN(message->header.nlmsg_len));

    *end = (struct rtattr){.rta_len = (unsigned short)RTA_LENGTH(size), .rta_type = type};
    if (size)
        memcpy(RTA_DATA(end), data, size);
    message->header.nlmsg_len = (unsigned)((char *)end - (char *)message + RTA_ALIGN(end->rta_len));
    return end;
}

static void close_attribute(struct message *message, struct rtattr *opened)
{
    opened->rta_len =
        (unsigned short)((char *)message + message->header.nlmsg_len - (char *)opened);
}

static void ask_for_link(struct message *message, const char *kind)
{
    struct rtattr *info, *data;
    uint32_t number = 1;

    message->header.nlmsg_type = RTM_NEWLINK;
    message->header.nlmsg_len = NLMSG_LENGTH(sizeof(message->link));
    attribute(message, IFLA_IFNAME, "escape0", sizeof("escape0"));
    info = attribute(message, IFLA_LINKINFO, NULL, 0);
    attribute(message, IFLA_INFO_KIND, kind, strlen(kind));
    data = attribute(message, IFLA_INFO_DATA, NULL, 0);
    if (strcmp(kind, "vxlan") == 0)
        attribute(message, IFLA_VXLAN_ID, &number, sizeof(number));
    close_attribute(message, data);
    close_attribute(message, info);
}

static void ask_for_queueing(struct message *message, const char *kind)
{
    message->header.nlmsg_type = RTM_NEWQDISC;
    message->header.nlmsg_len = NLMSG_LENGTH(sizeof(message->queueing));
    message->queueing.tcm_ifindex = 1; /* the loopback's in every network namespace */
    message->queueing.tcm_parent = strcmp(kind, "clsact") == 0 ? TC_H_CLSACT : TC_H_ROOT;
    message->queueing.tcm_handle =
        strcmp(kind, "clsact") == 0 ? TC_H_MAKE(TC_H_CLSACT, 0) : 0x10000;
    attribute(message, TCA_KIND, kind, strlen(kind) + 1);
}

int main(int argc, char **argv)
{
    const char *what = argument(argc, argv, 1), *kind = argument(argc, argv, 2);
    struct message message = {.header.nlmsg_flags =
                                  NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL};
    struct {
        struct nlmsghdr header;
        struct nlmsgerr error;
        char rest[1024];
    } answer;
    int fd;

    enter_own_network();
    if (strcmp(what, "link") == 0)
        ask_for_link(&message, kind);
    else
        ask_for_queueing(&message, kind);
    fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (fd < 0)
        refused("socket");
    if (send(fd, &message, message.header.nlmsg_len, 0) < 0)
        refused("send");
    if (recv(fd, &answer, sizeof(answer), 0) < (ssize_t)NLMSG_LENGTH(sizeof(answer.error)) ||
        answer.header.nlmsg_type != NLMSG_ERROR)
        broken("recv");
    errno = -answer.error.error;
    decide(answer.error.error, kind);
}
