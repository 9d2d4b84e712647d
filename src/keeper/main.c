/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cordon-keeper: keeps the containers of one caller that are alike. It runs as that caller, is started by cordond (or its launcher) with one
 * connection to it, and outlives it. Everything that it does for a client, the client could do itself: it checks that before it serves it.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/memory.h"
#include "keeper/kept.h"
#include "protocol/service.h"

static void end_asked(struct loop_watch *watch, uint32_t events)
{
    struct keeper *keeper = container_of(watch, struct keeper, signals);

    daemon_tell_leaving(keeper); /* the log is waited for before this process ends: who came meanwhile would not be served */
    sessions_end(keeper);
    loop_stop(keeper->loop, 0);
}

/* A program that it starts has these signals as the keeper was given them: the library sees to that. */
static int watch_signals(struct keeper *keeper, struct error *err)
{
    sigset_t ends;
    int fd, status;

    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    sigprocmask(SIG_BLOCK, &ends, NULL);
    fd = signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0)
        return error_system(err, errno, "watch for signals");
    status = numbers_lift(fd, &fd, err);
    if (status < 0)
        return status;
    keeper->signals = (struct loop_watch){.fd = fd, .ready = end_asked};
    status = loop_watch(keeper->loop, &keeper->signals, EPOLLIN);
    return status < 0 ? error_system(err, -status, "watch for signals") : 0;
}

/* Descriptors of thousands of containers; what its clients may have is theirs, start.c. */
static int settle(struct error *err)
{
    struct rlimit files;

    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        return error_system(err, errno, "hide this process's memory");
    if (getrlimit(RLIMIT_NOFILE, &files) < 0 || (files.rlim_cur = files.rlim_max, setrlimit(RLIMIT_NOFILE, &files)) < 0)
        return error_system(err, errno, "raise the limit of open files");
    if (chdir("/") < 0)
        return error_system(err, errno, "go to /");
    setsid();
    return 0;
}

static int run(struct keeper *keeper, struct error *err)
{
    int channel, status = service_socket("cordond", &channel, err);

    if (status == 0)
        status = settle(err);
    if (status == 0)
        status = peer_look_at_self(&keeper->self, err);
    keeper->sensor.fd = -1;
    if (status == 0)
        status = numbers_lift(channel, &channel, err);
    if (status == 0)
        status = loop_open(&keeper->loop, err);
    if (status == 0)
        status = launching_begin(keeper, err);
    if (status == 0)
        status = watch_signals(keeper, err);
    if (status == 0)
        status = ends_begin(keeper, err);
    if (status == 0 && kept_open(keeper, err) < 0) { /* what is run goes on; what is to be kept is refused */
        snprintf(keeper->kept_why, sizeof(keeper->kept_why), "%.*s", (int)sizeof(keeper->kept_why) - 1, err->text);
        *err = (struct error)ERROR_INIT;
        keeper->kept = KEPT_NOWHERE;
    }
    if (status == 0)
        status = writer_begin(keeper, err);
    if (status == 0)
        status = signs_begin(keeper, err);
    if (status == 0)
        status = left_begin(keeper, err);
    if (status == 0)
        status = daemon_begin(keeper, channel, err);
    if (status == 0)
        says_begin(keeper);
    if (status == 0 && *keeper->kept_why)
        keeper_say("no container can be kept: %s", keeper->kept_why);
    if (status == 0) {
        status = loop_run(keeper->loop);
        if (status < 0)
            error_system(err, -status, "wait");
        pools_end(keeper);
        writer_end(keeper);
    }
    return status;
}

int main(int argc, char **argv)
{
    struct error err = ERROR_INIT;
    struct keeper *keeper = mem_alloc(sizeof(*keeper));

    if (argc > 1) {
        fprintf(stderr, "cordon-keeper is started by cordond and takes no arguments\n");
        return 2;
    }
    if (!keeper || run(keeper, &err) < 0) {
        fprintf(stderr, "cordon-keeper: %s\n", keeper ? err.text : "out of memory");
        return 1;
    }
    return 0;
}
