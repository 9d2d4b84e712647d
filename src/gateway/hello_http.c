/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The head of a plain HTTP/1 request (RFC 9112): the host of its Host field, which the request line may repeat in full
 * and may not contradict. Whatever some server could take for HTTP is HTTP here, and then has to be exact: blanks before
 * the request line, bare line feeds, a second Host, folded or spaced fields are wrong, never 'another protocol'.
 */
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "gateway/hello.h"

#define METHOD_MAX 32u /* of a request that may go on; a longer one is still one */

struct text {
    const char *at;
    size_t size;
};

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

static bool is_token(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
           (byte && strchr("!#$%&'*+-.^_`|~", byte));
}

/* HTTP/2 by prior knowledge (RFC 9113, 3.4). Each of its requests may have a host of its own, in packed fields. */
static bool is_preface(struct text line)
{
    static const char preface[] = "PRI * HTTP/2.0\r";

    return line.size == sizeof(preface) - 1 && memcmp(line.at, preface, line.size) == 0;
}

/* A request of HTTP/0.9: a method, a path, and no version. Who takes it answers for a host of its own choice. */
static bool is_simple_request(struct text line)
{
    size_t method = 0, size = line.size && line.at[line.size - 1] == '\r' ? line.size - 1 : line.size;

    while (method < size && is_token(line.at[method]))
        method++;
    if (!method || method + 1 >= size || line.at[method] != ' ')
        return false;
    while (method < size && line.at[method] == ' ')
        method++;
    return method < size && (line.at[method] == '/' || memmem(line.at + method, size - method, "://", 3));
}

/*
 * What a proxy puts in front of a connection (the PROXY protocol, 1 and 2): a server that takes it reads behind it what
 * nobody here has compared. HELLO_MORE = it may become that.
 */
static enum hello read_prefix(struct text all)
{
    static const char second[] = {'\r', '\n', '\r', '\n', '\0', '\r', '\n', 'Q', 'U', 'I', 'T', '\n'};
    static const char first[] = "PROXY ";
    size_t common = all.size < sizeof(second) ? all.size : sizeof(second);

    if (all.size >= sizeof(first) - 1 && strncasecmp(all.at, first, sizeof(first) - 1) == 0)
        return HELLO_WRONG;
    if (common > 4 && memcmp(all.at, second, common) == 0)
        return common == sizeof(second) ? HELLO_WRONG : HELLO_MORE;
    return HELLO_NOTHING;
}

/* "HTTP/" anywhere in it, in any case. */
static bool names_http(struct text line)
{
    for (size_t i = 0; i + 5 <= line.size; i++)
        if (strncasecmp(line.at + i, "HTTP/", 5) == 0)
            return true;
    return false;
}

/* Could these first bytes, before any line feed, still become a request line? */
static bool may_become_request(struct text text)
{
    size_t i = 0;

    while (i < text.size && is_blank(text.at[i]))
        i++;
    for (size_t first = i; i < text.size; i++) {
        if (text.at[i] == ' ' || text.at[i] == '\t')
            return i > first;
        if (!is_token(text.at[i]))
            return false;
    }
    return true;
}

/* Up to the first byte that no request line has, as git's own protocol has them: such a line may never end. */
static size_t size_of_text(struct text line)
{
    size_t i = 0;

    while (i < line.size && ((unsigned char)line.at[i] >= ' ' || is_blank(line.at[i])))
        i++;
    return i;
}

/* The next line without its end, which has to be CR LF; *is_whole says whether it is there. False = a bare CR or LF, NUL. */
static bool next_line(struct text *rest, struct text *ret_line, bool *is_whole)
{
    const char *end = memchr(rest->at, '\n', rest->size);
    size_t size = end ? (size_t)(end - rest->at) : rest->size;

    *is_whole = end != NULL;
    if (!end)
        return true;
    if (size == 0 || rest->at[size - 1] != '\r')
        return false;
    *ret_line = (struct text){rest->at, size - 1};
    if (memchr(ret_line->at, '\r', ret_line->size) || memchr(ret_line->at, '\0', ret_line->size))
        return false;
    rest->at += size + 1;
    rest->size -= size + 1;
    return true;
}

static struct text trimmed(struct text text)
{
    while (text.size && (text.at[0] == ' ' || text.at[0] == '\t')) {
        text.at++;
        text.size--;
    }
    while (text.size && (text.at[text.size - 1] == ' ' || text.at[text.size - 1] == '\t'))
        text.size--;
    return text;
}

/* What the request line says besides the version: an authority, or nothing (*ret_authority.at NULL). */
static bool read_request_line(struct text line, struct text *ret_authority, bool *ret_needs_host)
{
    const char *space = memchr(line.at, ' ', line.size);
    struct text target;
    size_t method = space ? (size_t)(space - line.at) : 0;

    if (method == 0 || method > METHOD_MAX || line.size < method + 1 + 1 + 9)
        return false;
    for (size_t i = 0; i < method; i++)
        if (!is_token(line.at[i]))
            return false;
    target = (struct text){space + 1, line.size - method - 1 - 9};
    if (memchr(target.at, ' ', target.size) || memchr(target.at, '\t', target.size))
        return false;
    if (memcmp(target.at + target.size, " HTTP/1.", 8) != 0)
        return false;
    if (target.at[target.size + 8] != '0' && target.at[target.size + 8] != '1')
        return false;
    *ret_needs_host = target.at[target.size + 8] == '1';
    *ret_authority = (struct text){NULL, 0};
    if (method == 7 && memcmp(line.at, "CONNECT", 7) == 0) {
        *ret_authority = target;
    } else if (target.at[0] != '/' && !(target.size == 1 && target.at[0] == '*')) {
        if (target.size < 8 || strncasecmp(target.at, "http://", 7) != 0)
            return false;
        ret_authority->at = target.at + 7;
        while (7 + ret_authority->size < target.size && !strchr("/?#\\", ret_authority->at[ret_authority->size]))
            ret_authority->size++;
    }
    return true;
}

/* One field line; *host.at stays NULL where it is another. */
static bool read_field(struct text line, struct text *host)
{
    const char *colon = memchr(line.at, ':', line.size);
    size_t name = colon ? (size_t)(colon - line.at) : 0;

    if (name == 0)
        return false;
    for (size_t i = 0; i < name; i++)
        if (!is_token(line.at[i]))
            return false;
    if (name == 4 && strncasecmp(line.at, "Host", 4) == 0) {
        if (host->at)
            return false;
        *host = trimmed((struct text){colon + 1, line.size - name - 1});
    }
    return true;
}

/* With one dot behind the name, as it is written in full: curl sends it as it was typed, and the name is the same. */
static bool read_authority(struct text text, struct net_host *ret_host)
{
    char copy[NET_NAME_SIZE + sizeof(":65535")];
    const char *colon = memchr(text.at, ':', text.size);
    size_t name = colon ? (size_t)(colon - text.at) : text.size;
    unsigned port;

    if (name < 2 || text.at[name - 1] != '.' || text.size > sizeof(copy))
        return net_authority_parse(text.at, text.size, ret_host, &port, NULL) == 0;
    memcpy(copy, text.at, name - 1);
    memcpy(copy + name - 1, text.at + name, text.size - name);
    return net_authority_parse(copy, text.size - 1, ret_host, &port, NULL) == 0 && !ret_host->is_address;
}

static bool is_same_host(const struct net_host *one, const struct net_host *other)
{
    if (one->is_address || other->is_address)
        return one->is_address && other->is_address && net_address_equals(&one->address, &other->address);
    return strcmp(one->name, other->name) == 0;
}

/* Both, where both are there, have to be the same host. */
static enum hello judge(struct text authority, struct text host, bool needs_host, char ret_name[NET_NAME_SIZE])
{
    struct net_host one, other;

    if (!host.at)
        return needs_host || authority.at ? HELLO_WRONG : HELLO_NO_NAME;
    if (!read_authority(host, &one) || (authority.at && (!read_authority(authority, &other) || !is_same_host(&one, &other))))
        return HELLO_WRONG;
    if (one.is_address)
        return HELLO_NO_NAME;
    memcpy(ret_name, one.name, NET_NAME_SIZE);
    return HELLO_NAME;
}

static enum hello read_head(struct text rest, bool is_cut, char ret_name[NET_NAME_SIZE])
{
    struct text line, authority, host = {NULL, 0};
    bool is_whole, needs_host;

    if (!next_line(&rest, &line, &is_whole) || !is_whole || !read_request_line(line, &authority, &needs_host))
        return HELLO_WRONG;
    for (;;) {
        if (!next_line(&rest, &line, &is_whole))
            return HELLO_WRONG;
        if (!is_whole)
            return is_cut ? HELLO_WRONG : HELLO_MORE;
        if (line.size == 0)
            return judge(authority, host, needs_host, ret_name);
        if (!read_field(line, &host))
            return HELLO_WRONG;
    }
}

enum hello hello_read_http(const unsigned char *bytes, size_t size, char ret_name[NET_NAME_SIZE])
{
    bool is_cut = size >= HELLO_MAX;
    struct text all = {(const char *)bytes, is_cut ? HELLO_MAX : size}, line = all;
    enum hello prefix = read_prefix(all);
    const char *end;

    if (prefix != HELLO_NOTHING)
        return prefix;
    /* servers step over blank lines before the request (RFC 9112, 2.2) */
    while (line.size && is_blank(line.at[0])) {
        line.at++;
        line.size--;
    }
    end = memchr(line.at, '\n', line.size);
    if (end)
        line.size = (size_t)(end - line.at);
    if (!may_become_request(all))
        return HELLO_NOTHING;
    if (size_of_text(line) < line.size) {
        line.size = size_of_text(line);
        if (!names_http(line))
            return HELLO_NOTHING;
    }
    if (!end)
        return is_cut ? HELLO_WRONG : HELLO_MORE;
    if (is_preface(line) && line.at == all.at)
        return HELLO_NOTHING;
    if (names_http(line))
        return read_head(all, is_cut, ret_name);
    return is_simple_request(line) ? HELLO_NO_NAME : HELLO_NOTHING;
}
