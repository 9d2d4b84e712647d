/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Run a command with a controlling terminal of its own as stdin, as a shell in a terminal window
 * would, and say in the effect file what arrived there that nobody typed or printed.
 * Arguments: kind (pty, or a console device), effect file, stdin (terminal or null), name file or
 * '-' (gets the terminal's path), -- command.
 */
#include <poll.h>
#include <pty.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "host.h"

/* Input that waits in the terminal was pushed by somebody: nothing is typed in these tests. */
static bool has_input(int terminal)
{
    struct termios mode;
    int waiting = 0;

    if (tcgetattr(terminal, &mode) < 0)
        return false;
    mode.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    mode.c_cc[VMIN] = 0;
    tcsetattr(terminal, TCSANOW, &mode);
    return ioctl(terminal, FIONREAD, &waiting) == 0 && waiting > 0;
}

static bool has_output(int master)
{
    struct pollfd waiting = {.fd = master, .events = POLLIN};
    char text[256] = "";
    ssize_t length;

    if (master < 0 || poll(&waiting, 1, 0) != 1)
        return false;
    length = read(master, text, sizeof(text) - 1);
    return length > 0 && strstr(text, "escaped");
}

int main(int argc, char **argv)
{
    char **command = command_after(argv), name[128];
    bool is_pty, keeps_stdin;
    int master = -1, terminal, status = 0;
    pid_t child;

    if (argc < 7) {
        errno = EINVAL;
        die("usage");
    }
    is_pty = strcmp(argv[1], "pty") == 0;
    keeps_stdin = strcmp(argv[3], "terminal") == 0;
    if (is_pty ? openpty(&master, &terminal, name, NULL, NULL) < 0
               : (terminal = open(argv[1], O_RDWR | O_NOCTTY)) < 0)
        die("terminal");
    if (strcmp(argv[4], "-") != 0)
        write_whole(argv[4], is_pty ? name : argv[1]);
    child = fork();
    if (child == 0) {
        setsid();
        if (ioctl(terminal, TIOCSCTTY, 1) < 0)
            die("TIOCSCTTY");
        if (keeps_stdin && dup2(terminal, STDIN_FILENO) < 0)
            die("dup2");
        close(terminal);
        if (master >= 0)
            close(master);
        setenv("CORDON_CARD", "0", 1);
        execvp(command[0], command);
        die(command[0]);
    }
    if (child < 0 || waitpid(child, &status, 0) < 0)
        die("fork");
    if (is_pty && (has_output(master) || has_input(terminal)))
        write_whole(argv[2], "escaped\n");
    return status_of(status);
}
