/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of table.h. */
#include "protocol/table.h"

#include "base/compiler.h"

#define CLIENT   PROTOCOL_CLIENT
#define DAEMON   PROTOCOL_DAEMON
#define KEEPER   PROTOCOL_KEEPER
#define LAUNCHER PROTOCOL_LAUNCHER
#define LOGGER   PROTOCOL_LOGGER
#define WRITERS  (PROTOCOL_KEEPER | PROTOCOL_DAEMON | PROTOCOL_SIGNER | PROTOCOL_LAUNCHER)
#define SIGNER   PROTOCOL_SIGNER

#define PATH_TEXT_MAX  4096
#define LINE_TEXT_MAX  4096
#define WORDS_TEXT_MAX 16384
#define ARGUMENT_MAX   (128u << 10) /* MAX_ARG_STRLEN */
#define DOCUMENT_MAX   (1u << 20)

#define NUMBER(tag_name)     [TAG_##tag_name] = {#tag_name, PROTOCOL_NUMBER, 8}
#define TEXT(tag_name, most)  [TAG_##tag_name] = {#tag_name, PROTOCOL_TEXT, most}
#define BYTES(tag_name, most) [TAG_##tag_name] = {#tag_name, PROTOCOL_BYTES, most}

static const struct protocol_tag_row tags[TAG_LIMIT] = {
    NUMBER(VERSION_LEAST),
    NUMBER(VERSION_MOST),
    TEXT(PROGRAM, 64),
    NUMBER(KIND),
    BYTES(KEY, 32),
    TEXT(NAME, 64),
    TEXT(ID, 64),
    NUMBER(STATE),
    NUMBER(ERROR_KIND),
    NUMBER(ERRNUM),
    TEXT(TEXT, WORDS_TEXT_MAX),
    TEXT(CODE, 32),
    NUMBER(NUMBER),
    NUMBER(PID),
    NUMBER(UID),
    NUMBER(GID),
    NUMBER(TICKET),
    NUMBER(SIGNAL),
    NUMBER(ANSWER),
    TEXT(DIGEST, 128),
    TEXT(OPERATION, 32),
    TEXT(PATH, PATH_TEXT_MAX),
    TEXT(NAMED, PATH_TEXT_MAX),
    TEXT(EXE, PATH_TEXT_MAX),
    TEXT(RULE_FILE, PATH_TEXT_MAX),
    NUMBER(LEFT_MS),
    NUMBER(COUNT),
    NUMBER(LEVEL),
    NUMBER(CREATED_MS),
    NUMBER(STARTED_MS),
    TEXT(POLICY, 256),
    TEXT(TIER, 32),
    TEXT(COMMAND, 1024),
    TEXT(PARENT, 64),
    TEXT(IDENTITY, 1024),
    NUMBER(IS_ALL),
    BYTES(TOKEN, 16),
    NUMBER(USER_US),
    NUMBER(SYSTEM_US),
    NUMBER(MEMORY),
    NUMBER(PROCESSES),
    BYTES(OUTPUT, DOCUMENT_MAX),
    TEXT(RUN, 64),
    NUMBER(PROGRAMS),
    TEXT(POLICY_NAME, PATH_TEXT_MAX),
    BYTES(POLICY_TEXT, DOCUMENT_MAX),
    NUMBER(POLICY_IS_FILE),
    TEXT(PROFILE, 256),
    TEXT(WORKSPACE, PATH_TEXT_MAX),
    TEXT(MEMBER, DOCUMENT_MAX),
    TEXT(ARG, ARGUMENT_MAX),
    TEXT(ENVIRONMENT, ARGUMENT_MAX),
    NUMBER(TIMEOUT_MS),
    NUMBER(OUTPUT_LIMIT),
    NUMBER(ROWS),
    NUMBER(COLUMNS),
    NUMBER(WATCH),
    NUMBER(ASK_MS),
    NUMBER(IS_LEARNING),
    TEXT(EVENTS_FILE, PATH_TEXT_MAX),
    NUMBER(REVIEW),
    TEXT(REVIEW_DIRECTORY, PATH_TEXT_MAX),
    NUMBER(UMASK),
    BYTES(RLIMIT, 24),
    NUMBER(HAS_TTY),
    NUMBER(IS_SET),
    TEXT(CWD, PATH_TEXT_MAX),
    TEXT(LOGICAL_CWD, PATH_TEXT_MAX),
    BYTES(STATUS, 512),
    TEXT(LOG_WRITER, 64),
    TEXT(LOG_ACTOR, 16),
    BYTES(LOG_BODIES, 8u << 20),
    NUMBER(LOG_FIRST),
    NUMBER(LOG_SIZE),
    TEXT(LOG_KEY, 512),
    NUMBER(LOG_NAMES),
    TEXT(SIGN_NAME, 1023),
    BYTES(SIGN_FACTS, 16384),
    TEXT(SIGN_ALLOWED, 511),
    TEXT(SIGN_WHAT, 32),
    TEXT(SIGN_AUDIENCE, 511),
    TEXT(SIGN_SUBJECT, 49152),
    TEXT(SIGN_TO, 1023),
    TEXT(SIGN_NONCE, 128),
    NUMBER(SIGN_SECONDS),
    TEXT(SIGN_CONTEXT, 64),
    BYTES(SIGN_DIGEST, 64),
    BYTES(SIGN_RESULT, 65536),
    NUMBER(SIGN_UNTIL),
    TEXT(SIGN_PROTECTION, 16),
    TEXT(FINDINGS, DOCUMENT_MAX),
    TEXT(FINDINGS_JSON, DOCUMENT_MAX),
    NUMBER(DENIALS),
    TEXT(DENIALS_TEXT, WORDS_TEXT_MAX),
    NUMBER(CHANGES),
    TEXT(RESTART, 32),
    NUMBER(RESTARTS),
    NUMBER(EXIT),
    NUMBER(UNTIL_MS),
    NUMBER(NETWORK_UNTIL_MS),
    TEXT(PROOF, 64),
    TEXT(SERVICE, 512),
};

#define ONE(tag_name)   {TAG_##tag_name, PROTOCOL_ONE}
#define MAYBE(tag_name) {TAG_##tag_name, PROTOCOL_MAYBE}
#define MANY(tag_name)  {TAG_##tag_name, PROTOCOL_MANY}

static const struct protocol_use hello[] = {ONE(VERSION_LEAST), ONE(VERSION_MOST), MAYBE(PROGRAM)};
static const struct protocol_use open_new[] = {ONE(KIND), ONE(KEY), MAYBE(NAME)};
static const struct protocol_use reach[] = {ONE(KIND), ONE(ID)};
static const struct protocol_use one_id[] = {ONE(ID)};
static const struct protocol_use list[] = {MAYBE(IS_ALL), MAYBE(ID)};
static const struct protocol_use listed[] = {ONE(ID),      ONE(STATE),  MAYBE(NAME),    MAYBE(PID),     ONE(UID),      MAYBE(CREATED_MS), MAYBE(STARTED_MS),
                                             MAYBE(POLICY), MAYBE(TIER), MAYBE(COMMAND), MAYBE(PARENT),  MAYBE(IDENTITY), MAYBE(DENIALS), MAYBE(KIND), MAYBE(RUN), MAYBE(PROGRAMS),
                                             MAYBE(RESTART), MAYBE(RESTARTS), MAYBE(EXIT), MAYBE(UNTIL_MS), MAYBE(NETWORK_UNTIL_MS), MAYBE(DIGEST), MAYBE(PROOF)};
static const struct protocol_use failed[] = {ONE(ERROR_KIND), ONE(ERRNUM), ONE(TEXT), MAYBE(CODE), MAYBE(NUMBER)};
static const struct protocol_use status_is[] = {ONE(COUNT), ONE(PID), ONE(VERSION_MOST), ONE(KIND), ONE(NUMBER), MANY(SERVICE), MAYBE(SIGN_PROTECTION)};
static const struct protocol_use numbered[] = {ONE(NUMBER)};
static const struct protocol_use started[] = {ONE(ID), ONE(PID), ONE(LEVEL), MAYBE(NUMBER)};
static const struct protocol_use asked[] = {MAYBE(NUMBER), MAYBE(DIGEST), MAYBE(OPERATION), MAYBE(PATH), MAYBE(NAMED), MAYBE(EXE),
                                            MAYBE(TEXT),   MAYBE(RULE_FILE), MAYBE(PID),    MAYBE(LEFT_MS)};
static const struct protocol_use signalled[] = {ONE(SIGNAL)};
static const struct protocol_use answer[] = {ONE(NUMBER), ONE(DIGEST), ONE(ANSWER), MAYBE(LEFT_MS)};
static const struct protocol_use counted[] = {ONE(COUNT)};
static const struct protocol_use stop[] = {ONE(LEFT_MS)};
static const struct protocol_use lasting[] = {MAYBE(LEFT_MS), MAYBE(UNTIL_MS)};
static const struct protocol_use limits[] = {MANY(MEMBER)};
static const struct protocol_use stats_are[] = {ONE(USER_US), ONE(SYSTEM_US), ONE(MEMORY), ONE(PROCESSES)};
static const struct protocol_use logs_record[] = {ONE(OUTPUT), ONE(COUNT), MAYBE(STATE), MAYBE(STARTED_MS)};
static const struct protocol_use join[] = {ONE(VERSION_MOST), ONE(KEY), ONE(ID), ONE(TOKEN)};
static const struct protocol_use serve[] = {ONE(TICKET), ONE(KIND), MAYBE(ID), MAYBE(NAME)};
static const struct protocol_use holds[] = {MAYBE(TICKET), ONE(ID), ONE(STATE), MAYBE(NAME), MAYBE(PID), MAYBE(CREATED_MS), MAYBE(STARTED_MS),
                                            MAYBE(POLICY), MAYBE(TIER), MAYBE(COMMAND), MAYBE(PARENT), MAYBE(IDENTITY), MAYBE(DENIALS), MAYBE(KIND), MAYBE(RUN), MAYBE(PROGRAMS),
                                             MAYBE(RESTART), MAYBE(RESTARTS), MAYBE(EXIT), MAYBE(UNTIL_MS), MAYBE(NETWORK_UNTIL_MS), MAYBE(DIGEST), MAYBE(PROOF)};
static const struct protocol_use rejoin_at[] = {ONE(PATH), ONE(TOKEN), ONE(KEY), ONE(ID)};
static const struct protocol_use ticket[] = {ONE(TICKET)};
static const struct protocol_use start_keeper[] = {ONE(TICKET), ONE(ID)};
static const struct protocol_use one_kind[] = {ONE(KIND)};
static const struct protocol_use again[] = {ONE(TICKET), ONE(ID), ONE(NAME)};
static const struct protocol_use kept[] = {ONE(KEY), MAYBE(UID), MAYBE(GID), MAYBE(NAME)};
static const struct protocol_use keeper_is[] = {ONE(TICKET), ONE(PID)};
static const struct protocol_use part[] = {ONE(NAME)};
static const struct protocol_use said[] = {ONE(TEXT)};
static const struct protocol_use no_part[] = {ONE(NAME), ONE(TEXT)};
static const struct protocol_use log_writer[] = {ONE(LOG_WRITER), ONE(LOG_ACTOR), ONE(UID), ONE(GID), MAYBE(IDENTITY), MAYBE(LOG_NAMES)};
static const struct protocol_use log_records[] = {ONE(LOG_FIRST), ONE(COUNT), ONE(LOG_BODIES), MAYBE(LOG_ACTOR), MAYBE(IDENTITY)};
static const struct protocol_use log_first[] = {ONE(LOG_FIRST)};
static const struct protocol_use log_status[] = {ONE(LOG_SIZE), ONE(COUNT), ONE(NUMBER), ONE(LOG_KEY)};
static const struct protocol_use sign_within[] = {ONE(SIGN_NAME)};
static const struct protocol_use sign_begin[] = {ONE(PATH), ONE(SIGN_NAME)};
static const struct protocol_use sign_open[] = {ONE(SIGN_NAME), MAYBE(SIGN_FACTS), MAYBE(IS_SET), MANY(SIGN_ALLOWED)};
static const struct protocol_use sign_ask[] = {ONE(SIGN_NAME),    ONE(SIGN_WHAT),     MANY(SIGN_AUDIENCE), MAYBE(SIGN_SUBJECT), MAYBE(SIGN_TO),
                                               MAYBE(SIGN_NONCE), MAYBE(SIGN_SECONDS), MAYBE(SIGN_CONTEXT), MAYBE(SIGN_DIGEST)};
static const struct protocol_use sign_answer[] = {ONE(SIGN_RESULT), MAYBE(SIGN_UNTIL)};
static const struct protocol_use sign_status[] = {ONE(SIGN_NAME), ONE(SIGN_PROTECTION), ONE(COUNT), ONE(NUMBER), ONE(PID)};
static const struct protocol_use sign_told[] = {ONE(CODE),        MAYBE(SIGN_NAME), MAYBE(SIGN_WHAT), MANY(SIGN_AUDIENCE), MAYBE(SIGN_UNTIL), MAYBE(SIGN_PROTECTION),
                                                MAYBE(NUMBER), MAYBE(ID),        MAYBE(COUNT),     MAYBE(TEXT),         MAYBE(CREATED_MS)};
static const struct protocol_use request_record[] = {
    MANY(POLICY_NAME), MANY(POLICY_TEXT), MANY(POLICY_IS_FILE), MAYBE(PROFILE),    MAYBE(WORKSPACE),   MAYBE(TIER),        MANY(MEMBER),
    MANY(ARG),         MANY(ENVIRONMENT), MAYBE(TIMEOUT_MS),    MAYBE(OUTPUT_LIMIT), MAYBE(ROWS),      MAYBE(COLUMNS),     MAYBE(HAS_TTY),
    MAYBE(WATCH),      MAYBE(ASK_MS),     MAYBE(IS_LEARNING),   MAYBE(EVENTS_FILE), MAYBE(REVIEW),     MAYBE(REVIEW_DIRECTORY), MAYBE(UMASK),
    MANY(RLIMIT),      MAYBE(IS_SET),     MAYBE(CWD),           MAYBE(LOGICAL_CWD), MAYBE(RESTART), MAYBE(LEFT_MS), MAYBE(UNTIL_MS),
};
static const struct protocol_use end_record[] = {ONE(STATUS), MAYBE(FINDINGS), MAYBE(FINDINGS_JSON), ONE(DENIALS), MAYBE(DENIALS_TEXT), MAYBE(CHANGES)};

/* type, from, to, states, descriptors, quota, fields */
#define ROW(type_name, from_role, to_role, state_bits, descriptors, charged, fields)                                    \
    {.type = PROTOCOL_##type_name, .from = (from_role), .to = (to_role), .states = (state_bits), .fds = (descriptors), \
     .quota = PROTOCOL_##charged, .name = #type_name, USES_##fields}
#define USES_NO              .use_count = 0
#define USES_WITH(array)     .use_count = ARRAY_COUNT(array), .uses = (array)

/* In the order of their types: protocol_row() looks by halves. */
static const struct protocol_row rows[] = {
    /* client and cordond */
    ROW(HELLO, CLIENT, DAEMON, PROTOCOL_NEW, 0, REQUEST, WITH(hello)),
    ROW(OPEN, CLIENT, DAEMON, PROTOCOL_GREETED, 1, CONTAINER, WITH(open_new)),
    ROW(REACH, CLIENT, DAEMON, PROTOCOL_GREETED, 1, REQUEST, WITH(reach)),
    ROW(LIST, CLIENT, DAEMON, PROTOCOL_GREETED, 0, QUERY, WITH(list)),
    ROW(LISTED, DAEMON, CLIENT, PROTOCOL_ANY, 0, FREE, WITH(listed)),
    ROW(DONE, DAEMON | KEEPER | LAUNCHER | SIGNER | LOGGER, CLIENT | DAEMON | KEEPER, PROTOCOL_ANY, 0, FREE, NO),
    ROW(FAILED, DAEMON | KEEPER | LAUNCHER | SIGNER | LOGGER, CLIENT | WRITERS, PROTOCOL_ANY, 0, FREE, WITH(failed)),
    ROW(REMOVE, CLIENT, DAEMON, PROTOCOL_GREETED, 0, REQUEST, WITH(one_id)),
    ROW(STATUS, CLIENT, DAEMON, PROTOCOL_GREETED, 0, REQUEST, NO),
    ROW(STATUS_IS, DAEMON, CLIENT, PROTOCOL_ANY, 0, FREE, WITH(status_is)),
    /* client and keeper */
    ROW(REQUEST_IS, CLIENT, KEEPER, PROTOCOL_GREETED, 2, FREE, NO),
    ROW(STREAM, CLIENT, KEEPER, PROTOCOL_FILLING, 1, FREE, WITH(numbered)),
    ROW(KEEP, CLIENT, KEEPER, PROTOCOL_FILLING, 1, FREE, WITH(numbered)),
    ROW(EVENTS, CLIENT, KEEPER, PROTOCOL_FILLING, 1, FREE, NO),
    ROW(GO, CLIENT, KEEPER, PROTOCOL_FILLING, 0, FREE, NO),
    ROW(WHO, CLIENT, KEEPER, PROTOCOL_GREETED | PROTOCOL_RUNNING | PROTOCOL_ENDED, 0, FREE, NO),
    ROW(TAKEN, KEEPER, CLIENT, PROTOCOL_STARTING, 0, FREE, NO),
    ROW(STARTED, KEEPER, CLIENT, PROTOCOL_STARTING, 0, FREE, WITH(started)),
    ROW(TERMINAL, KEEPER, CLIENT, PROTOCOL_STARTING, 1, FREE, NO),
    ROW(ASKED, KEEPER, CLIENT, PROTOCOL_RUNNING, 0, FREE, WITH(asked)),
    ROW(OVER, KEEPER, CLIENT, PROTOCOL_RUNNING, 1, FREE, NO),
    ROW(HERE, KEEPER, CLIENT, PROTOCOL_STARTING, 1, FREE, NO),
    ROW(SIGNAL, CLIENT, KEEPER, PROTOCOL_RUNNING | PROTOCOL_ENDED, 0, FREE, WITH(signalled)),
    ROW(KILL, CLIENT, KEEPER, PROTOCOL_RUNNING | PROTOCOL_ENDED, 0, FREE, NO),
    ROW(ANSWER, CLIENT, KEEPER, PROTOCOL_RUNNING | PROTOCOL_ENDED, 0, FREE, WITH(answer)),
    ROW(NETWORK, CLIENT, KEEPER, PROTOCOL_RUNNING | PROTOCOL_ENDED, 2, FREE, WITH(lasting)),
    ROW(COUNT_CHANGES, CLIENT, KEEPER, PROTOCOL_RUNNING | PROTOCOL_ENDED, 0, FREE, NO),
    ROW(CHANGES_ARE, KEEPER, CLIENT, PROTOCOL_RUNNING, 0, FREE, WITH(counted)),
    ROW(STOP, CLIENT, KEEPER, PROTOCOL_RUNNING | PROTOCOL_ENDED, 0, FREE, WITH(stop)),
    ROW(FREEZE, CLIENT, KEEPER, PROTOCOL_RUNNING | PROTOCOL_ENDED, 0, FREE, NO),
    ROW(THAW, CLIENT, KEEPER, PROTOCOL_RUNNING | PROTOCOL_ENDED, 0, FREE, NO),
    ROW(START, CLIENT, KEEPER, PROTOCOL_RUNNING, 0, FREE, NO),
    ROW(DROP, CLIENT, KEEPER, PROTOCOL_RUNNING, 0, FREE, NO),
    ROW(STATS, CLIENT, KEEPER, PROTOCOL_RUNNING, 0, FREE, NO),
    ROW(STATS_ARE, KEEPER, CLIENT, PROTOCOL_ANY, 0, FREE, WITH(stats_are)),
    ROW(LOGS, CLIENT, KEEPER, PROTOCOL_RUNNING, 0, FREE, NO),
    ROW(LOGS_ARE, KEEPER, CLIENT, PROTOCOL_ANY, 1, FREE, NO),
    ROW(PROGRAM, CLIENT, KEEPER, PROTOCOL_RUNNING | PROTOCOL_ENDED, 1, FREE, NO),
    ROW(LIMITS, CLIENT, KEEPER, PROTOCOL_RUNNING | PROTOCOL_ENDED, 0, FREE, WITH(limits)),
    ROW(RENEW, CLIENT, KEEPER, PROTOCOL_RUNNING, 0, FREE, WITH(lasting)),
    /* cordond and keeper */
    ROW(JOIN, KEEPER, DAEMON, PROTOCOL_NEW, 0, FREE, WITH(join)),
    ROW(SERVE, DAEMON, KEEPER, PROTOCOL_JOINED, 1, FREE, WITH(serve)),
    ROW(HOLDS, KEEPER, DAEMON, PROTOCOL_JOINED, 0, FREE, WITH(holds)),
    ROW(LOST, KEEPER, DAEMON, PROTOCOL_JOINED, 0, FREE, WITH(one_id)),
    ROW(RETIRE, DAEMON, KEEPER, PROTOCOL_JOINED, 0, FREE, NO),
    ROW(JOINED_ALL, KEEPER, DAEMON, PROTOCOL_JOINED, 0, FREE, NO),
    ROW(NOT_SERVED, KEEPER, DAEMON, PROTOCOL_JOINED, 0, FREE, WITH(ticket)),
    ROW(REJOIN_AT, DAEMON, KEEPER, PROTOCOL_JOINED, 0, FREE, WITH(rejoin_at)),
    ROW(SERVICE, DAEMON, KEEPER, PROTOCOL_JOINED, 1, FREE, WITH(part)),
    ROW(SERVICE_GONE, KEEPER, DAEMON, PROTOCOL_JOINED, 0, FREE, WITH(part)),
    ROW(LEAVING, KEEPER, DAEMON, PROTOCOL_JOINED, 0, FREE, NO),
    /* cordond and its own starter */
    ROW(START_KEEPER_AGAIN, DAEMON, LAUNCHER, PROTOCOL_JOINED, 1, FREE, WITH(again)),
    ROW(LOOK_FOR_KEPT, DAEMON, LAUNCHER, PROTOCOL_JOINED, 0, FREE, NO),
    /* client and keeper, once more */
    ROW(GIVE_UP, CLIENT, KEEPER, PROTOCOL_STARTING | PROTOCOL_RUNNING | PROTOCOL_ENDED, 0, FREE, NO),
    /* keeper and cordond, once more */
    ROW(SAYS, KEEPER, DAEMON, PROTOCOL_JOINED, 0, FREE, WITH(said)),
    /* client and cordond, once more */
    ROW(TELL_LOG, CLIENT, DAEMON, PROTOCOL_GREETED, 0, REQUEST, NO),
    ROW(LOG_IS, DAEMON, CLIENT, PROTOCOL_ANY, 1, FREE, WITH(one_kind)),
    /* cordond and launcher */
    ROW(START_KEEPER, DAEMON, LAUNCHER, PROTOCOL_JOINED, 1, FREE, WITH(start_keeper)),
    ROW(KEEPER_IS, LAUNCHER, DAEMON, PROTOCOL_JOINED, 0, FREE, WITH(keeper_is)),
    ROW(CONNECT_PART, DAEMON, LAUNCHER, PROTOCOL_JOINED, 0, FREE, WITH(part)),
    ROW(PART_IS, LAUNCHER, DAEMON, PROTOCOL_JOINED, 1, FREE, WITH(part)),
    ROW(NO_PART, LAUNCHER, DAEMON, PROTOCOL_JOINED, 0, FREE, WITH(no_part)),
    ROW(START_KEEPER_AS, DAEMON, LAUNCHER, PROTOCOL_JOINED, 2, FREE, WITH(start_keeper)),
    /* cordond and keeper, once more */
    ROW(LEFT, DAEMON, KEEPER, PROTOCOL_JOINED, 0, FREE, NO),
    ROW(WRITE_FOR, KEEPER, DAEMON, PROTOCOL_JOINED, 0, FREE, WITH(one_id)),
    ROW(WRITER, DAEMON, KEEPER, PROTOCOL_JOINED, 1, FREE, WITH(one_id)),
    ROW(KEPT, LAUNCHER, DAEMON, PROTOCOL_JOINED, 0, FREE, WITH(kept)),
    /* logger */
    ROW(LOG_BEGIN, DAEMON, LOGGER, PROTOCOL_NEW, 0, FREE, NO),
    ROW(LOG_WRITER, DAEMON, LOGGER, PROTOCOL_JOINED, 1, FREE, WITH(log_writer)),
    ROW(LOG_RECORDS, WRITERS, LOGGER, PROTOCOL_JOINED, 0, FREE, WITH(log_records)),
    ROW(LOG_BATCH, WRITERS, LOGGER, PROTOCOL_JOINED, 1, FREE, NO),
    ROW(LOG_LOST, WRITERS, LOGGER, PROTOCOL_JOINED, 0, FREE, WITH(counted)),
    ROW(LOG_DURABLE, LOGGER, WRITERS, PROTOCOL_ANY, 0, FREE, WITH(log_first)),
    ROW(LOG_STATUS, DAEMON, LOGGER, PROTOCOL_JOINED, 0, FREE, NO),
    ROW(LOG_STATUS_IS, LOGGER, DAEMON, PROTOCOL_ANY, 0, FREE, WITH(log_status)),
    ROW(LOG_PRUNE, DAEMON, LOGGER, PROTOCOL_JOINED, 0, FREE, WITH(log_first)),
    /* signer */
    ROW(SIGN_SERVE, DAEMON | KEEPER, SIGNER, PROTOCOL_JOINED, 1, FREE, WITH(sign_within)),
    ROW(SIGN_OPEN, KEEPER, SIGNER, PROTOCOL_JOINED, 0, CONTAINER, WITH(sign_open)),
    ROW(SIGN_CLOSE, KEEPER, SIGNER, PROTOCOL_JOINED, 0, FREE, WITH(sign_within)),
    ROW(SIGN_ASK, KEEPER, SIGNER, PROTOCOL_JOINED, 0, REQUEST, WITH(sign_ask)),
    ROW(SIGN_ANSWER, SIGNER, KEEPER, PROTOCOL_ANY, 0, FREE, WITH(sign_answer)),
    ROW(SIGN_STATUS, DAEMON | KEEPER, SIGNER, PROTOCOL_JOINED, 0, REQUEST, NO),
    ROW(SIGN_STATUS_IS, SIGNER, DAEMON | KEEPER, PROTOCOL_ANY, 0, FREE, WITH(sign_status)),
    ROW(SIGN_BEGIN, DAEMON, SIGNER, PROTOCOL_NEW, 0, FREE, WITH(sign_begin)),
    ROW(SIGN_HEAR, DAEMON, SIGNER, PROTOCOL_JOINED, 0, FREE, NO),
    ROW(SIGN_TOLD, SIGNER, DAEMON, PROTOCOL_ANY, 0, FREE, WITH(sign_told)),
    /* sealed files */
    ROW(RECORD_REQUEST, PROTOCOL_FILE, CLIENT | KEEPER, 0, 0, FREE, WITH(request_record)),
    ROW(RECORD_END, PROTOCOL_FILE, CLIENT | KEEPER, 0, 0, FREE, WITH(end_record)),
    ROW(RECORD_BODIES, PROTOCOL_FILE, LOGGER, 0, 0, FREE, WITH(log_records)),
    ROW(RECORD_LOGS, PROTOCOL_FILE, CLIENT | KEEPER, 0, 0, FREE, WITH(logs_record)),
};

const struct protocol_row *protocol_row(uint16_t type)
{
    size_t low = 0, high = ARRAY_COUNT(rows);

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (rows[middle].type == type)
            return &rows[middle];
        if (rows[middle].type < type)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const struct protocol_tag_row *protocol_tag_row(uint16_t tag)
{
    return tag < ARRAY_COUNT(tags) && tags[tag].kind ? &tags[tag] : NULL;
}

const struct protocol_row *protocol_rows(size_t *ret_count)
{
    *ret_count = ARRAY_COUNT(rows);
    return rows;
}
