/* SPDX-License-Identifier: Apache-2.0 */
/*
 * filesystem.toolchains: the directories of the caller's PATH below the home become readable, with
 * what their programs need beside them, and never a directory that holds credentials.
 */
#include <errno.h>
#include <string.h>

#include "policy/compile/compile.h"

#define PATH_ENTRIES_MAX 256
#define GRANTS_MAX       8

struct toolchain {
    const char *below;              /* a PATH directory at or below this ... */
    const char *grants[GRANTS_MAX]; /* ... brings these, all relative to the home */
};

static const struct toolchain toolchains[] = {
    {".nvm", {".nvm/versions", ".nvm/alias", ".nvm/nvm.sh"}},
    {".local/share/nvm", {".local/share/nvm"}},
    {".fnm", {".fnm"}},
    {".local/share/fnm", {".local/share/fnm"}},
    {".nodenv", {".nodenv"}},
    {".volta", {".volta"}},
    {".bun", {".bun/bin", ".bun/install/global"}},
    {".deno", {".deno/bin"}},
    {".local/share/pnpm", {".local/share/pnpm"}},
    {".npm-global", {".npm-global"}},
    {".yarn", {".yarn/bin"}},
    {".pyenv", {".pyenv"}},
    {".rbenv", {".rbenv"}},
    {".rvm", {".rvm"}},
    {".asdf", {".asdf"}},
    {".local/share/mise", {".local/share/mise"}},
    {".cargo/bin", {".cargo/bin", ".cargo/env", ".rustup"}}, /* .cargo holds the registry token */
    {".rustup", {".rustup"}},
    {"go", {"go/bin", "go/pkg"}},
    {".go", {".go"}},
    {".ghcup", {".ghcup"}},
    {".cabal/bin", {".cabal/bin"}},
    {".juliaup", {".juliaup", ".julia/juliaup"}},
    {".sdkman", {".sdkman"}},
    {".dotnet", {".dotnet"}},
    {".opam", {".opam"}},
    {".nix-profile", {".nix-profile", ".local/state/nix/profiles"}},
    {".local/bin",
     {".local/bin", ".local/lib", ".local/share/uv/tools", ".local/share/uv/python",
      ".local/share/pipx/venvs", ".local/pipx/venvs", ".local/share/claude/versions"}},
    {"miniconda3", {"miniconda3"}},
    {"anaconda3", {"anaconda3"}},
    {"miniforge3", {"miniforge3"}},
};

/* Below a home, these hold secrets. A directory that is one of them or contains one is not read. */
static const char *const credentials[] = {
    ".ssh",
    ".gnupg",
    ".aws",
    ".azure",
    ".kube/config",
    ".docker/config.json",
    ".config/gcloud",
    ".config/gh",
    ".config/op",
    ".password-store",
    ".local/share/keyrings",
    ".mozilla",
    ".config/google-chrome",
    ".config/chromium",
    ".cargo/credentials",
    ".cargo/credentials.toml",
    ".claude/.credentials.json",
    ".codex/auth.json",
    ".gemini/oauth_creds.json",
    ".netrc",
    ".npmrc",
    ".pypirc",
    ".git-credentials",
};

static bool is_below(const char *path, const char *directory)
{
    size_t length = strlen(directory);

    return strncmp(path, directory, length) == 0 && (path[length] == '\0' || path[length] == '/');
}

static bool holds_credentials(const char *relative)
{
    for (size_t i = 0; i < ARRAY_COUNT(credentials); i++)
        if (is_below(credentials[i], relative) || is_below(relative, credentials[i]))
            return true;
    return false;
}

static const struct toolchain *find_toolchain(const char *relative)
{
    for (size_t i = 0; i < ARRAY_COUNT(toolchains); i++)
        if (is_below(relative, toolchains[i].below))
            return &toolchains[i];
    return NULL;
}

bool policy_toolchain_covers(const char *home, const char *caller_path, const char *path)
{
    size_t length = strlen(home);
    const char *below = path + length + 1;

    if (strcmp(home, "/") == 0 || !path_is_within(path, home) || path[length] != '/' || holds_credentials(below))
        return false;
    for (const char *entry = caller_path; *entry;) {
        size_t size = strcspn(entry, ":");
        char directory[PATH_LENGTH_MAX + 1];
        const struct toolchain *toolchain;
        const char *relative;

        if (size > length + 1 && size <= PATH_LENGTH_MAX && memcmp(entry, home, length) == 0 && entry[length] == '/') {
            memcpy(directory, entry, size);
            directory[size] = '\0';
            relative = directory + length + 1;
            toolchain = find_toolchain(relative);
            if (!toolchain && is_below(below, relative) && !holds_credentials(relative))
                return true;
            for (size_t i = 0; toolchain && i < GRANTS_MAX && toolchain->grants[i]; i++)
                if (is_below(below, toolchain->grants[i]))
                    return true;
        }
        entry += size + (entry[size] == ':');
    }
    return false;
}

/* Of a directory of PATH, relative to the home: does what it brings lie at, above or below `below`? "" = the home itself. */
static bool brings(const char *relative, const char *below)
{
    const struct toolchain *toolchain = find_toolchain(relative);
    bool meets = !toolchain && !holds_credentials(relative) && (is_below(below, relative) || !*below || is_below(relative, below));

    for (size_t i = 0; toolchain && i < GRANTS_MAX && toolchain->grants[i]; i++)
        meets = meets || !*below || is_below(below, toolchain->grants[i]) || is_below(toolchain->grants[i], below);
    return meets;
}

static bool is_credential(const char *relative)
{
    for (size_t i = 0; i < ARRAY_COUNT(credentials); i++)
        if (is_below(relative, credentials[i]))
            return true;
    return false;
}

bool policy_toolchains_meet(const char *home, const char *caller_path, const char *path)
{
    size_t length = strlen(home);
    bool is_inside = path_is_within(path, home);
    const char *below = is_inside && path[length] == '/' ? path + length + 1 : "";

    if (strcmp(home, "/") == 0 || (!is_inside && !path_is_within(home, path)) || (*below && is_credential(below)))
        return false;
    for (const char *entry = caller_path; entry && *entry;) {
        size_t size = strcspn(entry, ":");
        char directory[PATH_LENGTH_MAX + 1];

        if (size > length + 1 && size <= PATH_LENGTH_MAX && memcmp(entry, home, length) == 0 && entry[length] == '/') {
            memcpy(directory, entry, size);
            directory[size] = '\0';
            if (brings(directory + length + 1, below))
                return true;
        }
        entry += size + (entry[size] == ':');
    }
    return !caller_path;
}

static bool is_ruled(const struct path_rule *rules, size_t count, const char *path)
{
    for (size_t i = 0; i < count; i++)
        if (!rules[i].is_glob && rules[i].kind != PATH_PRIVATE && rules[i].kind != PATH_PROTECTED &&
            path_is_within(path, rules[i].path) && strcmp(rules[i].path, "/") != 0)
            return true;
    return false;
}

/* PATH on WSL holds what Windows has in its own. */
static bool is_on_drive(const struct compile *c, const char *path)
{
    const struct host_mount *mount = mounts_find(&c->mounts, path);

    return c->facts->is_wsl && mount && mount->is_outside;
}

static int add_grant(struct compile *c, const char *relative, const struct origin *origin,
                     struct path_rule **rules, size_t *rule_count, struct error *err)
{
    const char *path = path_join(c->work, c->options->variables->home, relative);
    const char *real = c->home ? path_join(c->work, c->home, relative) : NULL;
    struct path_rule *rule;
    struct resolved object;
    int r;

    if (!path || (c->home && !real))
        return error_memory(err);
    if (real && is_on_drive(c, real))
        return 0;
    if (!real || holds_credentials(relative) || is_ruled(*rules, *rule_count, path))
        return 0;
    r = resolve_path(c->resolver, path, &object, err);
    if (r < 0)
        return r;
    /* PATH often names directories in workspaces; what an agent turned into a link must not become a grant. */
    if (object.status == RESOLVE_FOUND && strcmp(object.real, real) != 0)
        return compile_warning(c, origin, err, "%s leads to %s and is not granted for that; name it in readonlyPaths",
                               path, object.real);
    rule = arena_append(c->work, *rules, *rule_count);
    if (!rule)
        return error_memory(err);
    *rule = (struct path_rule){
        .kind = PATH_READONLY,
        .path = real,
        .is_optional = true,
        .origin = *origin,
    };
    return 0;
}

static int add_directory(struct compile *c, const char *directory, const struct origin *origin,
                         struct path_rule **rules, size_t *rule_count, struct error *err)
{
    const char *home = c->options->variables->home;
    const char *path = path_normalise(c->work, directory), *relative;
    const struct toolchain *toolchain;
    int r = 0;

    if (!path)
        return error_memory(err);
    if (path_has_dotdot(path) || strcmp(home, "/") == 0 || strcmp(path, home) == 0 ||
        !path_is_within(path, home))
        return 0;
    relative = path + strlen(home) + 1;
    toolchain = find_toolchain(relative);
    if (!toolchain)
        return add_grant(c, relative, origin, rules, rule_count, err);
    for (size_t i = 0; i < GRANTS_MAX && toolchain->grants[i] && r == 0; i++)
        r = add_grant(c, toolchain->grants[i], origin, rules, rule_count, err);
    return r;
}

int toolchains_add(struct compile *c, const struct document *document, struct path_rule **rules,
                   size_t *rule_count, struct error *err)
{
    const struct variables *variables = c->options->variables;
    const struct setting *setting = &document->toolchains;
    char *list, *entry;
    int r = 0;

    if (!c->effective.toolchains.value || !setting->value || document->kind != LAYER_REQUEST ||
        !c->options->caller_path || !variables || !variables->home)
        return 0;
    list = arena_string(c->work, c->options->caller_path);
    if (!list)
        return error_memory(err);
    for (size_t i = 0; i < PATH_ENTRIES_MAX && r == 0 && (entry = strsep(&list, ":")); i++)
        if (entry[0] == '/')
            r = add_directory(c, entry, &setting->origin, rules, rule_count, err);
    return r;
}
