/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a container, as its client will be told: all that the library knows of it, and then nothing is left of it here. */
#include <string.h>
#include <sys/socket.h>

#include "base/memory.h"
#include "keeper/keeper.h"

static void string_free_at(char **text)
{
    cordon_string_free(*text);
}
#define auto_string cleanup_with(string_free_at)

#define WORDS_MAX ((size_t)1 << 20)

/* What is longer than a field may be is left out: it is in the record, too. */
static const char *bounded(const char *text)
{
    return text && strnlen(text, WORDS_MAX + 1) <= WORDS_MAX ? text : NULL;
}

static int write_end(struct protocol_out *out, const struct session *session, const struct cordon_status *status, bool *ret_is_reviewed, struct error *err)
{
    auto_string char *findings = NULL, *findings_json = NULL, *denials = NULL;
    struct cordon_error *public = (struct cordon_error *)err;
    uint64_t denial_count = 0;
    size_t changes;
    int r = cordon_container_findings(session->container, CORDON_TEXT, &findings, public);

    if (r == 0)
        r = cordon_container_findings(session->container, CORDON_JSON, &findings_json, public);
    if (r == 0)
        r = cordon_container_denials(session->container, &denial_count, &denials, public);
    if (r < 0)
        return r;
    protocol_begin(out, PROTOCOL_RECORD_END, 0);
    protocol_add_bytes(out, TAG_STATUS, status, sizeof(*status));
    protocol_add_text(out, TAG_FINDINGS, bounded(findings));
    protocol_add_text(out, TAG_FINDINGS_JSON, bounded(findings_json));
    protocol_add_number(out, TAG_DENIALS, denial_count);
    protocol_add_text(out, TAG_DENIALS_TEXT, denials);
    *ret_is_reviewed = cordon_container_changes(session->container, &changes, NULL) == 0;
    if (*ret_is_reviewed)
        protocol_add_number(out, TAG_CHANGES, changes);
    return 0;
}

/* Of a program in a container that goes on: what was refused there is the container's to tell. Of a container inside: it is in its record. */
int session_tell_status(struct session *session, const struct cordon_status *status, struct error *err)
{
    auto_protocol struct protocol_out record, out = {0};
    auto_close int fd = -1;
    int r;

    protocol_begin(&record, PROTOCOL_RECORD_END, 0);
    protocol_add_bytes(&record, TAG_STATUS, status, sizeof(*status));
    protocol_add_number(&record, TAG_DENIALS, 0);
    r = protocol_seal(&record, "cordon-end", &fd, err);
    if (r < 0)
        return r;
    protocol_begin(&out, PROTOCOL_OVER, 0);
    return protocol_send(session->client.fd, MSG_DONTWAIT, &out, &fd, 1, err);
}

int session_over(struct session *session, const struct cordon_status *status, int *ret_record, struct error *err)
{
    auto_protocol struct protocol_out record = {0}, out = {0};
    auto_close int fd = -1;
    bool is_reviewed = false;
    int r = write_end(&record, session, status, &is_reviewed, err);

    if (r == 0)
        r = protocol_seal(&record, "cordon-end", &fd, err);
    if (is_reviewed) /* what waits is nobody's any more, and the client may look for it at once */
        cordon_container_free(take_ptr(session->container));
    if (r < 0)
        return r;
    protocol_begin(&out, PROTOCOL_OVER, 0);
    if (session->client.fd >= 0)
        r = protocol_send(session->client.fd, MSG_DONTWAIT, &out, &fd, 1, err);
    *ret_record = take_fd(fd);
    return r;
}
