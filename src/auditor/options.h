/* SPDX-License-Identifier: Apache-2.0 */
/* What cordon-auditor is asked for: a command and options, as libcordon writes them. */
#ifndef CORDON_AUDITOR_OPTIONS_H
#define CORDON_AUDITOR_OPTIONS_H

#include "auditor/query.h"

#define HEADERS_MAX 16

struct options {
    const char *command, *log, *verifier, *index, *keys, *format, *url, *state, *authorities, *subject, *name, *id, *runs, *secret, *machine;
    const char *headers[HEADERS_MAX + 1];
    struct query query;
    uint64_t first, until, limit, days, tries, wait_ms;
    uint64_t through; /* a descriptor: the daemon's log, where that is who writes this one; 0 = there is none */
    bool is_json, follows, is_applied, is_released, is_whole, is_always;
    bool tells_library; /* a failure goes to standard error as a struct error */
};

int options_parse(char **args, struct options *ret_options, struct error *err) must_check;

#endif
