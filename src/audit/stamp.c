/* SPDX-License-Identifier: Apache-2.0 */
/* Stamps, written and read to the letter: a few hundred bytes for each record, so without printf. */
#include "audit/stamp.h"

#include <errno.h>
#include <string.h>

#include "base/utf8.h"

/* ---- writing ---- */

static char *put_text(char *at, const char *text)
{
    size_t length = strlen(text);

    memcpy(at, text, length);
    return at + length;
}

static char *put_number(char *at, uint64_t value)
{
    char digits[20];
    int count = 0;

    do
        digits[count++] = (char)('0' + value % 10);
    while (value /= 10);
    while (count)
        *at++ = digits[--count];
    return at;
}

size_t stamp_print(const struct stamp *stamp, char ret_text[STAMP_SIZE_MAX])
{
    char *at = put_number(put_text(ret_text, "{\"seq\":"), stamp->sequence);

    at = put_number(put_text(at, ",\"time_us\":"), stamp->time_us);
    at = put_number(put_text(at, ",\"mono_us\":"), stamp->mono_us);
    at = put_text(put_text(at, ",\"boot\":\""), stamp->boot);
    at = put_text(put_text(at, "\",\"writer\":\""), stamp->label.writer);
    at = put_number(put_text(at, "\",\"n\":"), stamp->number);
    at = put_number(put_text(at, ",\"lost\":"), stamp->lost);
    at = put_number(put_text(at, ",\"uid\":"), stamp->label.uid);
    at = put_number(put_text(at, ",\"gid\":"), stamp->label.gid);
    at = put_text(put_text(at, ",\"actor\":\""), stamp->label.actor);
    at = put_text(put_text(at, "\",\"identity\":\""), stamp->label.identity);
    at = put_text(at, "\"}");
    return (size_t)(at - ret_text);
}

/* ---- what may be in one ---- */

/* No character that JSON would escape. */
static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("._:/-~%@", c));
}

static bool all_plain(const char *text, size_t most)
{
    size_t length = strnlen(text, most + 1);

    for (size_t i = 0; i < length; i++)
        if (!is_plain(text[i]))
            return false;
    return length <= most;
}

int stamp_label_check(const struct stamp_label *label, struct error *err)
{
    static const char *const actors[] = {"agent", "human", "system", "delegated-human"};
    bool is_actor = false;

    if (!label->writer[0] || !all_plain(label->writer, STAMP_WRITER_MAX))
        return error_set(err, ERROR_INVALID, EINVAL, "a writer's name is 1 to %d of A-Z a-z 0-9 . _ : / - ~ %% @", STAMP_WRITER_MAX);
    if (!all_plain(label->identity, STAMP_IDENTITY_MAX))
        return error_set(err, ERROR_INVALID, EINVAL, "writer %s: an identity is at most %d of A-Z a-z 0-9 . _ : / - ~ %% @",
                         label->writer, STAMP_IDENTITY_MAX);
    for (size_t i = 0; i < ARRAY_COUNT(actors); i++)
        is_actor = is_actor || strncmp(label->actor, actors[i], sizeof(label->actor)) == 0;
    if (!is_actor)
        return error_set(err, ERROR_INVALID, EINVAL, "writer %s: the actor is agent, human, system or delegated-human", label->writer);
    return 0;
}

/* Most of a body is ASCII: eight bytes at a time, of which none is a control character (below 0x20) or above 0x7f. */
static size_t plain_length(const char *body, size_t size)
{
    const uint64_t tops = 0x8080808080808080u, ones = 0x0101010101010101u;
    size_t at = 0;

    for (uint64_t word; size - at >= sizeof(word); at += sizeof(word)) {
        memcpy(&word, body + at, sizeof(word));
        if ((word | (word - 0x20 * ones)) & tops)
            break;
    }
    return at;
}

int stamp_body_check(const char *body, size_t size, struct error *err)
{
    size_t at;

    if (size > BODY_SIZE_MAX)
        return error_set(err, ERROR_LIMIT, EMSGSIZE, "a record of %zu bytes: at most %d", size, BODY_SIZE_MAX);
    if (size < 2 || body[0] != '{' || body[size - 1] != '}')
        return error_set(err, ERROR_INVALID, EBADMSG, "a record is one JSON object in one line");
    at = plain_length(body, size);
    for (size_t i = at; i < size; i++)
        if ((unsigned char)body[i] < ' ')
            return error_set(err, ERROR_INVALID, EBADMSG, "a record is one line without control characters");
    if (!utf8_is_valid(body + at, size - at))
        return error_set(err, ERROR_INVALID, EBADMSG, "a record is UTF-8");
    return 0;
}

/* ---- reading ---- */

struct cursor {
    const char *at, *end;
};

static bool skip(struct cursor *in, const char *text)
{
    size_t length = strlen(text);

    if ((size_t)(in->end - in->at) < length || memcmp(in->at, text, length) != 0)
        return false;
    in->at += length;
    return true;
}

static bool take_number(struct cursor *in, const char *before, uint64_t most, uint64_t *ret_value)
{
    const char *start;
    uint64_t value = 0;

    if (!skip(in, before))
        return false;
    for (start = in->at; in->at < in->end && *in->at >= '0' && *in->at <= '9'; in->at++) {
        uint64_t digit = (uint64_t)(*in->at - '0');

        if (value > (most - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *ret_value = value;
    return in->at > start && (*start != '0' || in->at == start + 1);
}

static bool take_plain(struct cursor *in, const char *before, size_t most, char *ret_text)
{
    const char *start;

    if (!skip(in, before))
        return false;
    for (start = in->at; in->at < in->end && is_plain(*in->at); in->at++)
        if ((size_t)(in->at - start) == most)
            return false;
    memcpy(ret_text, start, (size_t)(in->at - start));
    ret_text[in->at - start] = '\0';
    return true;
}

bool stamp_read(const unsigned char *entry, size_t size, struct stamp *ret_stamp, const char **ret_body, size_t *ret_body_size)
{
    struct cursor in = {(const char *)entry, (const char *)entry + size};
    struct stamp stamp = {0};
    uint64_t uid, gid;

    if (!take_number(&in, "{\"seq\":", INT64_MAX, &stamp.sequence) ||
        !take_number(&in, ",\"time_us\":", UINT64_MAX, &stamp.time_us) ||
        !take_number(&in, ",\"mono_us\":", UINT64_MAX, &stamp.mono_us) ||
        !take_plain(&in, ",\"boot\":\"", STAMP_BOOT_SIZE - 1, stamp.boot) ||
        !take_plain(&in, "\",\"writer\":\"", STAMP_WRITER_MAX, stamp.label.writer) ||
        !take_number(&in, "\",\"n\":", UINT64_MAX, &stamp.number) || !take_number(&in, ",\"lost\":", UINT64_MAX, &stamp.lost) ||
        !take_number(&in, ",\"uid\":", UINT32_MAX, &uid) || !take_number(&in, ",\"gid\":", UINT32_MAX, &gid) ||
        !take_plain(&in, ",\"actor\":\"", STAMP_ACTOR_MAX, stamp.label.actor) ||
        !take_plain(&in, "\",\"identity\":\"", STAMP_IDENTITY_MAX, stamp.label.identity) || !skip(&in, "\"}\n"))
        return false;
    stamp.label.uid = (uint32_t)uid;
    stamp.label.gid = (uint32_t)gid;
    *ret_stamp = stamp;
    *ret_body = in.at;
    *ret_body_size = (size_t)(in.end - in.at);
    return true;
}
