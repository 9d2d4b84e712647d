/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cordon-auditor: what people ask of an audit log, executed by libcordon, or by hand. It holds no right but the caller's. Results
 * go to standard output, a failure to standard error: a line, or with --errors a struct error.
 *
 * Theory of operation: it reads records that agents have filled with words and SQLite's file, so it gives up what it does not
 * need before it reads either: every file but those that it is asked about, and the network but for an export to a URL.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/log.h"
#include "audit/merkle.h"
#include "auditor/command.h"
#include "auditor/confine.h"
#include "auditor/who.h"

static const struct {
    const char *name;
    int (*run)(const struct options *options, struct error *err);
    bool writes; /* into the log's directory */
} commands[] = {
    {"search", command_search, false}, {"tail", command_tail, false}, {"timeline", command_timeline, false}, {"prove", command_prove, false},
    {"export", command_export, false}, {"hold", command_hold, true},  {"retain", command_retain, true},       {"erase", command_erase, true},
    {"record", command_record, true},
};

static int run(const struct options *options, struct error *err)
{
    for (size_t i = 0; i < ARRAY_COUNT(commands); i++) {
        int status;

        if (strcmp(commands[i].name, options->command) != 0)
            continue;
        status = merkle_prepare(err);
        log_prepare();
        if (status == 0)
            status = confine(options, commands[i].writes, err);
        if (status == 0)
            status = commands[i].run(options, err);
        merkle_release();
        return status < 0 ? status : 0;
    }
    return error_set(err, ERROR_INVALID, EINVAL, "%.40s: no such command", options->command);
}

int main(int argc, char **argv)
{
    struct error err = ERROR_INIT;
    struct options options = {0};
    int status;

    (void)argc;
    signal(SIGPIPE, SIG_IGN);
    umask(077); /* what it makes is the caller's own */
    status = options_parse(argv + 1, &options, &err);
    options.query.user_id = who_id(options.query.user);
    if (status == 0)
        status = run(&options, &err);
    if (status >= 0)
        return EXIT_SUCCESS;
    if (err.errnum == EPIPE) /* whoever reads has seen enough */
        return EXIT_SUCCESS;
    if (!options.tells_library || write(STDERR_FILENO, &err, sizeof(err)) != (ssize_t)sizeof(err))
        fprintf(stderr, "cordon-auditor: %s\n", err.text);
    return EXIT_FAILURE;
}
