/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ownership. What a function acquires it holds in an auto_ variable, what it gives away it gives
 * with take_ptr() or take_fd(). Everything that lives as long as a policy or a plan lives in one
 * arena and is freed in one call. Every allocation of Cordon passes through here, so that tests can
 * make each one fail once.
 */
#ifndef CORDON_BASE_MEMORY_H
#define CORDON_BASE_MEMORY_H

#include <stdarg.h>
#include <stddef.h>

#include "base/compiler.h"

void *mem_alloc(size_t size) must_check;             /* zeroed; NULL when out of memory */
void *mem_resize(void *old, size_t size) must_check; /* like realloc; old stays valid on failure */
char *mem_string(const char *text) must_check;       /* NULL-terminated copy */
void mem_free(void *pointer);

/* Test hook: let `count` allocations succeed, then fail exactly one. Negative switches it off.
 * Returns the rest. */
long mem_fail_after(long count);

void mem_free_at(void *pointer_to_pointer);
void fd_close_at(int *fd);

#define auto_free  cleanup_with(mem_free_at)
#define auto_close cleanup_with(fd_close_at)

#define take_ptr(variable)                                                                         \
    ({                                                                                             \
        __typeof__(variable) taken_ = (variable);                                                  \
        (variable) = NULL;                                                                         \
        taken_;                                                                                    \
    })

#define take_fd(variable)                                                                          \
    ({                                                                                             \
        int taken_ = (variable);                                                                   \
        (variable) = -1;                                                                           \
        taken_;                                                                                    \
    })

struct arena;

struct arena *arena_new(void) must_check;
void arena_free(struct arena *arena);
void arena_free_at(struct arena **arena);
#define auto_arena cleanup_with(arena_free_at)

/* Zeroed, aligned for any type, never NULL for a valid arena unless out of memory. */
void *arena_alloc(struct arena *arena, size_t size) must_check;
char *arena_string(struct arena *arena, const char *text) must_check;
char *arena_string_n(struct arena *arena, const char *text, size_t length) must_check;
char *arena_printf(struct arena *arena, const char *format, ...) must_check printf_like(2, 3);

/*
 * Append one zeroed element to an array that lives in the arena: `array` is a pointer variable,
 * `count` its size_t count. Evaluates to a pointer to the new element or NULL. Capacity is the next
 * power of two.
 */
#define arena_append(arena, array, count)                                                          \
    ((__typeof__(array))arena_append_raw(arena, (void **)&(array), &(count), sizeof(*(array))))
void *arena_append_raw(struct arena *arena, void **array, size_t *count, size_t size) must_check;

/* The same for a text, which is not copied, unless one that is equal is there. 0 or -ENOMEM. */
int arena_append_once(struct arena *arena, const char ***texts, size_t *count, const char *text) must_check;

#endif
