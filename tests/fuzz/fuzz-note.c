/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target: notes, checkpoints, keys, proof files. Nothing behind the bytes is read; what was read points into them; what is
 * written from what was read is what was read.
 */
#include <stdlib.h>
#include <string.h>

#include "audit/note.h"
#include "audit/proof.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void hold(int condition)
{
    if (!condition)
        abort();
}

static void take_note(const struct note *note, const char *bytes, size_t size)
{
    struct note_key key = {.name = "cordon/test/host", .type = NOTE_ED25519};
    struct checkpoint checkpoint, again;
    struct error err;

    hold(note->body >= bytes && note->body + note->body_size <= bytes + size && note->line_count > 0);
    for (size_t i = 0; i < note->line_count; i++)
        hold(note->lines[i].text >= bytes && note->lines[i].text + note->lines[i].text_size <= bytes + size);
    key.id = note->lines[0].id;
    hold(note_verify(note, &key, NULL) != NOTE_SIGNED); /* nobody has this key */
    if (checkpoint_read(note->body, note->body_size, &checkpoint, &err) == 0) {
        auto_text struct text text = {0};

        checkpoint_print(&checkpoint, &text);
        hold(checkpoint_read(text.data, text.length, &again, &err) == 0 && memcmp(&again, &checkpoint, sizeof(again)) == 0);
        hold(text.length <= note->body_size && memcmp(text.data, note->body, text.length) == 0);
    }
}

static void take_proof(const struct proof_file *file, const char *bytes, size_t size)
{
    auto_text struct text text = {0};
    struct error err;

    take_note(&file->note, bytes, size);
    if (file->extra)
        return; /* is any text, and not decoded */
    hold(proof_write(file->index, &file->proof, &file->note, NULL, 0, &text, &err) == 0);
    hold(text.length == size && memcmp(text.data, bytes, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *bytes = malloc(size + 1), text[NOTE_KEY_TEXT_SIZE];
    struct proof_file file;
    struct note_key key;
    struct note note;
    struct error err;

    hold(bytes != NULL);
    if (size)
        memcpy(bytes, data, size);
    if (note_parse(bytes, size, &note, &err) == 0)
        take_note(&note, bytes, size);
    if (proof_read(bytes, size, &file, &err) == 0)
        take_proof(&file, bytes, size);
    if (note_key_read(bytes, size, &key, &err) == 0) {
        note_key_print(&key, text);
        hold(strlen(text) == size && memcmp(text, bytes, size) == 0);
    }
    free(bytes);
    return 0;
}
