/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of cordon-auditor, and what they share. */
#ifndef CORDON_AUDITOR_COMMAND_H
#define CORDON_AUDITOR_COMMAND_H

#include "auditor/find.h"
#include "auditor/options.h"
#include "audit/stamp.h"

/* All that is asked of one log. */
struct desk {
    const struct options *options;
    struct reader *reader;
    struct index *index; /* NULL = none */
};

int desk_open(struct desk *desk, const struct options *options, struct error *err) must_check;
void desk_close(struct desk *desk);
#define auto_desk cleanup_with(desk_close)

/* What `options` ask for, over the whole log. */
struct find desk_find(const struct desk *desk);

/* To standard output; the text is empty afterwards. -EPIPE: nobody reads any more. */
int say(struct text *text, struct error *err) must_check;

int command_search(const struct options *options, struct error *err) must_check;
int command_tail(const struct options *options, struct error *err) must_check;
int command_timeline(const struct options *options, struct error *err) must_check;
int command_prove(const struct options *options, struct error *err) must_check;
int command_export(const struct options *options, struct error *err) must_check;
int command_hold(const struct options *options, struct error *err) must_check;
int command_retain(const struct options *options, struct error *err) must_check;
int command_erase(const struct options *options, struct error *err) must_check;
int command_record(const struct options *options, struct error *err) must_check;

/* own.c: a record of what was done here, by the one who did it. -EACCES where another process writes the log. */
struct own_words {
    const char *type;           /* "log.held" */
    const char *name, *subject; /* NULL = not said */
    bool has_range;
    uint64_t first, next;
};
int own_say(const struct options *options, const struct own_words *words, struct error *err) must_check;

/* own.c: the log of `options`, opened to be written by this user. */
struct writer_desk {
    struct log *log;            /* NULL: the daemon's logger has it, */
    struct log_client *client;  /* and is told of what is to be in it */
    size_t untold;              /* bytes of that since it was last waited for */
    struct note_signer *signer;
    char origin[NOTE_NAME_MAX + 1], host[128]; /* of this machine */
};
int writer_open(const struct options *options, struct writer_desk *ret_desk, struct error *err) must_check;
/* through.c: the same where `client` is. catch_up(): the reader has all that was durable when it was called. */
int through_open(const struct options *options, struct writer_desk *desk, struct error *err) must_check;
int through_append(struct writer_desk *desk, const struct stamp_label *label, const char *body, size_t size, struct error *err) must_check;
int through_settle(struct writer_desk *desk, struct error *err) must_check;
int through_catch_up(const struct writer_desk *desk, struct reader *reader, struct error *err) must_check;

/* `number` is for a log that is this process's own: the daemon's counts for itself. */
int writer_append(struct writer_desk *desk, const struct stamp_label *label, uint64_t number, const char *body, size_t size, struct error *err) must_check;
/* All of it is durable. *ret_size (may be NULL): records in the log; UINT64_MAX = the logger knows. */
int writer_settle(struct writer_desk *desk, uint64_t *ret_size, struct error *err) must_check;
void writer_close(struct writer_desk *desk);
#define auto_writer cleanup_with(writer_close)

#endif
