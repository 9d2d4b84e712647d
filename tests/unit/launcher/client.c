/* SPDX-License-Identifier: Apache-2.0 */
#include "launcher/client.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "test.h"

TEST(a_launcher_that_does_not_answer_is_given_up_and_its_late_answer_not_heard)
{
    const struct timeval soon = {.tv_usec = 20000};
    struct launch_reply late = {.magic = LAUNCH_MAGIC};
    struct launch_request request;
    struct launcher *launcher;
    struct timeval limit;
    socklen_t size = sizeof(limit);
    struct error err = ERROR_INIT;
    int ends[2];

    check_int(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
    launcher = launcher_new(ends[0]);
    check(launcher);
    check_int(getsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &limit, &size), 0);
    check(limit.tv_sec >= 10 && limit.tv_sec <= 60);
    check_int(setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon)), 0);
    check_int(launcher_order(launcher, NULL, "a", TIER_FREEZE, &err), -ETIMEDOUT);
    check(strstr(err.text, "does not answer"));
    check_int(recv(ends[1], &request, sizeof(request), 0), sizeof(request));
    (void)!send(ends[1], &late, sizeof(late), MSG_NOSIGNAL);
    check_int(launcher_order(launcher, NULL, "a", TIER_THAW, &err), -ECONNRESET);
    launcher_free(launcher);
    close(ends[0]);
    close(ends[1]);
}

TEST(an_answer_in_time_is_heard)
{
    struct launch_reply reply = {.magic = LAUNCH_MAGIC};
    struct launcher *launcher;
    struct error err = ERROR_INIT;
    int ends[2];

    check_int(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
    launcher = launcher_new(ends[0]);
    check_int(send(ends[1], &reply, sizeof(reply), 0), sizeof(reply));
    check_int(launcher_order(launcher, NULL, "a", TIER_FREEZE, &err), 0);
    launcher_free(launcher);
    close(ends[0]);
    close(ends[1]);
}

/* A keeper has one thread, and others to serve. */
TEST(a_keeper_that_comes_back_does_not_wait_for_the_answer)
{
    struct launch_reply good = {.magic = LAUNCH_MAGIC}, bad = {.magic = LAUNCH_MAGIC, .status = -EPERM, .text = "this is another keeper"};
    struct launch_request request;
    struct error err = ERROR_INIT;
    int ends[2];

    check_int(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
    check_int(launcher_attach_send(ends[0], "", &err), 0);
    check_int(launcher_attach_hear(ends[0], &err), -EAGAIN);
    check_int(recv(ends[1], &request, sizeof(request), 0), sizeof(request));
    check_int(request.type, LAUNCH_ATTACH);
    check_int(send(ends[1], &good, sizeof(good), 0), sizeof(good));
    check_int(launcher_attach_hear(ends[0], &err), 0);
    check_int(send(ends[1], &bad, sizeof(bad), 0), sizeof(bad));
    check_int(launcher_attach_hear(ends[0], &err), -EPERM);
    check_string(err.text, "launcher: this is another keeper");
    check_int(send(ends[1], &bad, 3, 0), 3);
    check(launcher_attach_hear(ends[0], &err) < 0);
    close(ends[1]);
    check_int(launcher_attach_hear(ends[0], &err), -ECONNRESET);
    close(ends[0]);
}
