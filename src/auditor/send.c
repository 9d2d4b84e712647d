/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records handed on, to standard output or to a collector. With --state the next leaf is kept in a file, written when what lies
 * before it has arrived: who is interrupted goes on there, and nothing is left out (what had arrived may arrive again).
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "auditor/command.h"
#include "auditor/export.h"
#include "auditor/post.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/number.h"

#define STATE_FORM  "cordon-audit-export/1"
#define STATE_MAX   1024
#define BATCH       512
#define BATCH_BYTES (2 << 20)

struct sending {
    const struct options *options;
    const char *origin;
    void (*write)(const struct record *record, struct text *out); /* NULL = OTLP */
    struct post *post;
    struct text text;
    uint64_t count, sent;
    uint64_t next;    /* what lies before it has arrived */
    uint64_t reached; /* what lies before it is gathered, or has arrived */
};

/* "FORM\nORIGIN\nNEXT\n" */
static int read_state(const struct options *options, const char *origin, uint64_t *ret_next, struct error *err)
{
    auto_free char *text = NULL;
    char *rest, *form, *whose, *number;
    struct error why = ERROR_INIT;
    size_t size;
    int status = file_read(options->state, STATE_MAX, &text, &size, &why);

    if (status == -ENOENT || (status < 0 && why.errnum == ENOENT))
        return 0;
    if (status < 0)
        return (err ? *err = why : why), status;
    rest = text;
    form = strsep(&rest, "\n");
    whose = strsep(&rest, "\n");
    number = strsep(&rest, "\n");
    if (!number || strcmp(form, STATE_FORM) != 0 || number_parse(number, 0, INT64_MAX, ret_next, NULL) < 0)
        return error_set(err, ERROR_INVALID, EINVAL, "--state %s: that is no state of an export", options->state);
    if (strcmp(whose, origin) != 0)
        return error_set(err, ERROR_INVALID, EINVAL, "--state %s: it is of another log, %.200s", options->state, whose);
    return 0;
}

static int write_state(struct sending *sending, struct error *err)
{
    char text[STATE_MAX];
    int length = snprintf(text, sizeof(text), STATE_FORM "\n%s\n%" PRIu64 "\n", sending->origin, sending->next);

    return sending->options->state ? file_replace(sending->options->state, text, (size_t)length, err) : 0;
}

/* Hand on what is gathered. */
static int flush(struct sending *sending, struct error *err)
{
    int status;

    if (!sending->count)
        return 0;
    if (!sending->write)
        export_otlp_end(&sending->text);
    if (sending->text.is_broken)
        return error_memory(err);
    if (sending->post) {
        status = post_send(sending->post, sending->text.data, sending->text.length, err);
        text_finish(&sending->text);
        sending->text = (struct text){0};
    } else {
        if (!sending->write)
            text_add(&sending->text, "\n");
        status = say(&sending->text, err);
    }
    if (status < 0)
        return error_prepend(err, "records before #%" PRIu64 " have arrived", sending->next), status;
    sending->sent += sending->count;
    sending->count = 0;
    return 0;
}

static int take(void *context, const struct record *record, struct error *err)
{
    struct sending *sending = context;
    int status = 0;

    if (!record->is_ocsf)
        return 0;
    if (sending->write) {
        sending->write(record, &sending->text);
    } else {
        if (!sending->count)
            export_otlp_begin(&sending->text);
        export_otlp(record, &sending->text, !sending->count);
    }
    sending->count++;
    sending->reached = record->entry->index + 1;
    if (sending->count >= BATCH || sending->text.length >= BATCH_BYTES) {
        status = flush(sending, err);
        if (status == 0) {
            sending->next = sending->reached;
            status = write_state(sending, err);
        }
    }
    if (status < 0)
        return status;
    return sending->options->limit && sending->sent + sending->count >= sending->options->limit;
}

static int choose(struct sending *sending, struct error *err)
{
    const char *format = sending->options->format ? sending->options->format : "ocsf";

    if (strcmp(format, "ocsf") == 0)
        sending->write = export_ocsf;
    else if (strcmp(format, "cef") == 0)
        sending->write = export_cef;
    else if (strcmp(format, "otlp") != 0)
        return error_set(err, ERROR_INVALID, EINVAL, "--format %.40s: write ocsf, otlp or cef", format);
    if (sending->options->url && sending->write)
        return error_set(err, ERROR_INVALID, EINVAL, "--url: records are sent as otlp alone");
    return 0;
}

static int open_post(struct sending *sending, struct error *err)
{
    const struct options *options = sending->options;
    const struct post_options post = {
        .url = options->url,
        .headers = options->headers,
        .authorities = options->authorities,
        .tries = (unsigned)options->tries,
        .wait_ms = (unsigned)options->wait_ms,
    };

    return options->url ? post_open(&post, &sending->post, err) : 0;
}

int command_export(const struct options *options, struct error *err)
{
    auto_desk struct desk desk = {0};
    struct sending sending = {.options = options};
    struct find find;
    uint64_t last = 0;
    int status = choose(&sending, err);

    if (status == 0)
        status = desk_open(&desk, options, err);
    if (status < 0)
        return status;
    find = desk_find(&desk);
    sending.origin = reader_checkpoint(desk.reader)->origin;
    sending.next = find.first;
    if (options->state)
        status = read_state(options, sending.origin, &sending.next, err);
    if (status == 0)
        status = open_post(&sending, err);
    if (status == 0) {
        find.first = sending.next > find.first ? sending.next : find.first;
        status = find_records(&find, take, &sending, err);
        last = find.until && find.until < reader_checkpoint(desk.reader)->size ? find.until : reader_checkpoint(desk.reader)->size;
    }
    if (status >= 0) {
        if (status == 0)
            sending.reached = last; /* nothing behind what was found is wanted */
        status = flush(&sending, err);
        if (status == 0 && sending.reached > sending.next) {
            sending.next = sending.reached;
            status = write_state(&sending, err);
        }
    }
    post_close(sending.post);
    text_finish(&sending.text);
    return status;
}
