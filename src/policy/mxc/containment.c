/* SPDX-License-Identifier: Apache-2.0 */
/* Which backend a document asks for: only its own section may be there, and Linux has to have it.
 */
#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "policy/mxc/request.h"

static const char *canonical(const char *containment)
{
    if (strcmp(containment, "appcontainer") == 0)
        return "processcontainer";
    return strcmp(containment, "macos_sandbox") == 0 ? "seatbelt" : containment;
}

/* An isolation session cannot filter, so its network has to say so in full. */
static bool is_all_allowed(const struct node *root)
{
    const struct node *network = mxc_get(root, "network");
    const struct node *egress = mxc_get(network, "egress"), *ingress = mxc_get(network, "ingress");

    return mxc_is(mxc_get(egress, "default"), "allow") &&
           mxc_is(mxc_get(ingress, "default"), "allow") &&
           mxc_is(mxc_get(ingress, "hostLoopback"), "allow") && !mxc_get(egress, "allow") &&
           !mxc_get(egress, "deny") && !mxc_get(mxc_get(root, "runtimeConfig"), "networkProxy");
}

static int refuse_sections(const struct request *request, const struct node *first,
                           const char *names)
{
    return mxc_refuse(request, first, ERROR_INVALID, 0,
                      "Multiple containment backends configured: containment is '%s', but there "
                      "are section(s) of others: %s; remove them",
                      request->containment, names);
}

static int check_sections(const struct request *request)
{
    struct text names auto_text = {0};
    const struct node *first = NULL;

    for (size_t i = 0; i < mxc_section_count; i++) {
        const struct node *section = mxc_section_get(request->root, mxc_sections[i].member);

        if (!section || strcmp(mxc_sections[i].containment, request->containment) == 0)
            continue;
        text_printf(&names, "%s%s", first ? ", " : "", mxc_sections[i].member);
        first = first ? first : section;
    }
    if (names.is_broken)
        return error_memory(request->err);
    return first ? refuse_sections(request, first, names.data) : 0;
}

int mxc_containment(struct request *request)
{
    const struct node *node = mxc_get(request->root, "containment");

    if (request->contract->phase != MXC_ONE_SHOT)
        return 0;
    request->containment = node ? canonical(node->text) : "process";
    if (strcmp(request->containment, "isolation_session") == 0 &&
        (request->version & MXC_REGISTERED) && !is_all_allowed(request->root))
        return mxc_refuse(
            request, node, ERROR_INVALID, 0,
            "Invalid one-shot request: containment 'isolation_session' cannot filter: "
            "network.egress.default, network.ingress.default and "
            "network.ingress.hostLoopback must be 'allow', without rules or proxy");
    return check_sections(request);
}

int mxc_availability(const struct request *request)
{
    const struct node *node = mxc_get(request->root, "containment");

    if (request->contract->phase != MXC_ONE_SHOT)
        return 0;
    if (strcmp(request->containment, "process") == 0 ||
        strcmp(request->containment, "bubblewrap") == 0) {
        mxc_setting(request, &request->document->tier, node, "containment", TIER_PROCESS);
        return 0;
    }
    if (strcmp(request->containment, "lxc") == 0)
        return mxc_refuse(request, node, ERROR_SCHEMA, 0,
                          "containment: the 'lxc' backend is not in this build; use 'process'");
    return mxc_refuse(request, node, ERROR_SCHEMA, 0,
                      "containment: the '%s' backend is not available on Linux; use 'process'",
                      request->containment);
}

/* Lifecycle documents after the first name their sandbox: "<prefix>:<token>". */
int mxc_sandbox_id(const struct request *request)
{
    static const char *const prefixes[] = {"wslc", "iso", "wsb"};
    const struct node *node = mxc_get(request->root, "sandboxId");
    const char *colon = node ? strchr(node->text, ':') : NULL;

    if (!node || request->contract->phase == MXC_ONE_SHOT)
        return 0;
    if (mxc_has_nul(node) || !colon || colon == node->text)
        return mxc_refuse(request, node, ERROR_INVALID, EBADMSG,
                          "sandboxId is not of the form `<prefix>:...`");
    for (size_t i = 0; i < ARRAY_COUNT(prefixes); i++)
        if (strlen(prefixes[i]) == (size_t)(colon - node->text) &&
            strncmp(prefixes[i], node->text, (size_t)(colon - node->text)) == 0)
            return 0;
    return mxc_refuse(request, node, ERROR_SCHEMA, 0,
                      "sandboxId: no backend has the prefix '%.*s'; known are wslc, iso and wsb",
                      (int)(colon - node->text < 40 ? colon - node->text : 40), node->text);
}
