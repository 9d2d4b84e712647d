/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Both ends of what tests/bench/net and the soak of tests/network measure.
 *
 *   peer serve ADDRESS PORT            echoes each connection's bytes until it is ended
 *   peer connect HOST PORT COUNT       a connection, one byte, its echo, COUNT times: microseconds of both steps
 *   peer fetch HOST PORT PATH BYTES    one request: microseconds until BYTES of its answer are there
 *   peer hold HOST PORT COUNT          COUNT connections, each used once, kept until standard input ends
 *
 * With HTTP_PROXY in the environment (http://HOST:PORT) each connection is asked of that proxy by CONNECT. Prints one line of
 * numbers; ends with 1 when anything went wrong.
 */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define COUNT_MAX 100000

static struct addrinfo *place; /* the server, or the proxy */
static const char *server_host, *server_port;
static bool is_proxied;
static char proxy_user[256]; /* NAME:PASSWORD, if the proxy wants that */

__attribute__((noreturn)) static void die(const char *what)
{
    perror(what);
    exit(1);
}

static double now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void find_place(const char *host, const char *port)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_family = AF_INET};
    const char *proxy = getenv("HTTP_PROXY");
    char proxy_host[256], proxy_port[16];

    server_host = host;
    server_port = port;
    is_proxied = proxy && sscanf(proxy, "http://%255[^@/]@%255[^:/]:%15[0-9]", proxy_user, proxy_host, proxy_port) == 3;
    if (proxy && !is_proxied)
        proxy_user[0] = '\0';
    if (proxy && !is_proxied)
        is_proxied = sscanf(proxy, "http://%255[^:/]:%15[0-9]", proxy_host, proxy_port) == 2;
    if (getaddrinfo(is_proxied ? proxy_host : host, is_proxied ? proxy_port : port, &hints, &place) != 0)
        die("getaddrinfo");
}

/* RFC 4648, 4. */
static void put_base64(const char *text, char *ret_code)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t size = strlen(text);

    for (size_t i = 0; i < size; i += 3) {
        unsigned group = 0;

        for (size_t j = 0; j < 3; j++)
            group = group << 8 | (i + j < size ? (unsigned char)text[i + j] : 0);
        for (size_t j = 0; j < 4; j++)
            *ret_code++ = i + j > size ? '=' : digits[group >> (18 - 6 * j) & 63];
    }
    *ret_code = '\0';
}

static void ask_proxy(int fd)
{
    char text[1200], code[360] = "";
    ssize_t used = 0, got = 0;
    int length;

    put_base64(proxy_user, code);
    length = snprintf(text, sizeof(text), "CONNECT %s:%s HTTP/1.1\r\nHost: %s:%s\r\n%s%s%s\r\n", server_host, server_port,
                      server_host, server_port, *code ? "Proxy-Authorization: Basic " : "", code, *code ? "\r\n" : "");
    if (write(fd, text, (size_t)length) != length)
        die("the proxy");
    while (used < (ssize_t)sizeof(text) - 1 && (got = read(fd, text + used, 1)) == 1) {
        used++;
        text[used] = '\0';
        if (used > 4 && strcmp(text + used - 4, "\r\n\r\n") == 0)
            break;
    }
    if (got != 1 || !strstr(text, " 200"))
        die("the proxy's answer");
}

static int open_connection(void)
{
    int fd = socket(place->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

    if (fd < 0 || connect(fd, place->ai_addr, place->ai_addrlen) < 0)
        die("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (is_proxied)
        ask_proxy(fd);
    return fd;
}

static void echo_one(int fd)
{
    char byte = 1; /* of no protocol whose first bytes say a name, so nobody waits for more */

    if (write(fd, &byte, 1) != 1 || read(fd, &byte, 1) != 1)
        die("echo");
}

static int by_value(const void *a, const void *b)
{
    double difference = *(const double *)a - *(const double *)b;

    return (difference > 0) - (difference < 0);
}

static void print_quantiles(const char *name, double *values, size_t count)
{
    qsort(values, count, sizeof(*values), by_value);
    printf("\"%s_p50\": %.1f, \"%s_p90\": %.1f, \"%s_p99\": %.1f", name, values[count / 2], name, values[count * 9 / 10], name,
           values[count * 99 / 100]);
}

static int measure_connect(size_t count)
{
    static double connects[COUNT_MAX], firsts[COUNT_MAX];

    for (size_t i = 0; i < count + 20; i++) { /* 20 to warm up, overwritten */
        double start = now_us(), connected;
        int fd = open_connection();

        connected = now_us();
        echo_one(fd);
        connects[i < 20 ? i : i - 20] = connected - start;
        firsts[i < 20 ? i : i - 20] = now_us() - start;
        close(fd);
    }
    printf("{");
    print_quantiles("connect", connects, count);
    printf(", ");
    print_quantiles("first", firsts, count);
    puts("}");
    return 0;
}

static int measure_fetch(const char *path, double bytes)
{
    static char data[1 << 18];
    char request[600];
    int length = snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", path, server_host);
    double start = now_us(), all = 0;
    int fd = open_connection();
    ssize_t got;

    if (write(fd, request, (size_t)length) != length)
        die("request");
    while ((got = read(fd, data, sizeof(data))) > 0)
        all += (double)got;
    if (got < 0 || all < bytes)
        die("answer");
    printf("{\"microseconds\": %.1f, \"bytes\": %.0f}\n", now_us() - start, all);
    return 0;
}

static int hold(size_t count)
{
    char byte;

    for (size_t i = 0; i < count; i++)
        echo_one(open_connection());
    puts("{\"held\": true}");
    fflush(stdout);
    return read(STDIN_FILENO, &byte, 1) < 0;
}

static void answer(int epoll, int fd)
{
    static char data[1 << 16];
    ssize_t got = read(fd, data, sizeof(data));

    for (ssize_t sent = 0, now; sent < got; sent += now) {
        now = send(fd, data + sent, (size_t)(got - sent), MSG_NOSIGNAL);
        if (now < 0) {
            got = 0;
            break;
        }
    }
    if (got <= 0) {
        epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL);
        close(fd);
    }
}

static int serve(const char *address, const char *port)
{
    struct epoll_event events[256], event = {.events = EPOLLIN};
    int epoll = epoll_create1(EPOLL_CLOEXEC), one = 1, listener;

    find_place(address, port);
    listener = socket(place->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    event.data.fd = listener;
    if (bind(listener, place->ai_addr, place->ai_addrlen) < 0 || listen(listener, 4096) < 0 ||
        epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event) < 0)
        die("listen");
    puts("ready");
    fflush(stdout);
    for (;;) {
        int count = epoll_wait(epoll, events, 256, -1);

        for (int i = 0; i < count; i++) {
            if (events[i].data.fd != listener) {
                answer(epoll, events[i].data.fd);
                continue;
            }
            event.data.fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
            if (event.data.fd < 0)
                continue;
            setsockopt(event.data.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
            if (epoll_ctl(epoll, EPOLL_CTL_ADD, event.data.fd, &event) < 0)
                die("epoll");
        }
    }
}

int main(int argc, char **argv)
{
    size_t count = argc > 4 ? strtoul(argv[4], NULL, 10) : 0;

    if (argc == 4 && strcmp(argv[1], "serve") == 0)
        return serve(argv[2], argv[3]);
    if (argc < 5) {
        fputs("usage: peer serve|connect|fetch|hold HOST PORT [COUNT | PATH BYTES]\n", stderr);
        return 2;
    }
    find_place(argv[2], argv[3]);
    if (strcmp(argv[1], "fetch") == 0 && argc == 6)
        return measure_fetch(argv[4], strtod(argv[5], NULL));
    if (count < 1 || count > COUNT_MAX - 20)
        return 2;
    return strcmp(argv[1], "hold") == 0 ? hold(count) : measure_connect(count);
}
