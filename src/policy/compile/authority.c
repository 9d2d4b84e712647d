/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where TLS is opened, programs meet certificates of the container's own authority. They believe whom a bundle says that they
 * find at one of a few places, or that a variable names. The bundles that a container shows become the host's with that
 * authority; where it shows none there is one of the plan's own for the variables.
 */
#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "base/looks.h"
#include "policy/compile/compile.h"

#define OWN_BUNDLE      "/run/cordon/authorities.pem"
#define JAVA_HOMES      "/usr/lib/jvm"
#define JAVA_HOMES_MAX  64

/* Debian and Arch, Fedora and its kind, Alpine, SUSE. */
static const char *const bundles[] = {
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/cert.pem",
    "/etc/ssl/cert.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ca-certificates/extracted/tls-ca-bundle.pem",
};
static const char *const java_stores[] = {"/etc/ssl/certs/java/cacerts", "/etc/pki/java/cacerts",
                                          "/etc/pki/ca-trust/extracted/java/cacerts"};

static bool opens_tls(const struct plan *plan)
{
    if (plan->network != PLAN_NET_GATEWAY || plan->wall == PLAN_WALL_LANDLOCK)
        return false;
    return net_rules_open_tls(plan->net_rules);
}

/* Only what the container shows is replaced: what it does not, nobody reads. */
static int want_instead(struct compile *c, const char *path, enum plan_content content, const char **ret_real, struct error *err)
{
    struct layout_want want = {
        .state = LAYOUT_FILE, .content = content, .is_there = true, .origin = c->plan->network_origin};
    struct resolved object;
    int r = resolve_path(c->resolver, path, &object, err);

    if (r < 0 || object.status != RESOLVE_FOUND || !S_ISREG(object.mode) ||
        objects_access(c, object.real, NULL) == ACCESS_DENIED)
        return r;
    want.path = object.real;
    want.source = content == PLAN_JAVA_STORE ? "(authorities, Java)" : "(authorities)";
    if (ret_real && !*ret_real)
        *ret_real = object.real;
    return layout_want(c->layout, &want, err);
}

static int want_java_home(struct compile *c, const char *home, struct error *err)
{
    static const char *const places[] = {"lib/security/cacerts", "jre/lib/security/cacerts"};
    int r = 0;

    for (size_t i = 0; i < ARRAY_COUNT(places) && r == 0; i++) {
        const char *path = path_join(c->work, home, places[i]);

        r = path ? want_instead(c, path, PLAN_JAVA_STORE, NULL, err) : error_memory(err);
    }
    return r;
}

/* A Java that brings a store of its own has it in its home. */
static int want_java_homes(struct compile *c, struct error *err)
{
    DIR *directory;
    struct dirent *entry;
    int r = 0;

    look_content(JAVA_HOMES, true);
    directory = opendir(JAVA_HOMES);
    for (int i = 0; directory && r == 0 && i < JAVA_HOMES_MAX && (entry = readdir(directory)); i++) {
        const char *home = entry->d_name[0] == '.' ? NULL : path_join(c->work, JAVA_HOMES, entry->d_name);

        if (home)
            r = want_java_home(c, home, err);
        else if (entry->d_name[0] != '.')
            r = error_memory(err);
    }
    if (directory)
        closedir(directory);
    return r;
}

static int want_own(struct compile *c, struct error *err)
{
    const struct layout_want want = {.path = OWN_BUNDLE,
                                     .state = LAYOUT_FILE,
                                     .content = PLAN_AUTHORITIES,
                                     .source = "(authorities)",
                                     .origin = c->plan->network_origin};

    c->authorities = OWN_BUNDLE;
    return layout_want(c->layout, &want, err);
}

int authority_want_files(struct compile *c, struct error *err)
{
    const char *java = NULL;
    int r = 0;

    if (!opens_tls(c->plan))
        return 0;
    for (size_t i = 0; i < ARRAY_COUNT(bundles) && r == 0; i++)
        r = want_instead(c, bundles[i], PLAN_AUTHORITIES, &c->authorities, err);
    for (size_t i = 0; i < ARRAY_COUNT(java_stores) && r == 0; i++)
        r = want_instead(c, java_stores[i], PLAN_JAVA_STORE, NULL, err);
    if (r == 0)
        r = want_java_homes(c, err);
    for (const char *const *entry = c->options->caller_env; entry && *entry && !java; entry++)
        if (strncmp(*entry, "JAVA_HOME=/", 11) == 0)
            java = *entry + 10;
    if (r == 0 && java) {
        java = path_normalise(c->work, java);
        r = java ? want_java_home(c, java, err) : error_memory(err);
    }
    return r < 0 || c->authorities ? r : want_own(c, err);
}
