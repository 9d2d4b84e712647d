/* SPDX-License-Identifier: Apache-2.0 */
/* Allocation, arenas and the cleanup functions behind auto_ variables. */
#include "base/memory.h"

#include <errno.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static _Thread_local long fail_after = -1;

long mem_fail_after(long count)
{
    long rest = fail_after;

    fail_after = count;
    return rest;
}

static int mem_must_fail(void)
{
    if (fail_after < 0)
        return 0;
    return fail_after-- == 0;
}

void *mem_alloc(size_t size)
{
    return mem_must_fail() ? NULL : calloc(1, size ? size : 1);
}

void *mem_resize(void *old, size_t size)
{
    return mem_must_fail() ? NULL : realloc(old, size ? size : 1);
}

char *mem_string(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = mem_alloc(size);

    if (copy)
        memcpy(copy, text, size);
    return copy;
}

void mem_free(void *pointer)
{
    free(pointer);
}

void mem_free_at(void *pointer_to_pointer)
{
    void *pointer;

    memcpy(&pointer, pointer_to_pointer, sizeof(pointer));
    free(pointer);
}

void fd_close_at(int *fd)
{
    int saved = errno;

    if (*fd >= 0)
        close(*fd);
    errno = saved;
}

#define ARENA_BLOCK ((size_t)16 * 1024)
#define ARENA_FIRST ((size_t)4 * 1024) /* of many there is no more */

struct arena_block {
    struct arena_block *next;
    size_t size, used;
    alignas(max_align_t) unsigned char data[];
};

struct arena {
    struct arena_block *blocks;
};

struct arena *arena_new(void)
{
    return mem_alloc(sizeof(struct arena));
}

void arena_free(struct arena *arena)
{
    if (!arena)
        return;
    for (struct arena_block *block = arena->blocks; block;) {
        struct arena_block *next = block->next;

        mem_free(block);
        block = next;
    }
    mem_free(arena);
}

void arena_free_at(struct arena **arena)
{
    arena_free(*arena);
}

static struct arena_block *arena_grow(struct arena *arena, size_t size)
{
    size_t least = arena->blocks ? ARENA_BLOCK : ARENA_FIRST, capacity = size > least ? size : least;
    struct arena_block *block = mem_alloc(sizeof(*block) + capacity);

    if (!block)
        return NULL;
    block->size = capacity;
    block->next = arena->blocks;
    arena->blocks = block;
    return block;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    struct arena_block *block = arena->blocks;
    size_t align = alignof(max_align_t);
    void *result;

    if (size > SIZE_MAX / 2)
        return NULL;
    size = (size + align - 1) & ~(align - 1);
    if (!block || block->size - block->used < size)
        block = arena_grow(arena, size);
    else if (mem_must_fail()) /* whichever it is that meets the end of a block */
        return NULL;
    if (!block)
        return NULL;
    result = block->data + block->used;
    block->used += size;
    return result;
}

char *arena_string_n(struct arena *arena, const char *text, size_t length)
{
    char *copy = arena_alloc(arena, length + 1);

    if (copy)
        memcpy(copy, text, length);
    return copy;
}

char *arena_string(struct arena *arena, const char *text)
{
    return arena_string_n(arena, text, strlen(text));
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args, again;
    char *text = NULL;
    int length;

    va_start(args, format);
    va_copy(again, args);
    length = vsnprintf(NULL, 0, format, args);
    if (length >= 0)
        text = arena_alloc(arena, (size_t)length + 1);
    if (text)
        vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    va_end(args);
    return text;
}

void *arena_append_raw(struct arena *arena, void **array, size_t *count, size_t size)
{
    size_t n = *count;

    if ((n & (n - 1)) == 0) { /* 0 or a power of two: full */
        void *grown = arena_alloc(arena, (n ? 2 * n : 1) * size);

        if (!grown)
            return NULL;
        if (n)
            memcpy(grown, *array, n * size);
        *array = grown;
    }
    *count = n + 1;
    return (char *)*array + n * size;
}

int arena_append_once(struct arena *arena, const char ***texts, size_t *count, const char *text)
{
    const char **slot;

    for (size_t i = 0; i < *count; i++)
        if (strcmp((*texts)[i], text) == 0)
            return 0;
    slot = arena_append(arena, *texts, *count);
    if (!slot)
        return -ENOMEM;
    *slot = text;
    return 0;
}
