/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows follow git-config(1), "Variables" (2.39; later ones are named), read for what is executed, included, or where
 * to. uploadpack.packObjectsHook, safe.* and trace2.* are not here: git takes them from the user's own configuration
 * only. Keys that merely name a tool (diff.tool) need another one that says what it runs, and that one is here.
 */
#include "sdk/git_keys.h"

#include <string.h>
#include <strings.h>

#define NONE true, false
#define SUB  false, true
#define BOTH true, true

static const struct git_key rows[] = {
    {"alias", BOTH, NULL, GIT_SHELL, "git runs it as a shell command when the alias is used"},
    {"browser", SUB, "cmd", GIT_ANY, "git runs it to show a page"},
    {"browser", SUB, "path", GIT_ANY, "git runs it to show a page"},
    {"core", NONE, "alternaterefscommand", GIT_ANY, "git runs it when it fetches"},
    {"core", NONE, "askpass", GIT_ANY, "git runs it to ask for a password"},
    {"core", NONE, "editor", GIT_ANY, "git runs it to edit a message"},
    {"core", NONE, "fsmonitor", GIT_NOT_BOOL, "git runs it at git status and most other commands"},
    {"core", NONE, "gitproxy", GIT_ANY, "git runs it to connect"},
    {"core", NONE, "hookspath", GIT_ANY, "git runs the hooks of that directory"},
    {"core", NONE, "pager", GIT_ANY, "git runs it to show its output"},
    {"core", NONE, "sshcommand", GIT_ANY, "git runs it to connect"},
    {"core", NONE, "worktree", GIT_DIRECTORY, "git writes the files of the repository there"},
    {"credential", BOTH, "helper", GIT_ANY, "git runs it and gives it credentials"},
    {"diff", NONE, "external", GIT_ANY, "git runs it at git diff"},
    {"diff", SUB, "command", GIT_ANY, "git runs it at git diff"},
    {"diff", SUB, "textconv", GIT_ANY, "git runs it at git diff and git log -p"},
    {"difftool", SUB, "cmd", GIT_ANY, "git runs it at git difftool"},
    {"difftool", SUB, "path", GIT_ANY, "git runs it at git difftool"},
    {"filter", SUB, "clean", GIT_ANY, "git runs it when files are added"},
    {"filter", SUB, "process", GIT_ANY, "git runs it when files are added or checked out"},
    {"filter", SUB, "smudge", GIT_ANY, "git runs it when files are checked out"},
    {"gc", NONE, "recentobjectshook", GIT_ANY, "git runs it at git gc"}, /* 2.42 */
    {"gpg", BOTH, "program", GIT_ANY, "git runs it to sign and to verify"},
    {"gpg", SUB, "defaultkeycommand", GIT_ANY, "git runs it to sign"},
    {"guitool", SUB, "cmd", GIT_ANY, "git gui runs it from its menu"},
    {"hook", SUB, "command", GIT_ANY, "git runs it as a hook"}, /* hooks by configuration: after 2.50 */
    {"http", BOTH, "proxy", GIT_ANY, "git connects through it"},
    {"imap", NONE, "tunnel", GIT_ANY, "git runs it at git imap-send"},
    {"include", NONE, "path", GIT_ANY, "git reads configuration from there, which may say anything"},
    {"includeif", SUB, "path", GIT_ANY, "git reads configuration from there, which may say anything"},
    {"init", NONE, "templatedir", GIT_ANY, "git copies hooks from there at git init"},
    {"instaweb", NONE, "browser", GIT_ANY, "git runs it at git instaweb"},
    {"instaweb", NONE, "httpd", GIT_ANY, "git runs it at git instaweb"},
    {"instaweb", NONE, "modulepath", GIT_ANY, "the server of git instaweb loads its modules from there"},
    {"interactive", NONE, "difffilter", GIT_ANY, "git runs it at git add -p"},
    {"lfs", SUB, "clean", GIT_ANY, "git-lfs runs it when files are added"},         /* git-lfs-config(5) */
    {"lfs", SUB, "path", GIT_ANY, "git-lfs runs it to transfer files"},             /* lfs.customtransfer.<name> */
    {"lfs", SUB, "smudge", GIT_ANY, "git-lfs runs it when files are checked out"},  /* lfs.extension.<name> */
    {"man", SUB, "cmd", GIT_ANY, "git runs it at git help"},
    {"man", SUB, "path", GIT_ANY, "git runs it at git help"},
    {"merge", SUB, "driver", GIT_ANY, "git runs it when it merges"},
    {"mergetool", SUB, "cmd", GIT_ANY, "git runs it at git mergetool"},
    {"mergetool", SUB, "path", GIT_ANY, "git runs it at git mergetool"},
    {"pager", NONE, NULL, GIT_NOT_BOOL, "git runs it to show the output of that command"},
    {"protocol", BOTH, "allow", GIT_NOT_OFF, "git then uses transports that it would not use, and ext:: runs a command"},
    {"remote", SUB, "proxy", GIT_ANY, "git connects through it"},
    {"remote", SUB, "pushurl", GIT_HELPER, "git runs the helper that the address names"},
    {"remote", SUB, "receivepack", GIT_ANY, "git runs it on the other side at git push"},
    {"remote", SUB, "uploadpack", GIT_ANY, "git runs it on the other side at git fetch"},
    {"remote", SUB, "url", GIT_HELPER, "git runs the helper that the address names"},
    {"remote", SUB, "vcs", GIT_ANY, "git runs that helper at git fetch"},
    {"sendemail", BOTH, "cccmd", GIT_ANY, "git runs it at git send-email"},
    {"sendemail", BOTH, "headercmd", GIT_ANY, "git runs it at git send-email"}, /* 2.41 */
    {"sendemail", BOTH, "sendmailcmd", GIT_ANY, "git runs it at git send-email"},
    {"sendemail", BOTH, "smtpserver", GIT_ANY, "git sends mail through it, or runs it when it is a path"},
    {"sendemail", BOTH, "tocmd", GIT_ANY, "git runs it at git send-email"},
    {"sequence", NONE, "editor", GIT_ANY, "git runs it at git rebase -i"},
    {"submodule", SUB, "update", GIT_SHELL, "git runs it at git submodule update"},
    {"submodule", SUB, "url", GIT_HELPER, "git runs the helper that the address names"},
    {"svn", NONE, "authorsprog", GIT_ANY, "git runs it at git svn fetch"}, /* git-svn(1) */
    {"tar", SUB, "command", GIT_ANY, "git runs it at git archive"},         /* git-archive(1) */
    {"trailer", SUB, "cmd", GIT_ANY, "git runs it at git interpret-trailers"},
    {"trailer", SUB, "command", GIT_ANY, "git runs it at git interpret-trailers"},
    {"url", SUB, "insteadof", GIT_ANY, "git fetches from there instead"},
    {"url", SUB, "pushinsteadof", GIT_ANY, "git pushes to there instead"},
};

const struct git_key *git_keys(size_t *ret_count)
{
    *ret_count = ARRAY_COUNT(rows);
    return rows;
}

/* What git takes for yes or no: of numbers those that are plainly one, because 08 and what overflows are none to it. */
static bool is_bool(const char *value)
{
    static const char *const words[] = {"true", "false", "yes", "no", "on", "off"};

    for (size_t i = 0; i < ARRAY_COUNT(words); i++)
        if (strcasecmp(value, words[i]) == 0)
            return true;
    return strlen(value) < 10 && (value[0] != '0' || !value[1]) && !value[strspn(value, "0123456789")];
}

static bool is_remote_helper(const char *value)
{
    size_t length = strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-._");

    return length && strncmp(value + length, "::", 2) == 0;
}

static bool value_matters(enum git_value rule, const char *value)
{
    switch (rule) {
    case GIT_SHELL:
        return value[strspn(value, " \t\n")] == '!';
    case GIT_NOT_BOOL:
        return !is_bool(value);
    case GIT_NOT_OFF:
        return strcmp(value, "never") != 0;
    case GIT_HELPER:
        return is_remote_helper(value);
    case GIT_ANY:
    case GIT_DIRECTORY:
        break;
    }
    return true;
}

const struct git_key *git_key_find(const struct git_config_entry *entry)
{
    if (!entry->value || !*entry->value)
        return NULL;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        const struct git_key *row = &rows[i];

        if (strcmp(row->section, entry->section) == 0 && (entry->subsection ? row->has_any : row->has_none) &&
            (!row->key || strcmp(row->key, entry->key) == 0) && value_matters(row->value, entry->value))
            return row;
    }
    return NULL;
}
