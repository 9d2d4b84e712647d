/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a contained program writes to its terminal, made fit for the terminal of a person. The bytes
 * are parsed once, and only whole sequences that a row allows are written out again, in one form:
 * a terminal that parses differently has nothing to differ about. What no row names is dropped.
 * See docs/decisions/0040-terminal-filter.md.
 */
#ifndef CORDON_SDK_TERMINAL_FILTER_H
#define CORDON_SDK_TERMINAL_FILTER_H

#include "base/compiler.h"
#include "base/error.h"
#include "sdk/terminal/state.h"

/* Output of one call, at most, not counting its last sequence. */
#define TERMINAL_CHUNK ((size_t)64 * 1024)

struct terminal_options {
    bool is_utf8;             /* the terminal reads UTF-8; else one byte is one character */
    bool may_write_clipboard; /* ui.clipboard: write */
};

struct terminal_filter;

int terminal_filter_new(const struct terminal_options *options,
                        struct terminal_filter **ret_filter, struct error *err) must_check;
void terminal_filter_free(struct terminal_filter *filter);

/*
 * Filter what can be filtered of `bytes`: returns how many were taken, at least 1 of 1. The output
 * is the filter's and valid until its next call; it may be empty: a sequence is held until its end.
 */
size_t terminal_filter_step(struct terminal_filter *filter, const char *bytes, size_t size,
                            const char **ret_output, size_t *ret_output_size) must_check;

/*
 * The program has gone: *ret_output undoes what it changed (may be empty). True when answers of the
 * terminal may still be on their way; then the output ends with a question that no program could
 * ask, and all input up to and with its answer, TERMINAL_LAST_ANSWER, is to be discarded.
 */
#define TERMINAL_LAST_ANSWER "\033[0n"
bool terminal_filter_end(struct terminal_filter *filter, const char **ret_output,
                         size_t *ret_output_size);

#endif
