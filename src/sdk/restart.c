/* SPDX-License-Identifier: Apache-2.0 */
/* When a container that is kept is started again by itself: the words for it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "sdk/keeping.h"
#include "sdk/request.h"

#define TIMES_DIGITS_MAX 4

static const char *const words[] = {[RESTART_NO] = "no", [RESTART_ON_FAILURE] = "on-failure", [RESTART_ALWAYS] = "always", [RESTART_UNLESS_STOPPED] = "unless-stopped"};

int restart_parse(const char *text, struct restart *ret_restart, struct error *err)
{
    size_t length = strcspn(text, ":"), digits = text[length] ? strspn(text + length + 1, "0123456789") : 0;

    for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
        if (strlen(words[i]) != length || strncmp(words[i], text, length) != 0)
            continue;
        if (text[length] && (i != RESTART_ON_FAILURE || !digits || digits > TIMES_DIGITS_MAX || text[length + 1 + digits] || text[length + 1] == '0'))
            break;
        *ret_restart = (struct restart){.kind = (enum restart_kind)i, .times_max = digits ? (unsigned)strtoul(text + length + 1, NULL, 10) : 0};
        return 0;
    }
    return error_set(err, ERROR_INVALID, EINVAL, "restart '%.40s': no, on-failure, on-failure:TIMES (1 to 9999), always or unless-stopped", text);
}

int cordon_request_set_restart(struct cordon_request *request, const char *when, struct cordon_error *err)
{
    struct restart restart;
    char *copy = NULL;

    if (when && restart_parse(when, &restart, public_error(err)) < 0)
        return -EINVAL;
    if (when && !(copy = mem_string(when)))
        return error_memory(public_error(err));
    mem_free(request->restart);
    request->restart = copy;
    return 0;
}
