/* SPDX-License-Identifier: Apache-2.0 */
/*
 * <directory>/<person>.key: one line that names the form, one with the subject, one with the secret in hex. <person> and the
 * key's own name are digests. <person>.erased has a line for each key that was destroyed: its name and when.
 */
#include "ocsf/veil_key.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "ocsf/veil.h"

#define FORM        "cordon-subject-key/1"
#define SECRET_SIZE 32
#define FILE_MAX    1024
#define ERASED_MAX  65536

static void print_hex(const unsigned char *bytes, size_t size, char *ret_text)
{
    for (size_t i = 0; i < size; i++)
        snprintf(ret_text + 2 * i, 3, "%02x", bytes[i]);
}

static void digest(const char *label, const void *bytes, size_t size, unsigned char ret_digest[32])
{
    unsigned length;

    HMAC(EVP_sha256(), label, (int)strlen(label), bytes, size, ret_digest, &length);
}

static void person_of(const char *subject, char ret_person[VEIL_PERSON_SIZE + 1])
{
    unsigned char bytes[32];

    digest("cordon audit subject", subject, strlen(subject), bytes);
    print_hex(bytes, VEIL_PERSON_SIZE / 2, ret_person);
}

/* What is derived from the secret: two keys, and the name, which says nothing of them. */
static void derive(const unsigned char secret[SECRET_SIZE], const char *person, struct veil_key *ret_key)
{
    unsigned char bytes[32];

    digest("cordon audit seal", secret, SECRET_SIZE, ret_key->seal);
    digest("cordon audit salt", secret, SECRET_SIZE, ret_key->salt);
    digest("cordon audit key name", secret, SECRET_SIZE, bytes);
    memcpy(ret_key->name, person, VEIL_PERSON_SIZE);
    ret_key->name[VEIL_PERSON_SIZE] = '.';
    print_hex(bytes, 4, ret_key->name + VEIL_PERSON_SIZE + 1);
}

static bool read_secret(const char *hex, size_t size, unsigned char ret_secret[SECRET_SIZE])
{
    if (size < 2 * (size_t)SECRET_SIZE)
        return false;
    for (size_t i = 0; i < SECRET_SIZE; i++) {
        unsigned byte;

        if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
            return false;
        ret_secret[i] = (unsigned char)byte;
    }
    return true;
}

/* -ENOENT: there is none. */
static int read_key(int directory_fd, const char *person, struct veil_key *ret_key, struct error *err)
{
    char name[VEIL_PERSON_SIZE + 8], *line;
    unsigned char secret[SECRET_SIZE];
    auto_free char *text = NULL;
    auto_close int fd = -1;
    struct stat stat;
    size_t size;
    int status;

    snprintf(name, sizeof(name), "%s.key", person);
    fd = openat(directory_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return errno == ENOENT ? error_set(err, ERROR_NOT_FOUND, ENOENT, "key of a person: there is none")
                               : error_system(err, errno, "key of a person: open %s", name);
    if (fstat(fd, &stat) < 0 || !S_ISREG(stat.st_mode) || stat.st_uid != geteuid() || stat.st_mode & 077)
        return error_set(err, ERROR_FORBIDDEN, EPERM, "key of a person: %s is not a file of mode 0600 of this user's own", name);
    status = file_read_fd(fd, name, FILE_MAX, &text, &size, err);
    if (status < 0)
        return status;
    line = strchr(text, '\n');
    line = line && strncmp(text, FORM "\n", strlen(FORM) + 1) == 0 ? strchr(line + 1, '\n') : NULL;
    if (!line || !read_secret(line + 1, strlen(line + 1), secret))
        status = error_set(err, ERROR_INVALID, 0, "key of a person: %s is damaged", name);
    else
        derive(secret, person, ret_key);
    OPENSSL_cleanse(text, size);
    OPENSSL_cleanse(secret, sizeof(secret));
    return status;
}

/* Whole or not at all, and never in the place of one that another process made meanwhile. */
static int make_key(int directory_fd, const char *person, const char *subject, struct error *err)
{
    char name[VEIL_PERSON_SIZE + 8], temporary[VEIL_PERSON_SIZE + 80], hex[2 * SECRET_SIZE + 1], text[FILE_MAX];
    unsigned char secret[SECRET_SIZE], number[8];
    auto_close int fd = -1;
    int size, status = 0;

    if (RAND_bytes(secret, sizeof(secret)) != 1 || RAND_bytes(number, sizeof(number)) != 1)
        return error_set(err, ERROR_SYSTEM, EIO, "key of a person: OpenSSL has no random bytes");
    print_hex(number, sizeof(number), hex);
    snprintf(name, sizeof(name), "%s.key", person);
    snprintf(temporary, sizeof(temporary), ".%s.%s", person, hex);
    print_hex(secret, sizeof(secret), hex);
    size = snprintf(text, sizeof(text), FORM "\n%s\n%s\n", subject, hex);
    fd = openat(directory_fd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return error_system(err, errno, "key of a person: make it");
    status = file_write_all(fd, text, (size_t)size);
    if (status == 0 && fsync(fd) < 0)
        status = -errno;
    if (status == 0 && linkat(directory_fd, temporary, directory_fd, name, 0) < 0 && errno != EEXIST)
        status = -errno;
    unlinkat(directory_fd, temporary, 0);
    if (status == 0 && fsync(directory_fd) < 0)
        status = -errno;
    OPENSSL_cleanse(secret, sizeof(secret));
    OPENSSL_cleanse(hex, sizeof(hex));
    OPENSSL_cleanse(text, sizeof(text));
    return status < 0 ? error_system(err, -status, "key of a person: make it") : 0;
}

static int open_directory(const char *directory, bool may_make, int *ret_fd, struct error *err)
{
    struct stat stat;
    int status = may_make ? file_make_directories(directory, 0700, err) : 0;
    auto_close int fd = -1;

    if (status < 0)
        return status;
    fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return error_set(err, errno == ENOENT ? ERROR_NOT_FOUND : ERROR_SYSTEM, errno, "keys of persons: open %s: %m", directory);
    if (fstat(fd, &stat) < 0 || stat.st_uid != geteuid() || stat.st_mode & 077)
        return error_set(err, ERROR_FORBIDDEN, EPERM, "keys of persons: %s is not this user's own with mode 0700", directory);
    *ret_fd = take_fd(fd);
    return 0;
}

int veil_key_open(const char *directory, const char *subject, bool may_make, struct veil_key *ret_key, struct error *err)
{
    char person[VEIL_PERSON_SIZE + 1];
    auto_close int fd = -1;
    struct error none = ERROR_INIT;
    size_t size = strlen(subject);
    int status;

    if (!size || size > VEIL_SUBJECT_MAX || strchr(subject, '\n') || !utf8_is_valid(subject, size))
        return error_set(err, ERROR_INVALID, 0, "keys of persons: a person's name has 1 to %d bytes in one line", VEIL_SUBJECT_MAX);
    status = open_directory(directory, may_make, &fd, err);
    if (status < 0)
        return status;
    person_of(subject, person);
    status = read_key(fd, person, ret_key, &none);
    if (status == -ENOENT && may_make) {
        status = make_key(fd, person, subject, &none);
        if (status == 0)
            status = read_key(fd, person, ret_key, &none);
    }
    if (status < 0 && err)
        *err = none;
    return status;
}

bool veil_key_find(const char *directory, const char *name, struct veil_key *ret_key)
{
    char person[VEIL_PERSON_SIZE + 1] = {0};
    struct veil_key key;
    auto_close int fd = -1;

    memcpy(person, name, VEIL_PERSON_SIZE);
    if (strspn(person, "0123456789abcdef") != VEIL_PERSON_SIZE || open_directory(directory, false, &fd, NULL) < 0 ||
        read_key(fd, person, &key, NULL) < 0)
        return false;
    if (memcmp(key.name, name, VEIL_NAME_SIZE) == 0)
        *ret_key = key;
    else
        name = NULL;
    OPENSSL_cleanse(&key, sizeof(key));
    return name != NULL;
}

bool veil_key_is_erased(const char *directory, const char *name)
{
    char path[4096], key[VEIL_NAME_SIZE + 2] = {0};
    auto_free char *text = NULL;
    size_t size;

    for (size_t i = 0; i < VEIL_PERSON_SIZE; i++)
        if (!strchr("0123456789abcdef", name[i]) || !name[i])
            return false;
    if ((size_t)snprintf(path, sizeof(path), "%s/%.*s.erased", directory, VEIL_PERSON_SIZE, name) >= sizeof(path) ||
        file_read(path, ERASED_MAX, &text, &size, NULL) < 0)
        return false;
    key[0] = '\n';
    memcpy(key + 1, name + VEIL_PERSON_SIZE + 1, VEIL_NAME_SIZE - VEIL_PERSON_SIZE - 1);
    return strstr(text, key) || strncmp(text, key + 1, strlen(key + 1)) == 0;
}

/* Which one was destroyed, and when: before it is. */
static int note_erased(int directory_fd, const char *person, const struct veil_key *key, struct error *err)
{
    char name[VEIL_PERSON_SIZE + 12], line[64];
    auto_close int fd = -1;
    int status;

    snprintf(name, sizeof(name), "%s.erased", person);
    snprintf(line, sizeof(line), "%s %lld\n", key->name + VEIL_PERSON_SIZE + 1, (long long)time(NULL));
    fd = openat(directory_fd, name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return error_system(err, errno, "keys of persons: note what is erased");
    status = file_write_all(fd, line, strlen(line));
    if (status == 0 && fsync(fd) < 0)
        status = -errno;
    return status < 0 ? error_system(err, -status, "keys of persons: note what is erased") : 0;
}

int veil_key_erase(const char *directory, const char *subject, bool *ret_was, struct error *err)
{
    char person[VEIL_PERSON_SIZE + 1], name[VEIL_PERSON_SIZE + 8], nothing[FILE_MAX] = {0};
    auto_close int fd = -1, key_fd = -1;
    struct veil_key key;
    struct error why = ERROR_INIT;
    struct stat stat;
    int status;

    *ret_was = false;
    status = open_directory(directory, false, &fd, &why);
    if (status == 0) {
        person_of(subject, person);
        status = read_key(fd, person, &key, &why);
    }
    if (status == -ENOENT)
        return 0;
    if (status == 0)
        status = note_erased(fd, person, &key, &why);
    OPENSSL_cleanse(&key, sizeof(key));
    snprintf(name, sizeof(name), "%s.key", person);
    if (status == 0 && (key_fd = openat(fd, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW)) < 0)
        status = error_system(&why, errno, "keys of persons: erase %s", name);
    /* over its bytes first: an unlinked file's blocks are read by whoever has the disk */
    if (status == 0 && (fstat(key_fd, &stat) < 0 || file_write_all(key_fd, nothing, stat.st_size < FILE_MAX ? (size_t)stat.st_size : FILE_MAX) < 0 ||
                        fsync(key_fd) < 0 || unlinkat(fd, name, 0) < 0 || fsync(fd) < 0))
        status = error_system(&why, errno, "keys of persons: erase %s", name);
    if (status < 0) {
        if (err)
            *err = why;
        return status;
    }
    *ret_was = true;
    return 0;
}

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

size_t veil_base64(const unsigned char *bytes, size_t size, char *ret_text)
{
    size_t length = 0;

    for (size_t i = 0; i < size; i += 3) {
        const size_t rest = size - i;
        const unsigned bits = (unsigned)bytes[i] << 16 | (rest > 1 ? (unsigned)bytes[i + 1] << 8 : 0) | (rest > 2 ? bytes[i + 2] : 0);

        ret_text[length++] = letters[bits >> 18];
        ret_text[length++] = letters[bits >> 12 & 63];
        if (rest > 1)
            ret_text[length++] = letters[bits >> 6 & 63];
        if (rest > 2)
            ret_text[length++] = letters[bits & 63];
    }
    return length;
}

ssize_t veil_unbase64(const char *text, size_t size, unsigned char *ret_bytes, size_t ret_size)
{
    unsigned bits = 0, held = 0;
    size_t length = 0;

    if (size % 4 == 1)
        return -1;
    for (size_t i = 0; i < size; i++) {
        const char *letter = text[i] ? strchr(letters, text[i]) : NULL;

        if (!letter)
            return -1;
        bits = bits << 6 | (unsigned)(letter - letters);
        held += 6;
        if (held < 8)
            continue;
        held -= 8;
        if (length == ret_size)
            return -1;
        ret_bytes[length++] = (unsigned char)(bits >> held);
        bits &= (1u << held) - 1;
    }
    return bits ? -1 : (ssize_t)length;
}
