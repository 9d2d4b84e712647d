/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cordon-verify: is a log, or a proof from one, what it was? It reads files, and nothing else: no network, no daemon, no write.
 * What it reads may have been made by anybody; it is confined before it reads the first of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "audit/verify/verify.h"
#include "base/compiler.h"
#include "base/file.h"
#include "base/kernel/landlock.h"
#include "base/memory.h"
#include "base/number.h"

#define KEY_FILE_MAX 4096
#define SECONDS_MAX  (100ull * 366 * 86400)

static const char usage[] =
    "Usage: cordon-verify log [OPTION...] DIRECTORY\n"
    "       cordon-verify proof [OPTION...] FILE\n"
    "\n"
    "  --key KEY          the log's verifier key (NAME+ID+BASE64), or @FILE with it\n"
    "  --witness KEY      a witness's; may be said several times\n"
    "  --quorum N         so many of the witnesses must have signed (default: all)\n"
    "  --since FILE       log: a former checkpoint, which it must continue\n"
    "  --from N, --to N   log: look at these records only, and at all tiles\n"
    "  --max-age SECONDS  the checkpoint's age\n"
    "  --entry FILE       proof: the entry, where the proof has none in it\n"
    "  --threads N        (default: as many as there are processors)\n"
    "  --json             findings as JSON, one a line\n"
    "\n"
    "Status: 0 holds, 1 does not hold, 2 wrong usage, 3 could not be checked, 4 holds, but something asked for is missing.\n";

enum option_id { OPTION_KEY = 256, OPTION_WITNESS, OPTION_QUORUM, OPTION_SINCE, OPTION_FROM, OPTION_TO, OPTION_AGE, OPTION_ENTRY, OPTION_THREADS,
                 OPTION_JSON, OPTION_HELP, OPTION_VERSION };

static const struct option options[] = {
    {"key", required_argument, NULL, OPTION_KEY},         {"witness", required_argument, NULL, OPTION_WITNESS},
    {"quorum", required_argument, NULL, OPTION_QUORUM},   {"since", required_argument, NULL, OPTION_SINCE},
    {"from", required_argument, NULL, OPTION_FROM},       {"to", required_argument, NULL, OPTION_TO},
    {"max-age", required_argument, NULL, OPTION_AGE},     {"entry", required_argument, NULL, OPTION_ENTRY},
    {"threads", required_argument, NULL, OPTION_THREADS}, {"json", no_argument, NULL, OPTION_JSON},
    {"help", no_argument, NULL, OPTION_HELP},             {"version", no_argument, NULL, OPTION_VERSION},
    {NULL, 0, NULL, 0},
};

static int read_key(const char *text, uint8_t type, struct note_key *ret_key, struct error *err)
{
    auto_free char *bytes = NULL;
    size_t size = strlen(text);
    int status = 0;

    if (text[0] == '@') {
        status = file_read(text + 1, KEY_FILE_MAX, &bytes, &size, err);
        text = bytes;
    }
    if (status < 0)
        return status;
    while (size > 0 && text[size - 1] == '\n')
        size--;
    status = note_key_read(text, size, ret_key, err);
    if (status == 0 && ret_key->type != type)
        return error_set(err, ERROR_INVALID, EINVAL, "%s is the key of a %s", ret_key->name, type == NOTE_ED25519 ? "witness, not of a log" : "log, not of a witness");
    return status;
}

static int add_witness(struct verify *verify, const char *text, struct error *err)
{
    if (verify->witness_count == VERIFY_WITNESSES_MAX)
        return error_set(err, ERROR_LIMIT, E2BIG, "more than %d witnesses", VERIFY_WITNESSES_MAX);
    return read_key(text, NOTE_COSIGNATURE, &verify->witnesses[verify->witness_count++], err);
}

static int take_number(const char *text, uint64_t most, uint64_t *ret_value, struct error *err)
{
    return number_parse(text, 0, most, ret_value, err);
}

static int take_option(struct verify *verify, int option, const char *text, struct error *err)
{
    uint64_t number = 0;
    int status;

    switch (option) {
    case OPTION_KEY:
        verify->has_key = true;
        return read_key(text, NOTE_ED25519, &verify->key, err);
    case OPTION_WITNESS:
        return add_witness(verify, text, err);
    case OPTION_SINCE:
        verify->since = text;
        return 0;
    case OPTION_ENTRY:
        verify->entry = text;
        return 0;
    case OPTION_FROM:
        return take_number(text, INT64_MAX, &verify->from, err);
    case OPTION_TO:
        return take_number(text, INT64_MAX, &verify->to, err);
    case OPTION_AGE:
        return take_number(text, SECONDS_MAX, &verify->max_age_s, err);
    case OPTION_QUORUM:
        status = take_number(text, VERIFY_WITNESSES_MAX, &number, err);
        verify->quorum = (unsigned)number;
        return status;
    case OPTION_THREADS:
        status = number_parse(text, 1, 64, &number, err);
        verify->thread_count = (unsigned)number;
        return status;
    default:
        verify->is_json = true;
        return 0;
    }
}

/* Reading is all that is left: no file can be written or made, nothing executed, no new process's way out of that. */
static int confine(struct error *err)
{
    const struct landlock_ruleset rules = {.handled_access_fs = (LANDLOCK_ACCESS_FS_REFER - 1) & ~(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)};
    auto_close int fd = (int)syscall(SYS_landlock_create_ruleset, &rules, sizeof(rules.handled_access_fs), 0);

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return error_system(err, errno, "set no_new_privs");
    if (fd < 0)
        return errno == ENOSYS || errno == EOPNOTSUPP ? 0 : error_system(err, errno, "ask for Landlock");
    return syscall(SYS_landlock_restrict_self, fd, 0) < 0 ? error_system(err, errno, "give up writing") : 0;
}

static int refuse(const char *text)
{
    fprintf(stderr, "cordon-verify: %s\n%s", text, usage);
    return VERIFY_USAGE;
}

static int run(struct verify *verify, bool is_proof, const char *what)
{
    struct error err = ERROR_INIT;

    if (confine(&err) < 0 || merkle_prepare(&err) < 0) {
        fprintf(stderr, "cordon-verify: %s\n", err.text);
        return VERIFY_UNKNOWN;
    }
    if (!verify->has_key)
        verify_say(verify, VERIFY_FOUND_NO_KEY, what, "who signed it was not checked: name the log's key with --key");
    if (is_proof)
        verify_proof(verify, what);
    else
        verify_log(verify, what);
    return verify_close(verify, what);
}

int main(int argc, char **argv)
{
    static struct verify verify = {.to = UINT64_MAX, .quorum = UINT32_MAX};
    bool is_proof;
    struct error err = ERROR_INIT;
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    int option;

    verify.out = stdout;
    verify.thread_count = processors > 0 && processors < 64 ? (unsigned)processors : 1;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == OPTION_HELP)
            return fputs(usage, stdout) == EOF;
        if (option == OPTION_VERSION)
            return puts("cordon-verify " CORDON_VERSION_TEXT) == EOF;
        if (option == '?')
            return VERIFY_USAGE;
        if (take_option(&verify, option, optarg, &err) < 0)
            return refuse(err.text);
    }
    if (argc - optind != 2 || (strcmp(argv[optind], "log") != 0 && strcmp(argv[optind], "proof") != 0))
        return refuse("say what to verify: log DIRECTORY or proof FILE");
    is_proof = strcmp(argv[optind], "proof") == 0;
    if (verify.quorum == UINT32_MAX)
        verify.quorum = verify.witness_count;
    if (verify.quorum > verify.witness_count)
        return refuse("the quorum is larger than the number of witnesses that are named");
    return run(&verify, is_proof, argv[optind + 1]);
}
