/* SPDX-License-Identifier: Apache-2.0 */
/* Who may ask at a time: the places, and who leaves one to the next. */
#include <sys/socket.h>
#include <unistd.h>

#include "sdk/self.h"
#include "test.h"

/* The other end of what was taken. */
static int come(struct self *self)
{
    int ends[2];

    check_int(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    self_take(self, ends[0]);
    return ends[1];
}

static bool is_turned_away(int end)
{
    char byte;

    return recv(end, &byte, 1, MSG_DONTWAIT) == 0;
}

static unsigned count_turned_away(const int *ends, unsigned count)
{
    unsigned turned = 0;

    for (unsigned i = 0; i < count; i++)
        turned += is_turned_away(ends[i]);
    return turned;
}

TEST(many_that_come_at_once_drive_one_out)
{
    struct self self = SELF_INIT;
    int there[SELF_SOCKETS], more[40];

    self_look(&self);
    for (unsigned i = 0; i < SELF_SOCKETS; i++)
        there[i] = come(&self);
    check_int(count_turned_away(there, SELF_SOCKETS), 0);
    for (unsigned i = 0; i < 40; i++)
        more[i] = come(&self);
    check_int(count_turned_away(more, 40), 40);
    check_int(count_turned_away(there, SELF_SOCKETS), 1);
    for (unsigned i = 0; i < 40; i++)
        close(more[i]);
    for (unsigned i = 0; i < SELF_SOCKETS; i++)
        close(there[i]);
    self_close(&self);
}

TEST(who_says_nothing_keeps_nobody_out_for_ever)
{
    struct self self = SELF_INIT;
    int silent[SELF_SOCKETS];

    for (unsigned i = 0; i < SELF_SOCKETS; i++)
        silent[i] = come(&self);
    for (unsigned i = 0; i < 3 * SELF_SOCKETS; i++) { /* the first leaves its place, the second takes it */
        int turned, taken;

        self_look(&self);
        turned = come(&self);
        self_look(&self);
        taken = come(&self);
        check(is_turned_away(turned));
        check(!is_turned_away(taken));
        check_int(count_turned_away(silent, SELF_SOCKETS), i + 1 < SELF_SOCKETS ? i + 1 : SELF_SOCKETS);
        close(turned);
        close(taken);
    }
    for (unsigned i = 0; i < SELF_SOCKETS; i++)
        close(silent[i]);
    self_close(&self);
}
