/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `cordon` whose runs begin in a container that stood before: linked in the place of cordon_spawn() (-Wl,--wrap), for the escape
 * tests' launcher cordon-kept. The program is executed into a live container, by the steps of a pool. What a pool starts from
 * nothing this does, too; of what can be kept ready none may turn out to be another. CORDON_TEST_UNSEALED: Landlock and the filter come with the program.
 */
#include <stdio.h>
#include <stdlib.h>

#include "sdk/container.h"

int __real_cordon_spawn(const struct cordon_request *request, struct cordon_container **ret_container, struct cordon_error *err);
int __wrap_cordon_spawn(const struct cordon_request *request, struct cordon_container **ret_container, struct cordon_error *err);

int __wrap_cordon_spawn(const struct cordon_request *request, struct cordon_container **ret_container, struct cordon_error *err)
{
    struct cordon_container *container = NULL;
    struct shared_assembly *last = NULL;
    bool is_proved;
    int status;

    if (request->is_tty || request->fd_count || request->is_reviewed || request->ask_ms || request->is_learning ||
        request->watch != CORDON_WATCH_REFUSED)
        return __real_cordon_spawn(request, ret_container, err);
    status = container_make_ready(request, getenv("CORDON_TEST_UNSEALED") != NULL, &last, &container, NULL);
    shared_assembly_drop(last);
    if (status < 0) /* so the refusal is one of a start, with its record */
        return __real_cordon_spawn(request, ret_container, err);
    status = container_settle(container, request, true, public_error(err));
    if (status > 0)
        status = container_take_ready(container, request, request, &is_proved, public_error(err));
    if (status > 0) {
        *ret_container = container;
        return 0;
    }
    cordon_container_free(container);
    if (status == 0) {
        fprintf(stderr, "cordon-kept: what stood is not what a start makes\n");
        abort();
    }
    return status;
}
