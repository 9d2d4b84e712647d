/* SPDX-License-Identifier: Apache-2.0 */
/* A small plan by hand. */
#include "plan.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/memory.h"
#include "test.h"

/* The process tier needs this one function of the policy part; the rest of it stays out of these tests. */
uint64_t plan_limit_value(const struct plan *plan, const char *member)
{
    for (size_t i = 0; i < plan->limit_count; i++)
        if (strcmp(plan->limits[i].member, member) == 0)
            return plan->limits[i].value;
    return 0;
}

const char *hand_init_path(void)
{
    return CORDON_TEST_INIT;
}

struct plan_mount *hand_plan_add(struct hand_plan *hand, enum plan_mount_kind kind, const char *target,
                                 const char *source, bool is_writable)
{
    struct plan_mount *mount = &hand->mounts[hand->plan.mount_count++];
    struct stat st = {0};

    if (kind == PLAN_BIND || kind == PLAN_PIN || kind == PLAN_MASK)
        check_int(stat(source, &st), 0);
    *mount = (struct plan_mount){
        .kind = kind,
        .target = target,
        .source = kind == PLAN_MASK ? NULL : source,
        .is_writable = is_writable,
        .is_directory = S_ISDIR(st.st_mode),
        .device = st.st_dev,
        .inode = st.st_ino,
        .mode = kind == PLAN_PRIVATE ? 01777 : 0755,
    };
    if (kind == PLAN_BIND || kind == PLAN_PRIVATE || kind == PLAN_DEV || kind == PLAN_PROC || kind == PLAN_FILE ||
        kind == PLAN_SERVED)
        hand->rules[hand->plan.rule_count++] = (struct plan_rule){.target = target,
                                                                  .may_write = is_writable,
                                                                  .may_execute = kind != PLAN_PROC && kind != PLAN_FILE && kind != PLAN_SERVED,
                                                                  .is_device = kind == PLAN_DEV};
    return mount;
}

/* A plan relies on what its machine has: compile() would have made the same of it. */
static bool has_landlock(void)
{
    return syscall(444 /* landlock_create_ruleset */, NULL, 0, 1 /* version */) > 0;
}

void hand_plan_init(struct hand_plan *hand, const char *workspace)
{
    static const char *const links[][2] = {
        {"/bin", "usr/bin"}, {"/sbin", "usr/sbin"}, {"/lib", "usr/lib"}, {"/lib64", "usr/lib64"}};

    *hand = (struct hand_plan){.env = {"PATH=/usr/bin:/bin", "HOME=/tmp", NULL}};
    hand->plan = (struct plan){.mounts = hand->mounts,
                               .rules = hand->rules,
                               .limits = hand->limits,
                               .landlock_files = has_landlock(),
                               .network = PLAN_NET_LOOPBACK,
                               .filter = {.allows_inet = true},
                               .env = hand->env,
                               .env_count = 2,
                               .cwd = "/tmp"};
    hand_plan_add(hand, PLAN_BIND, "/usr", "/usr", false);
    for (size_t i = 0; i < ARRAY_COUNT(links); i++)
        hand_plan_add(hand, PLAN_SYMLINK, links[i][0], links[i][1], false);
    hand_plan_add(hand, PLAN_DIRECTORY, "/etc", NULL, false);
    hand_plan_add(hand, PLAN_BIND, "/etc/ld.so.cache", "/etc/ld.so.cache", false);
    hand_plan_add(hand, PLAN_PRIVATE, "/tmp", NULL, true);
    if (workspace)
        hand_plan_add(hand, PLAN_BIND, "/ws", workspace, true);
    hand_plan_add(hand, PLAN_DEV, "/dev", NULL, true);
    hand_plan_add(hand, PLAN_PROC, "/proc", NULL, true);
}

static void output_read(int fd, char *output, size_t size)
{
    size_t used = 0;

    for (;;) {
        ssize_t got = read(fd, output + used, size - used - 1);

        if (got <= 0)
            break;
        used += (size_t)got;
    }
    output[used] = '\0';
}

const char *hand_workspace_make(void)
{
    static char path[32];

    strcpy(path, "/tmp/cordon-unit-XXXXXX");
    check(test_make_directory(path) != NULL);
    return path;
}

void hand_workspace_remove(const char *path)
{
    char command[256];

    snprintf(command, sizeof(command), "rm -rf '%s'", path);
    check_int(system(command), 0);
}

void (*hand_look)(const struct tier_run *run);
int (*hand_refused)(void *context, const struct tier_refusal *refusal, struct error *err);

const struct tier_watcher *hand_watcher;

/* A gateway that is content with every network. */
static int nod(void *context, int network, struct error *err)
{
    (void)context;
    (void)network;
    (void)err;
    return 0;
}

#ifdef CORDON_TEST_EXEC
/* The program in a container that stood before (CORDON_TEST_UNSEALED: and was sealed for it): nothing shall be different. A plan that cannot stand is started as it is. */
static int hand_start(const struct tier_start *start, struct tier_run **ret_run, struct error *err)
{
    struct tier_start standing = *start;
    struct tier_exec exec = {.argv = start->argv,
                             .env = (const char *const *)start->plan->env,
                             .cwd = start->plan->cwd,
                             .stdio = {start->stdio[0], start->stdio[1], start->stdio[2]},
                             .is_main = true};
    struct tier_program program;
    int status;

    standing.argv = NULL;
    standing.is_kept_ready = standing.is_unsealed = getenv("CORDON_TEST_UNSEALED") != NULL;
    exec.seals = standing.is_unsealed ? &standing : NULL;
    status = tier_process.start(&standing, NULL, ret_run, err);
    if (status < 0 && (strstr(err->text, "a container that stands") || strstr(err->text, "a container without a program")))
        return tier_process.start(start, NULL, ret_run, err);
    if (status < 0)
        return status;
    if (standing.is_kept_ready)
        status = tier_process.settle(*ret_run, &standing, true, err);
    if (status >= 0)
        status = tier_process.exec(*ret_run, &exec, &program, err);
    if (status < 0)
        tier_process.finish(*ret_run);
    return status;
}
#else
static int hand_start(const struct tier_start *start, struct tier_run **ret_run, struct error *err)
{
    return tier_process.start(start, NULL, ret_run, err);
}
#endif

int hand_run(struct hand_plan *hand, const char *script, struct tier_status *ret_status, char *output, size_t size,
             struct error *err)
{
    const char *argv[] = {"sh", "-c", script, NULL};
    struct tier_start start = {.plan = &hand->plan, .argv = argv, .init_path = hand_init_path(), .run_id = "unit"};
    const struct tier_attach gateway = {.attach = nod, .refused = hand_refused};
    struct tier_run *run = NULL;
    int pipes[2], status;

    if (hand->plan.network == PLAN_NET_GATEWAY || hand_refused)
        start.gateway = &gateway;
    start.watcher = hand_watcher;
    check_int(pipe2(pipes, O_CLOEXEC), 0);
    start.stdio[0] = -1;
    start.stdio[1] = start.stdio[2] = pipes[1];
    status = hand_start(&start, &run, err);
    close(pipes[1]);
    if (status == 0) {
        output_read(pipes[0], output, size);
        for (;;) {
            struct pollfd polled = {.fd = tier_process.poll_fd(run), .events = POLLIN};

            poll(&polled, 1, -1);
            if (tier_process.read_status(run, ret_status, err))
                break;
        }
        if (hand_look)
            hand_look(run);
        tier_process.finish(run);
    } else if (err->kind == ERROR_UNENFORCEABLE && !strstr(err->text, "/dev/fuse")) { /* which is what a test of it is about */
        test_skip("userns");
    }
    close(pipes[0]);
    return status;
}

const char hand_traced_script[] =
    "exec python3 -c '\n"
    "import ctypes, os, signal, time\n"
    "def traced(): print(ctypes.CDLL(None).ptrace(0, 0, 0, 0), flush=True)\n"
    "signal.signal(signal.SIGUSR1, lambda *a: print(\"caught\", flush=True))\n"
    "r, w = os.pipe()\n"
    "if os.fork() == 0:\n"
    "  parent = os.getpid()\n"
    "  if os.fork(): os._exit(0)\n"
    "  while os.getppid() == parent: time.sleep(0.01)\n"
    "  traced(); os.kill(os.getpid(), signal.SIGUSR1); os.write(w, b\"x\"); os._exit(0)\n"
    "os.wait(); os.read(r, 1); traced()\n"
    "for s in (signal.SIGWINCH, signal.SIGUSR1): os.kill(os.getpid(), s)\n"
    "os.execv(\"/bin/sh\", [\"sh\", \"-c\", \"echo executed; exit 42\"])'";
const char hand_traced_output[] = "0\ncaught\n0\ncaught\nexecuted\n";
