/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cordon-verify-token: does a token hold, and is the container that it attests no wider than a policy? Without network, daemon or
 * configuration: all that counts is named on the command line. cordon-verify-token(1).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "attest/seen.h"
#include "attest/within.h"
#include "base/file.h"
#include "base/memory.h"
#include "identity/statement.h"
#include "identity/token.h"

#define EXIT_REFUSED 1 /* it does not hold */
#define EXIT_USAGE   2
#define EXIT_WIDER   3 /* it holds, and what it attests is not within the policy */

#define POLICY_SIZE_MAX ((size_t)1 << 20)

struct options {
    const char *bundle, *domain, *audience, *kind, *nonce, *now, *seen, *digest, *within, *ceiling, *token;
    struct within_document documents[WITHIN_DOCUMENTS_MAX];
    char *texts[WITHIN_DOCUMENTS_MAX];
    const char *sets[WITHIN_DOCUMENTS_MAX][WITHIN_DOCUMENTS_MAX];
    size_t document_count, set_counts[WITHIN_DOCUMENTS_MAX];
};

static const char usage[] =
    "usage: cordon-verify-token --bundle FILE --domain TRUST-DOMAIN --audience WHO [--kind svid|access|attestation]\n"
    "           [--nonce TEXT] [--seen FILE] [--now SECONDS]\n"
    "           [--digest sha256:HEX | --within POLICY | --ceiling POLICY] [--document FILE | --profile NAME [--set MEMBER=VALUE]...]...\n"
    "           TOKEN-FILE\n"
    "TOKEN-FILE: '-' is standard input. Exit status: 0 it holds, 1 it does not, 2 usage, 3 it holds and is not within the policy.\n";

static int refuse(struct error *err, const char *what, const char *option)
{
    return error_set(err, ERROR_INVALID, EINVAL, "%s %.100s", what, option);
}

static int add_document(struct options *options, const char *name, bool is_profile, struct error *err)
{
    struct within_document *document = &options->documents[options->document_count];

    if (options->document_count == WITHIN_DOCUMENTS_MAX)
        return refuse(err, "too many documents:", name);
    *document = (struct within_document){.name = name, .is_profile = is_profile, .sets = options->sets[options->document_count]};
    options->document_count++;
    if (is_profile)
        return 0;
    return file_read(name, POLICY_SIZE_MAX, &options->texts[options->document_count - 1], &document->size, err);
}

static int add_set(struct options *options, const char *assignment, struct error *err)
{
    size_t last = options->document_count - 1;

    if (!options->document_count || options->set_counts[last] == WITHIN_DOCUMENTS_MAX - 1)
        return refuse(err, "--set follows the document that it changes, at most 31 times:", assignment);
    options->sets[last][options->set_counts[last]++] = assignment;
    return 0;
}

static int take_option(struct options *options, const char *name, const char *value, struct error *err)
{
    const struct {
        const char *name;
        const char **value;
    } rows[] = {
        {"--bundle", &options->bundle}, {"--domain", &options->domain}, {"--audience", &options->audience}, {"--kind", &options->kind},
        {"--nonce", &options->nonce},   {"--now", &options->now},       {"--seen", &options->seen},         {"--digest", &options->digest},
        {"--within", &options->within}, {"--ceiling", &options->ceiling},
    };

    if (!value)
        return refuse(err, "a value is missing:", name);
    if (strcmp(name, "--document") == 0 || strcmp(name, "--profile") == 0)
        return add_document(options, value, name[2] == 'p', err);
    if (strcmp(name, "--set") == 0)
        return add_set(options, value, err);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        if (strcmp(rows[i].name, name) == 0) {
            if (*rows[i].value)
                return refuse(err, "said twice:", name);
            *rows[i].value = value;
            return 0;
        }
    return refuse(err, "unknown option", name);
}

static int options_read(int argc, char **argv, struct options *options, struct error *err)
{
    int status = 0;

    for (int i = 1; i < argc && status == 0; i++) {
        if (strncmp(argv[i], "--", 2) == 0) {
            status = take_option(options, argv[i], argv[i + 1], err);
            i++;
        } else if (options->token) {
            status = refuse(err, "one token at a time:", argv[i]);
        } else {
            options->token = argv[i];
        }
    }
    if (status == 0 && (!options->bundle || !options->domain || !options->audience || !options->token))
        status = refuse(err, "--bundle, --domain, --audience and a token are needed", "");
    if (status == 0 && !!options->digest + !!options->within + !!options->ceiling > 1)
        status = refuse(err, "one of --digest, --within and --ceiling", "");
    if (status == 0 && (options->digest || options->within || options->ceiling) && options->kind && strcmp(options->kind, "attestation") != 0)
        status = refuse(err, "only an attestation says how a container is contained:", options->kind);
    return status;
}

static int read_token(const char *file, char **ret_text, size_t *ret_length, struct error *err)
{
    int status = strcmp(file, "-") == 0 ? file_read_fd(0, "standard input", JWS_TEXT_MAX + 2, ret_text, ret_length, err)
                                        : file_read(file, JWS_TEXT_MAX + 2, ret_text, ret_length, err);

    if (status == 0 && *ret_length && (*ret_text)[*ret_length - 1] == '\n')
        --*ret_length;
    return status;
}

static int read_now(const char *text, time_t *ret_now, struct error *err)
{
    char *end;

    *ret_now = time(NULL);
    if (!text)
        return 0;
    errno = 0;
    *ret_now = (time_t)strtoll(text, &end, 10);
    return errno || !*text || *end ? refuse(err, "--now: seconds since 1970, not", text) : 0;
}

static int verify(const struct options *options, struct token *token, struct error *err)
{
    auto_free char *bundle_text = NULL, *text = NULL;
    auto_bundle struct bundle bundle = {0};
    size_t bundle_size = 0, length = 0;
    bool is_about_policy = options->digest || options->within || options->ceiling;
    struct token_expected expected = {.bundle = &bundle, .audience = options->audience, .nonce = options->nonce};
    int status = read_now(options->now, &expected.now, err);

    expected.kind = options->kind ? token_kind_parse(options->kind) : is_about_policy ? TOKEN_ATTESTATION : TOKEN_SVID;
    if (!expected.kind)
        return refuse(err, "--kind: svid, access or attestation, not", options->kind);
    if (status == 0)
        status = file_read(options->bundle, BUNDLE_TEXT_MAX, &bundle_text, &bundle_size, err);
    if (status == 0)
        status = bundle_read(bundle_text, bundle_size, options->domain, &bundle, err);
    if (status == 0)
        status = read_token(options->token, &text, &length, err);
    if (status == 0)
        status = token_verify(text, length, &expected, token, err);
    if (status == 0 && options->seen && !token->id[0])
        return error_set(err, ERROR_FORBIDDEN, EINVAL, "token: it does not say which one it is, so whether it was taken before cannot be told");
    return status < 0 || !options->seen ? status : seen_once(options->seen, token->id, token->until, expected.now, err);
}

static int compare(struct options *options, const struct token *token, struct within *ret_within, struct error *err)
{
    const json_t *facts = json_object_get(token->claims, "cordon");
    const char *file = options->within ? options->within : options->ceiling;
    auto_free char *policy = NULL;
    size_t size = 0;
    int status;

    if (options->digest) {
        within_digest(facts, options->digest, ret_within);
        return 0;
    }
    for (size_t i = 0; i < options->document_count; i++)
        options->documents[i].text = options->texts[i];
    status = file_read(file, POLICY_SIZE_MAX, &policy, &size, err);
    return status < 0 ? status
                      : within_policy(facts, options->documents, options->document_count, file, policy, size, options->ceiling != NULL, ret_within, err);
}

static json_t *list_actors(const struct token *token)
{
    json_t *list = json_array();

    for (size_t i = 0; list && i < token->actor_count; i++) {
        char text[IDENTITY_TEXT_SIZE];

        identity_print(&token->actors[i], text);
        json_array_append_new(list, json_string(text));
    }
    return list;
}

static void print_report(const struct token *token, const struct within *within)
{
    char subject[IDENTITY_TEXT_SIZE];
    auto_json json_t *report = NULL;

    identity_print(&token->subject, subject);
    report = json_pack("{s:s, s:s, s:s, s:s, s:o, s:I, s:I, s:O}", "schema", "cordon-verification/1", "kind", token_kind_row(token->kind)->name, "subject",
                       subject, "issuer", token->issuer, "actors", list_actors(token), "issued", (json_int_t)token->issued, "expires",
                       (json_int_t)token->until, "claims", token->claims);
    if (report && within->answer)
        json_object_set_new(report, "within", json_pack("{s:b, s:s, s:s*}", "holds", within->answer == WITHIN_HOLDS, "by", within->by, "witness",
                                                        within->witness[0] ? within->witness : NULL));
    if (!report || json_dumpf(report, stdout, JSON_COMPACT | JSON_ENSURE_ASCII) < 0 || printf("\n") < 0)
        fprintf(stderr, "cordon-verify-token: the report cannot be written\n");
}

int main(int argc, char **argv)
{
    static struct options options;
    auto_token struct token token = {0};
    struct within within = {0};
    struct error err = ERROR_INIT;
    int status, exit_status = EXIT_SUCCESS;

    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        return fputs(usage, stdout) < 0 ? EXIT_USAGE : EXIT_SUCCESS;
    status = options_read(argc, argv, &options, &err);
    if (status < 0) {
        fprintf(stderr, "cordon-verify-token: %s\n%s", err.text, usage);
        return EXIT_USAGE;
    }
    status = verify(&options, &token, &err);
    if (status == 0 && (options.digest || options.within || options.ceiling))
        status = compare(&options, &token, &within, &err);
    if (status == 0)
        print_report(&token, &within);
    if (within.answer == WITHIN_WIDER)
        exit_status = EXIT_WIDER;
    if (status == 0 && fflush(stdout) != 0)
        exit_status = EXIT_REFUSED;
    if (status < 0) {
        fprintf(stderr, "cordon-verify-token: %s\n", err.text);
        exit_status = EXIT_REFUSED;
    }
    for (size_t i = 0; i < options.document_count; i++)
        mem_free(options.texts[i]);
    return exit_status;
}
