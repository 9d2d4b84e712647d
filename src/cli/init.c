/* SPDX-License-Identifier: Apache-2.0 */
/* `cordon policy init`: what a program needs, by options or by questions, into a new document. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"

#define ITEMS_MAX   64
#define LINE_MAX    4096
#define FILE_NAME   "cordon.yaml"

struct init_list {
    const char *items[ITEMS_MAX + 1]; /* ends with NULL */
    size_t count;
};

/* What of it the command line says, or a person. */
struct init {
    const char *template_name;
    struct init_list hosts, packages, git, git_push, secrets, ports;
    char answers[7][LINE_MAX]; /* what the lists point into */
};

static int fail(struct cordon_error *err, int errnum, const char *text)
{
    err->kind = errnum == ENOMEM ? CORDON_ERROR_MEMORY : CORDON_ERROR_INVALID;
    err->errnum = errnum;
    snprintf(err->text, sizeof(err->text), "%s", text);
    return -errnum;
}

static int init_of(struct cli *cli, struct cordon_error *err)
{
    if (!cli->init)
        cli->init = calloc(1, sizeof(*cli->init));
    return cli->init ? 0 : fail(err, ENOMEM, "out of memory");
}

static int add(struct init_list *list, const char *value, struct cordon_error *err)
{
    if (list->count == ITEMS_MAX)
        return fail(err, E2BIG, "more than 64 of one option: write the others into the document");
    list->items[list->count++] = value;
    return 0;
}

#define APPLY_LIST(name)                                                                           \
    static int apply_##name(struct cli *cli, const char *value, struct cordon_error *err)          \
    {                                                                                              \
        int status = init_of(cli, err);                                                            \
                                                                                                   \
        return status < 0 ? status : add(&cli->init->name, value, err);                            \
    }
APPLY_LIST(hosts)
APPLY_LIST(packages)
APPLY_LIST(git)
APPLY_LIST(git_push)
APPLY_LIST(secrets)
APPLY_LIST(ports)

static int apply_template(struct cli *cli, const char *value, struct cordon_error *err)
{
    int status = init_of(cli, err);

    if (status == 0)
        cli->init->template_name = value;
    return status;
}

/* Not an answer: it leaves the questions where they are. */
static int apply_force(struct cli *cli, const char *value, struct cordon_error *err)
{
    (void)value;
    (void)err;
    cli->is_forced = true;
    return 0;
}

static const struct option option_template = {
    "template", 0, VALUE_TEXT, "NAME", "workspace, claude-code, codex, openclaw, mcp-server, ci-job or data-analysis", apply_template};
static const struct option option_draft_host = {
    "host", 0, VALUE_TEXT, "HOST[:PORT]", "a host that it reaches (port 443)", apply_hosts};
static const struct option option_packages = {
    "packages", 0, VALUE_TEXT, "MANAGER", "registries of npm, pip, cargo, go, maven or gem", apply_packages};
static const struct option option_draft_git = {"git", 0, VALUE_TEXT, "HOST", "a host that git fetches from", apply_git};
static const struct option option_git_push = {
    "git-push", 0, VALUE_TEXT, "HOST", "a host that git pushes to, with your GITHUB_TOKEN, GITLAB_TOKEN or GIT_TOKEN", apply_git_push};
static const struct option option_draft_secret = {
    "secret", 0, VALUE_TEXT, "NAME=HOST", "a variable of yours that only this host gets to see", apply_secrets};
static const struct option option_draft_port = {
    "port", 0, VALUE_TEXT, "PORT[:HOSTPORT]", "a listener inside that you reach", apply_ports};
static const struct option option_force = {"force", 0, VALUE_NONE, NULL, "write over a file that is there", apply_force};

const struct option *const init_options[] = {&option_template, &option_draft_host,   &option_packages, &option_draft_git,  &option_git_push,
                                             &option_draft_secret,   &option_draft_port,   &option_force,    &option_json, &option_help,
                                             NULL};

/* ---- questions ---- */

/* One line of words, of which there may be none. */
static int ask(struct init *init, size_t at, const char *question, struct init_list *list, struct cordon_error *err)
{
    char *line = init->answers[at], *rest = NULL;
    int status = 0;

    fprintf(stderr, "%s: ", question);
    if (!fgets(line, LINE_MAX, stdin))
        return fail(err, EINVAL, "no answer: nothing was written");
    if (!strchr(line, '\n'))
        return fail(err, E2BIG, "the answer is too long: nothing was written");
    for (char *word = strtok_r(line, " ,\t\n", &rest); word && status == 0; word = strtok_r(NULL, " ,\t\n", &rest))
        status = add(list, word, err);
    return status;
}

static void print_templates(void)
{
    fputs("What will it be? ", stderr);
    for (const char *const *name = cordon_templates(); *name; name++)
        fprintf(stderr, "%s%s", name == cordon_templates() ? "" : ", ", *name);
    fputs("\n", stderr);
}

static int ask_everything(struct init *init, struct cordon_error *err)
{
    struct init_list template = {0};
    int status;

    print_templates();
    status = ask(init, 0, "Template (Enter: workspace)", &template, err);
    if (status == 0 && template.count)
        init->template_name = template.items[0];
    if (status == 0)
        fputs("For each: words with blanks between them, or Enter for none.\n", stderr);
    if (status == 0)
        status = ask(init, 1, "Hosts that it reaches, as api.example.org or db.example.org:5432", &init->hosts, err);
    if (status == 0)
        status = ask(init, 2, "Package managers that it uses (npm pip cargo go maven gem)", &init->packages, err);
    if (status == 0)
        status = ask(init, 3, "Hosts that git fetches from", &init->git, err);
    if (status == 0)
        status = ask(init, 4, "A host that git pushes to", &init->git_push, err);
    if (status == 0)
        status = ask(init, 5, "Secrets, as NAME=HOST: a variable of yours, and who gets to see it", &init->secrets, err);
    if (status == 0)
        status = ask(init, 6, "Ports that it listens on", &init->ports, err);
    return status;
}

/* ---- the file ---- */

static int fail_system(struct cordon_error *err, int errnum, const char *path)
{
    err->kind = CORDON_ERROR_SYSTEM;
    err->errnum = errnum;
    if (errnum == EEXIST)
        snprintf(err->text, sizeof(err->text), "%.300s is there already: name another file, or add --force to write over it", path);
    else if (errnum == ENOENT)
        snprintf(err->text, sizeof(err->text), "write %.300s: the directory that it is to be in is not there: make it first", path);
    else
        snprintf(err->text, sizeof(err->text), "write %.300s: %s", path, strerror(errnum));
    return -errnum;
}

static int write_all(int fd, const char *text)
{
    size_t size = strlen(text);

    while (size) {
        ssize_t written = write(fd, text, size);

        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return -1;
        text += written;
        size -= (size_t)written;
    }
    return 0;
}

/* The directory that the file is for, where only that one is missing: .cordon/agent.yaml in a new project. */
int make_parent(const char *path, struct cordon_error *err)
{
    const char *slash = strrchr(path, '/');
    char parent[LINE_MAX];

    if (!slash || slash == path)
        return 0;
    if (snprintf(parent, sizeof(parent), "%.*s", (int)(slash - path), path) >= (int)sizeof(parent))
        return fail_system(err, ENAMETOOLONG, path);
    if (mkdir(parent, 0755) == 0 || errno == EEXIST)
        return 0;
    return fail_system(err, errno, parent);
}

/* What is there is only replaced by a whole file, and only where that is asked for. */
static int write_file(const char *path, const char *text, bool is_forced, struct cordon_error *err)
{
    char new_path[LINE_MAX];
    const char *name = is_forced ? new_path : path;
    int fd, errnum = 0;

    if (snprintf(new_path, sizeof(new_path), "%s.%ld.new", path, (long)getpid()) >= (int)sizeof(new_path))
        return fail_system(err, ENAMETOOLONG, path);
    fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0)
        return fail_system(err, errno, path);
    if (write_all(fd, text) < 0)
        errnum = errno;
    if (close(fd) < 0 && !errnum)
        errnum = errno;
    if (!errnum && is_forced && rename(new_path, path) < 0)
        errnum = errno;
    if (!errnum)
        return 0;
    unlink(name);
    return fail_system(err, errnum, path);
}

static int write_draft(struct cli *cli, const char *path, struct cordon_error *err)
{
    const struct init *init = cli->init;
    const struct cordon_draft draft = {
        .template_name = init->template_name,
        .hosts = init->hosts.items,
        .packages = init->packages.items,
        .git = init->git.items,
        .git_push = init->git_push.items,
        .secrets = init->secrets.items,
        .ports = init->ports.items,
    };
    char *text = NULL;
    int status = cordon_draft(&draft, &text, err);

    if (status < 0)
        return status;
    if (strcmp(path, "-") == 0) {
        status = print_text(cli, text, 0) == 0 ? 0 : -EIO;
    } else {
        status = make_parent(path, err);
        if (status == 0)
            status = write_file(path, text, cli->is_forced, err);
        if (status == 0)
            fprintf(stderr, "%s is written: read it; then 'cordon policy check %s' and 'cordon reach %s'\n", path, path, path);
    }
    cordon_string_free(text);
    return status;
}

int run_policy_init(struct cli *cli)
{
    const char *path = cli->operand_count ? cli->operands[0] : FILE_NAME;
    struct cordon_error err = {0};
    bool asks = !cli->init && isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
    int status = init_of(cli, &err);

    if (status == 0 && !cli->is_forced && strcmp(path, "-") != 0 && access(path, F_OK) == 0)
        status = fail_system(&err, EEXIST, path); /* before anybody answers questions */
    if (status == 0 && asks)
        status = ask_everything(cli->init, &err);
    if (status == 0)
        status = write_draft(cli, path, &err);
    free(cli->init);
    cli->init = NULL;
    if (status == 0)
        return 0;
    return err.kind ? print_error(cli, &err, EXIT_USAGE) : EXIT_USAGE;
}
