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

static const char usage[] = "usage: cordond --user [--runtime DIR]\n"
                            "\n"
                            "  --user         serve the user who starts it\n"
                            "  --runtime DIR  where its sockets are (default: $XDG_RUNTIME_DIR/cordon, or\n"
                            "                 /run/user/UID/cordon; else ~/.local/state/cordon/run)\n"
                            "  --version, --help\n";

struct places {
    char runtime[PATH_MAX], keeper[PATH_MAX + 64];
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

int main(int argc, char **argv)
{
    static struct places places;
    struct daemon_settings settings = {.runtime = places.runtime, .keeper_program = places.keeper};

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--user") == 0) {
            settings.is_user = true;
        } else if (strcmp(argv[i], "--runtime") == 0 && argv[i + 1]) {
            if (argv[i + 1][0] != '/' || strlen(argv[i + 1]) >= sizeof(places.runtime))
                return bad_usage("--runtime takes an absolute path");
            snprintf(places.runtime, sizeof(places.runtime), "%s", argv[++i]);
        } else if (strcmp(argv[i], "--version") == 0) {
            puts("cordond " CORDON_VERSION_TEXT);
            return 0;
        } else if (strcmp(argv[i], "--help") == 0) {
            fputs(usage, stdout);
            return 0;
        } else {
            return bad_usage("unknown option");
        }
    }
    if (!settings.is_user)
        return bad_usage("say whom it serves: --user");
    if (!*places.runtime && find_runtime(&places) < 0)
        return bad_usage("no place for its sockets: set XDG_RUNTIME_DIR, or --runtime DIR");
    if (find_keeper(&places) < 0) {
        fprintf(stderr, "cordond: no cordon-keeper beside this program (install Cordon as a whole)\n");
        return 1;
    }
    return starter_run(&settings);
}
