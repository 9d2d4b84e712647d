/* SPDX-License-Identifier: Apache-2.0 */
/* `cordon id`: who containers are; from inside, what is signed for this one; of a token, whether it holds. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

#define AUDIENCES_MAX   4
#define DOCUMENTS_MAX   32
#define TOKEN_MAX       65536
#define EXIT_NOT_HELD   1
#define SECONDS_MOST    3600
#define DIGEST_MOST     48

static struct cordon_id_question asked;
static struct cordon_id_check check;
static const char *audiences[AUDIENCES_MAX];
static const char *documents[DOCUMENTS_MAX + 1];
static size_t document_count;
static unsigned char digest[DIGEST_MOST];
static char subject_token[TOKEN_MAX];
static bool is_pem;

static int refuse(struct cordon_error *err, const char *format, const char *value)
{
    err->kind = CORDON_ERROR_INVALID;
    err->errnum = EINVAL;
    snprintf(err->text, sizeof(err->text), format, value);
    return -EINVAL;
}

static int apply_audience(struct cli *cli, const char *value, struct cordon_error *err)
{
    (void)cli;
    if (asked.audience_count == AUDIENCES_MAX)
        return refuse(err, "--audience %.100s: at most 4 at once", value);
    audiences[asked.audience_count++] = value;
    asked.audiences = audiences;
    check.audience = value;
    return 0;
}

/* A file with one line. */
static int apply_subject(struct cli *cli, const char *value, struct cordon_error *err)
{
    FILE *file = strcmp(value, "-") == 0 ? stdin : fopen(value, "re");
    size_t length = file ? fread(subject_token, 1, sizeof(subject_token) - 1, file) : 0;

    (void)cli;
    if (file && file != stdin)
        fclose(file);
    if (!length || length == sizeof(subject_token) - 1)
        return refuse(err, "--subject-token %.200s: a file with a token is wanted, or '-'", value);
    subject_token[length - (subject_token[length - 1] == '\n')] = '\0';
    asked.subject_token = subject_token;
    return 0;
}

static int apply_to(struct cli *cli, const char *value, struct cordon_error *err)
{
    (void)cli;
    (void)err;
    asked.may_act = value;
    return 0;
}

static int apply_nonce(struct cli *cli, const char *value, struct cordon_error *err)
{
    (void)cli;
    (void)err;
    asked.nonce = check.nonce = value;
    return 0;
}

static int apply_context(struct cli *cli, const char *value, struct cordon_error *err)
{
    (void)cli;
    (void)err;
    asked.context = value;
    return 0;
}

static int apply_seconds(struct cli *cli, const char *value, struct cordon_error *err)
{
    char *end;
    unsigned long seconds = strtoul(value, &end, 10);

    (void)cli;
    if (strspn(value, "0123456789") != strlen(value) || !*value || *end || seconds < 1 || seconds > SECONDS_MOST)
        return refuse(err, "--seconds %.40s: write a number from 1 to 3600", value);
    asked.seconds = seconds;
    return 0;
}

static int apply_digest(struct cli *cli, const char *value, struct cordon_error *err)
{
    static const char prefix[] = "sha256:", digits[] = "0123456789abcdef";
    const char *hex = strncmp(value, prefix, sizeof(prefix) - 1) == 0 ? value + sizeof(prefix) - 1 : value;
    size_t length = strlen(hex);

    (void)cli;
    check.digest = value;
    if (strspn(hex, digits) != length || (length != 64 && length != 96))
        return refuse(err, "--digest %.100s: 64 or 96 hex digits are wanted, as sha256sum prints them", value);
    for (size_t i = 0; i < length; i += 2)
        digest[i / 2] = (unsigned char)((strchr(digits, hex[i]) - digits) << 4 | (strchr(digits, hex[i + 1]) - digits));
    asked.digest = digest;
    asked.digest_size = length / 2;
    return 0;
}

static int apply_document(struct cli *cli, const char *value, struct cordon_error *err)
{
    (void)cli;
    if (document_count == DOCUMENTS_MAX)
        return refuse(err, "--document %.100s: too many", value);
    documents[document_count++] = value;
    check.documents = documents;
    return 0;
}

#define CHECK_OPTION(member)                                                               \
    static int apply_##member(struct cli *cli, const char *value, struct cordon_error *err) \
    {                                                                                       \
        (void)cli;                                                                          \
        (void)err;                                                                          \
        check.member = value;                                                               \
        return 0;                                                                           \
    }
CHECK_OPTION(bundle)
CHECK_OPTION(domain)
CHECK_OPTION(kind)
CHECK_OPTION(seen)
CHECK_OPTION(within)
CHECK_OPTION(ceiling)

static int apply_pem(struct cli *cli, const char *value, struct cordon_error *err)
{
    (void)cli;
    (void)value;
    (void)err;
    is_pem = true;
    return 0;
}

static const struct option option_audience = {"audience", 0, VALUE_TEXT, "WHO", "whom the token is for (may be repeated)", apply_audience};
static const struct option option_subject = {"subject-token", 0, VALUE_FILE, "FILE|-", "a delegation that was handed on to this container", apply_subject};
static const struct option option_to = {"to", 0, VALUE_TEXT, "NAME", "delegation: the container inside that is to have it", apply_to};
static const struct option option_nonce = {"nonce", 0, VALUE_TEXT, "TEXT", "attestation: what the server asked with", apply_nonce};
static const struct option option_context = {"context", 0, VALUE_TEXT, "WORD", "statement: for what purpose", apply_context};
static const struct option option_seconds = {"seconds", 0, VALUE_TEXT, "N", "how long the token is to hold", apply_seconds};
static const struct option option_digest = {"digest", 0, VALUE_TEXT, "HEX", "what is signed; of verify: the policy's", apply_digest};
static const struct option option_bundle = {"bundle", 0, VALUE_FILE, "FILE", "whom to believe (default: as id bundle)", apply_bundle};
static const struct option option_domain = {"domain", 0, VALUE_TEXT, "NAME", "whose bundle that is", apply_domain};
static const struct option option_kind = {"kind", 0, VALUE_TEXT, "svid|access|attestation", "what it is to be", apply_kind};
static const struct option option_seen = {"seen", 0, VALUE_FILE, "FILE", "take no token twice; which were, is kept there", apply_seen};
static const struct option option_within = {"within", 0, VALUE_DOCUMENT, "POLICY", "the container is no wider than this policy", apply_within};
static const struct option option_ceiling = {"ceiling", 0, VALUE_DOCUMENT, "POLICY", "the same, of what this names alone", apply_ceiling};
static const struct option option_document = {"document", 0, VALUE_DOCUMENT, "FILE|profile:NAME", "one of the container's own documents", apply_document};
static const struct option option_pem = {"pem", 0, VALUE_NONE, NULL, "the certificates alone, as PEM", apply_pem};

const struct option *const id_ask_options[] = {&option_audience, &option_seconds, &option_nonce, &option_subject, &option_to,
                                               &option_context,  &option_digest,  &option_help,  NULL};
const struct option *const id_verify_options[] = {&option_audience, &option_kind,    &option_nonce,   &option_bundle,   &option_domain, &option_seen,
                                                  &option_digest,   &option_within,  &option_ceiling, &option_document, &option_help,   NULL};
const struct option *const id_bundle_options[] = {&option_pem, &option_help, NULL};

static int print_result(struct cli *cli, int result, char *text, const struct cordon_error *err)
{
    int status = result < 0 ? print_error(cli, err, EXIT_USAGE) : print_text(cli, text, 0);

    cordon_string_free(text);
    return status;
}

int run_id_list(struct cli *cli)
{
    struct cordon_error err = {0};
    char *text = NULL;
    int result = cordon_id_list(NULL, cli->is_json ? CORDON_JSON : CORDON_TEXT, &text, &err);

    return print_result(cli, result, text, &err);
}

int run_id_show(struct cli *cli)
{
    struct cordon_error err = {0};
    char *text = NULL;
    int result;

    if (!cli->operand_count)
        return print_usage_error(cli, "no run: cordon id show RUN; 'last' is the last one. Inside a container: cordon id ask name");
    result = cordon_id_list(cli->operands[0], cli->is_json ? CORDON_JSON : CORDON_TEXT, &text, &err);
    return print_result(cli, result, text, &err);
}

int run_id_bundle(struct cli *cli)
{
    struct cordon_error err = {0};
    char *text = NULL;
    int result = cordon_id_bundle(is_pem ? CORDON_TEXT : CORDON_JSON, &text, &err);

    return print_result(cli, result, text, &err);
}

int run_id_ask(struct cli *cli)
{
    struct cordon_error err = {0};
    char *bytes = NULL;
    size_t size = 0;
    int status;

    if (!cli->operand_count)
        return print_usage_error(cli, "nothing is asked for: cordon id ask name|x509|svid|access|delegation|attestation|statement|bundle|bundle-pem");
    asked.what = cli->operands[0];
    if (cordon_id_ask(&asked, &bytes, &size, NULL, &err) < 0)
        return print_error(cli, &err, EXIT_USAGE);
    status = fwrite(bytes, 1, size, stdout) == size && (size == 0 || bytes[size - 1] == '\n' || putchar('\n') == '\n') && fflush(stdout) == 0 ? 0 : EXIT_USAGE;
    cordon_string_free(bytes);
    return status;
}

int run_id_verify(struct cli *cli)
{
    struct cordon_error err = {0};
    char *report = NULL;
    uint32_t answer = 0;
    int status;

    if (!cli->operand_count || !check.audience)
        return print_usage_error(cli, "a token is verified for somebody: cordon id verify --audience WHO FILE ('-' is standard input)");
    check.token = cli->operands[0];
    if (cordon_id_verify(&check, &report, &answer, &err) < 0)
        return print_error(cli, &err, err.kind == CORDON_ERROR_FORBIDDEN ? EXIT_NOT_HELD : EXIT_USAGE);
    status = print_text(cli, report, (int)answer);
    cordon_string_free(report);
    return status;
}
