/* SPDX-License-Identifier: Apache-2.0 */
/* A terminal of the container's own devpts: the program finds its name in /dev/pts, the caller's terminal stays out. */
#include <asm/ioctls.h>
#include <asm/termios.h>
#include <linux/fcntl.h>

#include "tier/process/init/init.h"

void terminal_open(struct init *init)
{
    const struct record *record = init->record;
    struct winsize size = {.ws_row = record->rows, .ws_col = record->columns};
    struct message message = {.type = MESSAGE_TTY};
    const char *path = init_is_in_place(init) ? "/dev/ptmx" : "/dev/pts/ptmx"; /* of the host, or of our own devpts */
    int unlocked = 0;

    if (!(record->flags & RECORD_TTY))
        return;
    init->master = (int)init_need(
        init, sys_call3(openat, AT_FDCWD, path, O_RDWR | O_NOCTTY | O_CLOEXEC), "open", path);
    init_need(init, sys_call3(ioctl, init->master, TIOCSPTLCK, &unlocked), "unlock", "terminal");
    init->tty = (int)init_need(init, sys_call3(ioctl, init->master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC),
                               "open", "terminal");
    init_need(init, sys_call3(ioctl, init->master, TIOCSWINSZ, &size), "size", "terminal");
    init_need(init, message_send(init->control, &message, init->master), "hand over", "terminal");
}
