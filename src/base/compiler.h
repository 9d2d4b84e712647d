/* SPDX-License-Identifier: Apache-2.0 */
/* Compiler attributes and small macros. The only place that names GNU attributes. */
#ifndef CORDON_BASE_COMPILER_H
#define CORDON_BASE_COMPILER_H

#include <stddef.h>

#define must_check                       __attribute__((warn_unused_result))
#define printf_like(format_at, first_at) __attribute__((format(printf, format_at, first_at)))
#define no_return                        __attribute__((noreturn))
#define packed_struct                    __attribute__((packed))
#define unused_arg                       __attribute__((unused))
#define cleanup_with(function)           __attribute__((cleanup(function)))
/* For a large buffer on a hot path that is written before it is read. */
#define not_initialised          __attribute__((uninitialized))
#define public_symbol                    __attribute__((visibility("default")))

#define ARRAY_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The struct of which `pointer` is the member. */
#define container_of(pointer, type, member) ((type *)(void *)((char *)(pointer) - offsetof(type, member)))

#define STRINGIFY_(x) #x
#define STRINGIFY(x)  STRINGIFY_(x)

#endif
