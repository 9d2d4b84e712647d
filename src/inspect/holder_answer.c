/* SPDX-License-Identifier: Apache-2.0 */
/* Head, then a body by length, in chunks, or until the end. What RFC 9112 lets a recipient repair is refused instead. */
#include "inspect/holder_answer.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "inspect/media.h"
#include "net/secrets.h"

#define INTERIMS_MAX 16u
#define TRAILER_MAX  16384u
#define LENGTH_MAX   ((uint64_t)1 << 62)

enum state { STATE_HEAD, STATE_LENGTH, STATE_CHUNK_LINE, STATE_CHUNK, STATE_CHUNK_END, STATE_TRAILERS, STATE_CLOSE, STATE_DONE };

void answer_begin(struct answer *answer, bool is_of_head)
{
    answer_finish(answer);
    answer->is_of_head = is_of_head;
}

void answer_finish(struct answer *answer)
{
    queue_finish(&answer->head);
    *answer = (struct answer){.state = STATE_HEAD};
}

bool answer_is_fresh(const struct answer *answer)
{
    return answer->state == STATE_HEAD && answer->interims == 0 && queue_size(&answer->head) == 0;
}

bool answer_goes_on(const struct answer *answer)
{
    return !answer->is_old && !answer->is_closing && (answer->body != HOLD_CHUNKED || answer->is_chunked);
}

static int wrong(enum hold_failure *ret_failure, struct error *err, const char *what)
{
    *ret_failure = HOLD_BAD_ANSWER;
    return error_set(err, ERROR_SYSTEM, EPROTO, "the server's answer: %s", what);
}

/* ---- fields ---- */

/* The next line of the head, without its end; false = the empty one. */
static bool next_line(const struct answer *answer, size_t *at, const char **ret_line, size_t *ret_size)
{
    const char *head = (const char *)queue_head(&answer->head), *line = head + *at;
    size_t left = queue_size(&answer->head) - *at;
    const char *end = memchr(line, '\r', left);

    if (!end || end == line)
        return false;
    *ret_line = line;
    *ret_size = (size_t)(end - line);
    *at += *ret_size + 2;
    return true;
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

/* False = no field: folded, a blank before the colon, a control byte. */
static bool split_field(const char *line, size_t size, struct answer_field *ret_field)
{
    const char *colon = memchr(line, ':', size), *value, *end = line + size;

    if (!colon || !hold_is_token(line, (size_t)(colon - line)) || (size_t)(colon - line) > HOLD_NAME_MAX)
        return false;
    for (value = colon + 1; value < end && is_blank(*value);)
        value++;
    while (end > value && is_blank(end[-1]))
        end--;
    *ret_field = (struct answer_field){
        .name = line, .name_size = (size_t)(colon - line), .value = value, .value_size = (size_t)(end - value)};
    return hold_is_value(value, ret_field->value_size);
}

static bool is_named(const struct answer_field *field, const char *name)
{
    return field->name_size == strlen(name) && strncasecmp(field->name, name, field->name_size) == 0;
}

static bool is_text(const struct answer_field *field, const char *text)
{
    return field->value_size == strlen(text) && strncasecmp(field->value, text, field->value_size) == 0;
}

/* Is `name` an element of the list in this field's value? */
static bool lists(const struct answer_field *field, const char *name, size_t size)
{
    const char *at = field->value, *end = at + field->value_size;

    while (at < end) {
        const char *comma = memchr(at, ',', (size_t)(end - at)), *stop = comma ? comma : end;

        while (at < stop && is_blank(*at))
            at++;
        while (stop > at && is_blank(stop[-1]))
            stop--;
        if ((size_t)(stop - at) == size && strncasecmp(at, name, size) == 0)
            return true;
        at = comma ? comma + 1 : end;
    }
    return false;
}

static bool is_nominated(const struct answer *answer, const struct answer_field *name)
{
    size_t at = answer->fields_at, size;
    const char *line;
    struct answer_field field;

    while (next_line(answer, &at, &line, &size))
        if (split_field(line, size, &field) && is_named(&field, "connection") && lists(&field, name->name, name->name_size))
            return true;
    return false;
}

bool answer_next_field(const struct answer *answer, size_t *at, struct answer_field *ret_field)
{
    size_t size;
    const char *line;

    if (*at == 0)
        *at = answer->fields_at;
    while (next_line(answer, at, &line, &size)) {
        struct answer_field field;

        if (!split_field(line, size, &field) || is_named(&field, "content-encoding"))
            continue;
        if (is_named(&field, "content-length") && answer->body == HOLD_NO_BODY && answer->status != 204) {
            *ret_field = field;
            return true;
        }
        if (net_secret_is_reserved(field.name, field.name_size) || is_nominated(answer, &field))
            continue;
        *ret_field = field;
        return true;
    }
    return false;
}

/* ---- the head ---- */

/* Decimal digits and nothing else; one field only, since "5, 5" is two readings. */
static int read_length(struct answer *answer, const struct answer_field *field, enum hold_failure *ret_failure,
                       struct error *err)
{
    uint64_t length = 0;

    if (answer->has_length)
        return wrong(ret_failure, err, "it has two lengths");
    if (field->value_size == 0 || field->value_size > 18)
        return wrong(ret_failure, err, "its length is none");
    for (size_t i = 0; i < field->value_size; i++) {
        if (field->value[i] < '0' || field->value[i] > '9')
            return wrong(ret_failure, err, "its length is none");
        length = length * 10 + (uint64_t)(field->value[i] - '0');
    }
    answer->has_length = true;
    answer->length = length;
    return 0;
}

static int read_field(struct answer *answer, const struct answer_field *field, enum hold_failure *ret_failure,
                      struct error *err)
{
    if (is_named(field, "content-length"))
        return read_length(answer, field, ret_failure, err);
    if (is_named(field, "transfer-encoding")) {
        if (answer->is_chunked || answer->is_old || !is_text(field, "chunked"))
            return wrong(ret_failure, err, "it has a transfer coding other than one 'chunked'");
        answer->is_chunked = true;
    }
    if (is_named(field, "content-encoding") && field->value_size && !is_text(field, "identity"))
        answer->is_encoded = true;
    if (is_named(field, "content-type"))
        answer->is_encoded |= media_hides_ascii(field->value, field->value_size);
    if (is_named(field, "connection")) {
        if (field->value_size > 1024)
            return wrong(ret_failure, err, "it says too much of the connection");
        answer->is_closing |= lists(field, "close", 5);
    }
    return 0;
}

/* "HTTP/1.1 200 OK" */
static int read_status(struct answer *answer, const char *line, size_t size, enum hold_failure *ret_failure, struct error *err)
{
    if (size < 12 || memcmp(line, "HTTP/1.", 7) != 0 || (line[7] != '0' && line[7] != '1') || line[8] != ' ' ||
        (size > 12 && line[12] != ' ') || !hold_is_value(line, size))
        return wrong(ret_failure, err, "it does not begin as HTTP/1 does");
    for (int i = 9; i < 12; i++)
        if (line[i] < '0' || line[i] > '9')
            return wrong(ret_failure, err, "its status is none");
    answer->is_old = line[7] == '0';
    answer->status = (unsigned)((line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0'));
    if (answer->status < 100 || answer->status > 599)
        return wrong(ret_failure, err, "its status is none");
    return 0;
}

/* Which body follows (RFC 9112, 6.3), and what cannot be passed on. */
static int judge_head(struct answer *answer, enum hold_failure *ret_failure, struct error *err)
{
    bool is_empty = answer->is_of_head || answer->status < 200 || answer->status == 204 || answer->status == 304;

    if (answer->status == 101) {
        *ret_failure = HOLD_UPGRADED;
        return error_set(err, ERROR_UNENFORCEABLE, EPROTO,
                         "the server changes the protocol, in which values cannot be found; no secret goes to such a host");
    }
    if (answer->is_chunked && answer->has_length)
        return wrong(ret_failure, err, "it has chunks and a length");
    if (!is_empty && answer->status == 206)
        return wrong(ret_failure, err, "it is a part, and the whole was asked for");
    if (!is_empty && answer->is_encoded) {
        *ret_failure = HOLD_ENCODED;
        return error_set(err, ERROR_UNENFORCEABLE, EPROTO,
                         "the server's answer is in a coding (Content-Encoding) or charset (UTF-16, say) that was not asked for; values "
                         "cannot be found in it");
    }
    answer->body = is_empty ? HOLD_NO_BODY : answer->has_length ? HOLD_LENGTH : HOLD_CHUNKED;
    answer->left = answer->body == HOLD_LENGTH ? answer->length : 0;
    answer->state = is_empty                       ? STATE_DONE
                    : answer->body == HOLD_LENGTH ? STATE_LENGTH
                    : answer->is_chunked          ? STATE_CHUNK_LINE
                                                  : STATE_CLOSE;
    return 0;
}

static int parse_head(struct answer *answer, enum hold_failure *ret_failure, struct error *err)
{
    size_t at = 0, size, count = 0;
    const char *line;
    int status;

    if (!next_line(answer, &at, &line, &size))
        return wrong(ret_failure, err, "it begins with an empty line");
    status = read_status(answer, line, size, ret_failure, err);
    answer->fields_at = at;
    while (status == 0 && next_line(answer, &at, &line, &size)) {
        struct answer_field field;

        if (!split_field(line, size, &field))
            return wrong(ret_failure, err, "it has a field that two programs could read differently");
        if (++count > HOLD_FIELDS_MAX)
            return wrong(ret_failure, err, "it has too many fields");
        status = read_field(answer, &field, ret_failure, err);
    }
    return status == 0 ? judge_head(answer, ret_failure, err) : status;
}

/* Lines end with CR LF, and neither stands alone. 1 = the head is whole, 0 = more. */
static int collect_head(struct answer *answer, const unsigned char *bytes, size_t size, size_t *ret_used,
                        enum hold_failure *ret_failure, struct error *err)
{
    for (size_t i = 0; i < size; i++) {
        size_t held;

        if ((answer->last == '\r') != (bytes[i] == '\n'))
            return wrong(ret_failure, err, "a line of it does not end with CR LF");
        if (queue_add(&answer->head, bytes + i, 1) < 0) {
            *ret_failure = HOLD_EXHAUSTED;
            return error_memory(err);
        }
        answer->last = bytes[i];
        held = queue_size(&answer->head);
        if (held > HOLD_HEAD_MAX)
            return wrong(ret_failure, err, "its head is too long");
        if (held >= 2 && bytes[i] == '\n' && (held == 2 || queue_head(&answer->head)[held - 3] == '\n')) {
            *ret_used = i + 1;
            return 1;
        }
    }
    *ret_used = size;
    return 0;
}

static int read_head(struct answer *answer, const unsigned char *bytes, size_t size, size_t *ret_used,
                     enum hold_failure *ret_failure, struct error *err)
{
    size_t used = 0, part = 0;
    int status;

    *ret_used = 0;
    for (;;) {
        bool is_of_head = answer->is_of_head;
        unsigned interims = answer->interims + 1;

        status = collect_head(answer, bytes + used, size - used, &part, ret_failure, err);
        if (status <= 0) {
            *ret_used = size;
            return status < 0 ? status : ANSWER_MORE;
        }
        used += part;
        status = parse_head(answer, ret_failure, err);
        if (status < 0)
            return status;
        if (answer->status >= 200) {
            *ret_used = used;
            return ANSWER_HEAD;
        }
        if (interims > INTERIMS_MAX)
            return wrong(ret_failure, err, "too many of them say that it will come");
        answer_begin(answer, is_of_head);
        answer->interims = interims;
    }
}

/* ---- the body ---- */

/* "1a", "1a;extension" */
static int read_chunk_size(struct answer *answer, enum hold_failure *ret_failure, struct error *err)
{
    uint64_t length = 0;
    size_t i;

    for (i = 0; i < answer->line_size; i++) {
        char byte = answer->line[i];
        int digit = byte >= '0' && byte <= '9'   ? byte - '0'
                    : byte >= 'a' && byte <= 'f' ? byte - 'a' + 10
                    : byte >= 'A' && byte <= 'F' ? byte - 'A' + 10
                                                 : -1;

        if (digit < 0)
            break;
        if (length > LENGTH_MAX >> 5)
            return wrong(ret_failure, err, "it has too large a chunk");
        length = length << 4 | (uint64_t)digit;
    }
    if (i == 0 || (i < answer->line_size && answer->line[i] != ';') || !hold_is_value(answer->line, answer->line_size))
        return wrong(ret_failure, err, "it has a chunk without a length");
    answer->left = length;
    answer->state = length ? STATE_CHUNK : STATE_TRAILERS;
    answer->line_size = 0;
    return 0;
}

/* One byte of a line that is kept in `line`; 1 = the line is whole. */
static int collect_line(struct answer *answer, unsigned char byte, enum hold_failure *ret_failure, struct error *err)
{
    bool has_cr = answer->line_size && answer->line[answer->line_size - 1] == '\r';

    if (has_cr != (byte == '\n'))
        return wrong(ret_failure, err, "a line between its chunks does not end with CR LF");
    if (byte == '\n') {
        answer->line_size--;
        return 1;
    }
    if (answer->line_size == sizeof(answer->line))
        return wrong(ret_failure, err, "a line between its chunks is too long");
    answer->line[answer->line_size++] = (char)byte;
    return 0;
}

/* What stands between chunks, and behind the last. 1 = go on in another state, 0 = more. */
static int read_lines(struct answer *answer, const unsigned char *bytes, size_t size, size_t *ret_used,
                      enum hold_failure *ret_failure, struct error *err)
{
    for (size_t i = 0; i < size; i++) {
        int status = collect_line(answer, bytes[i], ret_failure, err);

        if (status < 0)
            return status;
        if (answer->state == STATE_TRAILERS && ++answer->trailer_size > TRAILER_MAX)
            return wrong(ret_failure, err, "what follows its chunks is too long");
        if (status == 0)
            continue;
        *ret_used = i + 1;
        if (answer->state == STATE_CHUNK_LINE) {
            status = read_chunk_size(answer, ret_failure, err);
            return status < 0 ? status : 1;
        }
        if (answer->state == STATE_CHUNK_END && answer->line_size)
            return wrong(ret_failure, err, "a chunk of it is longer than was said");
        if (answer->line_size == 0)
            answer->state = answer->state == STATE_CHUNK_END ? STATE_CHUNK_LINE : STATE_DONE;
        answer->line_size = 0;
        return 1;
    }
    *ret_used = size;
    return 0;
}

static int give_data(struct answer *answer, const unsigned char *bytes, size_t size, size_t *ret_used,
                     const unsigned char **ret_data, size_t *ret_size)
{
    size_t part = answer->state != STATE_CLOSE && answer->left < size ? (size_t)answer->left : size;

    *ret_used += part;
    *ret_data = bytes;
    *ret_size = part;
    if (answer->state == STATE_CLOSE)
        return ANSWER_DATA;
    answer->left -= part;
    if (answer->left == 0)
        answer->state = answer->state == STATE_LENGTH ? STATE_DONE : STATE_CHUNK_END;
    return ANSWER_DATA;
}

int answer_read(struct answer *answer, const unsigned char *bytes, size_t size, size_t *ret_used,
                const unsigned char **ret_data, size_t *ret_size, enum hold_failure *ret_failure, struct error *err)
{
    *ret_used = *ret_size = 0;
    if (answer->state == STATE_HEAD)
        return read_head(answer, bytes, size, ret_used, ret_failure, err);
    for (;;) {
        size_t used = 0;
        int status;

        if (answer->state == STATE_DONE || (answer->state == STATE_LENGTH && answer->left == 0)) {
            answer->state = STATE_DONE;
            return ANSWER_END;
        }
        if (size == *ret_used)
            return ANSWER_MORE;
        if (answer->state == STATE_LENGTH || answer->state == STATE_CHUNK || answer->state == STATE_CLOSE)
            return give_data(answer, bytes + *ret_used, size - *ret_used, ret_used, ret_data, ret_size);
        status = read_lines(answer, bytes + *ret_used, size - *ret_used, &used, ret_failure, err);
        if (status < 0)
            return status;
        *ret_used += used;
    }
}

int answer_close(struct answer *answer, enum hold_failure *ret_failure, struct error *err)
{
    if (answer->state == STATE_CLOSE) {
        answer->state = STATE_DONE;
        return ANSWER_END;
    }
    *ret_failure = HOLD_LOST;
    return error_set(err, ERROR_SYSTEM, EPIPE, "the server ended the connection before its answer did");
}
