/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The contained program of the fault tests: leaves a marker that it ran, then looks whether it is contained and says so:
 * 'contained', or one line for each fact that is not as it must be. Arguments: MARKER DENIED[:DENIED...] KEPT
 * OUTSIDE, then optionally 'wait' (for a line on standard input) or 'sleep'.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/mount.h>
#include <unistd.h>

static bool is_contained = true;

static void must(bool holds, const char *fact)
{
    if (holds)
        return;
    is_contained = false;
    printf("NOT CONTAINED: %s\n", fact);
}

static void check_status(void)
{
    static const struct {
        const char *key, *value;
    } wanted[] = {
        {"CapInh:", "0000000000000000"}, {"CapPrm:", "0000000000000000"}, {"CapEff:", "0000000000000000"},
        {"CapBnd:", "0000000000000000"}, {"CapAmb:", "0000000000000000"}, {"NoNewPrivs:", "1"},
        {"Seccomp:", "2"},               {"SigBlk:", "0000000000000000"}, {"TracerPid:", "0"},
    };
    char line[256], key[64], value[128];
    FILE *file = fopen("/proc/self/status", "re");
    size_t seen = 0;

    while (file && fgets(line, sizeof(line), file))
        for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
            if (sscanf(line, "%63s %127s", key, value) == 2 && strcmp(key, wanted[i].key) == 0) {
                bool is_traced = strcmp(key, "TracerPid:") == 0; /* the tracer lives outside: shown as 0 */

                seen++;
                must(is_traced || strcmp(value, wanted[i].value) == 0, line);
            }
    must(seen == sizeof(wanted) / sizeof(wanted[0]), "/proc/self/status is not whole");
    if (file)
        fclose(file);
}

static void check_descriptors(void)
{
    for (int fd = 3; fd < 256; fd++)
        must(fcntl(fd, F_GETFD) < 0, "a descriptor beyond standard error is open");
}

/* Unreadable, or an empty object in its place. */
static void check_denied(const char *path)
{
    char byte;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    must(fd < 0 || read(fd, &byte, 1) <= 0, "a denied file can be read");
    must(open(path, O_WRONLY | O_CLOEXEC) < 0, "a denied file can be opened for writing");
}

/* Somebody of the host listens at the port that this file names; here nobody may be there. */
static void check_host(const char *marker)
{
    struct sockaddr_in host = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    char path[4096];
    unsigned port = 0;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    FILE *file;

    snprintf(path, sizeof(path), "%.*s/port", (int)(strrchr(marker, '/') - marker), marker);
    file = fopen(path, "re");
    must(file && fscanf(file, "%u", &port) == 1 && port, "the host's port is not known");
    if (file)
        fclose(file);
    host.sin_port = htons((uint16_t)port);
    must(fd < 0 || connect(fd, (struct sockaddr *)&host, sizeof(host)) < 0, "the host's loopback can be reached");
    if (fd >= 0)
        close(fd);
}

static void check_network(void)
{
    char line[256];
    FILE *file = fopen("/proc/self/net/dev", "re");
    int others = 0;

    while (file && fgets(line, sizeof(line), file))
        others += strchr(line, ':') && !strstr(line, " lo:");
    must(file && others == 0, "there is a network interface beside lo");
    if (file)
        fclose(file);
}

int main(int argc, char **argv)
{
    char line[64];
    int fd;

    if (argc < 5)
        return 64;
    fd = open(argv[1], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, "ran\n", 4) != 4)
        return 65;
    close(fd);
    check_status();
    check_descriptors();
    for (char *path = strtok(argv[2], ":"); path; path = strtok(NULL, ":"))
        check_denied(path);
    must(open(argv[3], O_WRONLY | O_CREAT | O_CLOEXEC, 0600) < 0, "a kept name can be made");
    must(access(argv[4], F_OK) < 0, "a file outside of the workspace is visible");
    must(mount("none", "/tmp", "tmpfs", 0, NULL) < 0, "a file system can be mounted");
    must(syscall(SYS_unshare, 0x10000000 /* CLONE_NEWUSER */) < 0, "a user namespace can be made");
    must(syscall(SYS_keyctl, 0, 0, 0, 0, 0) < 0, "keyrings can be reached");
    must(getpid() != 1 && getppid() <= 2, "the process namespace is not its own");
    check_network();
    check_host(argv[1]);
    if (is_contained)
        puts("contained");
    fflush(stdout);
    if (argc > 5 && strcmp(argv[5], "wait") == 0)
        return fgets(line, sizeof(line), stdin) ? printf("answer %s", line) < 0 : 66;
    while (argc > 5 && strcmp(argv[5], "sleep") == 0)
        pause();
    return 7;
}
