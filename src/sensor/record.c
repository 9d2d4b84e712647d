/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading "audit(SECONDS.MS:SERIAL): key=value key=value ...". Every value that this build looks at is bounded, and a record
 * that lacks one that it must have is none.
 */
#include "sensor/record.h"

#include <arpa/inet.h>
#include <linux/audit.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#define KEY_MAX   24
#define PIECE_MAX 512 /* between two values */

struct cursor {
    const char *at, *end;
};

/* One "key=value"; `value` is in the text, with its quotes if it has any. */
struct pair {
    const char *key, *value;
    size_t key_length, value_length;
};

static bool number_read(const char *text, size_t length, unsigned base, uint64_t *ret_value)
{
    uint64_t value = 0;

    if (length == 0 || length > 20)
        return false;
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        unsigned digit = c >= '0' && c <= '9' ? (unsigned)(c - '0') : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : base;

        if (digit >= base || __builtin_mul_overflow(value, base, &value) || __builtin_add_overflow(value, digit, &value))
            return false;
    }
    *ret_value = value;
    return true;
}

/* "audit(1795379113.070:1971): " */
static bool serial_read(struct cursor *cursor, uint64_t *ret_serial, uint64_t *ret_time_ms)
{
    static const char head[] = "audit(";
    const char *colon, *close, *dot;
    uint64_t seconds = 0, ms = 0;

    if ((size_t)(cursor->end - cursor->at) < sizeof(head) || memcmp(cursor->at, head, sizeof(head) - 1) != 0)
        return false;
    colon = memchr(cursor->at, ':', (size_t)(cursor->end - cursor->at));
    if (!colon)
        return false;
    close = memchr(colon, ')', (size_t)(cursor->end - colon));
    if (!close || cursor->end - close < 2 || close[1] != ':' || !number_read(colon + 1, (size_t)(close - colon - 1), 10, ret_serial))
        return false;
    dot = memchr(cursor->at, '.', (size_t)(colon - cursor->at));
    if (dot && (!number_read(cursor->at + sizeof(head) - 1, (size_t)(dot - cursor->at) - sizeof(head) + 1, 10, &seconds) ||
                !number_read(dot + 1, (size_t)(colon - dot - 1), 10, &ms) || seconds > UINT32_MAX * 16ull || ms > 999))
        return false;
    *ret_time_ms = seconds * 1000 + ms;
    cursor->at = close + 2;
    return true;
}

/* False at the end, and for what is no pair. A quoted value has no quote within. */
static bool pair_next(struct cursor *cursor, struct pair *ret_pair)
{
    const char *equals, *stop;

    while (cursor->at < cursor->end && *cursor->at == ' ')
        cursor->at++;
    equals = memchr(cursor->at, '=', (size_t)(cursor->end - cursor->at));
    if (!equals || equals + 1 > cursor->end || equals - cursor->at > PIECE_MAX)
        return false;
    for (const char *c = equals; c > cursor->at; c--) /* "subj=name (enforce) key=...": what has no sign of its own belongs to no pair */
        if (c[-1] == ' ') {
            cursor->at = c;
            break;
        }
    if (equals - cursor->at > KEY_MAX)
        return false;
    *ret_pair = (struct pair){.key = cursor->at, .key_length = (size_t)(equals - cursor->at), .value = equals + 1};
    if (equals + 1 < cursor->end && equals[1] == '"') {
        stop = memchr(equals + 2, '"', (size_t)(cursor->end - equals - 2));
        if (!stop)
            return false;
        stop++;
    } else {
        stop = memchr(equals + 1, ' ', (size_t)(cursor->end - equals - 1));
        stop = stop ? stop : cursor->end;
    }
    ret_pair->value_length = (size_t)(stop - ret_pair->value);
    cursor->at = stop;
    return true;
}

static bool pair_is(const struct pair *pair, const char *key)
{
    return pair->key_length == strlen(key) && memcmp(pair->key, key, pair->key_length) == 0;
}

static bool pair_number(const struct pair *pair, unsigned base, uint64_t *ret_value)
{
    return number_read(pair->value, pair->value_length, base, ret_value);
}

static bool pair_unsigned(const struct pair *pair, unsigned *ret_value)
{
    uint64_t value;

    if (!pair_number(pair, 10, &value) || value > UINT_MAX)
        return false;
    *ret_value = (unsigned)value;
    return true;
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* In quotes, or as hexadecimal digits; at most size - 1 bytes, none of them NUL. */
static bool pair_text(const struct pair *pair, char *ret_text, size_t size, size_t *ret_length)
{
    size_t length = 0;

    if (pair->value_length >= 2 && pair->value[0] == '"') {
        length = pair->value_length - 2;
        if (length >= size)
            return false;
        memcpy(ret_text, pair->value + 1, length);
    } else {
        if (pair->value_length % 2 || pair->value_length / 2 >= size)
            return false;
        for (; length < pair->value_length / 2; length++) {
            int high = digit_of(pair->value[2 * length]), low = digit_of(pair->value[2 * length + 1]);

            if (high < 0 || low < 0)
                return false;
            ret_text[length] = (char)(high << 4 | low);
        }
    }
    ret_text[length] = '\0';
    *ret_length = length;
    return !memchr(ret_text, '\0', length);
}

static bool pair_word(const struct pair *pair, char *ret_text, size_t size)
{
    if (pair->value_length >= size)
        return false;
    memcpy(ret_text, pair->value, pair->value_length);
    ret_text[pair->value_length] = '\0';
    return true;
}

/* security/landlock/audit.c of Linux 6.15 to 6.18; each with what the path of the record is then. */
static const struct right {
    const char *name;
    enum operation operation;
    bool is_directory, is_of_parent;
} rights[] = {
    {"fs.execute", OPERATION_EXECUTE, false, false},
    {"fs.write_file", OPERATION_WRITE, false, false},
    {"fs.read_file", OPERATION_READ, false, false},
    {"fs.read_dir", OPERATION_LIST, true, false},
    {"fs.remove_dir", OPERATION_DELETE, true, true},
    {"fs.remove_file", OPERATION_DELETE, false, true},
    {"fs.make_char", OPERATION_CREATE, false, true},
    {"fs.make_dir", OPERATION_CREATE, true, true},
    {"fs.make_reg", OPERATION_CREATE, false, true},
    {"fs.make_sock", OPERATION_BIND, false, true},
    {"fs.make_fifo", OPERATION_CREATE, false, true},
    {"fs.make_block", OPERATION_CREATE, false, true},
    {"fs.make_sym", OPERATION_CREATE, false, true},
    {"fs.refer", OPERATION_RENAME, false, true},
    {"fs.truncate", OPERATION_WRITE, false, false},
    {"fs.ioctl_dev", OPERATION_SYSCALL, false, false},
    {"fs.change_topology", OPERATION_MOUNT, false, false},
    {"net.bind_tcp", OPERATION_BIND, false, false},
    {"net.connect_tcp", OPERATION_CONNECT, false, false},
    {"scope.abstract_unix_socket", OPERATION_CONNECT, false, false},
    {"scope.signal", OPERATION_SIGNAL, false, false},
    {"ptrace", OPERATION_PTRACE, false, false},
};

/* "fs.remove_file,fs.refer": with `refer` a name was to move or be linked from or to here, whatever else was missing. */
static bool rights_read(const struct pair *pair, struct audit_record *record)
{
    const char *comma = memchr(pair->value, ',', pair->value_length);
    size_t length = comma ? (size_t)(comma - pair->value) : pair->value_length;
    const char refer[] = "fs.refer";
    bool moves = memmem(pair->value, pair->value_length, refer, sizeof(refer) - 1) != NULL;

    if (length == 0 || length >= sizeof(record->right))
        return false;
    memcpy(record->right, pair->value, length);
    record->right[length] = '\0';
    for (size_t i = 0; i < ARRAY_COUNT(rights); i++) {
        if (strcmp(record->right, rights[i].name) != 0)
            continue;
        record->operation = moves ? OPERATION_RENAME : rights[i].operation;
        record->is_directory = rights[i].is_directory;
        record->is_of_parent = rights[i].is_of_parent || moves;
    }
    return true;
}

static bool denied_take(const struct pair *pair, struct audit_record *record)
{
    if (pair_is(pair, "domain"))
        return pair_number(pair, 16, &record->domain);
    if (pair_is(pair, "blockers"))
        return rights_read(pair, record);
    if (pair_is(pair, "path"))
        return record->has_path = pair_text(pair, record->path, sizeof(record->path), &record->path_length);
    if (pair_is(pair, "dev"))
        return pair_word(pair, record->device, sizeof(record->device));
    if (pair_is(pair, "ino"))
        return pair_number(pair, 10, &record->inode);
    if (pair_is(pair, "daddr") || pair_is(pair, "saddr"))
        return record->has_address = pair_word(pair, record->address, sizeof(record->address));
    if (pair_is(pair, "dest") || pair_is(pair, "src"))
        return record->has_address = pair_unsigned(pair, &record->port) && record->port <= 65535;
    if (pair_is(pair, "opid"))
        return pair_unsigned(pair, &record->pid);
    return true;
}

/* A file without a name (O_TMPFILE) is "#NUMBER (deleted)" to the kernel: it was to be made in that directory. */
static void unnamed_take(struct audit_record *record)
{
    const char *last = record->has_path ? strrchr(record->path, '/') : NULL;
    char name[48];

    snprintf(name, sizeof(name), "/#%llu (deleted)", (unsigned long long)record->inode);
    if (record->operation != OPERATION_WRITE || !last || strcmp(last, name) != 0)
        return;
    record->path_length = last == record->path ? 1 : (size_t)(last - record->path);
    record->path[record->path_length] = '\0';
    record->operation = OPERATION_CREATE;
    record->is_of_parent = true;
}

static bool domain_take(const struct pair *pair, struct audit_record *record)
{
    if (pair_is(pair, "domain"))
        return pair_number(pair, 16, &record->domain);
    if (pair_is(pair, "status")) {
        if (pair->value_length == strlen("allocated") && memcmp(pair->value, "allocated", pair->value_length) == 0)
            record->kind = RECORD_DOMAIN_NEW;
        else if (pair->value_length == strlen("deallocated") && memcmp(pair->value, "deallocated", pair->value_length) == 0)
            record->kind = RECORD_DOMAIN_END;
        return true;
    }
    if (pair_is(pair, "pid"))
        return pair_unsigned(pair, &record->pid);
    if (pair_is(pair, "uid"))
        return pair_unsigned(pair, &record->uid);
    if (pair_is(pair, "denials"))
        return pair_number(pair, 10, &record->denials);
    return true;
}

static bool pair_is_null(const struct pair *pair)
{
    return pair->value_length == strlen("(null)") && pair->value[0] == '(';
}

static bool pair_says(const struct pair *pair, const char *value)
{
    return pair->value_length == strlen(value) && memcmp(pair->value, value, pair->value_length) == 0;
}

static bool result_take(const struct pair *pair, struct audit_record *record)
{
    bool is_negative = pair->value_length && pair->value[0] == '-';
    uint64_t value;

    if (!number_read(pair->value + is_negative, pair->value_length - is_negative, 10, &value) || value > INT64_MAX)
        return false;
    record->result = is_negative ? -(int64_t)value : (int64_t)value;
    return true;
}

static bool call_take(const struct pair *pair, struct audit_record *record)
{
    size_t length;
    uint64_t value;

    if (pair_is(pair, "exit"))
        return result_take(pair, record);
    if (pair_is(pair, "pid"))
        return pair_unsigned(pair, &record->pid);
    if (pair_is(pair, "auid"))
        return pair_unsigned(pair, &record->login_uid);
    if (pair_is(pair, "syscall"))
        return pair_unsigned(pair, &record->call);
    if (pair_is(pair, "arch")) {
        record->is_native = pair_number(pair, 16, &value) && value == AUDIT_ARCH_X86_64;
        return true;
    }
    if (pair->key_length == 2 && pair->key[0] == 'a' && pair->key[1] >= '0' && pair->key[1] <= '3')
        return pair_number(pair, 16, &record->arguments[pair->key[1] - '0']);
    if (pair_is(pair, "exe") && !pair_is_null(pair))
        return pair_text(pair, record->exe, sizeof(record->exe), &length);
    return true;
}

static bool object_take(const struct pair *pair, struct audit_record *record)
{
    if (pair_is(pair, "name") && !pair_is_null(pair))
        return record->has_path = pair_text(pair, record->path, sizeof(record->path), &record->path_length);
    if (pair_is(pair, "inode"))
        return pair_number(pair, 10, &record->inode);
    if (pair_is(pair, "nametype"))
        record->is_of_parent = pair_says(pair, "PARENT");
    return true;
}

static bool where_take(const struct pair *pair, struct audit_record *record)
{
    if (pair_is(pair, "cwd"))
        return record->has_path = pair_text(pair, record->path, sizeof(record->path), &record->path_length);
    return true;
}

/* "0200003577F00001...": what the program handed over; port and address are in the order of the network. */
static bool peer_take(const struct pair *pair, struct audit_record *record)
{
    unsigned char bytes[sizeof(struct sockaddr_un)] = {0};
    size_t length = pair->value_length / 2;
    unsigned family;

    if (!pair_is(pair, "saddr"))
        return true;
    for (size_t i = 0; i < length && i < sizeof(bytes) - 1; i++) {
        int high = digit_of(pair->value[2 * i]), low = digit_of(pair->value[2 * i + 1]);

        if (high < 0 || low < 0)
            return false;
        bytes[i] = (unsigned char)(high << 4 | low);
    }
    family = bytes[0] | (unsigned)bytes[1] << 8;
    if ((family == AF_INET && length >= 8) || (family == AF_INET6 && length >= 24)) {
        record->has_address = inet_ntop((int)family, bytes + (family == AF_INET ? 4 : 8), record->address, sizeof(record->address)) != NULL;
        record->port = (unsigned)bytes[2] << 8 | bytes[3];
    } else if (family == AF_UNIX && length > 2 && bytes[2] == '/') {
        record->path_length = strlen((char *)bytes + 2);
        memcpy(record->path, bytes + 2, record->path_length + 1);
        record->has_path = true;
    }
    return true;
}

static bool change_take(const struct pair *pair, struct audit_record *record)
{
    char key[sizeof(RECORD_KEY)];
    size_t length;

    if (pair_is(pair, "op"))
        record->is_rule = pair_says(pair, "add_rule");
    if (pair_is(pair, "key"))
        record->is_ours = pair_text(pair, key, sizeof(key), &length) && strcmp(key, RECORD_KEY) == 0;
    if (pair_is(pair, "audit_enabled")) {
        record->is_switch = true;
        record->is_on = !pair_says(pair, "0");
    }
    if (pair_is(pair, "res") && pair_says(pair, "0"))
        record->is_rule = record->is_switch = false;
    return true;
}

static bool has_all(const struct audit_record *record)
{
    switch (record->kind) {
    case RECORD_DENIED:
        return record->domain && record->right[0];
    case RECORD_DOMAIN_NEW:
        return record->domain && record->pid;
    case RECORD_DOMAIN_END:
        return record->domain != 0;
    case RECORD_CALL:
        return record->pid != 0;
    case RECORD_OBJECT:
    case RECORD_WHERE:
    case RECORD_PEER:
    case RECORD_CHANGE:
    case RECORD_OTHER:
    case RECORD_LAST:
        return true;
    }
    return false;
}

/* The types that matter, and who reads them: RECORD_OTHER = what says itself which kind it is. */
static const struct reader {
    unsigned type;
    enum record_kind kind;
    bool (*take)(const struct pair *pair, struct audit_record *record);
} readers[] = {
    {RECORD_LANDLOCK_ACCESS, RECORD_DENIED, denied_take},
    {RECORD_LANDLOCK_DOMAIN, RECORD_OTHER, domain_take},
    {RECORD_SYSCALL, RECORD_CALL, call_take},
    {RECORD_END_OF_EVENT, RECORD_LAST, NULL},
    {RECORD_PATH, RECORD_OBJECT, object_take},
    {RECORD_DIRECTORY, RECORD_WHERE, where_take},
    {RECORD_ADDRESS, RECORD_PEER, peer_take},
    {RECORD_CONFIG, RECORD_CHANGE, change_take},
};

bool record_serial(const char *text, size_t size, uint64_t *ret_serial)
{
    struct cursor cursor = {text, text + size};
    uint64_t time_ms;

    return serial_read(&cursor, ret_serial, &time_ms);
}

bool record_read(unsigned type, const char *text, size_t size, struct audit_record *ret_record)
{
    struct cursor cursor = {text, text + size};
    struct audit_record *record = ret_record;
    const struct reader *reader = readers;
    struct pair pair;

    record->kind = RECORD_OTHER;
    while (reader < readers + ARRAY_COUNT(readers) && reader->type != type)
        reader++;
    if (reader == readers + ARRAY_COUNT(readers))
        return true;
    *record = (struct audit_record){.login_uid = ~0u};
    if (!serial_read(&cursor, &record->serial, &record->time_ms))
        return false;
    record->kind = reader->kind;
    while (reader->take && pair_next(&cursor, &pair))
        if (!reader->take(&pair, record)) {
            record->kind = RECORD_OTHER;
            return false;
        }
    if (record->kind == RECORD_DENIED)
        unnamed_take(record);
    if (!has_all(record)) {
        record->kind = RECORD_OTHER;
        return false;
    }
    return true;
}
