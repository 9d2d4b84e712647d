/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets by name, from who started the program, or at a path. */
#include "protocol/service.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/memory.h"
#include "test.h"

TEST(a_socket_is_found_by_its_name_and_no_other_is)
{
    struct error err = ERROR_INIT;
    int fd = -1;

    while (fcntl(4, F_GETFD) < 0)
        check(dup(0) >= 0);
    setenv("LISTEN_FDS", "2", 1);
    setenv("LISTEN_FDNAMES", "control:keepers", 1);
    check_int(service_socket("keepers", &fd, NULL), 0);
    check_int(fd, 4);
    check(fcntl(4, F_GETFD) & FD_CLOEXEC);
    check_int(service_socket("keeper", &fd, &err), -ENOENT);
    check_int(err.kind, ERROR_NOT_FOUND);
    setenv("LISTEN_PID", "1", 1);
    check_int(service_socket("keepers", &fd, NULL), -ENOENT);
    setenv("LISTEN_FDS", "1", 1);
    unsetenv("LISTEN_PID");
    check_int(service_socket("keepers", &fd, NULL), -ENOENT);
    close(3);
    close(4);
}

TEST(a_path_that_somebody_listens_at_stays_his_and_one_that_was_left_is_taken)
{
    char directory[] = "/tmp/cordon-service-XXXXXX", path[64];
    struct error err = ERROR_INIT;
    int first = -1, second = -1;
    struct stat st;

    snprintf(path, sizeof(path), "%s/socket", test_make_directory(directory));
    check_int(service_connect(path, &second, NULL), -ENOENT);
    check_int(service_listen(path, 0666, &first, NULL), 0);
    check_int(stat(path, &st), 0);
    check_int(st.st_mode & 07777, 0666);
    check_int(service_listen(path, 0600, &second, &err), -EADDRINUSE);
    close(first);
    check_int(service_connect(path, &second, NULL), -ECONNREFUSED);
    check_int(service_listen(path, 0600, &second, NULL), 0);
    close(second);
}

/* Whoever listens and takes nobody in: who cannot wait is told. */
TEST(a_full_queue_keeps_nobody_who_cannot_wait)
{
    char directory[] = "/tmp/cordon-service-XXXXXX", path[64];
    int listener = -1, fds[1024], status = 0;
    size_t count = 0;

    snprintf(path, sizeof(path), "%s/socket", test_make_directory(directory));
    check_int(service_listen(path, 0600, &listener, NULL), 0);
    while (status == 0 && count < ARRAY_COUNT(fds)) {
        status = service_connect_now(path, &fds[count], NULL);
        count += status == 0;
    }
    check_int(status, -EAGAIN);
    check(count > 0 && !(fcntl(fds[0], F_GETFL) & O_NONBLOCK));
    while (count)
        close(fds[--count]);
    close(listener);
}

TEST(a_file_at_the_path_is_left_alone)
{
    char directory[] = "/tmp/cordon-service-XXXXXX", path[64];
    int fd = -1;

    snprintf(path, sizeof(path), "%s/socket", test_make_directory(directory));
    test_write_file(path, "mine\n", 0600);
    check_int(service_listen(path, 0600, &fd, NULL), -EEXIST);
    check_int(access(path, F_OK), 0);
}

TEST(who_starts_a_service_hears_that_it_is_ready)
{
    char directory[] = "/tmp/cordon-service-XXXXXX", path[64], said[16] = "";
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    snprintf(path, sizeof(path), "%s/notify", test_make_directory(directory));
    memcpy(address.sun_path, path, strlen(path) + 1);
    check_int(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    setenv("NOTIFY_SOCKET", path, 1);
    service_notify("READY=1");
    check(recv(fd, said, sizeof(said) - 1, MSG_DONTWAIT) > 0);
    check_string(said, "READY=1");
    close(fd);
}
