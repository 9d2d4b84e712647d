/* SPDX-License-Identifier: Apache-2.0 */
/* The clocks: one to measure and to wait with, one to tell the time with, one that nobody sets and that never stands still. */
#ifndef CORDON_BASE_CLOCK_H
#define CORDON_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

#define NS_PER_MS 1000000ull
#define NS_PER_S  1000000000ull

/* Times since 1970 up to the year 2262: in nanoseconds they still are numbers, with a sign or without. */
#define CLOCK_MS_MAX ((uint64_t)INT64_MAX / NS_PER_MS)

/* Nanoseconds that only go forward (CLOCK_MONOTONIC), from an arbitrary start. */
static inline uint64_t clock_monotonic_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

/* Nanoseconds since 1970 (CLOCK_REALTIME), UTC. */
static inline uint64_t clock_real_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

/* The same as the first, and it goes on while the machine is suspended (CLOCK_BOOTTIME). */
static inline uint64_t clock_boot_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_BOOTTIME, &now);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

/* The same as of the last tick, which is what file systems stamp with. */
static inline uint64_t clock_stamp_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

#endif
