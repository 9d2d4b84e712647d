/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of hosts. What programs, resolvers and servers could each read in their own way is refused here, once, so that
 * everything behind compares bytes.
 */
#include "net/name.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/text.h"

#define NAME_LENGTH_MAX (NET_NAME_SIZE - 1)
#define LABEL_LENGTH_MAX 63
#define SHOWN_MAX 80 /* bytes of a wrong name in an error */

/* The one line about a wrong name; the name itself shortened and harmless on a terminal. */
static int refuse(struct error *err, const char *text, size_t size, const char *why)
{
    struct text shown auto_text = {0};

    text_add_safe_n(&shown, text, size < SHOWN_MAX ? size : SHOWN_MAX);
    if (size > SHOWN_MAX)
        text_add(&shown, "...");
    return error_set(err, ERROR_INVALID, EINVAL, "'%s' is not the name of a host: %s", shown.data ? shown.data : "",
                     why);
}

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

/* The byte in lower case, 0 where no name has it. */
static char name_byte(char byte)
{
    if (byte >= 'A' && byte <= 'Z')
        return (char)(byte | 0x20);
    return (byte >= 'a' && byte <= 'z') || is_digit(byte) || byte == '-' || byte == '_' ? byte : '\0';
}

static const char *label_fault(const char *label, size_t length)
{
    if (!length)
        return "a label is empty (no dot at either end, none twice)";
    if (length > LABEL_LENGTH_MAX)
        return "a label has more than 63 bytes";
    if (label[0] == '-' || label[length - 1] == '-')
        return "a label begins or ends with '-'";
    return NULL;
}

/* inet_aton() and browsers read "0x7f.1", "2130706433" and "a.0x1" as addresses or as none, each in its own way. */
static bool looks_like_number(const char *label, size_t length)
{
    size_t digits = 0;

    while (digits < length && is_digit(label[digits]))
        digits++;
    return digits == length || (length >= 2 && label[0] == '0' && label[1] == 'x');
}

static const char *name_fault(const char *text, size_t size, char *name)
{
    size_t begin = 0;
    const char *fault;

    if (!size)
        return "it is empty";
    if (size > NAME_LENGTH_MAX)
        return "it has more than 253 bytes";
    for (size_t i = 0; i < size; i++) {
        name[i] = text[i] == '.' ? '.' : name_byte(text[i]);
        if (!name[i])
            return "only letters, digits, '-', '_' and dots make one; write international names with xn--";
    }
    name[size] = '\0';
    for (size_t i = 0; i <= size; i++) {
        if (i < size && name[i] != '.')
            continue;
        fault = label_fault(name + begin, i - begin);
        if (fault)
            return fault;
        if (i < size)
            begin = i + 1;
    }
    return looks_like_number(name + begin, size - begin) ? "its last label is a number, as in an address" : NULL;
}

int net_name_canonical(const char *text, size_t size, char ret_name[NET_NAME_SIZE], struct error *err)
{
    char name[NET_NAME_SIZE];
    const char *fault = name_fault(text, size, name);

    if (fault)
        return refuse(err, text, size, fault);
    memcpy(ret_name, name, size + 1);
    return 0;
}

/* What is written into a policy in place of a name, and where it belongs; else `fault`. */
static const char *pattern_remedy(const char *text, size_t size, const char *fault)
{
    struct net_address address;

    if (net_address_parse(text, size, &address) == 0)
        return "it is an address: write it as 'cidr'";
    if (memchr(text, '/', size))
        return "write the name alone, without 'https://' and path; paths belong to 'http'";
    if (memchr(text, ':', size))
        return "write the name alone; the port belongs to 'ports'";
    if (size == 1 && *text == '*')
        return "for every host leave 'to' out";
    if (memchr(text, '*', size))
        return "'*' stands only for the whole first label, as in *.example.org";
    return fault;
}

int net_pattern_canonical(const char *text, size_t size, char ret_pattern[NET_NAME_SIZE], struct error *err)
{
    char name[NET_NAME_SIZE];
    size_t skip = size >= 2 && text[0] == '*' && text[1] == '.' ? 2 : 0;
    const char *fault = name_fault(text + skip, size - skip, name);

    if (!fault && size > NAME_LENGTH_MAX)
        fault = "it has more than 253 bytes";
    if (!fault && skip && !strchr(name, '.'))
        fault = "what follows '*.' needs at least two labels";
    else if (fault)
        fault = pattern_remedy(text + skip, size - skip, fault);
    if (fault)
        return refuse(err, text, size, fault);
    memcpy(ret_pattern, "*.", skip);
    memcpy(ret_pattern + skip, name, size - skip + 1);
    return 0;
}

bool net_name_matches(const char *pattern, const char *name)
{
    const char *rest;

    if (pattern[0] != '*')
        return strcmp(pattern, name) == 0;
    rest = strchr(name, '.');
    return rest && rest != name && strcmp(pattern + 1, rest) == 0;
}

/* 1..65535 without a leading zero, which some read as octal; 0 = no port. */
static unsigned parse_port(const char *text, size_t size)
{
    unsigned port = 0;

    if (!size || size > 5 || text[0] == '0')
        return 0;
    for (size_t i = 0; i < size; i++) {
        if (!is_digit(text[i]))
            return 0;
        port = port * 10 + (unsigned)(text[i] - '0');
    }
    return port <= 65535 ? port : 0;
}

/* Where the host ends: behind ']' of an address in brackets, else before the only colon or at the end. */
static const char *host_end(const char *text, size_t size)
{
    const char *end = memchr(text, text[0] == '[' ? ']' : ':', size);

    if (text[0] == '[')
        return end ? end + 1 : NULL;
    return end ? end : text + size;
}

static int parse_host(const char *text, size_t size, struct net_host *host, struct error *err)
{
    if (text[0] == '[') {
        host->is_address = true;
        if (net_address_parse(text + 1, size - 2, &host->address) < 0 || host->address.family != AF_INET6)
            return refuse(err, text, size, "between brackets stands an IPv6 address, without a zone");
        return 0;
    }
    host->is_address = net_address_parse(text, size, &host->address) == 0;
    return host->is_address ? 0 : net_name_canonical(text, size, host->name, err);
}

int net_authority_parse(const char *text, size_t size, struct net_host *ret_host, unsigned *ret_port,
                        struct error *err)
{
    struct net_host host = {0};
    const char *end = size ? host_end(text, size) : NULL;
    size_t length = end ? (size_t)(end - text) : 0;
    unsigned port = 0;
    int status;

    if (!length)
        return refuse(err, text, size, "a host is missing, or a bracket");
    status = parse_host(text, length, &host, err);
    if (status < 0)
        return status;
    if (length < size) {
        port = *end == ':' ? parse_port(end + 1, size - length - 1) : 0;
        if (!port)
            return refuse(err, text, size, "behind the host stands nothing but ':' and a port, 1 to 65535");
    }
    *ret_host = host;
    *ret_port = port;
    return 0;
}
