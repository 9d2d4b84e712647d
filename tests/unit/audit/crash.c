/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Power is lost between any two operations of a log's writer. What a file system may have kept of those that nothing had synced yet
 * is drawn: all, nothing, any of them without those before it, of a write any of its sectors, of a new file any part. Whatever it is,
 * the log opens, holds all that was acknowledged, and goes on.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "logs.h"
#include "test.h"

#define SECTOR   512
#define FILES    4096
#define RECORDS  1400
#define RECORD   300

enum keeping { KEEP_NOTHING, KEEP_ALL, KEEP_SOME, KEEPINGS };

/* A file as it lasts, and as it would look if nothing were lost. */
struct file {
    unsigned char *bytes, *lasting;
    size_t size, lasting_size;
};

struct world {
    struct file files[FILES];
    unsigned file_count;
    struct {
        char name[96];
        int file, lasting; /* -1 = no such name */
    } names[FILES];
    unsigned name_count;
    unsigned char *dirty[FILES]; /* a byte a sector that was written and not synced */
    int by_fd[1024];
};

static uint64_t state;

static unsigned draw(unsigned below)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(state >> 33) % below;
}

static unsigned name_of(struct world *world, const char *name)
{
    unsigned i;

    for (i = 0; i < world->name_count; i++)
        if (strcmp(world->names[i].name, name) == 0)
            return i;
    check(world->name_count < FILES);
    strcpy(world->names[i].name, name);
    world->names[i].file = world->names[i].lasting = -1;
    world->name_count++;
    return i;
}

static int new_file(struct world *world, size_t size)
{
    struct file *file = &world->files[world->file_count];

    check(world->file_count < FILES);
    *file = (struct file){.bytes = calloc(1, size + 1), .lasting = calloc(1, size + 1), .size = size, .lasting_size = size};
    world->dirty[world->file_count] = calloc(1, size / SECTOR + 1);
    check(file->bytes && file->lasting && world->dirty[world->file_count]);
    return (int)world->file_count++;
}

static void write_file(struct world *world, int at, const unsigned char *bytes, size_t size, uint64_t offset)
{
    struct file *file = &world->files[at];

    check(offset + size <= file->size);
    memcpy(file->bytes + offset, bytes, size);
    if (size)
        memset(world->dirty[at] + offset / SECTOR, 1, (offset + size - 1) / SECTOR - offset / SECTOR + 1);
}

static void sync_file(struct world *world, int at)
{
    struct file *file = &world->files[at];

    for (size_t i = 0; i < file->size; i += SECTOR)
        if (world->dirty[at][i / SECTOR]) {
            memcpy(file->lasting + i, file->bytes + i, file->size - i < SECTOR ? file->size - i : SECTOR);
            world->dirty[at][i / SECTOR] = 0;
        }
    file->lasting_size = file->size;
}

static void sync_names(struct world *world, const char *directory)
{
    size_t length = strlen(directory);

    for (unsigned i = 0; i < world->name_count; i++)
        if (length == 0 || (strncmp(world->names[i].name, directory, length) == 0 && world->names[i].name[length] == '/'))
            world->names[i].lasting = world->names[i].file;
}

static void apply(struct world *world, const struct op *op)
{
    int at;

    switch (op->kind) {
    case OP_PUT:
        at = new_file(world, op->size);
        write_file(world, at, op->bytes, op->size, 0);
        world->files[at].lasting_size = 0;
        world->names[name_of(world, op->name)].file = at;
        break;
    case OP_RESERVE:
        at = new_file(world, op->offset);
        world->names[name_of(world, op->name)].file = at;
        world->by_fd[op->fd] = at;
        break;
    case OP_REMOVE:
        world->names[name_of(world, op->name)].file = -1;
        break;
    case OP_RENAME:
        world->names[name_of(world, op->to)].file = world->names[name_of(world, op->name)].file;
        world->names[name_of(world, op->name)].file = -1;
        break;
    case OP_WRITE:
        write_file(world, world->by_fd[op->fd], op->bytes, op->size, op->offset);
        break;
    case OP_SYNC:
        sync_file(world, world->by_fd[op->fd]);
        break;
    case OP_SYNC_DIRECTORY:
        sync_names(world, op->name);
        break;
    case OP_SYNC_ALL:
        for (unsigned i = 0; i < world->file_count; i++)
            sync_file(world, (int)i);
        sync_names(world, "");
        break;
    }
}

static void world_finish(struct world *world)
{
    for (unsigned i = 0; i < world->file_count; i++) {
        free(world->files[i].bytes);
        free(world->files[i].lasting);
        free(world->dirty[i]);
    }
    free(world);
}

/* ---- what is found afterwards ---- */

static bool is_kept(enum keeping keeping)
{
    return keeping == KEEP_ALL || (keeping == KEEP_SOME && draw(2));
}

/* What lasts of a file, and of the rest any sectors; of one that nobody synced any length. */
static void put_file(const struct world *world, int at, enum keeping keeping, int directory, const char *name)
{
    const struct file *file = &world->files[at];
    size_t size = is_kept(keeping) ? file->size : file->lasting_size;
    unsigned char *bytes = malloc(file->size + 1);
    int fd = openat(directory, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    check(fd >= 0 && bytes);
    if (keeping == KEEP_SOME && size > file->lasting_size)
        size = file->lasting_size + draw((unsigned)(size - file->lasting_size) + 1);
    memcpy(bytes, file->lasting, file->size);
    for (size_t i = 0; i < size; i += SECTOR)
        if (world->dirty[at][i / SECTOR] && is_kept(keeping))
            memcpy(bytes + i, file->bytes + i, file->size - i < SECTOR ? file->size - i : SECTOR);
    check_int(file_write_all(fd, bytes, size), 0);
    close(fd);
    free(bytes);
}

static void make_parents(int directory, const char *name)
{
    char parent[96];

    for (const char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
        snprintf(parent, sizeof(parent), "%.*s", (int)(slash - name), name);
        (void)!mkdirat(directory, parent, 0755);
    }
}

static void put_world(const struct world *world, enum keeping keeping, const char *path)
{
    int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    check(directory >= 0);
    for (unsigned i = 0; i < world->name_count; i++) {
        int file = is_kept(keeping) ? world->names[i].file : world->names[i].lasting;

        if (file < 0 || strcmp(world->names[i].name, "reserve") == 0)
            continue;
        make_parents(directory, world->names[i].name);
        put_file(world, file, keeping, directory, world->names[i].name);
    }
    close(directory);
}

/* ---- the run that power is taken from ---- */

struct acknowledged {
    size_t op; /* once so many operations were done, */
    uint64_t number; /* so many records of the writer had been acknowledged */
};

static void work(struct logs_machine *machine, const char *directory, struct acknowledged *acknowledged, size_t *ret_count)
{
    struct log *log = logs_open(directory, &machine->machine);
    uint64_t number = 0;
    size_t count = 0;
    struct error err;

    while (number < RECORDS) {
        uint64_t more = 1 + draw(60);

        logs_append(log, number + 1, number + more, RECORD);
        check_int(log_commit(log, NULL, &err), 0);
        number += more;
        acknowledged[count++] = (struct acknowledged){machine->op_count, number};
        if (draw(4) == 0)
            check_int(log_tick(log, &err), 0);
        if (number > RECORDS / 2 && number < RECORDS / 2 + 60 && draw(2)) {
            log_close(log);
            log = logs_open(directory, &machine->machine);
        }
    }
    log_close(log);
    *ret_count = count;
}

static void recover(const char *directory, uint64_t acknowledged, size_t op, enum keeping keeping)
{
    const struct log_options options = {.origin = LOGS_ORIGIN, .signer = logs_signer(), .segment_bytes = LOGS_SEGMENT};
    struct log *log = NULL;
    uint64_t number;
    struct error err;

    if (log_open(directory, &options, &log, &err) < 0)
        test_fail(__FILE__, __LINE__, "power lost after operation %zu, keeping %d: %s", op, keeping, err.text);
    number = log_number(log, logs_label.writer);
    if (number < acknowledged)
        test_fail(__FILE__, __LINE__, "power lost after operation %zu, keeping %d: %llu records, %llu were acknowledged", op, keeping,
                  (unsigned long long)number, (unsigned long long)acknowledged);
    logs_append(log, number + 1, number + 3, RECORD);
    check_int(log_tick(log, &err), 0);
    log_close(log);
    check_int(logs_check(directory, RECORD), (long long)number + 3);
}

static void lose_power_at(const struct logs_machine *machine, size_t ops, uint64_t acknowledged, const char *place)
{
    for (enum keeping keeping = test_rounds(KEEPINGS) == KEEPINGS ? KEEP_NOTHING : KEEP_SOME; keeping < KEEPINGS; keeping++) {
        struct world *world = calloc(1, sizeof(*world));
        char directory[64], command[80];

        check(world);
        snprintf(directory, sizeof(directory), "%s/found", place);
        check_int(mkdir(directory, 0755), 0);
        for (size_t i = 0; i < ops; i++)
            apply(world, &machine->ops[i]);
        put_world(world, keeping, directory);
        world_finish(world);
        recover(directory, acknowledged, ops, keeping);
        snprintf(command, sizeof(command), "rm -rf %s", directory);
        check_int(system(command), 0);
    }
}

/* CORDON_TEST_LONG: at every operation; else at each of a few dozen that are drawn, and at the first. */
TEST(power_may_be_lost_between_any_two_operations)
{
    static struct acknowledged acknowledged[RECORDS];
    struct logs_machine machine;
    size_t count = 0, next = 0, step;
    char directory[32], place[32];
    uint64_t number = 0;

    state = getenv("CORDON_TEST_SEED") ? strtoull(getenv("CORDON_TEST_SEED"), NULL, 0) : (uint64_t)getpid();
    printf("  seed %llu\n", (unsigned long long)state);
    logs_machine_begin(&machine);
    work(&machine, logs_directory(directory), acknowledged, &count);
    logs_directory(place);
    step = getenv("CORDON_TEST_LONG") ? 1 : machine.op_count / 40;
    for (size_t ops = 0; ops <= machine.op_count; ops += ops < 12 ? 1 : 1 + draw((unsigned)(2 * step - 1))) {
        while (next < count && acknowledged[next].op <= ops)
            number = acknowledged[next++].number;
        lose_power_at(&machine, ops, number, place);
    }
    logs_machine_finish(&machine);
}
