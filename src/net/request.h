/* SPDX-License-Identifier: Apache-2.0 */
/* One spelling for what a request says (net/rules.h judges only that). */
#ifndef CORDON_NET_REQUEST_H
#define CORDON_NET_REQUEST_H

#include <stddef.h>

#include "base/compiler.h"
#include "net/rules.h"

#define NET_PATH_SIZE    8192u
#define NET_METHOD_SIZE  33u
#define NET_PATTERN_SIZE 1024u

/*
 * The path of a request's target (origin form, before its '?') in one spelling: percent-encoded unreserved characters are
 * decoded, the other encodings are in upper case, and what RFC 3986 does not permit raw is encoded. `ret` holds `size`
 * bytes, NUL included. The asterisk form stays as it is. What is sent on is `ret`, or the target as it was.
 *
 * -EBADMSG: refused whatever the rules say. It does not begin with '/'; control bytes, space, '#', '?' or bytes above 0x7f
 * that are not encoded; control bytes and NUL that are.
 * -EINVAL: servers and proxies read it differently. Where no rule about paths decides (net_request.path is NULL) it may be
 * sent on unchanged. Components of dots, or that are empty but for the last; '\' and ';', raw or encoded; '/' and '%'
 * encoded; encodings that are incomplete, not UTF-8, or of a character that some turn into one of these.
 * -ENAMETOOLONG: as -EINVAL.
 */
int net_path_canonical(const char *target, size_t length, char *ret, size_t size) must_check;

/*
 * A pattern of a rule: '*' is any number of characters within a component (at least one where it is all of it), "**" alone
 * in a component is any number of these, none included. The rest is in the spelling of net_path_canonical(), with
 * everything decoded that may stand raw; '*' itself is %2A. -EINVAL.
 */
int net_path_pattern_check(const char *pattern) must_check;

/* Of a rule that grants (a request matches that surely is one of these), or of one that denies (that could be one of these). */
enum net_match {
    NET_MATCH_NO = 0,
    NET_MATCH_BODY, /* its body decides, which has not been read */
    NET_MATCH_YES,
};

/* The calls that `is_mcp` brings with it: what every session says, and nothing is done for it. */
const char *const *net_session_calls(size_t *ret_count);

enum net_match net_requests_match(const struct net_requests *requests, const struct net_request *request, bool is_deny);

#endif
