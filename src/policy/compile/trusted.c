/* SPDX-License-Identifier: Apache-2.0 */
/*
 * network.tls.authorities: read once, here, so that what is believed is what was looked at. System calls: openat fstat read.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/looks.h"
#include "policy/compile/compile.h"

#define PEM_MAX ((size_t)1024 * 1024)

/* What it holds is read by those who use it; what it must not hold, and that it is of the right kind, is seen here. */
static const char *text_fault(const char *text, size_t size)
{
    if (strlen(text) != size)
        return "holds a NUL: certificates are needed as PEM (openssl x509 -inform der)";
    if (strstr(text, "PRIVATE KEY-----"))
        return "holds a private key; name a file with the certificate alone";
    return strstr(text, "-----BEGIN CERTIFICATE-----") ? NULL : "holds no certificate (-----BEGIN CERTIFICATE-----)";
}

static int read_text(const struct resolved *object, char **ret_text, size_t *ret_size, struct error *err)
{
    auto_close int fd = open(object->real, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat st;

    looks_give_up(); /* of authorities nothing is kept ready */
    if (fd < 0 || fstat(fd, &st) < 0)
        return error_system(err, errno, "%s", object->real);
    if (st.st_dev != object->device || st.st_ino != object->inode)
        return error_set(err, ERROR_SYSTEM, ESTALE, "%s changed meanwhile; try again", object->real);
    return file_read_fd(fd, object->real, PEM_MAX, ret_text, ret_size, err);
}

static int add_text(struct compile *c, const struct resolved *object, const struct string_item *item, const char *text,
                    size_t size, struct error *err)
{
    struct plan_authority *authority = arena_append(c->arena, c->plan->authorities, c->plan->authority_count);

    if (!authority)
        return error_memory(err);
    digest_text(text, size, authority->digest);
    authority->path = arena_string(c->arena, object->real);
    authority->text = arena_string(c->arena, text);
    if (!authority->path || !authority->text)
        return error_memory(err);
    return compile_origin(c, &item->origin, &authority->origin, err);
}

static int add_authority(struct compile *c, const struct string_item *item, struct error *err)
{
    struct error made = ERROR_INIT;
    auto_free char *text = NULL;
    struct resolved object;
    const char *fault;
    size_t size;
    int r = resolve_path(c->resolver, item->text, &object, err);

    if (r < 0)
        return r;
    if (object.status != RESOLVE_FOUND || !S_ISREG(object.mode))
        return compile_problem(c, ERROR_UNENFORCEABLE, &item->origin, err, "%s is not a file that the caller can read", item->text);
    r = outside_check(c, &object, &item->origin, err);
    if (r < 0)
        return r;
    r = read_text(&object, &text, &size, &made);
    if (r == -ENOMEM)
        return error_memory(err);
    if (r < 0)
        return compile_problem(c, made.kind, &item->origin, err, "%s", made.text);
    fault = text_fault(text, size);
    if (fault)
        return compile_problem(c, ERROR_INVALID, &item->origin, err, "%s %s", item->text, fault);
    return add_text(c, &object, item, text, size, err);
}

int trusted_add(struct compile *c, struct error *err)
{
    const struct string_list *list = &c->effective.authorities;
    int r = 0;

    if (list->count && !(c->net_rules && net_rules_open_tls(c->net_rules)))
        return compile_warning(c, &list->origin, err, "has no effect: no rule has 'tls: terminate'");
    for (size_t i = 0; i < list->count && r == 0; i++)
        r = add_authority(c, &list->items[i], err);
    return r;
}
