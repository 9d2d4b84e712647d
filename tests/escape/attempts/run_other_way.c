/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Start a program in a way that rules about commands or names of programs do not see, and let it
 * read a file outside. Arguments: way, file, marker. The program is this one, which reads when its
 * first argument is "read", or a shell.
 */
#include <sys/mman.h>
#include <sys/sendfile.h>

#include "attempt.h"

static const char *file, *marker;
static char self[4096];

static void become(const char *const *words)
{
    execvp(words[0], (char *const *)words);
    _exit(126);
}

#define BECOME(...) become((const char *const[]){__VA_ARGS__, NULL})

static int copy_of_self(void)
{
    int from = open("/proc/self/exe", O_RDONLY), to = memfd_create("copy", 0);
    struct stat stat;

    if (from < 0 || to < 0 || fstat(from, &stat) < 0 ||
        sendfile(to, from, NULL, (size_t)stat.st_size) != stat.st_size)
        _exit(126);
    return to;
}

static void write_script(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0755);

    if (fd < 0 || write(fd, text, strlen(text)) < 0)
        _exit(126);
    close(fd);
}

static void run_memory(void)
{
    char *const words[] = {(char *)"copy", (char *)"read", (char *)file, (char *)marker, NULL};

    fexecve(copy_of_self(), words, environ);
    _exit(126);
}

static void run_loader(void)
{
    static const char *const loaders[] = {"/lib64/ld-linux-x86-64.so.2",
                                          "/lib/ld-linux-aarch64.so.1"};

    if (chmod(self, 0644) < 0) /* without the right to execute: the loader only reads */
        _exit(126);
    for (size_t i = 0; i < 2; i++)
        if (access(loaders[i], X_OK) == 0)
            BECOME(loaders[i], self, "read", file, marker);
    _exit(126);
}

static void run_script(void)
{
    char text[8300];

    snprintf(text, sizeof(text), "#!%s read\n", self);
    write_script("script", text);
    /* The kernel appends the script's name; the reader takes file and marker from the environment.
     */
    setenv("FILE", file, 1);
    setenv("MARKER", marker, 1);
    BECOME("./script");
}

static void run_copy(void)
{
    write_script("gh", "");
    char from[4096];
    ssize_t got;
    int in = open(self, O_RDONLY), out = open("gh", O_WRONLY | O_TRUNC);

    while ((got = read(in, from, sizeof(from))) > 0)
        if (write(out, from, (size_t)got) != got)
            _exit(126);
    close(out);
    BECOME("./gh", "read", file, marker);
}

static void run_named(void)
{
    execl(self, "/usr/bin/git", "read", file, marker, (char *)NULL);
    _exit(126);
}

/* The shell's text stands in one place; the file and the marker are its $0 and $1. */
static void run_shell(const char *text)
{
    BECOME("bash", "-c", text, file, marker);
}

static const struct {
    const char *name, *text;
    void (*run)(void);
} ways[] = {
    {"memory", NULL, run_memory},
    {"loader", NULL, run_loader},
    {"script", NULL, run_script},
    {"copy", NULL, run_copy},
    {"named", NULL, run_named},
    {"background", "grep -q \"$1\" \"$0\" & wait $!", NULL},
    {"substitution", "[[ $(cat \"$0\") == *\"$1\"* ]]", NULL},
    {"process", "grep -q \"$1\" <(cat \"$0\")", NULL},
    {"builtin", "mapfile -t lines <\"$0\"; [[ ${lines[*]} == *\"$1\"* ]]", NULL},
    {"here", "grep -q \"$1\" <<END\n$(<\"$0\")\nEND", NULL},
    {"split", "env -S 'grep -q' \"$1\" \"$0\"", NULL},
    {"xargs", "printf '%s\\0' \"$0\" | xargs -0 grep -q \"$1\"", NULL},
    {"find", "[ -n \"$(find \"$0\" -exec grep \"$1\" {} ';')\" ]", NULL},
    {"awk", "awk -v f=\"$0\" -v m=\"$1\" 'BEGIN { exit system(\"grep -q \" m \" \" f) }'", NULL},
    {"newline", "true\ngrep -q \"$1\" \"$0\"", NULL},
};

static void run_reader(int argc, char **argv)
{
    const char *name = argc >= 4 ? argv[2] : getenv("FILE");
    const char *text = argc >= 4 ? argv[3] : getenv("MARKER");
    int fd = name ? open(name, O_RDONLY) : -1;

    _exit(fd >= 0 && text && descriptor_holds(fd, text) ? 0 : 1);
}

int main(int argc, char **argv)
{
    const char *way = argument(argc, argv, 1);
    pid_t child;
    int status;
    ssize_t length;

    if (strcmp(way, "read") == 0)
        run_reader(argc, argv);
    file = argument(argc, argv, 2);
    marker = argument(argc, argv, 3);
    length = readlink("/proc/self/exe", self, sizeof(self) - 1);
    if (length < 0)
        broken("own name");
    child = fork();
    if (child == 0) {
        for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++)
            if (strcmp(ways[i].name, way) == 0) {
                if (ways[i].text)
                    run_shell(ways[i].text);
                ways[i].run();
            }
        _exit(126);
    }
    if (child < 0 || waitpid(child, &status, 0) < 0)
        broken("fork");
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        succeeded("the program read it");
    if (WIFEXITED(status) && WEXITSTATUS(status) >= 126)
        broken("the program did not start");
    refused_because("the program that was started could not read it");
}
