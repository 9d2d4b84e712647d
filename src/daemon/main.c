/* SPDX-License-Identifier: Apache-2.0 */
/* cordond: its options, and where its things are. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/daemon.h"
#include "daemon/supervise.h"

static const char usage[] = "usage: cordond --user|--system [OPTION...]\n"
                            "\n"
                            "  --user         serve the user who starts it\n"
                            "  --system       serve all users of the machine: as root, with all that stands beside it; as\n"
                            "                 another user, with the sockets that systemd or root hands over\n"
                            "  --runtime DIR  where its sockets are (default: $XDG_RUNTIME_DIR/cordon, or\n"
                            "                 /run/user/UID/cordon; else ~/.local/state/cordon/run; of the system: /run/cordon)\n"
                            "  --state DIR    of the system, as root: where the log and what others keep is (default: /var/lib/cordon)\n"
                            "  --cgroup PATH  likewise, the control group of keepers and containers, in each hierarchy (default: /cordon)\n"
                            "  --version, --help\n";

struct places {
    char runtime[PATH_MAX], keeper[PATH_MAX + 64];
    const char *state, *cgroup; /* NULL = the default */
    bool is_system;
};

static bool is_directory(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* As the library finds it (sdk/daemon.c). */
static int find_runtime(struct places *places)
{
    const char *runtime = getenv("XDG_RUNTIME_DIR"), *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    char login[64];
    int size;

    snprintf(login, sizeof(login), "/run/user/%u", (unsigned)geteuid());
    if (runtime && runtime[0] == '/')
        size = snprintf(places->runtime, sizeof(places->runtime), "%s/cordon", runtime);
    else if (is_directory(login))
        size = snprintf(places->runtime, sizeof(places->runtime), "%s/cordon", login);
    else if (state && state[0] == '/')
        size = snprintf(places->runtime, sizeof(places->runtime), "%s/cordon/run", state);
    else if (home && home[0] == '/')
        size = snprintf(places->runtime, sizeof(places->runtime), "%s/.local/state/cordon/run", home);
    else
        return -ENOENT;
    return size < (int)sizeof(places->runtime) ? 0 : -ENAMETOOLONG;
}

/* Beside this program in a build tree, or where it is installed. */
static int find_keeper(struct places *places)
{
    static const char *const names[] = {"cordon-keeper", "../keeper/cordon-keeper", CORDON_HELPERS_FROM_BIN "/cordon-keeper"};
    char own[PATH_MAX], *slash;
    ssize_t size = readlink("/proc/self/exe", own, sizeof(own) - 1);

    if (size <= 0)
        return -errno;
    own[size] = '\0';
    slash = strrchr(own, '/');
    *slash = '\0';
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        snprintf(places->keeper, sizeof(places->keeper), "%s/%s", own, names[i]);
        if (access(places->keeper, X_OK) == 0)
            return 0;
    }
    return -ENOENT;
}

static int bad_usage(const char *what)
{
    fprintf(stderr, "cordond: %s\n%s", what, usage);
    return 2;
}

static int take_directory(const char *option, const char *given, const char **ret_directory)
{
    if (!given || given[0] != '/' || strlen(given) >= PATH_MAX - 64) {
        fprintf(stderr, "cordond: %s takes an absolute path\n%s", option, usage);
        return 2;
    }
    *ret_directory = given;
    return 0;
}

/* -1 = go on. */
static int read_options(char **argv, struct daemon_settings *settings, struct places *places)
{
    const char *runtime = NULL;
    int status = 0;

    for (char **at = argv + 1; *at && status == 0; at++) {
        if (strcmp(*at, "--user") == 0) {
            settings->is_user = true;
        } else if (strcmp(*at, "--system") == 0) {
            places->is_system = true;
        } else if (strcmp(*at, "--runtime") == 0) {
            status = take_directory(*at, at[1], &runtime);
            at += status == 0;
        } else if (strcmp(*at, "--state") == 0) {
            status = take_directory(*at, at[1], &places->state);
            at += status == 0;
        } else if (strcmp(*at, "--cgroup") == 0) {
            status = take_directory(*at, at[1], &places->cgroup);
            at += status == 0;
        } else if (strcmp(*at, "--version") == 0) {
            puts("cordond " CORDON_VERSION_TEXT);
            return 0;
        } else if (strcmp(*at, "--help") == 0) {
            fputs(usage, stdout);
            return 0;
        } else {
            return bad_usage("unknown option");
        }
    }
    if (status == 0 && settings->is_user == places->is_system)
        return bad_usage("say whom it serves: --user or --system");
    if (status == 0 && (places->state || places->cgroup) && (settings->is_user || geteuid() != 0))
        return bad_usage("--state and --cgroup are for the system's service that root starts; the user's state is below $XDG_STATE_HOME");
    if (runtime || places->is_system)
        snprintf(places->runtime, sizeof(places->runtime), "%s", runtime ? runtime : "/run/cordon");
    return status ? status : -1;
}

int main(int argc, char **argv)
{
    static struct places places;
    struct daemon_settings settings = {.runtime = places.runtime, .keeper_program = places.keeper};
    int status = read_options(argv, &settings, &places);

    if (status >= 0)
        return status;
    if (!*places.runtime && find_runtime(&places) < 0)
        return bad_usage("no place for its sockets: set XDG_RUNTIME_DIR, or --runtime DIR");
    if (find_keeper(&places) < 0) {
        fprintf(stderr, "cordond: no cordon-keeper beside this program (install Cordon as a whole)\n");
        return 1;
    }
    if (places.is_system && geteuid() == 0)
        return supervise(&(struct supervision){.runtime = places.runtime,
                                               .state = places.state ? places.state : "/var/lib/cordon",
                                               .cgroup = places.cgroup ? places.cgroup : "/cordon",
                                               .keeper_program = places.keeper});
    return starter_run(&settings);
}
