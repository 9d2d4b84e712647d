/* SPDX-License-Identifier: Apache-2.0 */
/* From plan to record. Sections are laid one behind the other; strings go where they are first named. */
#include "tier/process/image.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdalign.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "tier/process/filter.h"
#include "tier/process/image_parts.h"
#include "tier/process/names.h"

struct record *image_head(struct image *image)
{
    return (struct record *)(void *)image->bytes.data;
}

uint32_t image_put(struct image *image, const void *data, size_t size, size_t align)
{
    static const char zeros[16];
    size_t at = (image->bytes.length + align - 1) & ~(align - 1);

    text_add_n(&image->bytes, zeros, at - image->bytes.length);
    text_add_n(&image->bytes, data, size);
    return (uint32_t)at;
}

uint32_t image_put_string(struct image *image, const char *text)
{
    return image_put(image, text, strlen(text) + 1, 1);
}

uint32_t image_put_array(struct image *image, const void *data, size_t count, size_t size)
{
    return image_put(image, data, count * size, alignof(max_align_t));
}

void image_break(struct image *image, struct error *err)
{
    image->bytes.is_broken = true;
    error_memory(err);
}

uint64_t image_device_number(dev_t device)
{
    return (uint64_t)major(device) << 32 | minor(device);
}

/* Offsets of strings, ended by a zero, with `free_slots` zeros in front. */
static uint32_t put_strings(struct image *image, const char *const *strings, size_t count, size_t free_slots,
                            struct error *err)
{
    auto_free uint64_t *offsets = mem_alloc((count + 1 + free_slots) * sizeof(*offsets));
    uint32_t at;

    if (!offsets) {
        image_break(image, err);
        return 0;
    }
    for (size_t i = 0; i < count; i++)
        offsets[free_slots + i] = image_put_string(image, strings[i]);
    at = image_put_array(image, offsets, count + 1 + free_slots, sizeof(*offsets));
    return at + (uint32_t)(free_slots * sizeof(*offsets));
}

/* What is shown for writing under another name than its own. */
static int collect_aliases(struct arena *arena, const struct plan *plan, struct names_alias **ret_aliases, size_t *ret_count,
                           struct error *err)
{
    struct names_alias *aliases = NULL;
    size_t count = 0;

    for (size_t i = 0; i < plan->mount_count; i++) {
        const struct plan_mount *mount = &plan->mounts[i];
        struct names_alias *slot;

        if (mount->kind != PLAN_BIND || !mount->is_writable || strcmp(mount->source, mount->target) == 0)
            continue;
        slot = arena_append(arena, aliases, count);
        if (!slot)
            return error_memory(err);
        *slot = (struct names_alias){mount->target, mount->source};
    }
    *ret_aliases = aliases;
    *ret_count = count;
    return 0;
}

/* The edges name their components by their place in the text, which goes in front of them. */
static int put_names(struct image *image, const struct plan *plan, struct error *err)
{
    bool has_keeper = filter_has_keeper(&plan->filter);
    auto_arena struct arena *arena = has_keeper ? arena_new() : NULL;
    struct names_alias *aliases = NULL;
    struct names names = {0};
    uint32_t text, states, edges, also;
    size_t alias_count = 0;
    int status;

    if (!has_keeper)
        return 0;
    status = arena ? collect_aliases(arena, plan, &aliases, &alias_count, err) : error_memory(err);
    if (status == 0)
        status = names_build(arena, plan->names, plan->name_count, aliases, alias_count, &names, err);
    if (status < 0)
        return status;
    text = image_put(image, names.text, names.text_length + 1, 1);
    for (size_t i = 0; i < names.edge_count; i++)
        names.edges[i].name += text;
    states = image_put_array(image, names.states, names.state_count, sizeof(names.states[0]));
    edges = image_put_array(image, names.edges, names.edge_count, sizeof(names.edges[0]));
    also = image_put_array(image, names.also, names.also_count, sizeof(names.also[0]));
    if (image->bytes.is_broken)
        return 0;
    image_head(image)->states = states;
    image_head(image)->state_count = (uint32_t)names.state_count;
    image_head(image)->edges = edges;
    image_head(image)->edge_count = (uint32_t)names.edge_count;
    image_head(image)->also = also;
    return 0;
}

/* Whom the keeper tells from others where rules of the network name programs. */
static void put_programs(struct image *image, const struct plan *plan, struct error *err)
{
    size_t count = plan->network == PLAN_NET_GATEWAY && plan->net_rules ? plan->net_rules->program_count : 0;
    auto_free struct record_program *programs = count ? mem_alloc(count * sizeof(*programs)) : NULL;
    uint32_t at;

    if (!count)
        return;
    if (!programs) {
        image_break(image, err);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const struct net_program *from = &plan->net_rules->programs[i];

        programs[i] = (struct record_program){.device = image_device_number((dev_t)from->device),
                                              .inode = from->inode,
                                              .size = from->size,
                                              .change_s = from->change_s,
                                              .change_ns = from->change_ns};
    }
    at = image_put_array(image, programs, count, sizeof(*programs));
    if (!image->bytes.is_broken) {
        image_head(image)->programs = at;
        image_head(image)->program_count = (uint32_t)count;
    }
}

static int put_filter(struct image *image, const struct tier_start *start, enum filter_telling tells, struct error *err)
{
    struct plan_filter asked = start->plan->filter;
    auto_free struct sock_filter *program = mem_alloc(FILTER_LENGTH_MAX * sizeof(*program)); /* the stack may be small */
    size_t length;
    uint32_t at;
    int status;

    if (!program)
        return error_memory(err);
    asked.has_void = tier_sees_hidden(start);
    asked.has_starter = !start->argv;
    status = filter_emit(&asked, tells, program, &length, err);
    if (status < 0)
        return status;
    at = image_put_array(image, program, length, sizeof(program[0]));
    if (!image->bytes.is_broken) {
        image_head(image)->filter = at;
        image_head(image)->filter_count = (uint32_t)length;
    }
    return 0;
}

/* The limit that setrlimit() sets for a member, NULL = none; as plan_limit_value(), the first one that names it. */
static const struct plan_limit *limit_by_kernel(const struct plan *plan, const char *member)
{
    for (size_t i = 0; i < plan->limit_count; i++)
        if (plan->limits[i].by == BY_RLIMIT && strcmp(plan->limits[i].member, member) == 0)
            return &plan->limits[i];
    return NULL;
}

/*
 * RLIMIT_CORE of 1: a core dump would otherwise be handed to the host's handler (kernel.core_pattern), which runs as
 * the host's root on data that the agent controls; 1 byte refuses files and pipes alike (fs/coredump.c, 2.6.35),
 * and sockets ('@', 6.16) not at all, as 0 does not: facts.has_core_socket.
 */
static void put_limits(struct image *image, const struct plan *plan)
{
    static const struct {
        const char *member;
        uint32_t resource;
    } by_member[] = {{"resources.openFiles", RLIMIT_NOFILE}, {"resources.pids", RLIMIT_NPROC}};
    /* one for each row, and the core dump */
    struct record_limit limits[ARRAY_COUNT(by_member) + 1] = {{.resource = RLIMIT_CORE, .value = 1}};
    uint32_t count = 1, at;

    for (size_t i = 0; i < ARRAY_COUNT(by_member); i++) {
        const struct plan_limit *limit = limit_by_kernel(plan, by_member[i].member);

        if (limit)
            limits[count++] = (struct record_limit){.resource = by_member[i].resource, .value = limit->value};
    }
    at = image_put_array(image, limits, count, sizeof(limits[0]));
    if (!image->bytes.is_broken) {
        image_head(image)->limits = at;
        image_head(image)->limit_count = count;
    }
}

static const char *search_path(const char *const *env)
{
    for (; env && *env; env++)
        if (strncmp(*env, "PATH=", 5) == 0)
            return *env + 5;
    return "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
}

/* The plan's environment, and behind it the variables whose values are known only now. */
static uint32_t put_environment(struct image *image, const struct plan *plan, const char *scratch, struct error *err)
{
    size_t count = plan->env_count + (scratch ? plan->private_count : 0);
    auto_arena struct arena *arena = arena_new();
    const char **all = arena ? arena_alloc(arena, (count + 1) * sizeof(*all)) : NULL;

    for (size_t i = 0; all && i < plan->env_count; i++)
        all[i] = plan->env[i];
    for (size_t i = plan->env_count; all && i < count; i++) {
        const struct plan_private *private = &plan->privates[i - plan->env_count];

        all[i] = arena_printf(arena, "%s=%s/%s", private->variable, scratch, private->below);
        if (!all[i])
            all = NULL;
    }
    if (all)
        return put_strings(image, all, count, 0, err);
    image->bytes.is_broken = true;
    return 0;
}

static void put_scratch(struct image *image, const struct plan *plan, const char *scratch, struct error *err)
{
    auto_text struct text parent = {0};
    auto_free const char **names = scratch ? mem_alloc(plan->private_count * sizeof(*names)) : NULL;
    uint32_t at, above, below;

    if (!scratch)
        return;
    image->bytes.is_broken |= !names;
    for (size_t i = 0; names && i < plan->private_count; i++)
        names[i] = plan->privates[i].below;
    below = names ? put_strings(image, names, plan->private_count, 0, err) : 0;
    text_add_n(&parent, scratch, (size_t)(strrchr(scratch, '/') - scratch));
    at = image_put_string(image, scratch);
    above = parent.is_broken ? 0 : image_put_string(image, parent.length ? parent.data : "/");
    image->bytes.is_broken |= parent.is_broken;
    if (image->bytes.is_broken)
        return;
    image_head(image)->scratch = at;
    image_head(image)->scratch_parent = above;
    image_head(image)->scratch_below = below;
}

static void put_program(struct image *image, const struct tier_start *start, const char *scratch, struct error *err)
{
    const struct plan *plan = start->plan;
    uint32_t argc = 0, argv, envp, cwd, path, hostname;

    if (!start->argv) { /* each program brings its own */
        uint32_t at = image_put_string(image, "cordon");

        if (!image->bytes.is_broken)
            image_head(image)->hostname = at;
        return;
    }
    while (start->argv[argc])
        argc++;
    argv = put_strings(image, start->argv, argc, 1, err);
    envp = put_environment(image, plan, scratch, err);
    cwd = image_put_string(image, plan->cwd);
    path = image_put_string(image, search_path((const char *const *)plan->env));
    hostname = image_put_string(image, "cordon");
    if (image->bytes.is_broken)
        return;
    image_head(image)->argv = argv;
    image_head(image)->argc = argc;
    image_head(image)->envp = envp;
    image_head(image)->env_count = (uint32_t)(plan->env_count + (scratch ? plan->private_count : 0));
    image_head(image)->cwd = cwd;
    image_head(image)->search_path = path;
    image_head(image)->hostname = hostname;
}

static void put_review(struct image *image, const struct tier_start *start)
{
    uint32_t at = start->plan->is_reviewed ? image_put_string(image, start->plan->review) : 0;

    if (!image->bytes.is_broken)
        image_head(image)->review = at;
}

int image_store(const struct text *bytes, int *ret_fd, struct error *err)
{
    auto_close int fd = memfd_create("cordon-record", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    int status;

    if (fd < 0)
        return error_system(err, errno, "create a memory file");
    status = file_write_all(fd, bytes->data, bytes->length);
    if (status < 0)
        return error_system(err, -status, "write the start record");
    if (fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0)
        return error_system(err, errno, "seal the start record");
    *ret_fd = take_fd(fd);
    return 0;
}

int image_make(const struct tier_start *start, const struct image_options *options, struct text *ret_bytes, struct error *err)
{
    auto_text struct text bytes = {0};
    struct image image = {0};
    struct confine confine = confine_handled(options->landlock_abi, start->plan);
    struct record record = {
        .magic = RECORD_MAGIC,
        .flags = options->flags,
        .private_bytes = plan_limit_value(start->plan, "resources.disk"),
        .rows = start->rows,
        .columns = start->columns,
        .ask_ms = options->flags & RECORD_ASKS ? start->watcher->ask_ms : 0,
        /* 40 on every kernel since 5.9, asked for so that a later one is not left out */
        .capability_last = (uint32_t)file_number("/proc/sys/kernel/cap_last_cap", CAP_LAST_CAP),
    };
    int status;

    for (int i = 0; i < RECORD_STREAMS; i++)
        record.null_streams |= start->is_tty || !start->argv || start->stdio[i] < 0 ? 1u << i : 0;
    image_put_array(&image, &record, 1, sizeof(record));
    if (start->plan->wall == PLAN_WALL_NAMESPACES)
        image_put_mounts(&image, start->plan, &confine, err);
    image_put_confinement(&image, start->plan, &confine, options->scratch, err);
    put_limits(&image, start->plan);
    put_programs(&image, start->plan, err);
    status = put_names(&image, start->plan, err);
    if (status == 0)
        status = put_filter(&image, start,
                            options->flags & RECORD_WATCHED ? FILTER_TELLS_ALL
                            : options->flags & RECORD_ASKS  ? FILTER_TELLS_OPENS
                            : options->flags & RECORD_TOLD  ? FILTER_TELLS
                                                            : FILTER_SILENT,
                            err);
    put_program(&image, start, options->scratch, err);
    put_scratch(&image, start->plan, options->scratch, err);
    put_review(&image, start);
    bytes = image.bytes;
    if (status < 0)
        return status;
    if (bytes.is_broken)
        return error_memory(err);
    if (bytes.length > RECORD_SIZE_MAX)
        return error_set(err, ERROR_LIMIT, E2BIG, "policy, arguments and environment together exceed %u MiB",
                         RECORD_SIZE_MAX >> 20);
    ((struct record *)(void *)bytes.data)->size = (uint32_t)bytes.length;
    *ret_bytes = bytes;
    bytes = (struct text){0};
    return 0;
}

static size_t strings_count(const char *const *strings)
{
    size_t count = 0;

    while (strings[count])
        count++;
    return count;
}

int image_write_exec(const struct tier_exec *exec, int *ret_fd, struct error *err)
{
    auto_text struct text bytes = {0};
    struct image image = {0};
    struct record_exec record = {
        .magic = RECORD_EXEC_MAGIC,
        .flags = (exec->is_tty ? EXEC_TTY : 0) | (exec->is_main ? EXEC_MAIN | EXEC_BEGINS : 0),
        .argc = (uint32_t)strings_count(exec->argv),
        .env_count = (uint32_t)strings_count(exec->env),
        .rows = exec->rows,
        .columns = exec->columns,
        .fd_count = (uint32_t)exec->fd_count,
    };

    for (int i = 0; i < RECORD_STREAMS; i++)
        record.null_streams |= exec->is_tty || exec->stdio[i] < 0 ? 1u << i : 0;
    for (size_t i = 0; i < exec->fd_count; i++)
        record.fds[i] = exec->fds[i];
    image_put_array(&image, &record, 1, sizeof(record));
    record.argv = put_strings(&image, exec->argv, record.argc, 1, err);
    record.envp = put_strings(&image, exec->env, record.env_count, 0, err);
    record.cwd = image_put_string(&image, exec->cwd);
    record.search_path = image_put_string(&image, search_path(exec->env));
    bytes = image.bytes;
    if (bytes.is_broken)
        return error_memory(err);
    if (bytes.length > RECORD_SIZE_MAX)
        return error_set(err, ERROR_LIMIT, E2BIG, "arguments and environment together exceed %u MiB", RECORD_SIZE_MAX >> 20);
    record.size = (uint32_t)bytes.length;
    memcpy(bytes.data, &record, sizeof(record));
    return image_store(&bytes, ret_fd, err);
}
