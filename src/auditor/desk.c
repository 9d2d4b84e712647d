/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "auditor/command.h"
#include "base/file.h"

static int open_reader(const struct options *options, struct reader **ret_reader, struct error *err)
{
    struct note_key key;
    int status;

    if (!options->log)
        return error_set(err, ERROR_INVALID, EINVAL, "which log: --log DIRECTORY");
    if (options->verifier && (status = note_key_read(options->verifier, strlen(options->verifier), &key, err)) < 0)
        return error_prepend(err, "the log's key"), status;
    status = reader_open(options->log, options->verifier ? &key : NULL, ret_reader, err);
    if (status == -ENOENT)
        return error_set(err, ERROR_NOT_FOUND, ENOENT, "there is no audit log at %s: --log says where it is, `cordon audit record` makes your own", options->log);
    return status;
}

/* Without it everything is read: slower, and the same. */
static void open_index(struct desk *desk)
{
    const struct index_options index = {.file = desk->options->index};

    if (!index.file || desk->options->is_whole)
        return;
    if (index_open(&index, desk->reader, &desk->index, NULL) < 0 || index_update(desk->index, desk->reader, NULL) < 0) {
        index_close(desk->index);
        desk->index = NULL;
    }
}

int desk_open(struct desk *desk, const struct options *options, struct error *err)
{
    int status;

    *desk = (struct desk){.options = options};
    status = open_reader(options, &desk->reader, err);
    if (status == 0)
        open_index(desk);
    return status;
}

void desk_close(struct desk *desk)
{
    index_close(desk->index);
    reader_close(desk->reader);
}

struct find desk_find(const struct desk *desk)
{
    return (struct find){
        .reader = desk->reader,
        .index = desk->index,
        .query = desk->options->query,
        .first = desk->options->first,
        .until = desk->options->until,
        .proves = true,
    };
}

int say(struct text *text, struct error *err)
{
    int status = text->is_broken ? -ENOMEM : 0;

    if (status == 0 && text->length)
        status = file_write_all(STDOUT_FILENO, text->data, text->length);
    text_finish(text);
    *text = (struct text){0};
    if (status == -ENOMEM)
        return error_memory(err);
    return status < 0 ? error_system(err, -status, "write what was found") : 0;
}
