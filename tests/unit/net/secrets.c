/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets as bytes: what comes back is what went in, values only where they are wanted, and nothing else is read. */
#include <errno.h>

#include "base/memory.h"
#include "net/secrets.h"
#include "test.h"

#define VALUE "s3cr3t value!"

static const char *const hosts[] = {"api.example.com", "b.test"};
static const struct net_secret_field fields[] = {
    {NET_SECRET_HEADER, "Authorization"}, {NET_SECRET_QUERY, "key"}, {NET_SECRET_BASIC, ""}, {NET_SECRET_BODY, "/auth/token"}};
static const struct net_secret sample = {.name = "TOKEN",
                                         .placeholder = "ghp_0123456789abcdef",
                                         .hosts = hosts,
                                         .host_count = 2,
                                         .fields = fields,
                                         .field_count = 4,
                                         .value_length = sizeof(VALUE) - 1,
                                         .value = VALUE,
                                         .where = "agent.yaml:3: secrets[0]"};

static void *write_secrets(const struct net_secrets *secrets, bool has_values, size_t *ret_size)
{
    struct error err = ERROR_INIT;
    void *record;

    if (net_secrets_write(secrets, has_values, &record, ret_size, &err) < 0)
        test_fail(__FILE__, __LINE__, "%s", err.text);
    return record;
}

static struct net_secrets two(struct net_secret items[2])
{
    items[0] = items[1] = sample;
    items[1].placeholder = "another-placeholder";
    items[1].field_count = 1;
    return (struct net_secrets){items, 2};
}

TEST(secrets_come_back_as_they_were)
{
    struct arena *arena auto_arena = arena_new();
    struct net_secret items[2];
    struct net_secrets secrets = two(items), *read;
    size_t size;
    void *record auto_free = write_secrets(&secrets, true, &size);

    check_int(net_secrets_read(arena, record, size, &read, NULL), 0);
    check_int(read->count, 2);
    check_string(read->items[0].name, "TOKEN");
    check_string(read->items[0].placeholder, "ghp_0123456789abcdef");
    check_string(read->items[0].where, sample.where);
    check_int(read->items[0].host_count, 2);
    check_string(read->items[0].hosts[1], "b.test");
    check_int(read->items[0].field_count, 4);
    for (size_t i = 0; i < 4; i++) {
        check_int(read->items[0].fields[i].place, fields[i].place);
        check_string(read->items[0].fields[i].field, fields[i].field);
    }
    check_int(read->items[0].value_length, strlen(VALUE));
    check_string(read->items[0].value, VALUE);
    check_string(read->items[1].placeholder, "another-placeholder");
}

TEST(without_values_no_byte_of_one_is_in_the_record)
{
    struct arena *arena auto_arena = arena_new();
    struct net_secret items[2];
    struct net_secrets secrets = two(items), *read;
    size_t size, with_size;
    char *record auto_free = write_secrets(&secrets, false, &size);
    char *with auto_free = write_secrets(&secrets, true, &with_size);

    check(memmem(with, with_size, VALUE, strlen(VALUE)));
    check(!memmem(record, size, VALUE, strlen(VALUE)) && !memmem(record, size, VALUE, 3));
    check_int(net_secrets_read(arena, record, size, &read, NULL), 0);
    check_int(read->items[1].value_length, strlen(VALUE));
    check(!read->items[0].value && !read->items[1].value);
    items[0].value = items[1].value = NULL; /* who has none can still write it */
    mem_free(record);
    record = write_secrets(&secrets, false, &size);
}

TEST(no_secrets_are_secrets_too)
{
    struct arena *arena auto_arena = arena_new();
    struct net_secrets none = {0}, *read = NULL;
    size_t size;
    void *record auto_free = write_secrets(&none, true, &size);

    check_int(net_secrets_read(arena, record, size, &read, NULL), 0);
    check_int(read->count, 0);
}

TEST(a_record_of_secrets_cut_anywhere_is_refused)
{
    struct arena *arena auto_arena = arena_new();
    struct net_secret items[2];
    struct net_secrets secrets = two(items), *read = NULL;
    size_t size;
    char *record auto_free = write_secrets(&secrets, true, &size);

    for (size_t cut = 0; cut < size; cut++) {
        char *part = mem_alloc(cut);
        uint32_t said = (uint32_t)cut;
        struct error err = ERROR_INIT;

        memcpy(part, record, cut);
        if (cut >= 8)
            memcpy(part + 4, &said, sizeof(said));
        check_int(net_secrets_read(arena, part, cut, &read, &err), -EBADMSG);
        check_contains(err.text, "secrets, byte");
        mem_free(part);
    }
    check(!read);
}

TEST(each_changed_byte_of_secrets_is_refused_or_another_record)
{
    struct net_secret items[2];
    struct net_secrets secrets = two(items);
    size_t size, refused = 0;
    unsigned char *record auto_free = write_secrets(&secrets, true, &size);

    for (size_t i = 0; i < size; i++)
        for (int value = 0; value < 256; value += 15) {
            struct arena *arena auto_arena = arena_new();
            unsigned char kept = record[i];
            struct net_secrets *read = NULL;
            struct error err = ERROR_INIT;

            record[i] = (unsigned char)value;
            if (net_secrets_read(arena, record, size, &read, &err) < 0) {
                check(!read && err.text[0] && !strstr(err.text, "s3cr3t"));
                refused++;
            } else {
                size_t again_size;
                void *again auto_free = write_secrets(read, true, &again_size);

                check(again_size == size && memcmp(again, record, size) == 0);
            }
            record[i] = kept;
        }
    check(refused > size * 4);
}

static void check_refused(const struct net_secret *secret, const char *part)
{
    struct net_secret items[2] = {*secret, sample};
    struct net_secrets secrets = {items, 2};
    struct error err = ERROR_INIT;
    void *record = NULL;
    size_t size = 7;

    items[1].placeholder = "0123456789abcdef-of-another";
    check_int(net_secrets_write(&secrets, true, &record, &size, &err), -EBADMSG);
    check_contains(err.text, part);
    check(!strstr(err.text, "s3cr3t"));
    check(!record && size == 7);
}

TEST(what_no_secret_may_be_is_neither_written_nor_read)
{
    static const char *const hosts_bad[] = {"*.example.com", "API.example.com", "a.test.", "10.0.0.1", "", "a_b.test:80"};
    static const struct net_secret_field fields_bad[] = {
        {NET_SECRET_HEADER, "Host"},     {NET_SECRET_HEADER, "content-length"}, {NET_SECRET_HEADER, "Range"},
        {NET_SECRET_HEADER, "A b"},      {NET_SECRET_HEADER, ""},
        {NET_SECRET_BASIC, "x"},         {NET_SECRET_QUERY, ""},                {NET_SECRET_BODY, "a\nb"},  {NET_SECRET_HEADER, NULL},
        {(enum net_secret_place)5, "x"}, {(enum net_secret_place)0, "x"}};
    static const char *const places[] = {"holder's own", "holder's own", "holder's own", "a word of HTTP", "a word of HTTP", "too long",
                                         "empty",        "control",      "missing",      "unknown place",  "unknown place"};
    static const char *const values[] = {"a\nb", "a\rb"};
    struct net_secret secret = sample;

#define CHECK_REFUSED(change, part)                                                                                            \
    do {                                                                                                                       \
        secret = sample;                                                                                                       \
        change;                                                                                                                \
        check_refused(&secret, part);                                                                                          \
    } while (0)

    for (size_t i = 0; i < ARRAY_COUNT(hosts_bad); i++)
        CHECK_REFUSED((secret.hosts = &hosts_bad[i], secret.host_count = 1), "no name in its one spelling");
    for (size_t i = 0; i < ARRAY_COUNT(fields_bad); i++)
        CHECK_REFUSED((secret.fields = &fields_bad[i], secret.field_count = 1), places[i]);
    for (size_t i = 0; i < ARRAY_COUNT(values); i++)
        CHECK_REFUSED((secret.value = values[i], secret.value_length = 3), "the value of secret 1");
    CHECK_REFUSED(secret.value = NULL, "the value of secret 1");
    CHECK_REFUSED(secret.value_length = 0, "the value of secret 1");
    CHECK_REFUSED(secret.value_length = sizeof(VALUE), "the value of secret 1"); /* with its end */
    CHECK_REFUSED(secret.placeholder = "short", "could be guessed");
    CHECK_REFUSED(secret.placeholder = "0123456789abcdef%", "could be guessed");
    CHECK_REFUSED(secret.placeholder = "0123456789abcdef", "within another");
    CHECK_REFUSED(secret.placeholder = "0123456789abcdef-of-another", "within another");
    CHECK_REFUSED(secret.placeholder = "xx-0123456789abcdef-of-another-xx", "within another");
    CHECK_REFUSED(secret.placeholder = NULL, "missing");
    CHECK_REFUSED(secret.host_count = 0, "for no host");
    CHECK_REFUSED(secret.field_count = 0, "for no place");
    CHECK_REFUSED(secret.name = "", "an empty text");
    CHECK_REFUSED(secret.name = "a\x1b[m", "control");
    CHECK_REFUSED(secret.where = NULL, "missing");
}

TEST(too_many_secrets_and_too_long_values_are_refused)
{
    static char value[NET_SECRET_VALUE_MAX + 2], placeholders[NET_SECRETS_MAX + 1][32];
    static struct net_secret items[NET_SECRETS_MAX + 1];
    struct arena *arena auto_arena = arena_new();
    struct net_secrets secrets = {items, NET_SECRETS_MAX}, *read;
    struct error err = ERROR_INIT;
    void *record auto_free = NULL, *none = NULL;
    size_t size;

    memset(value, 'v', sizeof(value) - 1);
    for (size_t i = 0; i <= NET_SECRETS_MAX; i++) {
        snprintf(placeholders[i], sizeof(placeholders[i]), "a-placeholder-%05zu", i);
        items[i] = sample;
        items[i].placeholder = placeholders[i];
        items[i].value = value;
        items[i].value_length = NET_SECRET_VALUE_MAX;
    }
    check_int(net_secrets_write(&secrets, true, &record, &size, &err), 0);
    check_int(net_secrets_read(arena, record, size, &read, &err), 0);
    check_int(read->items[63].value_length, NET_SECRET_VALUE_MAX);
    secrets.count++;
    check_int(net_secrets_write(&secrets, true, &none, &size, &err), -EBADMSG);
    check_contains(err.text, "too many");
    secrets.count = 1;
    items[0].value_length++;
    check_int(net_secrets_write(&secrets, true, &none, &size, &err), -EBADMSG);
    check_int(net_secrets_write(&secrets, false, &none, &size, &err), -EBADMSG);
    check(!none);
    check_int(net_secrets_read(arena, "", NET_SECRETS_RECORD_MAX + 1, &read, &err), -EBADMSG);
}

static void *kept;
static size_t kept_size;

static int attempt_write(void)
{
    struct net_secret items[2];
    struct net_secrets secrets = two(items);
    struct error err = ERROR_INIT;
    void *record;
    size_t size;
    int status = net_secrets_write(&secrets, true, &record, &size, &err);

    check_int(err.kind, status < 0 ? ERROR_MEMORY : ERROR_NONE);
    if (status == 0)
        mem_free(record);
    return status;
}

static int attempt_read(void)
{
    struct arena *arena auto_arena = arena_new();
    struct error err = ERROR_INIT;
    struct net_secrets *read;
    int status = arena ? net_secrets_read(arena, kept, kept_size, &read, &err) : -ENOMEM;

    if (arena)
        check_int(err.kind, status < 0 ? ERROR_MEMORY : ERROR_NONE);
    return status;
}

TEST(secrets_fail_cleanly_without_memory)
{
    struct net_secret items[2];
    struct net_secrets secrets = two(items);

    kept = write_secrets(&secrets, true, &kept_size);
    test_each_allocation_fails(attempt_write, 100);
    test_each_allocation_fails(attempt_read, 100);
    mem_free(kept);
}
