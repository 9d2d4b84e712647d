/* SPDX-License-Identifier: Apache-2.0 */
/* What narrows a rule of network.egress beyond its destination, and how much may go by. */
#include "policy/read/members.h"

static const struct member method_item = {.type = VALUE_METHOD, .store = store_method};
static const struct member path_item = {.type = VALUE_URL_PATH, .store = store_url_path};
static const struct member call_item = {.type = VALUE_WORD, .store = store_call};
static const struct member tool_item = {.type = VALUE_WORD, .store = store_tool};

const struct member http_members[] = {
    {.name = "methods",
     .type = VALUE_LIST,
     .description = "HTTP methods; all when left out",
     .item = &method_item,
     .minimum = 1,
     .maximum = WORDS_MAX},
    {.name = "paths",
     .type = VALUE_LIST,
     .description = "Paths, without query; '*' within a component, '**' for any number of them; all when left out",
     .item = &path_item,
     .minimum = 1,
     .maximum = WORDS_MAX},
    {.name = "websocket",
     .type = VALUE_BOOL,
     .description = "A request may become a WebSocket, whose messages nobody judges (default false)",
     .store = store_websocket},
    END,
};

const struct member mcp_members[] = {
    {.name = "tools",
     .type = VALUE_LIST,
     .description = "Tools of the MCP server that may be called; none when left out",
     .item = &tool_item,
     .minimum = 1,
     .maximum = WORDS_MAX},
    {.name = "methods",
     .type = VALUE_LIST,
     .description = "Methods beside those that every session says and that do nothing",
     .item = &call_item,
     .minimum = 1,
     .maximum = WORDS_MAX},
    END,
};

const struct member jsonrpc_members[] = {
    {.name = "methods",
     .type = VALUE_LIST,
     .description = "Methods that may be called",
     .item = &call_item,
     .is_required = true,
     .minimum = 1,
     .maximum = WORDS_MAX},
    END,
};

#define BUDGET(member_name, member_type, text, field)                                                                \
    {                                                                                                                \
        .name = (member_name), .type = (member_type), .description = (text), .minimum = 1, .maximum = BUDGET_MAX,    \
        .offset = offsetof(struct net_budget, field), .store = store_budget                                          \
    }
const struct member budget_members[] = {
    BUDGET("connections", VALUE_COUNT, "Connections, and flows of datagrams", connections),
    BUDGET("requests", VALUE_COUNT, "Requests, of those that are read (http, mcp, jsonrpc, tls: terminate)", requests),
    BUDGET("bytesUp", VALUE_SIZE, "Bytes that leave", bytes_up),
    BUDGET("bytesDown", VALUE_SIZE, "Bytes that come back", bytes_down),
    BUDGET("bytesPerSecond", VALUE_SIZE, "Bytes of both ways together in a second; what is more waits", bytes_per_second),
    {.name = "onLimit",
     .type = VALUE_CHOICE,
     .description = "What happens when it is used up: nothing more is forwarded, or the run ends (default stop)",
     .choices = (const char *const[]){"stop", "end", NULL},
     .store = store_budget_end},
    END,
};
