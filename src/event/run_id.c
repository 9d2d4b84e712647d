/* SPDX-License-Identifier: Apache-2.0 */
/* Names of runs: time first, so that they sort; then enough chance that two never meet. */
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "event/event.h"

/* No i, l, o, u: a run id is read aloud and typed. */
static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";

#define TIME_DIGITS   10
#define RANDOM_DIGITS (RUN_ID_LENGTH - TIME_DIGITS)

int run_id_new(char ret_id[RUN_ID_SIZE], struct error *err)
{
    unsigned char chance[RANDOM_DIGITS];
    uint64_t ms = clock_real_ns() / NS_PER_MS;

    if (getrandom(chance, sizeof(chance), 0) != (ssize_t)sizeof(chance))
        return error_system(err, errno, "getrandom");
    for (int i = TIME_DIGITS - 1; i >= 0; i--, ms >>= 5)
        ret_id[i] = digits[ms & 31];
    for (int i = 0; i < RANDOM_DIGITS; i++)
        ret_id[TIME_DIGITS + i] = digits[chance[i] & 31];
    ret_id[RUN_ID_LENGTH] = '\0';
    return 0;
}

bool run_id_is_valid(const char *text)
{
    return strlen(text) == RUN_ID_LENGTH && strspn(text, digits) == RUN_ID_LENGTH;
}

bool run_id_is_prefix(const char *text)
{
    size_t length = strlen(text);

    return length && length <= RUN_ID_LENGTH && strspn(text, digits) == length;
}

uint64_t run_id_ms(const char *id)
{
    uint64_t ms = 0;

    for (int i = 0; i < TIME_DIGITS; i++)
        ms = ms << 5 | (uint64_t)(strchr(digits, id[i]) - digits);
    return ms;
}
