/* SPDX-License-Identifier: Apache-2.0 */
/* What head.c and head_read.c share. */
#ifndef CORDON_INSPECT_HEAD_LINE_H
#define CORDON_INSPECT_HEAD_LINE_H

#include "inspect/head.h"

bool head_is_token(char byte);
int head_wrong(const char **ret_what, const char *what); /* -EBADMSG */
struct span head_first_line(const char *bytes, size_t size, struct span *ret_rest);
int head_read_fields(struct span rest, struct head *head, bool is_request, const char **ret_what) must_check;
/* The next of a list with commas that is not empty. */
bool head_next_item(struct span *list, struct span *ret_item);

#endif
