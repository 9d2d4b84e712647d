/* SPDX-License-Identifier: Apache-2.0 */
/* Questions and answers as bytes. Every offset is checked where it is used, and only here. */
#include "gateway/dns_codec.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#define HEADER_SIZE 12
#define NAME_MAX    255 /* on the wire, with length bytes and the root (RFC 1035, 2.3.4) */
#define LABEL_MAX   63
#define CLASS_IN    1

/* Of the header's second word. */
#define FLAG_ANSWER    0x8000
#define FLAG_OPCODE    0x7800
#define FLAG_TRUNCATED 0x0200
#define FLAG_RECURSION 0x0100 /* desired */
#define FLAG_AVAILABLE 0x0080 /* recursion is */
#define FLAG_RESERVED  0x0040
#define FLAG_UNCHECKED 0x0010 /* checking disabled (RFC 4035) */
#define FLAG_RCODE     0x000f

#define OPTION_EXTENDED_ERROR 15

/* ---- reading ---- */

struct reader {
    const unsigned char *bytes;
    size_t size, at;
    bool is_short; /* something was asked for that is not there; everything read since is 0 */
};

static const unsigned char *read_bytes(struct reader *reader, size_t size)
{
    const unsigned char *bytes = reader->bytes + reader->at;

    if (reader->is_short || size > reader->size - reader->at) {
        reader->is_short = true;
        return NULL;
    }
    reader->at += size;
    return bytes;
}

static unsigned read_u8(struct reader *reader)
{
    const unsigned char *bytes = read_bytes(reader, 1);

    return bytes ? bytes[0] : 0;
}

static unsigned read_u16(struct reader *reader)
{
    const unsigned char *bytes = read_bytes(reader, 2);

    return bytes ? (unsigned)bytes[0] << 8 | bytes[1] : 0;
}

static bool is_name_byte(unsigned char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
           byte == '-' || byte == '_';
}

/*
 * A name without compression, as its labels joined by dots. False where it is none. *ret_is_plain is false when a byte of
 * a label could not be told from what joins them, or is no byte of any host's name.
 */
static bool read_name(struct reader *reader, char ret_text[NET_NAME_SIZE], bool *ret_is_plain)
{
    size_t used = 0, start = reader->at;

    *ret_is_plain = true;
    for (;;) {
        unsigned length = read_u8(reader);
        const unsigned char *label;

        if (reader->is_short || length > LABEL_MAX)
            return false;
        if (!length)
            break;
        label = read_bytes(reader, length);
        if (!label || reader->at - start >= NAME_MAX)
            return false;
        if (used)
            ret_text[used++] = '.';
        for (unsigned i = 0; i < length; i++) {
            *ret_is_plain &= is_name_byte(label[i]);
            ret_text[used++] = is_name_byte(label[i]) ? (char)label[i] : '?';
        }
    }
    ret_text[used] = '\0';
    return true;
}

static int read_options(struct reader *reader, size_t size)
{
    size_t end;

    if (reader->is_short || size > reader->size - reader->at)
        return DNS_FORMERR;
    end = reader->at + size;
    while (reader->at < end) {
        size_t length;

        if (end - reader->at < 4)
            return DNS_FORMERR;
        (void)read_u16(reader); /* none of them changes what is answered */
        length = read_u16(reader);
        if (length > end - reader->at || !read_bytes(reader, length))
            return DNS_FORMERR;
    }
    return 0;
}

/* The one record that a question may carry. */
static int read_opt(struct reader *reader, struct dns_question *question)
{
    unsigned root = read_u8(reader), type = read_u16(reader), udp_size = read_u16(reader), version;
    int status;

    if (reader->is_short || root || type != DNS_OPT)
        return DNS_FORMERR;
    (void)read_u8(reader); /* the upper bits of an rcode, which a question has none of */
    version = read_u8(reader);
    (void)read_u16(reader); /* DO: nothing of what is answered is signed */
    status = read_options(reader, read_u16(reader));
    if (status)
        return status;
    question->has_edns = true;
    if (udp_size > DNS_UDP_SIZE)
        question->udp_size = udp_size < DNS_UDP_SIZE_MAX ? udp_size : DNS_UDP_SIZE_MAX;
    return version ? DNS_BADVERS : 0;
}

static int read_section(struct reader *reader, struct dns_question *question, bool *ret_is_plain, unsigned *ret_class)
{
    size_t start = reader->at;

    if (!read_name(reader, question->shown, ret_is_plain))
        return DNS_FORMERR;
    question->type = (uint16_t)read_u16(reader);
    *ret_class = read_u16(reader);
    if (reader->is_short)
        return DNS_FORMERR;
    question->section_size = reader->at - start;
    memcpy(question->section, reader->bytes + start, question->section_size);
    return 0;
}

static int read_body(struct reader *reader, struct dns_question *question)
{
    unsigned questions = read_u16(reader), answers = read_u16(reader), authorities = read_u16(reader),
             others = read_u16(reader), class = 0;
    bool is_plain = false;
    int status;

    if (question->flags & FLAG_OPCODE)
        return DNS_NOTIMP;
    if (questions != 1 || answers || authorities || others > 1 ||
        question->flags & (FLAG_TRUNCATED | FLAG_RESERVED | FLAG_RCODE))
        return DNS_FORMERR;
    status = read_section(reader, question, &is_plain, &class);
    if (!status && others)
        status = read_opt(reader, question);
    if (!status && reader->at != reader->size)
        status = DNS_FORMERR;
    if (status)
        return status;
    if (class != CLASS_IN || !is_plain ||
        net_name_canonical(question->shown, strlen(question->shown), question->name, NULL) < 0)
        return DNS_REFUSED;
    return 0;
}

int dns_question_read(const void *message, size_t size, struct dns_question *ret_question)
{
    struct reader reader = {.bytes = message, .size = size};
    struct dns_question question = {.udp_size = DNS_UDP_SIZE};
    int status;

    if (size < HEADER_SIZE)
        return -EBADMSG;
    question.id = (uint16_t)read_u16(&reader);
    question.flags = (uint16_t)read_u16(&reader);
    if (question.flags & FLAG_ANSWER)
        return -EBADMSG;
    status = size > DNS_QUESTION_MAX ? DNS_FORMERR : read_body(&reader, &question);
    *ret_question = question;
    return status;
}

/* ---- writing ---- */

struct writer {
    unsigned char *bytes;
    size_t size, limit;
    bool is_full;
};

static void write_bytes(struct writer *writer, const void *bytes, size_t size)
{
    if (writer->is_full || size > writer->limit - writer->size) {
        writer->is_full = true;
        return;
    }
    if (!size)
        return;
    memcpy(writer->bytes + writer->size, bytes, size);
    writer->size += size;
}

static void write_u16(struct writer *writer, unsigned value)
{
    write_bytes(writer, (unsigned char[]){(unsigned char)(value >> 8), (unsigned char)value}, 2);
}

static void write_u32(struct writer *writer, uint32_t value)
{
    write_u16(writer, value >> 16);
    write_u16(writer, value & 0xffff);
}

static void set_u16(struct writer *writer, size_t at, unsigned value)
{
    writer->bytes[at] = (unsigned char)(value >> 8);
    writer->bytes[at + 1] = (unsigned char)value;
}

/* Name, type, class, lifetime and size of a record about what was asked: the name is the one behind the header. */
static void write_record_head(struct writer *writer, unsigned type, uint32_t ttl_s, size_t size)
{
    write_u16(writer, 0xc000 | HEADER_SIZE);
    write_u16(writer, type);
    write_u16(writer, CLASS_IN);
    write_u32(writer, ttl_s);
    write_u16(writer, (unsigned)size);
}

static void write_name(struct writer *writer, const char *name)
{
    while (*name) {
        size_t length = strcspn(name, ".");
        unsigned char size = (unsigned char)length;

        write_bytes(writer, &size, 1);
        write_bytes(writer, name, length);
        name += length;
        name += *name == '.';
    }
    write_bytes(writer, "", 1);
}

static unsigned write_records(struct writer *writer, const struct dns_question *question,
                              const struct dns_answer *answer)
{
    unsigned count = 0;

    for (size_t i = 0; i < answer->address_count && count < DNS_ADDRESSES_MAX; i++) {
        const struct net_address *address = &answer->addresses[i];
        size_t size = address->family == AF_INET ? 4 : 16;

        if (question->type != (address->family == AF_INET ? DNS_A : DNS_AAAA))
            continue;
        write_record_head(writer, question->type, answer->ttl_s, size);
        write_bytes(writer, address->bytes, size);
        count++;
    }
    if (answer->pointer) {
        write_record_head(writer, DNS_PTR, answer->ttl_s, strlen(answer->pointer) + 2);
        write_name(writer, answer->pointer);
        count++;
    }
    return count;
}

static void write_opt(struct writer *writer, const struct dns_answer *answer, size_t text_size)
{
    bool has_error = answer->extended != DNS_EXTENDED_NONE;

    write_bytes(writer, "", 1);
    write_u16(writer, DNS_OPT);
    write_u16(writer, DNS_UDP_SIZE_MAX);
    write_u32(writer, (uint32_t)answer->rcode >> 4 << 24);
    write_u16(writer, has_error ? 6 + (unsigned)text_size : 0);
    if (!has_error)
        return;
    write_u16(writer, OPTION_EXTENDED_ERROR);
    write_u16(writer, 2 + (unsigned)text_size);
    write_u16(writer, (unsigned)answer->extended);
    write_bytes(writer, answer->text, text_size);
}

static size_t write_message(const struct dns_question *question, const struct dns_answer *answer, bool is_whole,
                            size_t text_size, struct writer *writer)
{
    unsigned flags = (question->flags & (FLAG_OPCODE | FLAG_RECURSION | FLAG_UNCHECKED)) | FLAG_ANSWER |
                     FLAG_AVAILABLE | ((unsigned)answer->rcode & FLAG_RCODE);

    *writer = (struct writer){.bytes = writer->bytes, .limit = writer->limit};
    write_u16(writer, question->id);
    write_u16(writer, is_whole ? flags : flags | FLAG_TRUNCATED);
    write_bytes(writer, (unsigned char[8]){0}, 8);
    set_u16(writer, 4, question->section_size != 0);
    set_u16(writer, 10, question->has_edns);
    write_bytes(writer, question->section, question->section_size);
    if (is_whole && question->section_size)
        set_u16(writer, 6, write_records(writer, question, answer));
    if (question->has_edns)
        write_opt(writer, answer, text_size);
    return writer->is_full ? 0 : writer->size;
}

/* As many bytes of it as are whole characters of UTF-8. */
static size_t text_size(const char *text)
{
    size_t size = text ? strnlen(text, DNS_ERROR_TEXT_MAX + 1) : 0;

    if (size <= DNS_ERROR_TEXT_MAX)
        return size;
    for (size = DNS_ERROR_TEXT_MAX; size && ((unsigned char)text[size] & 0xc0) == 0x80; size--)
        ;
    return size;
}

size_t dns_answer_write(const struct dns_question *question, const struct dns_answer *answer, size_t limit,
                        unsigned char ret_message[DNS_ANSWER_MAX])
{
    struct writer writer = {.bytes = ret_message, .limit = limit < DNS_ANSWER_MAX ? limit : DNS_ANSWER_MAX};
    size_t size = write_message(question, answer, true, text_size(answer->text), &writer);

    if (!size)
        size = write_message(question, answer, true, 0, &writer);
    if (!size)
        size = write_message(question, answer, false, 0, &writer);
    return size;
}

/* ---- names of addresses ---- */

static bool reverse4(const char *name, struct net_address *ret_address)
{
    for (int i = 3; i >= 0; i--) {
        unsigned value = 0;
        size_t digits = strspn(name, "0123456789");

        if (!digits || digits > 3 || (name[0] == '0' && digits > 1) || name[digits] != '.')
            return false;
        for (size_t at = 0; at < digits; at++)
            value = value * 10 + (unsigned)(name[at] - '0');
        if (value > 255)
            return false;
        ret_address->bytes[i] = (unsigned char)value;
        name += digits + 1;
    }
    return strcmp(name, "in-addr.arpa") == 0;
}

static bool reverse6(const char *name, struct net_address *ret_address)
{
    static const char digits[] = "0123456789abcdef";

    for (int i = 31; i >= 0; i--, name += 2) {
        const char *digit = name[0] ? strchr(digits, name[0]) : NULL;

        if (!digit || name[1] != '.')
            return false;
        ret_address->bytes[i / 2] |= (unsigned char)((digit - digits) << (i % 2 ? 0 : 4));
    }
    return strcmp(name, "ip6.arpa") == 0;
}

bool dns_reverse_address(const char *name, struct net_address *ret_address)
{
    struct net_address address4 = {.family = AF_INET}, address6 = {.family = AF_INET6};

    if (reverse4(name, &address4)) {
        *ret_address = address4;
        return true;
    }
    if (reverse6(name, &address6)) {
        *ret_address = address6;
        return true;
    }
    return false;
}
