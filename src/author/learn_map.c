/* SPDX-License-Identifier: Apache-2.0 */
/* What a path is by its name: the workspace, a cache, a toolchain, a tree of the system that belongs together. */
#include <errno.h>
#include <string.h>

#include "author/learn_parts.h"

/* Trees of the system of which programs read any part, beside those of the profiles. */
static const char *const trees[] = {
    "/etc/fonts", "/etc/ssl/certs", "/etc/python3", "/etc/perl", "/etc/php", "/etc/java", "/etc/maven", "/etc/texmf",
    "/etc/ImageMagick-6", "/etc/vulkan", "/etc/OpenCL", "/etc/glvnd", "/etc/xdg", "/etc/chromium", "/etc/chromium.d",
    "/etc/firefox", "/etc/libreoffice", "/etc/apt/sources.list.d", "/etc/lighttpd", "/etc/nginx", "/etc/apache2",
    "/sys/devices/system/cpu", "/sys/devices/system/node", "/sys/fs/cgroup", "/sys/kernel/mm", "/usr", "/opt",
    "/var/cache/fontconfig", "/var/lib/ghc", "/var/lib/dpkg", "/var/lib/gems", "/var/lib/texmf", "/nix/store", "/snap",
};

/* What hold other things' directories: never granted as a whole. */
static const char *const shared[] = {
    ".config", ".local", ".local/share", ".local/state", ".local/lib", ".cache", ".var", ".var/app",
};

struct program {
    const char *name, *profile;
    bool is_beginning;
};

/* Programs that want a profile's settings, not only its files. */
static const struct program programs[] = {
    {"git", "git", false},        {"git-", "git", true},     {"python", "python", true},  {"pip", "python", true},
    {"node", "node", false},      {"npm", "node", false},    {"npx", "node", false},      {"gcc", "build", false},
    {"g++", "build", false},      {"cc", "build", false},    {"c++", "build", false},     {"clang", "build", true},
    {"make", "build", false},     {"gmake", "build", false}, {"cmake", "build", false},   {"ninja", "build", false},
    {"cargo", "build", false},    {"rustc", "build", false}, {"go", "build", false},      {"javac", "build", false},
    {"x86_64-linux-gnu-g", "build", true},
};

static const char *const candidates[] = {"shell", "python", "node", "git", "build"};

static int load(struct learn_map *map, const char *name, struct document **ret_document, struct error *err)
{
    const struct variables variables = {
        .workspace = map->places.workspace, .home = map->places.home, .user = map->places.user, .tmp = "/tmp"};
    const struct load_options options = {.kind = LAYER_REQUEST, .variables = &variables, .layer_name = "document"};

    return document_load_profile(map->arena, name, &options, ret_document, err);
}

int learn_map_init(struct learn_map *map, struct arena *arena, const struct learn_places *places, struct error *err)
{
    static const char guarded[] =
        "version: cordon/1\nfilesystem:\n  readwritePaths: [\"${workspace}\"]\n  protectBuiltin: true\n";
    int r;

    *map = (struct learn_map){.arena = arena, .places = *places};
    /* The profile's own workspace counts for nothing here; it must only have one. */
    if (!map->places.workspace)
        map->places.workspace = "/";
    r = load(map, "base", &map->base, err);
    for (size_t i = 0; i < ARRAY_COUNT(candidates) && r == 0; i++)
        r = load(map, candidates[i], &map->profiles[i], err);
    if (r == 0)
        r = load(map, "coding-agent", &map->agent, err);
    map->places.workspace = places->workspace;
    if (r == 0 && places->workspace)
        r = learn_load(arena, places, "the workspace", guarded, strlen(guarded), &map->guarded, err);
    return r;
}

const char *learn_map_cache(const struct learn_map *map, const char *path)
{
    const char *cache, *name;

    for (size_t i = 0; i < map->agent->path_count; i++) {
        const struct path_rule *rule = &map->agent->paths[i];

        if (rule->kind != PATH_CACHE || !path_is_within(path, rule->path))
            continue;
        /* ~/.cache is everybody's: what one program has there. */
        if (strcmp(path_base(rule->path), ".cache") != 0)
            return rule->path;
        if (strcmp(path, rule->path) == 0)
            return NULL;
        name = path + strlen(rule->path) + 1;
        cache = arena_string_n(map->arena, path, strlen(rule->path) + 1 + strcspn(name, "/"));
        return cache;
    }
    return NULL;
}

const char *learn_map_tree(const struct learn_map *map, const char *path)
{
    for (size_t i = 0; i < ARRAY_COUNT(trees); i++)
        if (path_is_within(path, trees[i]))
            return trees[i];
    return NULL;
}

enum learn_place learn_map_place(const struct learn_map *map, const char *path)
{
    static const char *const builtin[] = {"/proc", "/dev"}, *const private[] = {"/tmp", "/var/tmp", "/dev/shm"};
    const struct learn_places *places = &map->places;

    if (places->workspace && path_is_within(path, places->workspace))
        return LEARN_PLACE_WORKSPACE;
    if (path_is_within(path, places->home)) {
        if (places->caller_path && policy_toolchain_covers(places->home, places->caller_path, path))
            return LEARN_PLACE_TOOLCHAIN;
        return learn_map_cache(map, path) ? LEARN_PLACE_CACHE : LEARN_PLACE_HOME;
    }
    for (size_t i = 0; i < ARRAY_COUNT(private); i++)
        if (path_is_within(path, private[i]))
            return LEARN_PLACE_PRIVATE;
    for (size_t i = 0; i < ARRAY_COUNT(builtin); i++)
        if (path_is_within(path, builtin[i]))
            return LEARN_PLACE_BUILTIN;
    return LEARN_PLACE_SYSTEM;
}

static size_t path_depth(const char *path)
{
    size_t depth = 0;

    for (; *path; path++)
        depth += path[0] == '/' && path[1] && path[1] != '/';
    return depth;
}

bool learn_map_may_widen(const struct learn_map *map, const char *directory)
{
    const struct learn_places *places = &map->places;
    const char *relative;

    if (path_depth(directory) < 2 || path_is_within(places->home, directory) ||
        (places->workspace && path_is_within(places->workspace, directory)) || learn_sensitive(places, directory))
        return false;
    if (strncmp(directory, "/var/", 5) == 0 || strncmp(directory, "/run/", 5) == 0 || strncmp(directory, "/home/", 6) == 0 ||
        strncmp(directory, "/mnt/", 5) == 0 || strncmp(directory, "/media/", 7) == 0)
        if (!path_is_within(directory, places->home) && path_depth(directory) < 3)
            return false;
    if (!path_is_within(directory, places->home))
        return true;
    relative = directory + strlen(places->home) + 1;
    for (size_t i = 0; i < ARRAY_COUNT(shared); i++)
        if (strcmp(relative, shared[i]) == 0)
            return false;
    return true;
}

const char *learn_map_program(const char *exe)
{
    const char *name = exe ? path_base(exe) : "";

    for (size_t i = 0; i < ARRAY_COUNT(programs); i++)
        if (programs[i].is_beginning ? strncmp(name, programs[i].name, strlen(programs[i].name)) == 0
                                     : strcmp(name, programs[i].name) == 0)
            return programs[i].profile;
    return NULL;
}
