/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cordon-init: process 1 of a container.
 *
 * Theory of operation. The launching process creates the namespaces and executes this program in them with an empty
 * environment, the number of its control socket as argument, and the capabilities of the new user namespace as ambient
 * set. It holds no memory of the caller. In this order it: learns who it is and closes every descriptor that is not to
 * be kept; becomes the caller's uid inside; makes what every file tree has, while the caller still compiles the policy;
 * takes the record; completes the file tree and leaves the host's; gives up every capability for good; starts the program
 * under Landlock and seccomp; then only reaps, forwards signals and reports. Nothing of it but the keeper of names (keeper.c),
 * the void (void.c) and, in place, the thread for metadata (metadata.c) reads what the program controls. It is not dumpable
 * from before the program exists.
 * Any failure is sent to the parent and ends the container; the program never runs half contained. Where no namespace
 * could be made it is not process 1, and in_place.c has its own theory of operation.
 */
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/prctl.h>

#include "base/error.h"
#include "tier/process/init/init.h"
#include "tier/process/init/void.h"

static struct init the_init;

static int number_of(const char *text)
{
    int number = 0;

    while (*text >= '0' && *text <= '9' && number < 1 << 20)
        number = number * 10 + (*text++ - '0');
    return *text ? -1 : number;
}

/*
 * A stream that nobody gave is /dev/null of the container: a root caller owns the host's node, and with a descriptor of
 * it the program could change its mode. Until the tree stands the host's keeps the number in use.
 */
static void streams_complete(struct init *init)
{
    long null = -1;

    for (int fd = 0; fd < 3; fd++)
        if (init->record->null_streams & (1u << fd)) {
            if (null < 0)
                null = init_need(init, sys_call3(openat, AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC), "open", "/dev/null");
            init_need(init, sys_call3(dup3, null, fd, 0), "connect", "/dev/null");
        }
    if (null >= 0)
        sys_call1(close, null);
}

static void container_enter(struct init *init)
{
    int root;

    identity_enter(init);
    root = tree_begin(init);
    record_receive(init);
    second_plan(init); /* as what we have become: the program may be its child */
    identity_complete(init);
    rights_prepare(init);
    changes_open(init);
    tree_build(init, root);
    streams_complete(init);
    rights_complete(init);
    second_join_network(init);
    void_settle(init);
    rights_drop(init);
    terminal_open(init);
    init_need(init, sys_call5(prctl, PR_SET_DUMPABLE, 0, 0, 0, 0), "prctl", "PR_SET_DUMPABLE");
}

void init_main(long *stack) __attribute__((used, noreturn));

void init_main(long *stack)
{
    struct init *init = &the_init;
    char **argv = (char **)(stack + 1);

    init->error_kind = ERROR_SYSTEM;
    init->ruleset = init->tty = init->master = init->guard = init->changes = init->limits = init->grants = init->sources = -1;
    init->control = *stack == 2 ? number_of(argv[1]) : -1;
    if (init->control < 3)
        sys_call1(exit_group, 125);
    begin_receive(init);
    descriptors_close(init);
    signals_reset(init);
    if (init_is_in_place(init)) {
        record_receive(init);
        streams_complete(init);
        in_place_enter(init);
    } else {
        container_enter(init);
    }
    if (init->record->flags & RECORD_WAIT_GO) {
        struct message ready = {.type = MESSAGE_READY};

        init_send(init, &ready, -1);
        init_await_go(init);
    }
    if (init->record->flags & RECORD_UNSEALED)
        rights_await(init);
    if (init_is_in_place(init))
        in_place_start(init);
    program_prepare(init);
    program_start(init);
    program_watch(init);
}

#if defined(__x86_64__)
__asm__(".globl _start\n_start:\n  xor %ebp, %ebp\n  mov %rsp, %rdi\n  and $-16, %rsp\n  call init_main\n  hlt\n");
#elif defined(__aarch64__)
__asm__(".globl _start\n_start:\n  mov x29, #0\n  mov x0, sp\n  bl init_main\n  brk #0\n");
#endif
