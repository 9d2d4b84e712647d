/* SPDX-License-Identifier: Apache-2.0 */
/* Notes that others signed, notes of ours, and each with one thing wrong. */
#include "audit/note.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "test.h"

/* Of the specification of Go's notes (golang.org/x/mod/sumdb/note), where these are examples. */
#define OTHERS_KEY "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
#define OTHERS_NOTE                                                                                                              \
    "If you think cryptography is the answer to your problem,\n"                                                                \
    "then you don't know what your problem is.\n"                                                                               \
    "\n"                                                                                                                        \
    "\xe2\x80\x94 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"

#define CHECKPOINT "cordon/local/host\n3\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"

static const unsigned char seed[NOTE_KEY_SIZE] = "a secret that everybody may know";

static struct note_signer *begin(const char *name)
{
    struct note_signer *signer = NULL;
    struct error err;

    check_int(note_signer_new(name, seed, &signer, &err), 0);
    return signer;
}

TEST(a_note_that_others_signed_holds_and_no_byte_of_it_may_be_another)
{
    char text[] = OTHERS_NOTE;
    struct note_key key;
    struct note note;
    struct error err;

    check_int(note_key_read(OTHERS_KEY, strlen(OTHERS_KEY), &key, &err), 0);
    check_int(note_parse(text, strlen(text), &note, &err), 0);
    check_int(note_verify(&note, &key, NULL), NOTE_SIGNED);
    for (size_t i = 0; i < sizeof(text) - 1; i++)
        for (int bit = 0; bit < 8; bit++) {
            text[i] = (char)(text[i] ^ 1 << bit);
            if (note_parse(text, sizeof(text) - 1, &note, &err) == 0)
                check(note_verify(&note, &key, NULL) != NOTE_SIGNED);
            text[i] = (char)(text[i] ^ 1 << bit);
        }
}

TEST(what_is_signed_here_is_verified_by_its_printed_key)
{
    static const enum note_type types[] = {NOTE_ED25519, NOTE_COSIGNATURE};
    auto_note_signer struct note_signer *signer = begin("cordon/local/host");

    for (size_t i = 0; i < ARRAY_COUNT(types); i++) {
        auto_text struct text text = {0};
        char printed[NOTE_KEY_TEXT_SIZE];
        struct note_key key, again;
        struct note note;
        struct error err;
        uint64_t time_s = 7;

        text_add(&text, CHECKPOINT "\n");
        check_int(note_sign(signer, types[i], 1795415781, CHECKPOINT, strlen(CHECKPOINT), &text, &err), 0);
        note_signer_key(signer, types[i], &key);
        note_key_print(&key, printed);
        check_int(note_key_read(printed, strlen(printed), &again, &err), 0);
        check_int(note_parse(text.data, text.length, &note, &err), 0);
        check_int(note.body_size, strlen(CHECKPOINT));
        check_int(note_verify(&note, &again, &time_s), NOTE_SIGNED);
        check_int(time_s, types[i] == NOTE_COSIGNATURE ? 1795415781 : 0);
        again.bytes[3] ^= 1; /* the same name and id, another key */
        check_int(note_verify(&note, &again, &time_s), NOTE_FORGED);
        again.id++;
        check_int(note_verify(&note, &again, &time_s), NOTE_UNSIGNED);
    }
}

TEST(no_note_is_read_where_one_thing_is_wrong)
{
    static const char *const texts[] = {
        "", "\n", "\n\n", "text\n\n", "text\n\xe2\x80\x94 name AAAAAAAA\n", "text\n\nname AAAAAAAA\n", "text\n\n\xe2\x80\x94 name\n",
        "text\n\n\xe2\x80\x94  AAAAAAAA\n", "text\n\n\xe2\x80\x94 name AAAAAAA=", "text\n\n\xe2\x80\x94 name AAAAAAAA", "text\n\n\xe2\x80\x94 a+b AAAAAAAA\n",
        "text\n\n\xe2\x80\x94 name AAAA\n", "te\x01xt\n\n\xe2\x80\x94 name AAAAAAAA\n", "te\xffxt\n\n\xe2\x80\x94 name AAAAAAAA\n",
        "text\r\n\n\xe2\x80\x94 name AAAAAAAA\n", "text\n\n\xe2\x80\x94 name AAAAAAAB=\n",
    };
    struct note note;
    struct error err;

    check_int(note_parse("text\n\n\xe2\x80\x94 name AAAAAAAA\n", 24, &note, &err), 0);
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
        if (note_parse(texts[i], strlen(texts[i]), &note, &err) == 0)
            test_fail(__FILE__, __LINE__, "text %zu was read", i);
}

TEST(no_checkpoint_is_read_where_one_thing_is_wrong)
{
    static const char *const texts[] = {
        "", "a\n1\n", "\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n", "a\n\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "a\n01\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n", "a\n-1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "a\n9223372036854775808\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n", "a\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J=\n",
        "a\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I\n", "a\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=",
        "a\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n",
    };
    struct checkpoint checkpoint;
    auto_text struct text text = {0};
    struct error err;

    check_int(checkpoint_read(CHECKPOINT, strlen(CHECKPOINT), &checkpoint, &err), 0);
    check_string(checkpoint.origin, "cordon/local/host");
    check_int(checkpoint.size, 3);
    checkpoint_print(&checkpoint, &text);
    check_string(text.data, CHECKPOINT);
    check_int(checkpoint_read(CHECKPOINT "extension\n", strlen(CHECKPOINT) + 10, &checkpoint, &err), 0);
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
        if (checkpoint_read(texts[i], strlen(texts[i]), &checkpoint, &err) == 0)
            test_fail(__FILE__, __LINE__, "text %zu was read", i);
}

TEST(a_key_is_made_once_and_kept_from_others)
{
    char directory[] = "/tmp/cordon-test-XXXXXX", path[64];
    auto_note_signer struct note_signer *first = NULL, *second = NULL, *third = NULL;
    struct note_key a, b;
    struct stat about;
    struct error err;

    snprintf(path, sizeof(path), "%s/key", test_make_directory(directory));
    check_int(note_signer_open(path, "cordon/x", false, &first, &err), -ENOENT);
    check_int(note_signer_open(path, "cordon/x", true, &first, &err), 0);
    check_int(stat(path, &about), 0);
    check_int(about.st_mode & 07777, 0600);
    check_int(note_signer_open(path, "cordon/x", true, &second, &err), 0);
    note_signer_key(first, NOTE_ED25519, &a);
    note_signer_key(second, NOTE_ED25519, &b);
    check(memcmp(a.bytes, b.bytes, NOTE_KEY_SIZE) == 0);
    check_int(note_signer_open(path, "cordon/y", true, &third, &err), -EINVAL);
    check_contains(err.text, "the key is of cordon/x, not of cordon/y");
    check_int(chmod(path, 0640), 0);
    check_int(note_signer_open(path, "cordon/x", true, &third, &err), -EPERM);
    check_contains(err.text, "chmod 600");
}
