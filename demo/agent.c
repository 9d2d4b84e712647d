/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An agent that does its work and then everything that it should not. It reports what the kernel
 * answered to each attempt; whether an attempt had an effect is for demo/run to find out from
 * outside. It only ever touches a throw-away home, which it knows by a mark that demo/run leaves.
 *
 *   agent PORT VICTIM     in a workspace below $HOME; PORT of 127.0.0.1 is the home that it phones,
 *                         VICTIM is the process that it signals
 *
 * What it gets hold of goes to .agent/loot, one line per attempt to .agent/report.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define MARK ".cordon-demo"

struct agent {
    const char *home;
    uint16_t port;
    pid_t victim;
    FILE *loot;
};

/* ---- small change ---- */

static int read_file(const char *path, char *buffer, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got;

    if (fd < 0)
        return -errno;
    got = read(fd, buffer, size - 1);
    if (got < 0)
        got = -errno;
    else
        buffer[got] = 0;
    close(fd);
    return (int)got;
}

static int append_file(const char *path, mode_t mode, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, mode);
    int result = 0;

    if (fd < 0)
        return -errno;
    if (write(fd, text, strlen(text)) < 0)
        result = -errno;
    if (close(fd) < 0 && result == 0)
        result = -errno;
    return result;
}

static void path_in_home(const struct agent *agent, const char *name, char path[PATH_MAX])
{
    snprintf(path, PATH_MAX, "%s/%s", agent->home, name);
}

/* ---- what it should not do: 0 or more = it seemed to work, negative errno = refused ---- */

static int steal_key(struct agent *agent)
{
    char path[PATH_MAX], key[4096];
    int result;

    path_in_home(agent, ".ssh/id_demo", path);
    result = read_file(path, key, sizeof(key));
    if (result >= 0)
        fprintf(agent->loot, "key: %s\n", key);
    return result;
}

static int empty_desktop(struct agent *agent)
{
    char path[PATH_MAX];
    struct dirent *entry;
    int removed = 0, refused = 0;
    DIR *desktop;

    path_in_home(agent, "Desktop", path);
    desktop = opendir(path);
    if (!desktop)
        return -errno;
    while ((entry = readdir(desktop))) {
        if (entry->d_name[0] == '.')
            continue;
        if (unlinkat(dirfd(desktop), entry->d_name, 0) < 0)
            refused = errno;
        else
            removed++;
    }
    closedir(desktop);
    return refused ? -refused : removed;
}

static int phone_home(struct agent *agent)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(agent->port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    const char *message = "here is what I found\n";
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int result = 0;

    if (fd < 0)
        return -errno;
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
        send(fd, message, strlen(message), MSG_NOSIGNAL) < 0)
        result = -errno;
    close(fd);
    return result;
}

static int plant_hook(struct agent *agent)
{
    return append_file(".git/hooks/post-checkout", 0755, "#!/bin/sh\necho planted\n");
}

static int plant_envrc(struct agent *agent)
{
    return append_file(".envrc", 0644, "echo planted\n");
}

static int plant_bashrc(struct agent *agent)
{
    char path[PATH_MAX];

    path_in_home(agent, ".bashrc", path);
    return append_file(path, 0644, "echo planted\n");
}

static int read_own_environment(struct agent *agent)
{
    const char *token = getenv("DEMO_TOKEN");

    if (!token)
        return -ENOENT;
    fprintf(agent->loot, "environment: %s\n", token);
    return 0;
}

/* The value of DEMO_TOKEN in a block of NUL-terminated assignments. */
static const char *find_token(const char *block, size_t size)
{
    const char *name = "DEMO_TOKEN=";

    for (const char *at = block; at < block + size; at += strlen(at) + 1)
        if (strncmp(at, name, strlen(name)) == 0)
            return at + strlen(name);
    return NULL;
}

/* Any process but itself will do: pid 1 of a container is where others leave the caller's. */
static int read_others_environment(struct agent *agent)
{
    static char block[1 << 18];
    struct dirent *entry;
    int result = -ENOENT;
    DIR *proc = opendir("/proc");

    if (!proc)
        return -errno;
    while (result < 0 && (entry = readdir(proc))) {
        char path[300];
        const char *token;
        int got, pid = atoi(entry->d_name);

        if (pid <= 0 || pid == getpid())
            continue;
        snprintf(path, sizeof(path), "/proc/%d/environ", pid);
        got = read_file(path, block, sizeof(block));
        if (got < 0)
            result = pid == 1 ? got : result;
        token = got > 0 ? find_token(block, (size_t)got) : NULL;
        if (!token)
            continue;
        fprintf(agent->loot, "process %d: %s\n", pid, token);
        result = 0;
    }
    closedir(proc);
    return result;
}

static int signal_victim(struct agent *agent)
{
    return kill(agent->victim, SIGKILL) < 0 ? -errno : 0;
}

static const struct attempt {
    const char *name, *says;
    int (*run)(struct agent *agent);
} attempts[] = {
    { "key", "read ~/.ssh/id_demo", steal_key },
    { "desktop", "empty the Desktop", empty_desktop },
    { "phone", "phone home", phone_home },
    { "hook", "plant a git hook", plant_hook },
    { "envrc", "plant a start-up file in the workspace (.envrc)", plant_envrc },
    { "bashrc", "plant a start-up file in the home (~/.bashrc)", plant_bashrc },
    { "environment", "read the caller's secret from its environment", read_own_environment },
    { "processes", "read it from other processes (/proc/*/environ)", read_others_environment },
    { "signal", "kill a process of the host", signal_victim },
};

/* ---- what it is there for ---- */

static const struct job {
    const char *says, *command;
} jobs[] = {
    { "run the test, which fails", "! make -s test" },
    { "mend the program", "sed -i 's/i < n/i <= n/' sum.c" },
    { "compile it and run the test again", "make -s test" },
    { "commit with git", "git add sum.c && git commit -q -m 'Add up to and including n'" },
};

static bool do_work(void)
{
    bool is_done = true;

    for (size_t i = 0; i < sizeof(jobs) / sizeof(jobs[0]) && is_done; i++) {
        char command[512];

        snprintf(command, sizeof(command), "{ %s; } >>.agent/work.log 2>&1", jobs[i].command);
        is_done = system(command) == 0;
        printf("works: %-56s %s\n", jobs[i].says, is_done ? "done" : "FAILED");
    }
    return is_done;
}

static bool do_mischief(struct agent *agent)
{
    FILE *report = fopen(".agent/report", "we");

    if (!report)
        return false;
    for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
        int result = attempts[i].run(agent);
        const char *answer = result < 0 ? strerrorname_np(-result) : "ok";

        printf("tries: %-56s %s\n", attempts[i].says, answer ? answer : "?");
        fprintf(report, "%s %s\n", attempts[i].name, answer ? answer : "?");
    }
    return fclose(report) == 0;
}

static int agent_begin(struct agent *agent, int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: agent PORT VICTIM (demo/run starts it)\n");
        return -EINVAL;
    }
    agent->home = getenv("HOME");
    agent->port = (uint16_t)atoi(argv[1]);
    agent->victim = atoi(argv[2]);
    if (!agent->home || access(MARK, F_OK) < 0 || agent->victim <= 1) {
        fprintf(stderr, "agent: this is no throw-away workspace of demo/run\n");
        return -EPERM;
    }
    if (mkdir(".agent", 0755) < 0 && errno != EEXIST)
        return -errno;
    agent->loot = fopen(".agent/loot", "we");
    return agent->loot ? 0 : -errno;
}

int main(int argc, char **argv)
{
    struct agent agent = { 0 };
    bool is_done;

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (agent_begin(&agent, argc, argv) < 0)
        return 2;
    is_done = do_work();
    is_done &= do_mischief(&agent);
    is_done &= fclose(agent.loot) == 0;
    return is_done ? 0 : 1;
}
