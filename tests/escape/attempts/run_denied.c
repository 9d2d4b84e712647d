/* SPDX-License-Identifier: Apache-2.0 */
/* Run a program: directly, through the loader, as a script's interpreter. Arguments: way, program.
 */
#include "attempt.h"

static void run(const char *way, const char *program)
{
    static const char *const loaders[] = {"/lib64/ld-linux-x86-64.so.2",
                                          "/lib/ld-linux-aarch64.so.1"};
    FILE *script;

    if (strcmp(way, "loader") == 0) {
        for (size_t i = 0; i < 2; i++)
            execl(loaders[i], loaders[i], program, (char *)NULL);
    } else if (strcmp(way, "script") == 0) {
        script = fopen("script", "w");
        if (!script || fprintf(script, "#!%s\n", program) < 0 || fclose(script) != 0 ||
            chmod("script", 0755) < 0)
            _exit(100);
        execl("./script", "./script", (char *)NULL);
    } else {
        execl(program, program, (char *)NULL);
    }
    _exit(99);
}

int main(int argc, char **argv)
{
    pid_t child = fork();
    int status;

    if (child == 0)
        run(argument(argc, argv, 1), argument(argc, argv, 2));
    if (child < 0 || waitpid(child, &status, 0) < 0)
        broken("fork");
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        succeeded("it ran");
    if (WIFEXITED(status) && WEXITSTATUS(status) == 100)
        broken("a script of our own");
    refused_because("it did not run");
}
