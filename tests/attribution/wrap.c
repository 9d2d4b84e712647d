/* SPDX-License-Identifier: Apache-2.0 */
/* Each request of cordon-launched-cli is given the launcher's socket: the linker puts this in the way (--wrap). */
#include <cordon/cordon.h>

#define LAUNCHER 3

int __real_cordon_request_new(struct cordon_request **ret_request, struct cordon_error *err);
int __wrap_cordon_request_new(struct cordon_request **ret_request, struct cordon_error *err);

int __wrap_cordon_request_new(struct cordon_request **ret_request, struct cordon_error *err)
{
    int status = __real_cordon_request_new(ret_request, err);

    return status < 0 ? status : cordon_request_set_launcher(*ret_request, LAUNCHER, err);
}
