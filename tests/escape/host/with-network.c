/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Run a command in a network namespace of its own with a further address on its loopback and a
 * service listening there on port 8080: a stand-in for an address of the host's surroundings. Needs
 * root, or a user namespace. Arguments: address, effect file, ready file, listener program, --
 * command.
 */
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "host.h"

static void raise_loopback(const char *text)
{
    struct ifreq request = {0};
    struct sockaddr_in address = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    strcpy(request.ifr_name, "lo");
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0)
        die("loopback");
    strcpy(request.ifr_name, "lo:1");
    inet_pton(AF_INET, text, &address.sin_addr);
    memcpy(&request.ifr_addr, &address, sizeof(address));
    if (ioctl(fd, SIOCSIFADDR, &request) < 0)
        die("address");
    close(fd);
}

int main(int argc, char **argv)
{
    char **command = command_after(argv);
    pid_t listener, child;
    int status = 0;

    if (argc < 6) {
        errno = EINVAL;
        die("usage");
    }
    if (unshare(CLONE_NEWNET) < 0)
        die("unshare");
    raise_loopback(argv[1]);
    listener = fork();
    if (listener == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execl(argv[4], argv[4], "tcp=8080", argv[1], argv[2], argv[3], (char *)NULL);
        die(argv[4]);
    }
    for (int i = 0; access(argv[3], F_OK) < 0; i++) {
        if (i == 1000) {
            errno = ETIMEDOUT;
            die("listener");
        }
        usleep(5000);
    }
    child = fork();
    if (child == 0) {
        execvp(command[0], command);
        die(command[0]);
    }
    if (listener < 0 || child < 0 || waitpid(child, &status, 0) < 0)
        die("fork");
    kill(listener, SIGKILL);
    return status_of(status);
}
