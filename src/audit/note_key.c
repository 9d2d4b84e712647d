/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of notes: texts of both halves, the file of the private one, what signs. */
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/note.h"
#include "audit/note_line.h"
#include "base/base64.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/utf8.h"

#define SECRET_PREFIX "PRIVATE+KEY+"
#define SECRET_MAX    512
#define ID_DIGITS     8
#define MATERIAL_SIZE (1 + NOTE_KEY_SIZE) /* the type, the key */
#define TIME_MAX      ((uint64_t)INT64_MAX)

struct note_signer {
    char name[NOTE_NAME_MAX + 1];
    unsigned char public_bytes[NOTE_KEY_SIZE];
    EVP_PKEY *key;
};

/* Of the key names that C2SP permits those without a control character. */
static bool is_name(const char *name, size_t length)
{
    if (length == 0 || length > NOTE_NAME_MAX || !utf8_is_valid(name, length))
        return false;
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)name[i] <= ' ' || name[i] == '+' || name[i] == 0x7f)
            return false;
    return true;
}

uint32_t note_key_id(const char *name, size_t length, uint8_t type, const unsigned char *bytes)
{
    unsigned char material[1 + MATERIAL_SIZE] = {'\n', type};
    struct merkle_hash hash;

    memcpy(material + 2, bytes, NOTE_KEY_SIZE);
    merkle_digest(name, length, material, sizeof(material), &hash);
    return (uint32_t)hash.bytes[0] << 24 | (uint32_t)hash.bytes[1] << 16 | (uint32_t)hash.bytes[2] << 8 | hash.bytes[3];
}

uint32_t note_key_id_of(const struct note_key *key)
{
    return note_key_id(key->name, strlen(key->name), key->type, key->bytes);
}

static bool read_id(const char *text, uint32_t *ret_id)
{
    uint32_t id = 0;

    for (int i = 0; i < ID_DIGITS; i++) {
        char c = text[i];
        int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;

        if (digit < 0)
            return false;
        id = id << 4 | (uint32_t)digit;
    }
    *ret_id = id;
    return true;
}

/* "name+id+base64": of both halves. */
static bool read_parts(const char *text, size_t length, size_t *ret_name_size, uint32_t *ret_id, unsigned char *ret_material)
{
    const char *plus = memchr(text, '+', length);
    size_t name_size = plus ? (size_t)(plus - text) : 0, rest = plus ? length - name_size - 1 : 0;

    if (!is_name(text, name_size) || rest < ID_DIGITS + 1 || plus[1 + ID_DIGITS] != '+' || !read_id(plus + 1, ret_id))
        return false;
    *ret_name_size = name_size;
    return base64_decode_exact(plus + 2 + ID_DIGITS, rest - ID_DIGITS - 1, ret_material, MATERIAL_SIZE) == MATERIAL_SIZE;
}

int note_key_read(const char *text, size_t length, struct note_key *ret_key, struct error *err)
{
    unsigned char material[MATERIAL_SIZE + 3];
    struct note_key key = {0};
    size_t name_size;

    if (!read_parts(text, length, &name_size, &key.id, material))
        return error_set(err, ERROR_INVALID, EINVAL, "not a verifier key: NAME+ID+BASE64, as `cordon-verify` and `cordon-witness` print them");
    key.type = material[0];
    memcpy(key.bytes, material + 1, NOTE_KEY_SIZE);
    memcpy(key.name, text, name_size);
    if (key.type != NOTE_ED25519 && key.type != NOTE_COSIGNATURE)
        return error_set(err, ERROR_INVALID, EINVAL, "verifier key %s: algorithm %u is neither Ed25519 (1) nor a cosignature (4)", key.name, key.type);
    if (note_key_id(key.name, name_size, key.type, key.bytes) != key.id)
        return error_set(err, ERROR_INVALID, EINVAL, "verifier key %s: its id is not that of its key: copy it again", key.name);
    *ret_key = key;
    return 0;
}

static void print_parts(const char *name, uint32_t id, uint8_t type, const unsigned char *bytes, char *ret_text)
{
    unsigned char material[MATERIAL_SIZE] = {type};
    int length = snprintf(ret_text, NOTE_NAME_MAX + ID_DIGITS + 3, "%s+%08x+", name, id);

    memcpy(material + 1, bytes, NOTE_KEY_SIZE);
    base64_encode(material, sizeof(material), ret_text + length);
    OPENSSL_cleanse(material, sizeof(material));
}

void note_key_print(const struct note_key *key, char ret_text[NOTE_KEY_TEXT_SIZE])
{
    print_parts(key->name, key->id, key->type, key->bytes, ret_text);
}

int note_signer_new(const char *name, const unsigned char seed[NOTE_KEY_SIZE], struct note_signer **ret_signer, struct error *err)
{
    auto_note_signer struct note_signer *signer = mem_alloc(sizeof(*signer));
    size_t size = NOTE_KEY_SIZE;

    if (!signer)
        return error_memory(err);
    if (!is_name(name, strlen(name)))
        return error_set(err, ERROR_INVALID, EINVAL, "'%s' is no name of a key: at most %d bytes of UTF-8 without spaces and '+'", name, NOTE_NAME_MAX);
    memcpy(signer->name, name, strlen(name));
    signer->key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, NOTE_KEY_SIZE);
    if (!signer->key || !EVP_PKEY_get_raw_public_key(signer->key, signer->public_bytes, &size) || size != NOTE_KEY_SIZE)
        return error_set(err, ERROR_SYSTEM, ENOTSUP, "this machine's OpenSSL takes no Ed25519 key");
    *ret_signer = take_ptr(signer);
    return 0;
}

void note_signer_free(struct note_signer *signer)
{
    if (signer)
        EVP_PKEY_free(signer->key);
    mem_free(signer);
}

void note_signer_free_at(struct note_signer **signer)
{
    note_signer_free(*signer);
}

void note_signer_key(const struct note_signer *signer, enum note_type type, struct note_key *ret_key)
{
    *ret_key = (struct note_key){.type = (uint8_t)type};
    memcpy(ret_key->name, signer->name, sizeof(ret_key->name));
    memcpy(ret_key->bytes, signer->public_bytes, NOTE_KEY_SIZE);
    ret_key->id = note_key_id(signer->name, strlen(signer->name), ret_key->type, signer->public_bytes);
}

/* ---- the file ---- */

static int make_file(const char *path, const char *name, struct error *err)
{
    unsigned char seed[NOTE_KEY_SIZE];
    char text[sizeof(SECRET_PREFIX) + NOTE_KEY_TEXT_SIZE + 1] = SECRET_PREFIX;
    auto_note_signer struct note_signer *signer = NULL;
    struct note_key key;
    size_t length;
    mode_t mask;
    int status;

    if (RAND_priv_bytes(seed, sizeof(seed)) != 1)
        return error_set(err, ERROR_SYSTEM, EIO, "random bytes for a key");
    status = note_signer_new(name, seed, &signer, err);
    if (status == 0) {
        note_signer_key(signer, NOTE_ED25519, &key);
        print_parts(name, key.id, NOTE_ED25519, seed, text + sizeof(SECRET_PREFIX) - 1);
        length = strlen(text);
        text[length++] = '\n';
        mask = umask(0177);
        status = file_replace(path, text, length, err);
        umask(mask);
    }
    OPENSSL_cleanse(seed, sizeof(seed));
    OPENSSL_cleanse(text, sizeof(text));
    return status;
}

static int read_file(int fd, const char *path, const char *name, struct note_signer **ret_signer, struct error *err)
{
    static const char remedy[] = "PRIVATE+KEY+NAME+ID+BASE64 in one line";
    unsigned char material[MATERIAL_SIZE + 3];
    auto_free char *text = NULL;
    size_t size, name_size, prefix = sizeof(SECRET_PREFIX) - 1;
    uint32_t id;
    int status = file_read_fd(fd, path, SECRET_MAX, &text, &size, err);

    if (status < 0)
        return status;
    if (size > 0 && text[size - 1] == '\n')
        size--;
    if (size < prefix || memcmp(text, SECRET_PREFIX, prefix) != 0 ||
        !read_parts(text + prefix, size - prefix, &name_size, &id, material) || material[0] != NOTE_ED25519)
        status = error_set(err, ERROR_INVALID, EINVAL, "%s: not a signing key: %s", path, remedy);
    else if (name_size != strlen(name) || memcmp(text + prefix, name, name_size) != 0)
        status = error_set(err, ERROR_INVALID, EINVAL, "%s: the key is of %.*s, not of %s", path, (int)name_size, text + prefix, name);
    else
        status = note_signer_new(name, material + 1, ret_signer, err);
    OPENSSL_cleanse(material, sizeof(material));
    OPENSSL_cleanse(text, size);
    if (status == 0) {
        struct note_key key;

        note_signer_key(*ret_signer, NOTE_ED25519, &key);
        if (key.id == id)
            return 0;
        note_signer_free(*ret_signer);
        *ret_signer = NULL;
        status = error_set(err, ERROR_INVALID, EINVAL, "%s: the key is damaged: its id is another's", path);
    }
    return status;
}

int note_signer_open(const char *path, const char *name, bool may_make, struct note_signer **ret_signer, struct error *err)
{
    auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct note_signer *signer = NULL;
    struct stat about;
    int status;

    if (fd < 0 && errno == ENOENT && may_make) {
        status = make_file(path, name, err);
        if (status < 0)
            return status;
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    }
    if (fd < 0 || fstat(fd, &about) < 0)
        return error_system(err, errno, "open the key %s", path);
    if (!S_ISREG(about.st_mode) || about.st_mode & 077 || about.st_uid != geteuid())
        return error_set(err, ERROR_FORBIDDEN, EPERM, "%s: a signing key is a file of its user's that nobody else may read (chmod 600)", path);
    status = read_file(fd, path, name, &signer, err);
    if (status == 0)
        *ret_signer = signer;
    return status;
}

/* ---- signing ---- */

/* What an Ed25519 key signs: the body, under the header of a cosignature. */
static void signed_text(enum note_type type, uint64_t time_s, const char *body, size_t size, struct text *out)
{
    if (type == NOTE_COSIGNATURE)
        text_printf(out, "cosignature/v1\ntime %llu\n", (unsigned long long)time_s);
    text_add_n(out, body, size);
}

int note_sign(const struct note_signer *signer, enum note_type type, uint64_t time_s, const char *body, size_t size,
              struct text *out, struct error *err)
{
    unsigned char bytes[4 + 8 + NOTE_SIGNATURE_SIZE];
    char line[BASE64_TEXT_SIZE(sizeof(bytes))];
    auto_text struct text message = {0};
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    size_t at = 4, length = NOTE_SIGNATURE_SIZE;
    struct note_key key;
    bool is_signed;

    note_signer_key(signer, type, &key);
    for (int i = 0; i < 4; i++)
        bytes[i] = (unsigned char)(key.id >> (24 - 8 * i));
    for (int i = 0; type == NOTE_COSIGNATURE && i < 8; i++)
        bytes[at++] = (unsigned char)(time_s >> (56 - 8 * i));
    signed_text(type, time_s, body, size, &message);
    is_signed = context && !message.is_broken && EVP_DigestSignInit(context, NULL, NULL, NULL, signer->key) == 1 &&
                EVP_DigestSign(context, bytes + at, &length, (unsigned char *)message.data, message.length) == 1;
    EVP_MD_CTX_free(context);
    if (message.is_broken)
        return error_memory(err);
    if (!is_signed)
        return error_set(err, ERROR_SYSTEM, EIO, "sign as %s", signer->name);
    base64_encode(bytes, at + length, line);
    text_printf(out, NOTE_DASH "%s %s\n", signer->name, line);
    return 0;
}

/* Does this line's signature hold for the key that it names? *ret_time_s of a cosignature. */
bool note_line_holds(const struct note_line *line, const struct note_key *key, const struct note *note, uint64_t *ret_time_s)
{
    size_t head = key->type == NOTE_COSIGNATURE ? 8 : 0;
    auto_text struct text message = {0};
    uint64_t time_s = 0;
    EVP_MD_CTX *context;
    EVP_PKEY *pkey;
    bool holds;

    if (line->signature_size != head + NOTE_SIGNATURE_SIZE)
        return false;
    for (size_t i = 0; i < head; i++)
        time_s = time_s << 8 | line->signature[i];
    if (time_s > TIME_MAX)
        return false;
    signed_text(key->type, time_s, note->body, note->body_size, &message);
    context = EVP_MD_CTX_new();
    pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key->bytes, NOTE_KEY_SIZE);
    holds = context && pkey && !message.is_broken && EVP_DigestVerifyInit(context, NULL, NULL, NULL, pkey) == 1 &&
            EVP_DigestVerify(context, line->signature + head, NOTE_SIGNATURE_SIZE, (unsigned char *)message.data, message.length) == 1;
    EVP_PKEY_free(pkey);
    EVP_MD_CTX_free(context);
    *ret_time_s = time_s;
    return holds;
}
