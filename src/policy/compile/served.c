/* SPDX-License-Identifier: Apache-2.0 */
/* Where the program finds its certificate and whom to believe, without asking (identity.files). */
#include "policy/compile/compile.h"
#include "policy/model/effective.h"

#define OWN_DIRECTORY "/run/cordon/id"

int served_want_directory(struct compile *c, struct error *err)
{
    struct layout_want want = {.path = OWN_DIRECTORY, .state = LAYOUT_SERVED, .is_directory = true};
    const struct origin *origin = NULL;
    int status;

    if (!policy_flag_permits(c->policy, FLAG_IDENTITY_FILES, &origin))
        return 0;
    status = compile_origin(c, origin, &want.origin, err);
    return status < 0 ? status : layout_want(c->layout, &want, err);
}
