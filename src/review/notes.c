/* SPDX-License-Identifier: Apache-2.0 */
/* What is to be known before something is committed: lines that were written down when the run ended. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "review/inside.h"

#define NOTES_BYTES ((size_t)1 << 20)

static const char nobody_looked[] = "this run was ended before its end was seen: nobody looked at what git would run by itself of what it made";
static const char unreadable[] = "what was found when the run ended cannot be read: look for yourself what git would run of what it made";

int review_add_note(const char *directory, const char *text, struct error *err)
{
    auto_close int at = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW), fd = -1;
    int status;

    fd = at < 0 ? -1 : openat(at, NOTES_NAME, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return error_system(err, errno, "write notes of the review");
    status = file_write_all(fd, text, strlen(text));
    return status < 0 ? error_system(err, -status, "write notes of the review") : 0;
}

/* The text, and the caller's, or one line that says why there is none; NULL while the run has no end. */
static const char *notes_read(const struct review *review, char **ret_data)
{
    auto_close int fd = openat(review->directory, NOTES_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    size_t size;

    if (fd < 0 && errno == ENOENT)
        return review->is_running ? NULL : nobody_looked;
    if (fd < 0 || file_read_fd(fd, NOTES_NAME, NOTES_BYTES, ret_data, &size, NULL) < 0)
        return unreadable;
    return *ret_data;
}

void notes_print(struct text *out, const struct review *review)
{
    auto_free char *data = NULL;
    const char *at = notes_read(review, &data);

    if (!at || !*at)
        return;
    text_add(out, "what is to be known before it is committed:\n");
    while (*at) {
        size_t length = strcspn(at, "\n");

        text_add_safe_n(out, at, length);
        text_add(out, "\n");
        at += length + (at[length] != '\0');
    }
}

void notes_json(struct json *json, const struct review *review)
{
    auto_free char *data = NULL;
    const char *at = notes_read(review, &data);

    json_begin_array(json, "notes");
    while (at && *at) {
        size_t length = strcspn(at, "\n");

        json_add_string_n(json, NULL, at, length);
        at += length + (at[length] != '\0');
    }
    json_end(json);
}
