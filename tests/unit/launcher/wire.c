/* SPDX-License-Identifier: Apache-2.0 */
/* Records and descriptors between the launcher and its peers. */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "launcher/fds.h"
#include "launcher/peer.h"
#include "launcher/rights.h"
#include "launcher/server.h"
#include "test.h"

TEST(a_record_comes_whole_with_its_descriptors_or_not_at_all)
{
    int ends[2], fds[FDS_MAX], sent[FDS_MAX];
    char record[8] = "1234567", got[8];
    size_t count = 0;

    check_int(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    for (int i = 0; i < FDS_MAX; i++)
        sent[i] = ends[0];
    check_int(fds_receive(ends[1], got, 8, fds, 4, &count, MSG_DONTWAIT), -EAGAIN);
    check_int(fds_send(ends[0], record, 8, sent, 3, 0), 0);
    check_int(fds_receive(ends[1], got, 8, fds, 3, &count, 0), 1);
    check_int(count, 3);
    fds_close(fds, 3);
    check_int(fds_send(ends[0], record, 8, sent, 4, 0), 0); /* one too many */
    check_int(fds_receive(ends[1], got, 8, fds, 3, &count, 0), -EBADMSG);
    check_int(fds_send(ends[0], record, 7, sent, 1, 0), 0);
    check_int(fds_receive(ends[1], got, 8, fds, 3, &count, 0), -EBADMSG);
    check_int(fds_send(ends[0], record, 8, sent, FDS_MAX, 0), 0);
    check_int(fds_receive(ends[1], got, 7, fds, FDS_MAX, &count, 0), -EBADMSG);
    check_int(fds_send(ends[0], record, 8, sent, FDS_MAX + 1, 0), -E2BIG);
    close(ends[0]);
    check_int(fds_receive(ends[1], got, 8, fds, 3, &count, 0), 0);
    close(ends[1]);
}

TEST(a_name_is_letters_digits_and_dashes_and_nothing_behind_its_end)
{
    check(name_is_plain("a-Z9\0\0\0", 8));
    check(!name_is_plain("\0\0\0\0\0\0\0", 8));
    check(!name_is_plain("a\0b\0\0\0\0", 8));
    check(!name_is_plain("12345678", 8));
    check(!name_is_plain("a.b\0\0\0\0", 8));
    check(!name_is_plain("a/b\0\0\0\0", 8));
    check(!name_is_plain("a\xff\0\0\0\0\0", 8));
}

TEST(a_pair_is_told_from_a_connection)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "\0cordon-test-pair"};
    struct error err = ERROR_INIT;
    int ends[2], listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), client = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), server;

    snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1, "cordon-test-%d", (int)getpid());
    check_int(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    check_int(peer_check_pair(ends[0], &err), 0);
    check_int(bind(listener, (struct sockaddr *)&name, sizeof(name)), 0);
    check_int(listen(listener, 1), 0);
    check_int(connect(client, (struct sockaddr *)&name, sizeof(name)), 0);
    server = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    check_int(peer_check_pair(client, &err), -EPERM);
    check_int(peer_check_pair(server, &err), -EPERM);
    fds_close(ends, 2);
    fds_close((int[]){listener, client, server}, 3);
}

TEST(a_pair_that_is_given_a_name_later_is_refused)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    struct error err = ERROR_INIT;
    int ends[2];

    check_int(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    check_int(bind(ends[0], (struct sockaddr *)&name, sizeof(sa_family_t)), 0); /* a name of the kernel's choice */
    check_int(peer_check_pair(ends[0], &err), -EPERM);
    check_int(peer_check_pair(ends[1], &err), -EPERM);
    fds_close(ends, 2);
}

TEST(the_list_of_calls_has_none_that_makes_or_mounts)
{
    static const int forbidden[] = {SYS_execve, SYS_execveat, SYS_clone, SYS_ptrace, SYS_mount, SYS_move_mount, SYS_open_tree, SYS_socket, SYS_bpf,
                                    SYS_open_by_handle_at, SYS_setns, SYS_unshare, SYS_setresuid, SYS_process_vm_writev, SYS_init_module};
    struct sock_filter program[RIGHTS_FILTER_MAX];
    unsigned count;

    rights_filter(program, &count);
    check(count <= RIGHTS_FILTER_MAX);
    for (unsigned i = 0; i < count; i++)
        for (size_t j = 0; j < sizeof(forbidden) / sizeof(forbidden[0]); j++)
            check(program[i].code != (BPF_JMP | BPF_JEQ | BPF_K) || program[i].k != (unsigned)forbidden[j]);
    check(program[count - 1].code == (BPF_RET | BPF_K) && program[count - 1].k == 0x80000000u); /* SECCOMP_RET_KILL_PROCESS */
}
