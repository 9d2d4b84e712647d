/* SPDX-License-Identifier: Apache-2.0 */
#include "identity/issuer_state.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/file.h"
#include "base/memory.h"
#include "identity/svid.h"

static const char *const key_names[] = {[BUNDLE_X509] = "x509", [BUNDLE_JWT] = "jwt", [BUNDLE_TOKEN] = "token"};

static void state_path(const struct issuer *issuer, char ret_path[PATH_MAX])
{
    snprintf(ret_path, PATH_MAX, "%s/authority.json", issuer->directory);
}

static int refuse(struct error *err, const char *path, const char *why)
{
    return error_set(err, ERROR_INVALID, EINVAL, "%s: %s; it holds the keys of this machine's authority: restore it, or remove it to begin anew", path, why);
}

/* ---- to disk ---- */

/* Where a key stands: another's in its place is none. */
static void place_print(uint64_t number, const char *name, char ret_place[64])
{
    snprintf(ret_place, 64, "%llu %s", (unsigned long long)number, name);
}

static int key_pack(const struct issuer *issuer, uint64_t number, json_t *object, const char *name, const EVP_PKEY *key, struct error *err)
{
    auto_text struct text wrapped = {0};
    struct text text = {0};
    char place[64];
    int status = key_print(key, &text, err);

    place_print(number, name, place);
    if (status == 0 && issuer->by)
        status = wrap_text(issuer->wrapping, place, text.data ? text.data : "", text.length, &wrapped, err);
    if (status == 0 && (text.is_broken || json_object_set_new(object, name, json_string(issuer->by ? wrapped.data : text.data)) < 0))
        status = error_memory(err);
    if (text.data)
        explicit_bzero(text.data, text.length);
    text_finish(&text);
    return status;
}

static int generation_pack(const struct issuer *issuer, const struct issuer_generation *generation, json_t *list, struct error *err)
{
    auto_text struct text pem = {0};
    auto_json json_t *keys = json_object(), *object = NULL;
    int status = keys ? certificate_write_pem(generation->certificate, &pem, err) : error_memory(err);

    for (size_t i = BUNDLE_X509; i <= BUNDLE_TOKEN && status == 0; i++)
        status = key_pack(issuer, generation->number, keys, key_names[i], generation->keys[i], err);
    if (status < 0)
        return status;
    object = json_pack("{s:I, s:I, s:I, s:s, s:O}", "number", (json_int_t)generation->number, "from", (json_int_t)generation->from, "until",
                       (json_int_t)generation->until, "certificate", pem.data, "keys", keys);
    return object && json_array_append(list, object) == 0 ? 0 : error_memory(err);
}

int issuer_state_write(const struct issuer *issuer, struct error *err)
{
    auto_json json_t *list = json_array(), *document = NULL;
    char path[PATH_MAX], *text = NULL;
    int status = list ? 0 : error_memory(err);
    mode_t mask;

    for (size_t i = 0; i < issuer->count && status == 0; i++)
        status = generation_pack(issuer, &issuer->generations[i], list, err);
    if (status < 0)
        return status;
    document = json_pack("{s:s, s:s, s:s, s:s, s:I, s:O}", "schema", "cordon-authority/1", "domain", issuer->host.domain, "host", issuer->host.host,
                         "keyProtection", issuer->protection, "sequence", (json_int_t)issuer->sequence, "generations", list);
    if (document && issuer->by && json_object_set_new(document, "sealed", json_string(issuer->sealed)) < 0)
        return error_memory(err);
    text = document ? json_dumps(document, JSON_INDENT(2)) : NULL;
    if (!text)
        return error_memory(err);
    state_path(issuer, path);
    mask = umask(077);
    status = file_replace(path, text, strlen(text), err);
    umask(mask);
    explicit_bzero(text, strlen(text));
    free(text);
    return status;
}

/* ---- from disk ---- */

static int key_unpack(const struct issuer *issuer, uint64_t number, const char *name, const json_t *value, EVP_PKEY **ret_key)
{
    char place[64], *text = NULL;
    size_t size = 0;
    int status;

    if (!json_is_string(value))
        return -EINVAL;
    if (!issuer->by)
        return key_read(json_string_value(value), json_string_length(value), ret_key, NULL);
    place_print(number, name, place);
    status = unwrap_text(issuer->wrapping, place, json_string_value(value), json_string_length(value), &text, &size, NULL);
    if (status == 0)
        status = key_read(text, size, ret_key, NULL);
    if (text)
        explicit_bzero(text, size);
    mem_free(text);
    return status;
}

static bool keys_unpack(const struct issuer *issuer, const json_t *keys, struct issuer_generation *generation)
{
    for (size_t i = BUNDLE_X509; i <= BUNDLE_TOKEN; i++) {
        if (key_unpack(issuer, generation->number, key_names[i], json_object_get(keys, key_names[i]), &generation->keys[i]) < 0 ||
            strcmp(key_algorithm(generation->keys[i]), "ES256") != 0 || key_thumbprint(generation->keys[i], generation->ids[i], NULL) < 0)
            return false;
    }
    return true;
}

/* A certificate that is not its key's would sign what nobody believes. */
static bool generation_unpack(const struct issuer *issuer, const json_t *object, struct issuer_generation *generation)
{
    const json_t *certificate = json_object_get(object, "certificate");

    generation->number = (uint64_t)json_integer_value(json_object_get(object, "number"));
    generation->from = (time_t)json_integer_value(json_object_get(object, "from"));
    generation->until = (time_t)json_integer_value(json_object_get(object, "until"));
    return generation->number > 0 && generation->from > 0 && generation->until > generation->from && json_is_string(certificate) &&
           keys_unpack(issuer, json_object_get(object, "keys"), generation) &&
           svid_read_pem(json_string_value(certificate), json_string_length(certificate), &generation->certificate, NULL) == 0 &&
           X509_check_private_key(generation->certificate, generation->keys[BUNDLE_X509]) == 1 &&
           ASN1_TIME_cmp_time_t(X509_get0_notAfter(generation->certificate), generation->until) == 0;
}

static bool is_text(const json_t *document, const char *member, const char *expected)
{
    const char *text = json_string_value(json_object_get(document, member));

    return text && strcmp(text, expected) == 0;
}

/* The key that the others are wrapped with: asked of what sealed it once, and the same from then on. */
static int sealed_unpack(struct issuer *issuer, const json_t *document, const char *path, struct error *err)
{
    const char *sealed = json_string_value(json_object_get(document, "sealed"));
    int status;

    if (!issuer->by)
        return 0;
    if (!sealed || (issuer->sealed && strcmp(issuer->sealed, sealed) != 0))
        return refuse(err, path, "it is not sealed, or it was sealed anew");
    if (issuer->sealed)
        return 0;
    status = issuer->by->unseal(issuer->by->context, sealed, issuer->wrapping, err);
    if (status == 0 && !(issuer->sealed = mem_string(sealed)))
        status = error_memory(err);
    return status;
}

static int state_unpack(struct issuer *issuer, const json_t *document, const char *path, struct error *err)
{
    const json_t *list = json_object_get(document, "generations"), *object;
    struct issuer_generation *generations = issuer->generations;
    size_t i;
    int status;

    if (is_text(document, "schema", "cordon-authority/1") && !is_text(document, "keyProtection", issuer->protection))
        return refuse(err, path, issuer->by ? "its keys are not protected by a TPM, as is asked for" : "its keys are protected by a TPM, which this was not started with");
    if (!is_text(document, "schema", "cordon-authority/1") ||
        json_array_size(list) < 1 || json_array_size(list) > ISSUER_GENERATIONS || json_integer_value(json_object_get(document, "sequence")) < 1)
        return refuse(err, path, "it is not what this version understands");
    if (!is_text(document, "domain", issuer->host.domain) || !is_text(document, "host", issuer->host.host))
        return refuse(err, path, "it is the authority of another machine or trust domain");
    status = sealed_unpack(issuer, document, path, err);
    if (status < 0)
        return status;
    issuer->sequence = (uint64_t)json_integer_value(json_object_get(document, "sequence"));
    json_array_foreach(list, i, object)
    {
        bool is_good = generation_unpack(issuer, object, &generations[issuer->count]);

        issuer->count++; /* whoever has it frees it */
        if (!is_good || (i && generations[i].number <= generations[i - 1].number))
            return refuse(err, path, "its keys and certificates do not belong together");
    }
    return 0;
}

static void state_drop(struct issuer *issuer)
{
    for (size_t i = 0; i < issuer->count; i++)
        issuer_generation_finish(&issuer->generations[i]);
    issuer->count = 0;
    issuer->sequence = 0;
}

int issuer_state_read(struct issuer *issuer, struct error *err)
{
    auto_json json_t *document = NULL;
    auto_close int fd = -1;
    char path[PATH_MAX], *text = NULL;
    struct stat st;
    size_t size = 0;
    int status;

    state_path(issuer, path);
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT)
        return 0;
    if (fd < 0 || fstat(fd, &st) < 0)
        return error_system(err, errno, "%s", path);
    if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || st.st_mode & 077)
        return error_set(err, ERROR_FORBIDDEN, EPERM, "%s holds keys, and must be a file of uid %u with mode 0600: somebody else may have read or written it",
                         path, (unsigned)geteuid());
    status = file_read_fd(fd, path, ISSUER_STATE_MAX, &text, &size, err);
    if (status < 0)
        return status;
    document = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
    explicit_bzero(text, size);
    mem_free(text);
    status = state_unpack(issuer, document, path, err);
    if (status < 0)
        state_drop(issuer);
    return status;
}
