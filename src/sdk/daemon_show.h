/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the library: what cordond told of containers, as people and programs are shown it. */
#ifndef CORDON_SDK_DAEMON_SHOW_H
#define CORDON_SDK_DAEMON_SHOW_H

#include "base/text.h"
#include "cordon/cordon.h"
#include "protocol/codec.h"

struct daemon_entry {
    unsigned char *bytes; /* the fields of `told` */
    struct protocol_message told;
    uint64_t since_ms; /* by which they are in order */
    unsigned depth;    /* of how many it is inside */
    bool is_shown, has_usage;
    uint64_t usage[4]; /* user us, system us, bytes, processes */
};

/* Parents first, each followed by what is inside of it; else by age. */
void daemon_entries_sort(struct daemon_entry *entries, size_t count);

/* "NAME=VALUE"; ERROR_INVALID: there is no such name. */
int daemon_entry_matches(const struct daemon_entry *entry, const char *filter, bool *ret_matches, struct error *err) must_check;

void daemon_show_titles(struct text *out);
void daemon_show_line(struct text *out, const struct daemon_entry *entry);
void daemon_show_object(struct text *out, const struct daemon_entry *entry);
void daemon_show_all(struct text *out, const struct daemon_entry *entry);
/* "{{.Name}} {{.State}}": what is no such field is as it stands; ERROR_INVALID: no such field. */
int daemon_show_template(struct text *out, const struct daemon_entry *entry, const char *template, struct error *err) must_check;

#endif
