/* SPDX-License-Identifier: Apache-2.0 */
/* Who connected: the kernel's word, and who would be led out of a sandbox. */
#include "protocol/peer.h"

#include <errno.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "protocol/service.h"
#include "test.h"

/* A child does `confine`, connects, and waits for its end. */
static pid_t connect_from(const char *path, int (*confine)(void), int ret_ends[2])
{
    pid_t child;
    char byte;

    check_int(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ret_ends), 0);
    child = fork();
    check(child >= 0);
    if (child == 0) {
        int fd;

        if (confine() < 0)
            _exit(2);
        if (service_connect(path, &fd, NULL) < 0)
            _exit(1);
        (void)!write(ret_ends[1], "x", 1);
        close(ret_ends[0]);
        (void)!read(ret_ends[1], &byte, 1);
        _exit(0);
    }
    close(ret_ends[1]);
    return child;
}

static int nothing(void)
{
    return 0;
}

static int give_up_rights(void)
{
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

static int own_namespace(void)
{
    return unshare(CLONE_NEWUSER | CLONE_NEWUTS);
}

static int judge(int (*confine)(void), bool names_namespaces, bool ends_first, struct error *err)
{
    char directory[] = "/tmp/cordon-peer-XXXXXX", path[64], byte;
    auto_close int listener = -1, connection = -1;
    struct peer peer = PEER_INIT;
    int ends[2], status;
    pid_t child;

    snprintf(path, sizeof(path), "%s/socket", test_make_directory(directory));
    check_int(service_listen(path, 0600, &listener, NULL), 0);
    child = connect_from(path, confine, ends);
    if (read(ends[0], &byte, 1) != 1)
        test_skip("userns");
    connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    check(connection >= 0);
    check_int(peer_open(connection, &peer, err), 0);
    check_int(peer.pid, child);
    check_int(peer.uid, geteuid());
    if (ends_first)
        close(ends[0]);
    if (ends_first)
        check_int(waitpid(child, NULL, 0), child);
    status = peer_check_free(&peer, names_namespaces, err);
    check_int(peer_is_there(&peer), !ends_first);
    if (!ends_first)
        close(ends[0]);
    if (!ends_first)
        check_int(waitpid(child, NULL, 0), child);
    peer_close(&peer);
    return status;
}

/* Whoever has accepted a connection is named by nobody. */
TEST(a_connection_is_no_pair)
{
    char directory[] = "/tmp/cordon-peer-XXXXXX", path[64];
    auto_close int listener = -1, connected = -1, accepted = -1, single = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    int ends[2];

    snprintf(path, sizeof(path), "%s/socket", test_make_directory(directory));
    check_int(service_listen(path, 0600, &listener, NULL), 0);
    check_int(service_connect(path, &connected, NULL), 0);
    accepted = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    check(accepted >= 0);
    check_int(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    check(peer_is_of_pair(ends[0]));
    check(peer_is_of_pair(ends[1]));
    check(!peer_is_of_pair(connected));
    check(!peer_is_of_pair(accepted));
    check(!peer_is_of_pair(listener));
    check(!peer_is_of_pair(single));
    check(!peer_is_of_pair(-1));
    close(ends[0]);
    close(ends[1]);
}

TEST(a_process_like_this_one_is_let_through)
{
    struct error err = ERROR_INIT;

    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) || prctl(PR_GET_SECCOMP, 0, 0, 0, 0) > 0)
        test_skip("unconfined");
    check_int(judge(nothing, true, false, &err), 0);
}

TEST(a_process_that_gave_up_rights_is_refused)
{
    struct error err = ERROR_INIT;

    check_int(judge(give_up_rights, true, false, &err), -EPERM);
    check_contains(err.text, "has given up rights");
    check_contains(err.text, "run without the daemon");
}

TEST(a_process_in_another_namespace_is_refused)
{
    struct error err = ERROR_INIT;

    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) || prctl(PR_GET_SECCOMP, 0, 0, 0, 0) > 0)
        test_skip("unconfined");
    check_int(judge(own_namespace, true, false, &err), -EPERM);
    check(strstr(err.text, "in another user namespace") || strstr(err.text, "cannot be seen"));
}

TEST(nothing_is_said_for_a_process_that_has_ended)
{
    struct error err = ERROR_INIT;

    check(judge(nothing, false, true, &err) < 0);
}

TEST(the_cgroup_of_a_peer_is_read)
{
    int ends[2];
    struct peer peer = PEER_INIT;
    char path[4096];

    check_int(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    check_int(peer_open(ends[0], &peer, NULL), 0);
    check_int(peer_cgroup(&peer, path, sizeof(path), NULL), 0);
    check_contains(path, ":/");
    check_int(peer_cgroup(&peer, path, 2, NULL), -ENAMETOOLONG);
    peer_close(&peer);
    close(ends[0]);
    close(ends[1]);
}
