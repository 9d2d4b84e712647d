/* SPDX-License-Identifier: Apache-2.0 */
/* The table of built-in protected names and where they hold. */
#include "policy/model/protected.h"

#include <string.h>

#include "base/path.h"
#include "policy/policy.h"

static const struct protected_name names[] = {
    {".git/hooks", "git runs hooks with the rights of whoever uses the repository next", false},
    {".git/config", "git runs programs that its configuration names (fsmonitor, pager, ssh)",
     .may_appear = true},
    {".git/config.worktree", "the same for one work tree", false},
    {".git/commondir", "git takes configuration and hooks from the directory that it names", false},
    {".gitmodules", "git fetches from and configures itself by it", false},
    {".gitconfig", "git runs programs that its configuration names", false},
    {".hg/hgrc", "Mercurial runs the hooks, aliases and extensions that its configuration names", false},
    {".jj/repo/config.toml", "jj runs the programs that its configuration names", false},
    {".bashrc", "shell start-up file", false},
    {".bash_profile", "shell start-up file", false},
    {".bash_login", "shell start-up file", false},
    {".bash_logout", "shell exit file", false},
    {".profile", "shell start-up file", false},
    {".zshrc", "shell start-up file", false},
    {".zshenv", "shell start-up file", false},
    {".zprofile", "shell start-up file", false},
    {".zlogin", "shell start-up file", false},
    {".envrc", "direnv runs it on entering the directory", false},
    {".ripgreprc", "ripgrep runs the preprocessor that it names", false},
    {".npmrc", "npm takes registries, tokens and script shells from it", false},
    {".yarnrc", "yarn runs the program that it names", false},
    {".yarnrc.yml", "yarn runs the program and plug-ins that it names", false},
    {".vscode", "the editor runs its tasks and trusts its settings", false},
    {".idea", "the editor runs its tasks and trusts its settings", false},
    {".devcontainer", "the editor runs its commands on the host", false},
    {".cursor", "instructions and tool servers of an agent", false},
    {".claude", "instructions, hooks and tool servers of an agent", false},
    {".codex", "instructions and tool servers of an agent", false},
    {".gemini", "instructions and tool servers of an agent", false},
    {".opencode", "instructions and tool servers of an agent", false},
    {".aider.conf.yml", "commands that an agent runs", false},
    {".mcp.json", "tool servers that an agent starts", false},
    {".husky", "git hooks by another name", false},
    {".cordon", "policies that later runs obey", false},
    {"cordon.yaml", "a policy that later runs obey", false},
    {"cordon.yml", "a policy that later runs obey", false},
    {"cordon.json", "a policy that later runs obey", false},
};

const struct protected_name *protected_names(size_t *ret_count)
{
    *ret_count = ARRAY_COUNT(names);
    return names;
}

/* At a component of `path`, whole components. */
static bool has_components(const char *path, const char *name)
{
    size_t length = strlen(name);

    for (const char *at = strstr(path, name); at; at = strstr(at + 1, name))
        if (at != path && at[-1] == '/' && (!at[length] || at[length] == '/'))
            return true;
    return false;
}

const char *policy_protected_name(const char *path)
{
    const char *modules = strstr(path, "/.git/modules/");

    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        if (has_components(path, names[i].name))
            return names[i].name;
    if (modules && has_components(modules, "hooks"))
        return ".git/hooks";
    return modules && has_components(modules, "config") ? ".git/config" : NULL;
}

const char *protected_name_rest(const char *root, const char *name)
{
    size_t root_length = strlen(root);

    for (const char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
        size_t length = (size_t)(slash - name);

        if (root_length > length && root[root_length - length - 1] == '/' &&
            strncmp(root + root_length - length, name, length) == 0)
            return slash + 1;
    }
    return NULL;
}

static bool protects(const struct document *document)
{
    return document->protect_builtin.is_set && document->protect_builtin.value;
}

bool protected_name_holds(const struct document *document, const char *name)
{
    if (!protects(document))
        return false;
    for (size_t i = 0; i < document->unprotected.count; i++)
        if (strcmp(document->unprotected.items[i].text, name) == 0)
            return false;
    return true;
}

int protected_visit_roots(struct document *const *layers, size_t layer_count,
                          int (*visit)(const char *root, void *data), void *data)
{
    int status = 0;

    for (size_t i = 0; i < layer_count && !status; i++) {
        const struct document *layer = layers[i];

        for (size_t j = 0; j < layer->path_count && !status; j++)
            if (layer->paths[j].kind == PATH_READWRITE && !layer->paths[j].is_glob)
                status = visit(layer->paths[j].path, data);
        for (size_t j = 0; j < layer->view_count && !status; j++)
            if (layer->views[j].is_writable)
                status = visit(layer->views[j].target, data);
    }
    return status;
}

struct search {
    struct document *const *layers;
    size_t layer_count;
    const char *path;
    const struct origin *why;
};

static bool covers(const char *name, const char *below)
{
    size_t length = name ? strlen(name) : 0;

    return length && strncmp(below, name, length) == 0 && (!below[length] || below[length] == '/');
}

static int search_root(const char *root, void *data)
{
    struct search *search = data;
    const char *below;

    if (!path_is_within(search->path, root))
        return 0;
    below = search->path + (strcmp(root, "/") == 0 ? 0 : strlen(root));
    if (*below++ != '/')
        return 0;
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        if (!covers(names[i].name, below) &&
            !covers(protected_name_rest(root, names[i].name), below))
            continue;
        for (size_t j = 0; j < search->layer_count; j++) {
            if (protected_name_holds(search->layers[j], names[i].name)) {
                search->why = &search->layers[j]->protect_builtin.origin;
                return 1;
            }
        }
    }
    return 0;
}

bool protected_covers(struct document *const *layers, size_t layer_count, const char *path,
                      const struct origin **ret_why)
{
    struct search search = {.layers = layers, .layer_count = layer_count, .path = path};
    bool is_covered = false;

    for (size_t i = 0; i < layer_count && !is_covered; i++)
        is_covered = protects(layers[i]);
    is_covered = is_covered && protected_visit_roots(layers, layer_count, search_root, &search) != 0;

    if (is_covered && ret_why)
        *ret_why = search.why;
    return is_covered;
}
