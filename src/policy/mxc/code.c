/* SPDX-License-Identifier: Apache-2.0 */
/* Which of MXC's error codes an error of Cordon is. One table: the first row that fits decides. */
#include <ctype.h>
#include <errno.h>

#include "policy/mxc/mxc.h"

/* errnum 0 = any. A kind alone says most; errnum tells apart what MXC gives codes of their own. */
static const struct code_row {
    enum error_kind kind;
    int errnum;
    enum mxc_code code;
} code_rows[] = {
    {ERROR_NONE, 0, MXC_OK},
    {ERROR_INVALID, EBADMSG, MXC_MALFORMED_ID},
    {ERROR_INVALID, 0, MXC_MALFORMED_REQUEST},
    {ERROR_LIMIT, 0, MXC_MALFORMED_REQUEST},
    {ERROR_SCHEMA, EOPNOTSUPP, MXC_UNSUPPORTED_PHASE},
    {ERROR_SCHEMA, ENODEV, MXC_BACKEND_UNAVAILABLE},
    {ERROR_SCHEMA, ESTALE, MXC_STALE_ID},
    {ERROR_SCHEMA, ENOENT, MXC_NOT_PROVISIONED},
    {ERROR_SCHEMA, ESRCH, MXC_NOT_STARTED},
    {ERROR_SCHEMA, EALREADY, MXC_ALREADY_STARTED},
    {ERROR_SCHEMA, ESHUTDOWN, MXC_ALREADY_STOPPED},
    {ERROR_SCHEMA, 0, MXC_UNSUPPORTED_CONTAINMENT},
    {ERROR_FORBIDDEN, 0, MXC_POLICY_VALIDATION},
};

enum mxc_code mxc_error_code(const struct error *err)
{
    for (size_t i = 0; i < ARRAY_COUNT(code_rows); i++)
        if ((int)code_rows[i].kind == err->kind &&
            (!code_rows[i].errnum || code_rows[i].errnum == err->errnum))
            return code_rows[i].code;
    return MXC_BACKEND_ERROR;
}

const char *mxc_code_name(int code)
{
    static const char *const names[] = {
        [MXC_OK] = "",
        [MXC_MALFORMED_REQUEST] = "malformed_request",
        [MXC_UNSUPPORTED_CONTAINMENT] = "unsupported_containment",
        [MXC_UNSUPPORTED_PHASE] = "unsupported_phase",
        [MXC_BACKEND_UNAVAILABLE] = "backend_unavailable",
        [MXC_MALFORMED_ID] = "malformed_id",
        [MXC_STALE_ID] = "stale_id",
        [MXC_NOT_PROVISIONED] = "not_provisioned",
        [MXC_NOT_STARTED] = "not_started",
        [MXC_ALREADY_STARTED] = "already_started",
        [MXC_ALREADY_STOPPED] = "already_stopped",
        [MXC_POLICY_VALIDATION] = "policy_validation",
        [MXC_BACKEND_ERROR] = "backend_error",
    };

    if (code < 0 || (size_t)code >= ARRAY_COUNT(names))
        return "";
    return names[code];
}

/* ":<digits>" at `at`: what follows the digits, NULL when it is something else. */
static const char *skip_number(const char *at)
{
    if (*at != ':' || !isdigit((unsigned char)at[1]))
        return NULL;
    for (at++; isdigit((unsigned char)*at);)
        at++;
    return at;
}

const char *mxc_error_message(const struct error *err)
{
    for (const char *at = err->text; *at; at++) {
        const char *end = skip_number(at);

        end = end ? skip_number(end) : NULL;
        if (end && end[0] == ':' && end[1] == ' ')
            return end + 2;
    }
    return err->text;
}
