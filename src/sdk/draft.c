/* SPDX-License-Identifier: Apache-2.0 */
/* Drafts by the public interface. */
#include "author/draft.h"

#include "sdk/request.h"

int cordon_draft(const struct cordon_draft *draft, char **ret_text, struct cordon_error *err)
{
    const struct draft wanted = {
        .template_name = draft->template_name,
        .hosts = draft->hosts,
        .packages = draft->packages,
        .git = draft->git,
        .git_push = draft->git_push,
        .secrets = draft->secrets,
        .ports = draft->ports,
    };

    return draft_make(&wanted, ret_text, public_error(err));
}

const char *const *cordon_templates(void)
{
    return draft_template_names;
}
