/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The second thread of process 1. A network namespace takes as long to make as a third of the file tree, and neither
 * needs the other: so this thread makes it while process 1 waits for the plan and builds the tree, and process 1 enters it
 * before it gives up its capabilities. Then it waits, with no more rights than it will need, to become the keeper of names,
 * or ends.
 */
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/futex.h>
#include <linux/if.h>
#include <linux/mman.h>
#include <linux/sched.h>
#include <linux/sockios.h>

#include "base/error.h"
#include "tier/process/init/init.h"
#include "tier/process/init/keeper.h"

#define STACK_BYTES        (512u << 10)
#define AF_UNIX_FAMILY     1
#define AF_INET_FAMILY     2
#define SOCK_DGRAM_CLOEXEC (2 | O_CLOEXEC)

enum step { STEP_NONE = 0, STEP_NETWORK, STEP_PLAN, STEP_NETWORK_MADE, STEP_KEEP, STEP_END };

static struct {
    uint32_t step;       /* enum step, a futex: STEP_NETWORK_MADE is the thread's to set, the others process 1's */
    int network;         /* the namespace, until process 1 is in it */
    int is_started, has_network;
} second;

static void step_set(struct init *init, uint32_t step)
{
    __atomic_store_n(&second.step, step, __ATOMIC_RELEASE);
    init_need(init, sys_call6(futex, &second.step, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, 0, 0, 0), "wake", "thread");
}

/* What comes after `step`. */
static uint32_t step_await(uint32_t step)
{
    uint32_t now;

    while ((now = __atomic_load_n(&second.step, __ATOMIC_ACQUIRE)) == step)
        sys_call6(futex, &second.step, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, step, 0, 0, 0);
    return now;
}

static void loopback_up(struct init *init)
{
    struct ifreq request = {.ifr_name = "lo"};
    long fd = init_need(init, sys_call3(socket, AF_INET_FAMILY, SOCK_DGRAM_CLOEXEC, 0), "open", "network socket");

    request.ifr_flags = IFF_UP;
    init_need(init, sys_call3(ioctl, fd, SIOCSIFFLAGS, &request), "bring up", "lo");
    sys_call1(close, fd);
}

/* Of a failure nobody hears before a plan wants the network. */
static void network_refuse(struct init *init, long status)
{
    struct message message = {.type = MESSAGE_ERROR, .kind = ERROR_UNENFORCEABLE, .value = (int32_t)-status};

    string_append(message.action, message.action + sizeof(message.action), "create");
    string_append(message.object, message.object + sizeof(message.object), "network namespace");
    init_send(init, &message, -1);
    sys_call1(exit_group, 125);
}

static void network_complete(struct init *init)
{
    long any;

    if (init->record->flags & RECORD_LOOPBACK)
        loopback_up(init);
    /* of a socket (SIOCGSKNS, 4.9), because which /proc this thread would find depends on how far the tree is */
    any = init_need(init, sys_call3(socket, AF_UNIX_FAMILY, SOCK_DGRAM_CLOEXEC, 0), "open", "socket");
    second.network = (int)init_need(init, sys_call3(ioctl, any, SIOCGSKNS, 0), "open", "network namespace");
    sys_call1(close, any);
    if (init->record->flags & RECORD_HAND_NETWORK) {
        struct message made = {.type = MESSAGE_NETWORK};

        init_send(init, &made, second.network);
    }
}

/* From here on descriptors, working directory and umask of its own; where the container stands, the keeper says when. */
static void second_separate(struct init *init)
{
    if (!init_stands(init))
        thread_separate(init);
}

void thread_separate(struct init *init)
{
    init_need(init, sys_call1(unshare, CLONE_FILES | CLONE_FS), "separate", "thread");
}

static void second_run(void *argument)
{
    struct init *init = argument;
    uint32_t step = step_await(STEP_NONE);
    long status;

    if (step == STEP_NETWORK || step == STEP_PLAN) {
        status = sys_call1(unshare, CLONE_NEWNET);
        step_await(STEP_NETWORK);
        if (status < 0)
            network_refuse(init, status);
        network_complete(init);
        rights_drop(init);
        step_set(init, STEP_NETWORK_MADE);
        step = step_await(STEP_NETWORK_MADE);
    } else {
        rights_drop(init);
    }
    if (step != STEP_KEEP)
        sys_call1(exit, 0);
    second_separate(init);
    keeper_run(init);
}

void thread_make(struct init *init, void (*entry)(void *), unsigned long flags, const char *name)
{
    long stack = init_need(init,
                           sys_call6(mmap, 0, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK,
                                     -1, 0),
                           "map", "stack");

    flags |= CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
    init_need(init, thread_start(entry, init, (char *)stack + STACK_BYTES, flags), "start", name);
}

void second_prepare(struct init *init)
{
    if (second.is_started)
        return;
    second.is_started = 1;
    thread_make(init, second_run, CLONE_FILES | CLONE_FS, "second thread");
}

void second_start(struct init *init)
{
    if (second.has_network)
        return;
    second_prepare(init);
    second.has_network = 1;
    step_set(init, STEP_NETWORK);
}

void second_plan(struct init *init)
{
    if (!(init->record->flags & RECORD_NETWORK)) {
        if (second.has_network) /* who sent the record knows that */
            init_fail(init, "leave out", "network namespace", EBADMSG);
        return;
    }
    second_start(init);
    step_set(init, STEP_PLAN);
}

void second_join_network(struct init *init)
{
    if (!second.has_network)
        return;
    step_await(STEP_PLAN);
    init_need(init, sys_call2(setns, second.network, CLONE_NEWNET), "enter", "network namespace");
    sys_call1(close, second.network);
}

/* Without the network's thread one is made now. */
void second_keep(struct init *init)
{
    if (second.is_started)
        step_set(init, STEP_KEEP);
    else
        thread_make(init, keeper_run, init_stands(init) ? CLONE_FILES | CLONE_FS : 0, "keeper of names");
}

void second_end(struct init *init)
{
    if (second.is_started)
        step_set(init, STEP_END);
}
