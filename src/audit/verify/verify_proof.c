/* SPDX-License-Identifier: Apache-2.0 */
/* One proof file (C2SP tlog-proof), with the entry in it or beside it: no log is needed. */
#include <errno.h>
#include <string.h>

#include "audit/proof.h"
#include "audit/tile.h"
#include "audit/verify/verify.h"
#include "base/base64.h"
#include "base/file.h"
#include "base/memory.h"

static int read_entry(const struct verify *verify, const struct proof_file *file, char **ret_bytes, size_t *ret_size, struct error *err)
{
    auto_free char *bytes = NULL;
    ssize_t size;

    if (verify->entry)
        return file_read(verify->entry, ENTRY_SIZE_MAX, ret_bytes, ret_size, err);
    if (!file->extra)
        return error_set(err, ERROR_INVALID, ENOENT, "it has no entry in it: name the file that holds the entry with --entry");
    bytes = mem_alloc(ENTRY_SIZE_MAX + 3);
    if (!bytes)
        return error_memory(err);
    size = base64_decode_exact(file->extra, file->extra_size, (unsigned char *)bytes, ENTRY_SIZE_MAX);
    if (size < 0)
        return error_set(err, ERROR_INVALID, EBADMSG, "not a proof (C2SP tlog-proof): its extra line is no base64");
    *ret_bytes = take_ptr(bytes);
    *ret_size = (size_t)size;
    return 0;
}

void verify_proof(struct verify *verify, const char *path)
{
    auto_free char *text = NULL, *entry = NULL;
    struct error err = ERROR_INIT;
    struct merkle_hash leaf;
    struct proof_file file;
    size_t size, entry_size;
    int status = file_read(path, PROOF_SIZE_MAX, &text, &size, &err);

    if (status < 0) {
        verify_say(verify, err.kind == ERROR_LIMIT ? VERIFY_FOUND_PROOF_DAMAGED : VERIFY_FOUND_UNREADABLE, path, "%s", err.text);
        return;
    }
    status = proof_read(text, size, &file, &err);
    if (status == 0)
        status = read_entry(verify, &file, &entry, &entry_size, &err);
    if (status < 0) {
        verify_say(verify, status == -EBADMSG ? VERIFY_FOUND_PROOF_DAMAGED : VERIFY_FOUND_UNREADABLE, path, "%s", err.text);
        return;
    }
    verify->size = file.checkpoint.size;
    verify_note(verify, &file.note, &file.checkpoint, path);
    verify_witnesses(verify, &file.note, path);
    merkle_leaf(entry, entry_size, &leaf);
    if (!merkle_is_included(&leaf, file.index, file.checkpoint.size, file.proof.hashes, file.proof.count, &file.checkpoint.root))
        verify_say(verify, VERIFY_FOUND_PROOF_FAILS, path, "the entry is not record %llu of what the checkpoint signs", (unsigned long long)file.index);
    else
        verify->records = 1;
}
