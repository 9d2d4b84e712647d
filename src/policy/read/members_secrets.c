/* SPDX-License-Identifier: Apache-2.0 */
/* secrets[]: a request's item asks, a ceiling's says what may be asked for; store_secret_close() knows which it is. */
#include "policy/read/members.h"

static const struct member host_item = {.type = VALUE_HOST, .store = store_secret_host};
static const struct member argument_item = {.type = VALUE_TEXT, .maximum = TEXT_MAX, .store = store_secret_argument};

static const struct member place_members[] = {
    {.name = "header",
     .type = VALUE_TOKEN,
     .description = "Name of a header; the placeholder may have text around it",
     .store = store_secret_place,
     .detail = NET_SECRET_HEADER},
    {.name = "query",
     .type = VALUE_FIELD,
     .description = "Name of a parameter of the query",
     .store = store_secret_place,
     .detail = NET_SECRET_QUERY},
    {.name = "basicAuth",
     .type = VALUE_BOOL,
     .description = "User or password of Authorization: Basic",
     .store = store_secret_place,
     .detail = NET_SECRET_BASIC},
    {.name = "body",
     .type = VALUE_POINTER,
     .description = "JSON pointer, or name of a field in a form",
     .store = store_secret_place,
     .detail = NET_SECRET_BODY},
    END,
};
static const struct member place_item = {.type = VALUE_MAP, .members = place_members, .close = store_secret_place_close};

static const struct member secret_members[] = {
    {.name = "name",
     .type = VALUE_ENV_NAME,
     .description = "Name of the secret, and of the variable that holds its placeholder inside",
     .store = store_secret_name},
    {.name = "file",
     .type = VALUE_PATH,
     .description = "File inside that holds the placeholder, instead of a variable",
     .store = store_secret_file},
    {.name = "source",
     .type = VALUE_SOURCE,
     .description = "Where the value comes from: env:NAME, file:PATH or keyring:DESCRIPTION",
     .store = store_secret_source},
    {.name = "command",
     .type = VALUE_LIST,
     .description = "Where the value comes from: a program and its arguments, run outside by the caller",
     .item = &argument_item,
     .minimum = 1,
     .maximum = 64,
     .open = store_secret_command},
    {.name = "prefix",
     .type = VALUE_PREFIX,
     .description = "What the placeholder begins with, for programs that look at it",
     .store = store_secret_prefix},
    {.name = "hosts",
     .type = VALUE_LIST,
     .description = "Hosts that are sent the value",
     .item = &host_item,
     .minimum = 1,
     .maximum = WORDS_MAX,
     .open = store_secret_hosts},
    {.name = "in",
     .type = VALUE_LIST,
     .description = "Where in a request the placeholder may stand (default header Authorization)",
     .item = &place_item,
     .minimum = 1,
     .maximum = 16,
     .open = store_secret_places},
    END,
};
const struct member secret_item = {
    .type = VALUE_MAP, .members = secret_members, .open = store_secret_open, .close = store_secret_close};
