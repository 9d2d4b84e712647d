/* SPDX-License-Identifier: Apache-2.0 */
/* How long records are kept, what a legal hold keeps beyond that, and what is erased before. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/log.h"
#include "auditor/command.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/number.h"
#include "ocsf/veil.h"

#define HOLD_NAME_MAX 64
#define HOLDS_MAX     1000
#define NUMBER_MAX    32
#define DAYS_DEFAULT  183
#define DAYS_MAX      36500
#define FOREVER       "forever"
#define DAY_US        (86400ull * 1000000)

/* What several rules ask for; docs/audit-use.md says which. */
static const struct {
    const char *name;
    uint64_t days;
} classes[] = {{"six-months", 183}, {"one-year", 366}, {"six-years", 2192}, {"seven-years", 2557}};

static bool is_hold_name(const char *name)
{
    size_t size = strlen(name);

    return size && size <= HOLD_NAME_MAX && *name != '.' &&
           strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") == size;
}

static int open_holds(const struct options *options, bool may_make, int *ret_fd, struct error *err)
{
    auto_close int log = -1;
    int fd;

    if (!options->log)
        return error_set(err, ERROR_INVALID, EINVAL, "which log: --log DIRECTORY");
    log = open(options->log, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (log < 0)
        return error_system(err, errno, "%s", options->log);
    if (may_make && mkdirat(log, "holds", 0700) < 0 && errno != EEXIST)
        return error_system(err, errno, "%s/holds", options->log);
    fd = openat(log, "holds", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno != ENOENT)
        return error_system(err, errno, "%s/holds", options->log);
    *ret_fd = fd;
    return 0;
}

/* A hold that cannot be read holds everything. */
static uint64_t read_hold(int holds, const char *name)
{
    auto_close int fd = openat(holds, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    auto_free char *text = NULL;
    uint64_t from = 0;
    size_t size;

    if (fd < 0 || file_read_fd(fd, name, NUMBER_MAX, &text, &size, NULL) < 0)
        return 0;
    text[strcspn(text, "\n")] = '\0';
    return number_parse(text, 0, INT64_MAX, &from, NULL) == 0 ? from : 0;
}

/* The lowest record that any hold keeps, UINT64_MAX = there is none; each is told to `out` (may be NULL). */
static int walk_holds(int holds, bool is_json, struct text *out, uint64_t *ret_lowest, struct error *err)
{
    DIR *directory = holds < 0 ? NULL : fdopendir(dup(holds));
    struct dirent *entry;
    size_t count = 0;

    *ret_lowest = UINT64_MAX;
    if (holds >= 0 && !directory)
        return error_system(err, errno, "holds of the log");
    while (directory && (entry = readdir(directory))) {
        uint64_t from;

        if (*entry->d_name == '.' && strcmp(entry->d_name, ".new") != 0 && strlen(entry->d_name) <= 2)
            continue;
        if (!is_hold_name(entry->d_name))
            continue;
        from = read_hold(holds, entry->d_name);
        if (from < *ret_lowest)
            *ret_lowest = from;
        if (out && is_json)
            text_printf(out, "{\"hold\":\"%s\",\"from\":%" PRIu64 "}\n", entry->d_name, from);
        else if (out)
            text_printf(out, "%s keeps the records from #%" PRIu64 " on\n", entry->d_name, from);
        if (++count == HOLDS_MAX)
            break;
    }
    if (directory)
        closedir(directory);
    return 0;
}

/* The file that the log's writer looks at: the lowest of all. */
static int publish_holds(const struct options *options, int holds, struct error *err)
{
    char path[4096], text[NUMBER_MAX];
    uint64_t lowest;
    int length, status = walk_holds(holds, false, NULL, &lowest, err);

    if (status < 0)
        return status;
    snprintf(path, sizeof(path), "%s/hold", options->log);
    if (lowest == UINT64_MAX)
        return unlink(path) < 0 && errno != ENOENT ? error_system(err, errno, "remove %s", path) : 0;
    length = snprintf(text, sizeof(text), "%" PRIu64 "\n", lowest);
    status = file_replace(path, text, (size_t)length, err);
    return status == 0 && chmod(path, 0644) < 0 ? error_system(err, errno, "let the log's writer read %s", path) : status;
}

static int write_hold(const struct options *options, int holds, struct error *err)
{
    char path[4096], text[NUMBER_MAX];
    int length = snprintf(text, sizeof(text), "%" PRIu64 "\n", options->first);

    if (faccessat(holds, options->name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        return error_set(err, ERROR_INVALID, EEXIST, "hold %s: there is one with this name; release it first", options->name);
    snprintf(path, sizeof(path), "%s/holds/%s", options->log, options->name);
    return file_replace(path, text, (size_t)length, err);
}

static int change_hold(const struct options *options, struct error *err)
{
    const struct own_words words = {.type = options->is_released ? "log.released" : "log.held", .name = options->name, .has_range = !options->is_released,
                                    .first = options->first, .next = options->first};
    auto_close int holds = -1;
    int status;

    if (!is_hold_name(options->name))
        return error_set(err, ERROR_INVALID, EINVAL, "hold %.80s: a name has letters, digits, '.', '_' and '-', at most %d", options->name, HOLD_NAME_MAX);
    status = open_holds(options, !options->is_released, &holds, err);
    if (status < 0)
        return status;
    if (options->is_released && (holds < 0 || faccessat(holds, options->name, F_OK, AT_SYMLINK_NOFOLLOW) < 0))
        return error_set(err, ERROR_NOT_FOUND, ENOENT, "hold %s: there is none with this name", options->name);
    /* a hold stands before it is told of, and is told of before it ends */
    if (options->is_released) {
        status = own_say(options, &words, err);
        if (status == 0 && unlinkat(holds, options->name, 0) < 0)
            status = error_system(err, errno, "hold %s", options->name);
        return status == 0 ? publish_holds(options, holds, err) : status;
    }
    status = write_hold(options, holds, err);
    if (status == 0)
        status = publish_holds(options, holds, err);
    if (status == 0)
        status = own_say(options, &words, err);
    return status < 0 ? (error_prepend(err, "hold %s stands, and is not in the log", options->name), status) : 0;
}

int command_hold(const struct options *options, struct error *err)
{
    auto_text struct text text = {0};
    auto_close int holds = -1;
    uint64_t lowest;
    int status;

    if (options->name)
        return change_hold(options, err);
    status = open_holds(options, false, &holds, err);
    if (status == 0)
        status = walk_holds(holds, options->is_json, &text, &lowest, err);
    return status == 0 ? say(&text, err) : status;
}

/* ---- retention ---- */

static int days_of(const struct options *options, uint64_t *ret_days, struct error *err)
{
    *ret_days = options->days ? options->days : DAYS_DEFAULT;
    for (size_t i = 0; options->name && i < ARRAY_COUNT(classes); i++) {
        if (strcmp(classes[i].name, options->name) == 0) {
            *ret_days = classes[i].days;
            return 0;
        }
    }
    if (options->name)
        return error_set(err, ERROR_INVALID, EINVAL, "retain %.40s: write six-months, one-year, six-years, seven-years or a number of days", options->name);
    return 0;
}

/* The first record that is young enough: all before it are older, whatever the clock did. */
static int find_young(struct reader *reader, uint64_t since_us, uint64_t *ret_leaf, struct error *err)
{
    uint64_t leaf = reader_minimum(reader);

    for (; leaf < reader_checkpoint(reader)->size; leaf++) {
        struct reader_entry entry;
        int status = reader_entry(reader, leaf, &entry, err);

        if (status < 0)
            return status;
        if (!entry.is_stamped || entry.stamp.time_us >= since_us)
            break;
    }
    *ret_leaf = leaf;
    return 0;
}

static int prune(const struct options *options, uint64_t leaf, struct error *err)
{
    auto_writer struct writer_desk desk = {0};
    int status = writer_open(options, &desk, err);

    if (status == 0 && !desk.log)
        return error_set(err, ERROR_FORBIDDEN, EBUSY, "the daemon's logger has this log, and drops from it alone: cordon audit retain --always says for how long it keeps what it has");
    return status == 0 ? log_prune(desk.log, leaf, err) : status;
}

static int retain_once(const struct options *options, struct error *err)
{
    auto_desk struct desk desk = {0};
    auto_text struct text text = {0};
    auto_close int holds = -1;
    uint64_t days, leaf = 0, lowest = UINT64_MAX, minimum, size, kept;
    const uint64_t now_us = clock_real_ns() / 1000;
    int status = days_of(options, &days, err);

    if (status == 0)
        status = desk_open(&desk, options, err);
    if (status == 0)
        status = find_young(desk.reader, now_us - (days < now_us / DAY_US ? days * DAY_US : now_us), &leaf, err);
    if (status == 0)
        status = open_holds(options, false, &holds, err);
    if (status == 0)
        status = walk_holds(holds, options->is_json, options->is_json ? NULL : &text, &lowest, err);
    if (status < 0)
        return status;
    minimum = reader_minimum(desk.reader);
    size = reader_checkpoint(desk.reader)->size;
    kept = leaf < lowest ? leaf : lowest;
    if (options->is_applied)
        status = prune(options, kept, err);
    if (status < 0)
        return status;
    if (options->is_json)
        text_printf(&text, "{\"days\":%" PRIu64 ",\"minimum\":%" PRIu64 ",\"size\":%" PRIu64 ",\"older\":%" PRIu64 ",\"held\":%s,\"prunable\":%" PRIu64 ",\"pruned\":%s}\n", days,
                    minimum, size, leaf - minimum, lowest == UINT64_MAX ? "false" : "true", kept > minimum ? kept - minimum : 0, options->is_applied ? "true" : "false");
    else
        text_printf(&text, "%" PRIu64 " of %" PRIu64 " records are older than %" PRIu64 " days; %" PRIu64 " of them are held; %" PRIu64 " %s\n", leaf - minimum, size - minimum,
                    days, leaf > kept ? leaf - kept : 0, kept > minimum ? kept - minimum : 0,
                    options->is_applied ? "were dropped, as far as they fill whole tiles" : "may be dropped (--apply)");
    return say(&text, err);
}

/* The file that the log's writer looks at. Whoever that is reads it: it says no more than a number. */
static int write_number(const struct options *options, const char *name, uint64_t number, struct error *err)
{
    char path[4096], text[NUMBER_MAX];
    int length = snprintf(text, sizeof(text), "%" PRIu64 "\n", number), status;

    if ((size_t)snprintf(path, sizeof(path), "%s/%s", options->log, name) >= sizeof(path))
        return error_set(err, ERROR_LIMIT, ENAMETOOLONG, "%s: too long", options->log);
    status = file_replace(path, text, (size_t)length, err);
    if (status == 0 && chmod(path, 0644) < 0)
        status = error_system(err, errno, "let the log's writer read %s", path);
    return status;
}

/* From now on the log's writer drops what is older, by itself; FOREVER: nothing. It is told of first. */
static int retain_always(const struct options *options, struct error *err)
{
    const bool is_forever = options->name && strcmp(options->name, FOREVER) == 0;
    struct own_words words = {.type = "log.retention"};
    auto_text struct text text = {0};
    char days_text[48], path[4096];
    uint64_t days = 0;
    int status = is_forever ? 0 : days_of(options, &days, err);

    if (status == 0 && !is_forever && (days < 1 || days > DAYS_MAX))
        status = error_set(err, ERROR_INVALID, EINVAL, "retain --always: 1 to %d days, or forever", DAYS_MAX);
    if (status < 0)
        return status;
    snprintf(days_text, sizeof(days_text), "%" PRIu64 " days", days);
    words.name = is_forever ? FOREVER : days_text;
    status = own_say(options, &words, err);
    snprintf(path, sizeof(path), "%s/retain", options->log ? options->log : "");
    if (status == 0 && !is_forever)
        status = write_number(options, "retain", days, err);
    else if (status == 0 && unlink(path) < 0 && errno != ENOENT)
        status = error_system(err, errno, "remove %s", path);
    if (status < 0)
        return status;
    if (options->is_json)
        text_printf(&text, is_forever ? "{\"days\":null}\n" : "{\"days\":%" PRIu64 "}\n", days);
    else
        text_printf(&text, is_forever ? "nothing is dropped by itself any more\n" : "what is older than %" PRIu64 " days is dropped by itself, but for what is held, where a logger of the daemon writes this log\n", days);
    return say(&text, err);
}

int command_retain(const struct options *options, struct error *err)
{
    if (options->is_always)
        return retain_always(options, err);
    return retain_once(options, err);
}

/* ---- erasing ---- */

int command_erase(const struct options *options, struct error *err)
{
    const struct own_words words = {.type = "log.erased", .subject = options->subject};
    struct error why = ERROR_INIT;
    auto_text struct text text = {0};
    bool was;
    int status;

    if (!options->subject || !options->keys)
        return error_set(err, ERROR_INVALID, EINVAL, "erase: whose: a subject such as uid:1000");
    status = veil_erase(options->keys, options->subject, &was, err);
    if (status < 0)
        return status;
    if (!was)
        return error_set(err, ERROR_NOT_FOUND, ENOENT, "erase %s: nothing was covered for this subject, or it was erased before", options->subject);
    status = own_say(options, &words, &why);
    if (options->is_json)
        text_printf(&text, "{\"erased\":true,\"recorded\":%s}\n", status == 0 ? "true" : "false");
    else
        text_printf(&text, "the key of %s is destroyed: what it covers in the log can be read by nobody\n", options->subject);
    if (status < 0 && !options->is_json)
        text_printf(&text, "this is not in the log: %s\n", why.text);
    return say(&text, err);
}
