/* SPDX-License-Identifier: Apache-2.0 */
#include "inspect/sessions.h"

#include <string.h>

#include <openssl/ssl.h>

#include "base/memory.h"
#include "net/name.h"

struct session {
    char name[NET_NAME_SIZE];
    unsigned port;
    SSL_SESSION *session; /* NULL = free */
};

struct sessions {
    struct session items[SESSIONS_MAX];
    unsigned next; /* where the next one goes: the oldest's place */
};

struct sessions *sessions_new(void)
{
    return mem_alloc(sizeof(struct sessions));
}

void sessions_put(struct sessions *sessions, const char *name, unsigned port, SSL_SESSION *session)
{
    struct session *item = &sessions->items[sessions->next++ % SESSIONS_MAX];

    SSL_SESSION_free(item->session);
    item->session = session;
    item->port = port;
    strncpy(item->name, name, sizeof(item->name) - 1);
}

SSL_SESSION *sessions_take(struct sessions *sessions, const char *name, unsigned port)
{
    for (unsigned i = 0; i < SESSIONS_MAX; i++) {
        struct session *item = &sessions->items[i];

        if (item->session && item->port == port && strcmp(item->name, name) == 0)
            return take_ptr(item->session);
    }
    return NULL;
}
