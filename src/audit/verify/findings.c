/* SPDX-License-Identifier: Apache-2.0 */
/* Findings, one a line, as text or JSON: the first of each kind are said, the others counted. */
#include <pthread.h>
#include <stdarg.h>

#include "audit/verify/verify.h"
#include "base/json.h"

#define SAID_MAX 20

static const char *const names[] = {
#define VERIFY_NAME(name, text, weight) text,
    VERIFY_FINDINGS(VERIFY_NAME)
#undef VERIFY_NAME
};
static const int weights[] = {
#define VERIFY_NAME(name, text, weight) weight,
    VERIFY_FINDINGS(VERIFY_NAME)
#undef VERIFY_NAME
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void print(const struct verify *verify, enum verify_finding finding, const char *what, const char *text)
{
    auto_text struct text line = {0};
    struct json json = JSON_INIT(&line, 0);

    if (verify->is_json) {
        json_begin_object(&json, NULL);
        json_add_string(&json, "finding", names[finding]);
        json_add_string(&json, "what", what);
        json_add_string(&json, "text", text);
        json_end(&json);
    } else {
        text_add(&line, names[finding]);
        text_add(&line, ": ");
        text_add_safe(&line, what);
        text_add(&line, ": ");
        text_add_safe(&line, text);
    }
    fprintf(verify->out, "%s\n", line.data ? line.data : names[finding]);
}

void verify_say(struct verify *verify, enum verify_finding finding, const char *what, const char *format, ...)
{
    char text[512];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    pthread_mutex_lock(&mutex);
    if (verify->counts[finding]++ < SAID_MAX)
        print(verify, finding, what, text);
    pthread_mutex_unlock(&mutex);
}

/* What is broken weighs more than what could not be looked at, and that more than what is lacking. */
static int worst_of(const struct verify *verify, unsigned *ret_count)
{
    static const int order[] = {VERIFY_BROKEN, VERIFY_UNKNOWN, VERIFY_LACKING};

    *ret_count = 0;
    for (int i = 0; i < VERIFY_FINDING_COUNT; i++)
        *ret_count += verify->counts[i];
    for (size_t o = 0; o < ARRAY_COUNT(order); o++)
        for (int i = 0; i < VERIFY_FINDING_COUNT; i++)
            if (verify->counts[i] && weights[i] == order[o])
                return order[o];
    return VERIFY_HOLDS;
}

int verify_close(struct verify *verify, const char *what)
{
    static const char *const words[] = {"holds", "does not hold", "", "could not be checked", "holds, with less than was asked for"};
    unsigned count;
    int status = worst_of(verify, &count);

    for (int i = 0; i < VERIFY_FINDING_COUNT && !verify->is_json; i++)
        if (verify->counts[i] > SAID_MAX)
            fprintf(verify->out, "%s: %u more\n", names[i], verify->counts[i] - SAID_MAX);
    if (verify->is_json)
        fprintf(verify->out, "{\"verdict\":\"%s\",\"status\":%d,\"records\":%llu,\"size\":%llu,\"findings\":%u}\n", words[status], status,
                (unsigned long long)verify->records, (unsigned long long)verify->size, count);
    else
        fprintf(verify->out, "%s: %s: %llu of %llu records checked, %u findings\n", what, words[status],
                (unsigned long long)verify->records, (unsigned long long)verify->size, count);
    return fflush(verify->out) == 0 ? status : VERIFY_UNKNOWN;
}
