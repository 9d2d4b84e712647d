/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every message of the daemon's parts: who may send it to whom, in which state of the connection, with which fields and how many
 * descriptors. What has no row does not exist, and what a row does not name is refused. How to add one: README.md.
 */
#ifndef CORDON_PROTOCOL_TABLE_H
#define CORDON_PROTOCOL_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROTOCOL_VERSION     1
#define PROTOCOL_FDS_MAX     2
#define PROTOCOL_MESSAGE_MAX ((size_t)96 << 10) /* on a socket */
#define PROTOCOL_RECORD_MAX  ((size_t)24 << 20) /* in a sealed memory file: the documents of a request are most of it */
#define PROTOCOL_USES_MAX    32                 /* different fields of a row */

/* Programs, not users: which program it is, is known from the socket that it is on. */
enum protocol_role {
    PROTOCOL_CLIENT = 1 << 0,
    PROTOCOL_DAEMON = 1 << 1, /* cordond */
    PROTOCOL_KEEPER = 1 << 2,
    PROTOCOL_LAUNCHER = 1 << 3, /* and, in the user's service, cordond's own starter */
    PROTOCOL_LOGGER = 1 << 4,
    PROTOCOL_SIGNER = 1 << 5,
    PROTOCOL_SENSOR = 1 << 6,
    PROTOCOL_WITNESS = 1 << 7,
    PROTOCOL_FILE = 1 << 8, /* a record in a sealed memory file, not a message */
};

/* Of the connection, as the receiver keeps it. */
enum protocol_state {
    PROTOCOL_NEW = 1 << 0,      /* nothing was said yet */
    PROTOCOL_GREETED = 1 << 1,  /* the versions fit */
    PROTOCOL_FILLING = 1 << 2,  /* a request is being told */
    PROTOCOL_STARTING = 1 << 3, /* it is complete, and under way */
    PROTOCOL_RUNNING = 1 << 4,
    PROTOCOL_ENDED = 1 << 5,
    PROTOCOL_JOINED = 1 << 6, /* between parts: who it is has been settled */
    PROTOCOL_ANY = 0x7f,
};

/* Of a container, as HOLDS and LISTED tell it. */
enum protocol_container {
    PROTOCOL_CREATED = 1,
    PROTOCOL_IS_RUNNING,
    PROTOCOL_FROZEN,
    PROTOCOL_STOPPED,
    PROTOCOL_RESTARTING, /* it has ended, and is started again in a moment */
};

/* Why a keeper is asked: KIND of OPEN, REACH and SERVE. */
enum protocol_purpose {
    PROTOCOL_PURPOSE_RUN = 1, /* a program in a container of its own, both as long as the client */
    PROTOCOL_PURPOSE_KEEP,    /* a container that stays until it is removed */
    PROTOCOL_PURPOSE_VISIT,   /* one that is there: asked about, signalled, started, stopped */
    PROTOCOL_PURPOSE_EXEC,    /* a program in one that is there, as long as the client */
    PROTOCOL_PURPOSE_STAND,   /* a container without a program of its own, as long as the client */
};

/* What a message is charged to its sender for, beside its bytes. */
enum protocol_quota {
    PROTOCOL_FREE = 0,
    PROTOCOL_REQUEST,   /* one of so many a second */
    PROTOCOL_CONTAINER, /* the same, and one of so many that may be there at once */
    PROTOCOL_QUERY,     /* the same as so many requests: it makes the receiver work */
};

enum protocol_type {
    PROTOCOL_NONE = 0,
    /* client and cordond */
    PROTOCOL_HELLO = 1,
    PROTOCOL_OPEN = 2,   /* a new container; with one end of a pair that the client made, on which the keeper that fits will answer */
    PROTOCOL_REACH = 3,  /* likewise one that is there, by id or name */
    PROTOCOL_LIST = 4,
    PROTOCOL_LISTED = 5, /* one container; DONE ends the list */
    PROTOCOL_DONE = 6,
    PROTOCOL_FAILED = 7, /* the answer to whatever could not be done */
    PROTOCOL_REMOVE = 8,
    PROTOCOL_STATUS = 9, /* of the daemon: answered by STATUS_IS */
    PROTOCOL_STATUS_IS = 10,
    /* client and keeper: what is asked for, */
    PROTOCOL_REQUEST_IS = 20, /* a sealed PROTOCOL_RECORD_REQUEST, and the directory that the client is in */
    PROTOCOL_STREAM = 21,     /* one of stdin, stdout, stderr; without it /dev/null */
    PROTOCOL_KEEP = 22,       /* a descriptor for the program, under its number */
    PROTOCOL_EVENTS = 23,     /* where events go as well */
    PROTOCOL_GO = 24,
    PROTOCOL_WHO = 25, /* first, of the machine's service: answered by HERE, with the end of a pair that the keeper made; all else is said on that */
    /* what comes back, */
    PROTOCOL_TAKEN = 30, /* from here on it may have begun, and must not be tried another way */
    PROTOCOL_STARTED = 31,
    PROTOCOL_TERMINAL = 32, /* the master side */
    PROTOCOL_ASKED = 33,    /* a question stands; without a number: none stands any more */
    PROTOCOL_OVER = 34,     /* a sealed PROTOCOL_RECORD_END */
    PROTOCOL_HERE = 35,
    /* and what is said while it runs */
    PROTOCOL_SIGNAL = 40,
    PROTOCOL_KILL = 41,
    PROTOCOL_ANSWER = 42,
    PROTOCOL_NETWORK = 43, /* a sealed PROTOCOL_RECORD_REQUEST whose documents count */
    PROTOCOL_COUNT_CHANGES = 44,
    PROTOCOL_CHANGES_ARE = 45,
    PROTOCOL_STOP = 46,   /* in order: within so many milliseconds */
    PROTOCOL_FREEZE = 47,
    PROTOCOL_THAW = 48,
    PROTOCOL_START = 49, /* one that is kept */
    PROTOCOL_DROP = 50,  /* likewise: it is no more */
    PROTOCOL_STATS = 51,
    PROTOCOL_STATS_ARE = 52,
    PROTOCOL_LOGS = 53,
    PROTOCOL_LOGS_ARE = 54, /* a sealed RECORD_LOGS */
    PROTOCOL_PROGRAM = 55,  /* one in this container: one end of a pair that the client made, on which it is told of as after REACH */
    PROTOCOL_LIMITS = 56,   /* less of what its control group limits */
    PROTOCOL_RENEW = 57,    /* one that is kept: another end, or none */
    /* cordond and keeper */
    PROTOCOL_JOIN = 60,    /* one that was started by a former cordond: who it is */
    PROTOCOL_SERVE = 61,   /* a client: its end of the pair */
    PROTOCOL_HOLDS = 62,   /* the state of one container, whenever it changes, and of each after JOIN */
    PROTOCOL_LOST = 63,    /* one that is no more */
    PROTOCOL_RETIRE = 64,  /* nothing new comes: end when nothing is left */
    PROTOCOL_JOINED_ALL = 65,  /* after JOIN: each container was told */
    PROTOCOL_NOT_SERVED = 66, /* a connection that ended without a container */
    PROTOCOL_REJOIN_AT = 67,  /* first: who it is, and where the next cordond will be */
    PROTOCOL_SERVICE = 68,    /* the keeper's own connection to a part of the daemon; again whenever that part came back */
    PROTOCOL_SERVICE_GONE = 69, /* that has ended, and another one is wanted */
    PROTOCOL_LEAVING = 72,      /* whoever is handed to it from here on is not served; again: it has let go of a container that is on disk */
    /* cordond and its own starter, of the system */
    PROTOCOL_START_KEEPER_AGAIN = 76, /* by a record of the launcher's, with the keeper's end of its channel */
    PROTOCOL_LOOK_FOR_KEPT = 77,      /* a keeper has ended, whose containers another one may find on disk */
    /* client and keeper, once more */
    PROTOCOL_GIVE_UP = 78, /* the launch, if its program has not begun: answered as the launch is, by STARTED or FAILED */
    /* keeper and cordond, once more */
    PROTOCOL_SAYS = 79, /* a line for people, who have it in cordond's log */
    /* client and cordond, once more */
    PROTOCOL_TELL_LOG = 90, /* what it did itself, or finds in its own records */
    PROTOCOL_LOG_IS = 91,   /* its connection to the log, as a writer of its user's; KIND: it is the log of that user alone */
    /* cordond and launcher, or its own starter: 100 to 149 */
    PROTOCOL_START_KEEPER = 100, /* with the keeper's end of its channel */
    PROTOCOL_KEEPER_IS = 101,
    PROTOCOL_CONNECT_PART = 102,
    PROTOCOL_PART_IS = 103, /* cordond's connection to it */
    PROTOCOL_NO_PART = 104,
    PROTOCOL_KEPT = 111, /* a keeper of this key finds containers on disk that nobody has; of the system's, whose they are, and which record says so */
    PROTOCOL_START_KEEPER_AS = 105, /* the system's: likewise, as the maker of the client's end, which comes second */
    /* cordond and keeper, once more */
    PROTOCOL_LEFT = 106,      /* another keeper of the same user ended: it may have left records that the log has not */
    PROTOCOL_WRITE_FOR = 107, /* such a one's: answered by WRITER when the log is there */
    PROTOCOL_WRITER = 108,    /* a connection to the log under the name of the one that ended */
    /* logger: 150 to 199 */
    PROTOCOL_LOG_BEGIN = 150,  /* who hands writers on */
    PROTOCOL_LOG_WRITER = 151, /* a writer's label, and the logger's end of its connection */
    PROTOCOL_LOG_RECORDS = 152, /* numbered from the first on, each one line of JSON */
    PROTOCOL_LOG_BATCH = 153,   /* the same in a sealed PROTOCOL_RECORD_BODIES */
    PROTOCOL_LOG_LOST = 154,    /* so many records that nobody has any more */
    PROTOCOL_LOG_DURABLE = 155, /* up to this number */
    PROTOCOL_LOG_STATUS = 156,
    PROTOCOL_LOG_STATUS_IS = 157,
    PROTOCOL_LOG_PRUNE = 158, /* what is below this record */
    /* signer: 200 to 249; sensor: 250 to 299, witness: 300 to 349 */
    PROTOCOL_SIGN_SERVE = 200, /* a keeper's socket, and within which name it may open others */
    PROTOCOL_SIGN_OPEN = 201,  /* a container is there; again: other facts about it */
    PROTOCOL_SIGN_CLOSE = 202, /* it is no more: its key is destroyed */
    PROTOCOL_SIGN_ASK = 203,
    PROTOCOL_SIGN_ANSWER = 204,
    PROTOCOL_SIGN_STATUS = 205,
    PROTOCOL_SIGN_STATUS_IS = 206,
    PROTOCOL_SIGN_BEGIN = 207, /* to one that was started without words: which authority, and where */
    /* cordond and signer, once more */
    PROTOCOL_SIGN_HEAR = 208, /* from now on it is told what the signer does */
    PROTOCOL_SIGN_TOLD = 209,
    /* in sealed memory files */
    PROTOCOL_RECORD_REQUEST = 1000,
    PROTOCOL_RECORD_END = 1001,
    PROTOCOL_RECORD_BODIES = 1002,
    PROTOCOL_RECORD_LOGS = 1003,
};

enum protocol_kind {
    PROTOCOL_NUMBER = 1, /* 8 bytes */
    PROTOCOL_TEXT,       /* ends with its only NUL */
    PROTOCOL_BYTES,
};

/* Numbers of fields are never used again for something else. */
enum protocol_tag {
    TAG_NONE = 0,
    TAG_VERSION_LEAST = 1,
    TAG_VERSION_MOST,
    TAG_PROGRAM,
    TAG_KIND,
    TAG_KEY,
    TAG_NAME,
    TAG_ID,
    TAG_STATE,
    TAG_ERROR_KIND,
    TAG_ERRNUM,
    TAG_TEXT,
    TAG_CODE,
    TAG_NUMBER,
    TAG_PID,
    TAG_UID,
    TAG_GID,
    TAG_TICKET,
    TAG_SIGNAL,
    TAG_ANSWER,
    TAG_DIGEST,
    TAG_OPERATION,
    TAG_PATH,
    TAG_NAMED,
    TAG_EXE,
    TAG_RULE_FILE,
    TAG_LEFT_MS,
    TAG_COUNT,
    TAG_LEVEL,
    TAG_CREATED_MS,
    TAG_STARTED_MS,
    TAG_POLICY,
    TAG_TIER,
    TAG_COMMAND,
    TAG_PARENT,
    TAG_IDENTITY,
    TAG_IS_ALL,
    TAG_TOKEN,
    TAG_USER_US,
    TAG_SYSTEM_US,
    TAG_MEMORY,
    TAG_PROCESSES,
    TAG_OUTPUT,
    TAG_RUN,
    TAG_PROGRAMS,
    /* RECORD_REQUEST */
    TAG_POLICY_NAME = 64,
    TAG_POLICY_TEXT, /* of the policy before it */
    TAG_POLICY_IS_FILE,
    TAG_PROFILE,
    TAG_WORKSPACE,
    TAG_MEMBER,
    TAG_ARG,
    TAG_ENVIRONMENT,
    TAG_TIMEOUT_MS,
    TAG_OUTPUT_LIMIT,
    TAG_ROWS,
    TAG_COLUMNS,
    TAG_WATCH,
    TAG_ASK_MS,
    TAG_IS_LEARNING,
    TAG_EVENTS_FILE,
    TAG_REVIEW,
    TAG_REVIEW_DIRECTORY,
    TAG_UMASK,
    TAG_RLIMIT,
    TAG_HAS_TTY,
    TAG_IS_SET,
    TAG_CWD,
    TAG_LOGICAL_CWD,
    /* RECORD_END */
    TAG_STATUS = 112, /* struct cordon_status, as it is */
    TAG_FINDINGS,
    TAG_FINDINGS_JSON,
    TAG_DENIALS,
    TAG_DENIALS_TEXT,
    TAG_CHANGES,
    TAG_SERVICE = 118, /* "NAME: ready", or "NAME: why it is not" */
    TAG_RESTART,        /* as restart_parse() reads it */
    TAG_RESTARTS,       /* how often by itself, since somebody started it */
    TAG_EXIT,           /* the exit status of the last end */
    /* logger: 128 to 159 */
    TAG_LOG_WRITER = 128,
    TAG_LOG_ACTOR,
    TAG_LOG_BODIES, /* each with its size in front, 4 bytes */
    TAG_LOG_FIRST,  /* the number of the first of them */
    TAG_LOG_SIZE,   /* of the log: what is durable */
    TAG_LOG_KEY,    /* its verifier key */
    TAG_LOG_NAMES,  /* nonzero: the writer says of its records which agent of its user acted, or that the user did */
    /* sensor: 192 to 223 */
    /* keepers and clients, again: 208 to 223 */
    TAG_UNTIL_MS = 208,     /* since 1970 */
    TAG_NETWORK_UNTIL_MS,   /* until then it has the network that it has now */
    TAG_PROOF,              /* what the kernel holds of its identity */
    /* signer: 160 to 191 */
    TAG_SIGN_NAME = 160,  /* of a container, or within which they are */
    TAG_SIGN_FACTS,       /* JSON: how it is contained */
    TAG_SIGN_ALLOWED,     /* an audience that it may have tokens for */
    TAG_SIGN_WHAT,        /* "x509", "svid", "access", ... */
    TAG_SIGN_AUDIENCE,
    TAG_SIGN_SUBJECT,     /* token */
    TAG_SIGN_TO,          /* a container inside, to which it is handed on */
    TAG_SIGN_NONCE,
    TAG_SIGN_SECONDS,
    TAG_SIGN_CONTEXT,
    TAG_SIGN_DIGEST,
    TAG_SIGN_RESULT,
    TAG_SIGN_UNTIL,       /* s since 1970 */
    TAG_SIGN_PROTECTION,  /* of the authority's keys */
    TAG_LIMIT = 224, /* behind the last */
};

enum protocol_often { PROTOCOL_ONE = 1, PROTOCOL_MAYBE, PROTOCOL_MANY };

struct protocol_use {
    uint8_t tag;
    uint8_t often; /* enum protocol_often */
};

struct protocol_row {
    uint16_t type;
    uint16_t from, to; /* enum protocol_role, one or several */
    uint8_t states;    /* of the receiver's connection */
    uint8_t fds;       /* exactly so many */
    uint8_t quota;     /* enum protocol_quota */
    uint8_t use_count;
    uint32_t size_max; /* 0 = PROTOCOL_MESSAGE_MAX, or PROTOCOL_RECORD_MAX of a record */
    const char *name;
    const struct protocol_use *uses;
};

struct protocol_tag_row {
    const char *name;
    uint8_t kind;      /* enum protocol_kind */
    uint32_t size_max; /* of TEXT and BYTES, without the NUL */
};

/* NULL = there is none. */
const struct protocol_row *protocol_row(uint16_t type);
const struct protocol_tag_row *protocol_tag_row(uint16_t tag);

/* All of them, for tests and fuzzing: *ret_count rows. */
const struct protocol_row *protocol_rows(size_t *ret_count);

#endif
