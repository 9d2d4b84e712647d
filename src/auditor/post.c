/* SPDX-License-Identifier: Apache-2.0 */
#include "auditor/post.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <curl/curl.h>

#include "base/memory.h"

#define ANSWER_MAX  4096 /* bytes that are looked at */
#define WAIT_MAX_MS 30000
#define REQUEST_S   60L
#define CONNECT_S   10L

struct post {
    CURL *curl;
    struct curl_slist *headers;
    unsigned tries, wait_ms;
    char answer[ANSWER_MAX];
    size_t answer_size;
    char why[CURL_ERROR_SIZE];
};

static size_t take_answer(char *bytes, size_t size, size_t count, void *context)
{
    struct post *post = context;
    size_t length = size * count, room = sizeof(post->answer) - 1 - post->answer_size;

    memcpy(post->answer + post->answer_size, bytes, length < room ? length : room);
    post->answer_size += length < room ? length : room;
    return length;
}

static bool add_header(struct post *post, const char *header)
{
    struct curl_slist *longer = curl_slist_append(post->headers, header);

    if (longer)
        post->headers = longer;
    return longer != NULL;
}

static bool set(struct post *post, const struct post_options *options)
{
    CURL *curl = post->curl;

    return curl_easy_setopt(curl, CURLOPT_URL, options->url) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK && curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_TIMEOUT, REQUEST_S) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_S) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, post->why) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_answer) == CURLE_OK && curl_easy_setopt(curl, CURLOPT_WRITEDATA, post) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_HTTPHEADER, post->headers) == CURLE_OK &&
           (!options->authorities || curl_easy_setopt(curl, CURLOPT_CAINFO, options->authorities) == CURLE_OK);
}

int post_open(const struct post_options *options, struct post **ret_post, struct error *err)
{
    auto_post struct post *post = mem_alloc(sizeof(*post));

    if (!post)
        return error_memory(err);
    if (strncmp(options->url, "http://", 7) != 0 && strncmp(options->url, "https://", 8) != 0)
        return error_set(err, ERROR_INVALID, EINVAL, "--url %.200s: write http://... or https://...", options->url);
    post->tries = options->tries ? options->tries : 8;
    post->wait_ms = options->wait_ms ? options->wait_ms : 500;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || !(post->curl = curl_easy_init()))
        return error_set(err, ERROR_SYSTEM, ENOMEM, "export: libcurl cannot begin");
    if (!add_header(post, "Content-Type: application/json") || !add_header(post, "User-Agent: cordon/" CORDON_VERSION_TEXT) ||
        !add_header(post, "Expect:"))
        return error_memory(err);
    for (size_t i = 0; options->headers && options->headers[i]; i++) {
        if (!strchr(options->headers[i], ':') || strpbrk(options->headers[i], "\r\n"))
            return error_set(err, ERROR_INVALID, EINVAL, "--header: write 'Name: value'");
        if (!add_header(post, options->headers[i]))
            return error_memory(err);
    }
    if (!set(post, options))
        return error_set(err, ERROR_INVALID, EINVAL, "export: libcurl does not take --url %.200s", options->url);
    *ret_post = take_ptr(post);
    return 0;
}

void post_close(struct post *post)
{
    if (!post)
        return;
    curl_easy_cleanup(post->curl);
    curl_slist_free_all(post->headers);
    curl_global_cleanup();
    mem_free(post);
}

void post_close_at(struct post **post)
{
    post_close(*post);
}

static bool is_worth_another(CURLcode code, long status)
{
    if (code != CURLE_OK)
        return code != CURLE_URL_MALFORMAT && code != CURLE_UNSUPPORTED_PROTOCOL && code != CURLE_PEER_FAILED_VERIFICATION &&
               code != CURLE_SSL_CACERT_BADFILE;
    return status == 408 || status == 429 || (status >= 500 && status != 501);
}

static void wait_ms(uint64_t ms)
{
    struct timespec time = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};

    while (nanosleep(&time, &time) < 0 && errno == EINTR)
        ;
}

/* What the collector asks for, within our bound, else what it is by now. */
static unsigned pause_of(const struct post *post, unsigned wait)
{
    curl_off_t asked = 0;

    if (curl_easy_getinfo(post->curl, CURLINFO_RETRY_AFTER, &asked) == CURLE_OK && asked > 0)
        return asked > WAIT_MAX_MS / 1000 ? WAIT_MAX_MS : (unsigned)asked * 1000;
    return wait < WAIT_MAX_MS ? wait : WAIT_MAX_MS;
}

int post_send(struct post *post, const char *body, size_t size, struct error *err)
{
    unsigned wait = post->wait_ms;
    CURLcode code = CURLE_OK;
    long status = 0;

    for (unsigned i = 0; i < post->tries; i++, wait *= 2) {
        if (i)
            wait_ms(pause_of(post, wait / 2));
        post->answer_size = 0;
        post->why[0] = '\0';
        status = 0;
        curl_easy_setopt(post->curl, CURLOPT_POSTFIELDS, body);
        curl_easy_setopt(post->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)size);
        code = curl_easy_perform(post->curl);
        curl_easy_getinfo(post->curl, CURLINFO_RESPONSE_CODE, &status);
        if (code == CURLE_OK && status >= 200 && status < 300)
            return 0;
        if (!is_worth_another(code, status))
            break;
    }
    post->answer[post->answer_size] = '\0';
    if (code != CURLE_OK)
        return error_set(err, ERROR_SYSTEM, EIO, "export: %s", post->why[0] ? post->why : curl_easy_strerror(code));
    return error_set(err, ERROR_SYSTEM, EIO, "export: the collector answers %ld: %.200s", status, post->answer);
}
