/* SPDX-License-Identifier: Apache-2.0 */
/* Every number of the native table and some beyond, and the entries of other tables. */
#include "reach.h"

#define NUMBERS_MAX 600

/* Calls for which -1 everywhere says nothing, or which must not be called at all. */
static const struct {
    long number;
    bool is_skipped;
    long arguments[6];
} exceptions[] = {
    {SYS_modify_ldt, false, {0, 0, 0, 0, 0, 0}}, /* says ENOSYS to an unknown function */
    {SYS_keyctl, false, {0, -1, 0, 0, 0, 0}},    /* says EOPNOTSUPP to one */
    {SYS_vfork, true, {0}},                      /* shares the stack: as fork */
    {SYS_rt_sigreturn, true, {0}}, /* needs a frame; open or the first signal ends the program */
};

static void try_call(long number)
{
    long arguments[6] = {-1, -1, -1, -1, -1, -1};
    char name[32];
    long result;

    for (size_t i = 0; i < sizeof(exceptions) / sizeof(*exceptions); i++)
        if (exceptions[i].number == number) {
            if (exceptions[i].is_skipped)
                return;
            memcpy(arguments, exceptions[i].arguments, sizeof(arguments));
        }
    snprintf(name, sizeof(name), "%ld", number);
    result = reach_call(number, arguments);
    /* The third answer of Cordon's filter, which no call gives to arguments like these. */
    reach_note("call", name, reach_is_open(result) && result != -EOPNOTSUPP);
}

#ifdef __x86_64__
/* getpid() of the 32-bit table, in a child because the entry may end the process. */
static bool has_entry_i386(void)
{
    int status = 1;
    pid_t child = fork();

    if (child == 0) {
        long result;

        __asm__ volatile("int $0x80"
                         : "=a"(result)
                         : "a"(20L)
                         : "memory", "r8", "r9", "r10", "r11");
        _exit(result > 0 ? 0 : 1);
    }
    if (child > 0)
        waitpid(child, &status, 0);
    return status == 0;
}
#endif

void reach_calls(void)
{
    for (long number = 0; number < NUMBERS_MAX; number++)
        try_call(number);
#ifdef __x86_64__
    static const long none[6];

    reach_note("entry", "i386", has_entry_i386());
    reach_note("entry", "x32", reach_is_open(reach_call(0x40000000L + SYS_getpid, none)));
#endif
}
