# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2034,SC2016
# Secrets that a program uses and never sees. The world tells digests of what it got, so the same command is right with the
# value (unconfined) and with its placeholder.

# Values as nothing else looks: VLUE and 24 digits each. Unconfined programs have them.
VALUES='VLUE[0-9]{24}'
with_secrets()
{
    POLICY=secrets
    HEADER=$(new_value) QUERY=$(new_value) BASIC=$(new_value) BODY=$(new_value)
    keep_value "$QUERY" query-token && keep_value "$BASIC" basic-token && keep_value "$BODY" body-token || return
    believing_world
    BARE_VARIABLES+=("HEADER_TOKEN=$HEADER" "FIELD_TOKEN=$HEADER" "QUERY_TOKEN=$QUERY" "BASIC_TOKEN=$BASIC" "BODY_TOKEN=$BODY")
    CALLER_VARIABLES=("WORLD_HEADER=$HEADER")
}
keep_value() { printf '%s' "$1" | "${drop[@]}" sh -c 'umask 077; cat >"$1"' - "$WORLD/$2"; } # VALUE NAME
new_value() { printf 'VLUE%08d%08d%08d' $((RANDOM * 3051)) $((RANDOM * 3051)) $((RANDOM * 3051)); }
digest_of() { printf '%s' "$1" | sha256sum | cut -d ' ' -f 1; }

# arrives VALUE-AS-SENT WHAT COMMAND (for sh)
arrives()
{
    passes "$(digest_of "$1")" sh -c "$3" - "https://allowed.example/digest?$2" &&
        { [ -n "$BARE" ] || ! grep -qE "$VALUES" "$EVENTS" || complain "a value is in the events"; }
}

network_test a_secret_arrives_in_the_field_that_is_named "curl python3 python:requests node"
test_a_secret_arrives_in_the_field_that_is_named()
{
    with_secrets
    QUICK=10
    arrives "Bearer $HEADER" header=authorization 'curl -sS --fail-with-body -H "Authorization: Bearer $HEADER_TOKEN" "$1"' || return
    arrives "$HEADER" header=x-api-key 'curl -sS --fail-with-body -H "X-Api-Key: $FIELD_TOKEN" "$1"' || return
    arrives "token $HEADER" header=authorization 'python3 -c "
import os, sys, urllib.request as web
print(web.urlopen(web.Request(sys.argv[1], headers={\"Authorization\": \"token \" + os.environ[\"HEADER_TOKEN\"]})).read().decode())" "$1"' || return
    arrives "Bearer $HEADER" header=authorization 'node -e "
fetch(process.argv[1], { headers: { authorization: \`Bearer \${process.env.HEADER_TOKEN}\` } }).then(r => r.text()).then(console.log)" "$1"'
}

network_test a_secret_arrives_in_a_query "curl python3 python:requests"
test_a_secret_arrives_in_a_query()
{
    with_secrets
    arrives "$QUERY" parameter=key 'curl -sS --fail-with-body "$1&key=$QUERY_TOKEN"' || return
    arrives "$QUERY" parameter=key '/usr/bin/python3 -c "
import os, sys, requests
print(requests.get(sys.argv[1], params={\"key\": os.environ[\"QUERY_TOKEN\"]}).text)" "$1"' || return
    [ -n "$BARE" ] || ! grep -q 'key=' "$EVENTS" || complain 'a query is in the events'
}

network_test a_secret_arrives_as_a_password "curl python3 python:requests"
test_a_secret_arrives_as_a_password()
{
    local sent
    with_secrets
    sent="Basic $(printf 'agent:%s' "$BASIC" | base64 -w 0)"
    arrives "$sent" header=authorization 'curl -sS --fail-with-body -u "agent:$BASIC_TOKEN" "$1"' || return
    arrives "$sent" header=authorization '/usr/bin/python3 -c "
import os, sys, requests
print(requests.get(sys.argv[1], auth=(\"agent\", os.environ[\"BASIC_TOKEN\"])).text)" "$1"'
}

network_test a_secret_arrives_in_a_body "curl python3 python:requests"
test_a_secret_arrives_in_a_body()
{
    with_secrets
    arrives "$BODY" pointer=/auth/token 'curl -sS --fail-with-body --json "{\"auth\": {\"token\": \"$BODY_TOKEN\"}, \"more\": [1, 2.5e3]}" "$1"' || return
    arrives "$BODY" form=token 'curl -sS --fail-with-body --data-urlencode "token=$BODY_TOKEN" --data-urlencode "more=a b" "$1"' || return
    arrives "$BODY" pointer=/auth/token '/usr/bin/python3 -c "
import os, sys, requests
print(requests.post(sys.argv[1], json={\"auth\": {\"token\": os.environ[\"BODY_TOKEN\"]}}).text)" "$1"'
}

network_test a_large_body_of_unknown_length_arrives_where_a_secret_does "curl"
test_a_large_body_of_unknown_length_arrives_where_a_secret_does()
{
    local body
    with_secrets
    body=$(head -c 3000000 /dev/zero | tr '\0' x)
    arrives "$body" all 'head -c 3000000 /dev/zero | tr "\0" x |
        curl -sS --fail-with-body -X POST -H "Authorization: Bearer $HEADER_TOKEN" -H "Content-Type: application/x-git-receive-pack-request" -T - "$1"'
}

# stays COMMAND (for sh): unconfined the value arrives; contained the placeholder does not.
stays()
{
    local ARRIVALS=$REQUESTS
    is_refused 'greetings from the world' sh -c "$1" && has_event network.secret-denied '(.secret | endswith("_TOKEN")) and (.name | endswith(".example"))' &&
        { [ -n "$BARE" ] || ! grep -qE "$VALUES" "$EVENTS" || complain "a value is in the events"; }
}

network_test a_placeholder_goes_nowhere_else "curl"
test_a_placeholder_goes_nowhere_else()
{
    with_secrets
    local get='curl -sS -m 8 --fail-with-body'
    stays "$get -H \"Authorization: Bearer \$HEADER_TOKEN\" https://shared-a.example/hello" &&
        stays "$get -H \"X-Other: \$HEADER_TOKEN\" https://allowed.example/hello" &&
        stays "$get -A \"\$QUERY_TOKEN\" https://allowed.example/hello" &&
        stays "$get \"https://allowed.example/hello?other=\$QUERY_TOKEN\"" &&
        stays "$get \"https://allowed.example/hello?\$QUERY_TOKEN\"" &&
        stays "$get -d \"other=\$BODY_TOKEN\" https://allowed.example/hello" &&
        stays "$get --json \"{\\\"token\\\": \\\"\$BODY_TOKEN\\\"}\" https://allowed.example/hello" &&
        stays "$get -H 'Content-Type: text/plain' -d \"\$BODY_TOKEN\" https://allowed.example/hello" || return
    # Nor behind half an escape, of which its first digit would become a part, so that what comes back is another text.
    stays "$get \"https://allowed.example/hello?key=%4\$QUERY_TOKEN\"" &&
        stays "$get -H \"Authorization: Bearer %\$HEADER_TOKEN\" https://allowed.example/hello" &&
        stays "$get -d \"token=%4\$BODY_TOKEN\" https://allowed.example/hello"
}

network_test a_placeholder_does_not_leave_without_tls "curl"
test_a_placeholder_does_not_leave_without_tls()
{
    with_secrets
    stays 'curl -sS -m 8 --fail-with-body -H "Authorization: Bearer $HEADER_TOKEN" http://allowed.example/hello' || return
    fetch passes allowed.example
}

network_test a_value_is_for_servers_that_proved_who_they_are "curl"
test_a_value_is_for_servers_that_proved_who_they_are()
{
    local port ARRIVALS=$REQUESTS
    with_secrets
    for port in 9441 9442 9444; do
        is_refused 'greetings from the world' sh -c \
            "curl -sS -k -m 8 --fail-with-body -H \"Authorization: Bearer \$HEADER_TOKEN\" https://allowed.example:$port/hello" || return
    done
}

network_test a_value_does_not_come_back "curl"
test_a_value_does_not_come_back()
{
    local way form url command='curl -sS -m 8 -D - --compressed -H "Authorization: Bearer $HEADER_TOKEN" "$1" | tr -d "\r\n"'
    with_secrets
    for way in plain base64 json percent hexadecimal chunks header gzip utf-16; do
        form=$HEADER url="https://allowed.example/reflect?as=$way"
        case $way in
        base64) form=$(printf '%s' "${HEADER:5:15}" | base64 -w 0) form=${form:4:12} ;;
        hexadecimal) form=$(printf '%s' "$HEADER" | od -An -tx1 | tr -d ' \n') ;;
        esac
        if [ "$way" != base64 ]; then
            run_bare sh -c "$command" - "$url"
            grep -qF -- "$form" <<<"$OUTPUT" || complain "unconfined: $way: no $form in: $OUTPUT" || return
        fi
        [ -z "$BARE" ] || continue
        run_contained sh -c "$command" - "$url"
        [ "$SEEN" -gt 0 ] || complain "$way: nothing arrived: $OUTPUT" || return
        ! grep -qF -- "$form" <<<"$OUTPUT" && ! grep -qF -- "${HEADER:4}" <<<"$OUTPUT" || complain "$way: it came back: $OUTPUT" || return
        [ "$way" != base64 ] || ! base64 -d 2>/dev/null <<<"${OUTPUT##*plain}" | grep -aqF "$HEADER" || complain "$way: it came back" || return
    done
}

# In another charset than it would be found in.
network_test an_answer_in_which_values_cannot_be_found_does_not_come "curl"
test_an_answer_in_which_values_cannot_be_found_does_not_come()
{
    with_secrets
    local command='curl -sS -m 8 -H "Authorization: Bearer $HEADER_TOKEN" "https://allowed.example/reflect?as=ebcdic"'
    run_bare sh -c "$command | iconv -f cp037"
    grep -qF "Bearer $HEADER" <<<"$OUTPUT" || complain "unconfined: $OUTPUT" || return
    [ -z "$BARE" ] || return 0
    run_contained sh -c "$command"
    grep -qF 'or charset' <<<"$OUTPUT" || complain "$OUTPUT"
}

# An answer that stands still must not tell by what is missing of it how a value begins.
network_test what_is_held_back_tells_nothing_of_a_value "python3"
test_what_is_held_back_tells_nothing_of_a_value()
{
    with_secrets
    local guess=${BASIC:0:14} other=VLUX${BASIC:4:10} url='https://allowed.example/still?text='
    QUICK=20
    run_bare /usr/bin/python3 still.py "$url" "said $guess" "said $other" "said $guess"$'\n'
    check_equal "$OUTPUT" 'there: 19 19 20' || return
    [ -z "$BARE" ] || return 0
    run_contained /usr/bin/python3 still.py "$url" "said $guess" "said $other" "said $guess"$'\n'
    check_equal "$OUTPUT" 'there: 0 0 20'
}

network_test a_value_is_nowhere_inside "python3 curl"
test_a_value_is_nowhere_inside()
{
    local use='curl -sS -H "Authorization: Bearer $HEADER_TOKEN" "https://allowed.example/reflect?as=plain" >answer'
    [ -z "$BARE" ] || return 0
    with_secrets
    run_contained sh -c "$use; /usr/bin/python3 search.py VLUE"
    check_equal "$STATUS:$OUTPUT" 0:searched || return
    # The search does find what is there.
    run_contained sh -c "$use; /usr/bin/python3 search.py PLCH_ | sort -u; env | grep -c PLCH_"
    grep -q 'found in /proc' <<<"$(sed 's|found in memory of|found in /proc memory of|' <<<"$OUTPUT")" || grep -q '^[1-9]' <<<"$OUTPUT" || complain "$OUTPUT" || return
    ! grep -rqE "$VALUES" "$EVENTS" "$HOME_DIR" || complain "a value is at $(grep -rlE "$VALUES" "$EVENTS" "$HOME_DIR" | head -n 3)"
}

network_test a_value_is_in_the_memory_of_its_holder_alone "python3"
test_a_value_is_in_the_memory_of_its_holder_alone()
{
    local name pid
    [ -z "$BARE" ] && [ "$(id -u)" = 0 ] || return 0
    with_secrets
    start_contained "$TREE/said" sh -c 'curl -sS -H "Authorization: Bearer $HEADER_TOKEN" https://allowed.example/hello; echo used; exec sleep 60'
    wait_until grep -q used "$TREE/said" || complain "$(cat "$TREE/said")" || return
    grep -q greetings "$TREE/said" || complain "$(cat "$TREE/said")" || return
    for name in cordon-gateway cordon-inspector cordon-init sleep; do
        pid=$(find_below "$RUN" "$name" | head -n 1)
        [ -n "$pid" ] || complain "no $name" || return
        check_equal "$(/usr/bin/python3 search.py VLUE "$pid")" searched || complain "$name has it" || return
    done
    pid=$(find_below "$RUN" cordon-holder | head -n 1)
    [ -n "$pid" ] && /usr/bin/python3 search.py VLUE "$pid" | grep -q 'found in memory' || complain 'nor has the holder: the search finds nothing'
}

network_test a_secret_needs_a_host_that_is_granted_with_opened_tls ""
test_a_secret_needs_a_host_that_is_granted_with_opened_tls()
{
    [ -z "$BARE" ] || return 0
    with_secrets
    sed -i '/tls: terminate/d' "$TREE/policies/secrets.yaml"
    run_contained true
    check_equal "$STATUS" 125 && grep -q 'secrets\[0\].*terminate' <<<"$OUTPUT" || complain "$OUTPUT" || return
    # Nor is it there without its source.
    with_secrets
    fill_policies
    CALLER_VARIABLES=()
    run_contained true
    check_equal "$STATUS" 125 && grep -q 'WORLD_HEADER' <<<"$OUTPUT" || complain "$OUTPUT"
}

network_test without_its_holder_the_network_is_gone_and_the_program_lives "python3"
test_without_its_holder_the_network_is_gone_and_the_program_lives()
{
    [ -n "$BARE" ] || { with_secrets && dies_with cordon-holder secrets; }
}
