# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2034,SC2016
# Rules about requests, over HTTP without TLS: methods, paths, and one reading of what is sent.

asks() # VERDICT URL [CURL-OPTION]...
{
    "$1" 'greetings from the world' curl -sS -m 8 --fail-with-body "${@:3}" "$2"
}

network_test methods_and_paths_that_are_named_pass_and_no_other "curl"
test_methods_and_paths_that_are_named_pass_and_no_other()
{
    POLICY=requests
    asks passes http://allowed.example/hello && asks passes 'http://allowed.example/hello?q=1' &&
        asks passes http://allowed.example/files/one && asks is_denied http://allowed.example/denied &&
        asks is_denied http://allowed.example/hello -X DELETE && asks is_denied http://allowed.example/hello -d data &&
        asks passes http://allowed.example/echo -d 'greetings from the world' &&
        asks is_denied http://allowed.example/echo -X PUT -d 'greetings from the world' &&
        asks is_denied http://allowed.example/hello -X get
}

network_test a_path_is_one_however_it_is_written "curl"
test_a_path_is_one_however_it_is_written()
{
    POLICY=requests
    local path
    asks passes http://allowed.example/%68ello || return
    for path in /files/../denied /files/%2e%2e/denied /hello/..%2fdenied //denied /./denied '/files/..;/denied'; do
        [ -n "$BARE" ] || ARRIVALS=$REQUESTS is_shut 'greetings from the world' \
            curl -sS -m 8 --fail-with-body --path-as-is "http://allowed.example$path" && has_event network.request-denied || return
    done
    asks is_denied http://allowed.example/%64enied
}

network_test later_requests_of_a_connection_are_judged_too "python3"
test_later_requests_of_a_connection_are_judged_too()
{
    local first='GET /hello HTTP/1.1\r\nHost: allowed.example\r\n\r\n' second
    POLICY=requests
    passes 'greetings from the world' python3 raw.py allowed.example 80 "$first" "$first" || return
    for second in 'GET /denied HTTP/1.1\r\nHost: allowed.example\r\n\r\n' 'GET /hello HTTP/1.1\r\nHost: shared-b.example\r\n\r\n' \
        'GET http://shared-b.example/hello HTTP/1.1\r\nHost: allowed.example\r\n\r\n' 'GET /hello HTTP/1.1\r\n\r\n' \
        'CONNECT shared-b.example:80 HTTP/1.1\r\nHost: shared-b.example:80\r\n\r\n'; do
        works_bare 'greetings from the world' python3 raw.py allowed.example 80 "$first" "$second" || return
        [ -z "$BARE" ] || continue
        ARRIVALS=$REQUESTS run_contained python3 raw.py allowed.example 80 "$first" "$second"
        [ "$STATUS:$SEEN" = 1:1 ] || complain "$second: status $STATUS, $SEEN requests arrived: $OUTPUT" || return
        has_event network.request '.path == "/hello" and .status == 200' && has_event network.request-denied || return
    done
}

network_test no_second_request_hides_in_a_first "python3"
test_no_second_request_hides_in_a_first()
{
    local before
    POLICY=requests
    before=$(world_seen '^http .* /denied|/denied ')
    run_bare python3 smuggle.py allowed.example 80
    [ "$(($(world_seen '/denied') - before))" -ge 17 ] || complain "unconfined: of $OUTPUT: $(grep -c /denied "$WORLD/seen")" || return
    [ -z "$BARE" ] || return 0
    before=$(world_seen '/denied')
    run_contained python3 smuggle.py allowed.example 80
    grep -q 'ways were tried' <<<"$OUTPUT" || complain "$OUTPUT" || return
    check_equal "$(world_seen '/denied')" "$before" && has_event network.request-denied '(.reason // "") | length > 0'
}

network_test what_asks_for_another_protocol_is_still_judged "curl"
test_what_asks_for_another_protocol_is_still_judged()
{
    POLICY=requests
    asks passes http://allowed.example/hello --http2 && asks is_denied http://allowed.example/denied --http2
}

network_test websockets_are_for_rules_that_say_so "python3 python:websockets"
test_websockets_are_for_rules_that_say_so()
{
    POLICY=requests
    passes 'and back' python3 websocket.py ws://allowed.example:8080/ws && is_denied 'and back' python3 websocket.py ws://allowed.example/ws
}

network_test tls_that_nobody_opens_is_refused_where_requests_decide "curl"
test_tls_that_nobody_opens_is_refused_where_requests_decide()
{
    POLICY=requests ARRIVALS='^(http|sni) '
    asks is_refused https://allowed.example/hello --cacert ca.pem && has_event network.denied '.port == 443 and (.reason | contains("cannot be read"))'
}

network_test a_protocol_that_is_no_http_is_refused_where_requests_decide "nc"
test_a_protocol_that_is_no_http_is_refused_where_requests_decide()
{
    local ARRIVALS='^echo '
    POLICY=requests-denied
    [ -n "$BARE" ] || { run_contained sh -c 'echo greetings | timeout 5 nc -N allowed.example 80'
        ! grep -q greetings <<<"$OUTPUT" && { has_event network.denied || has_event network.request-denied; }; }
}

network_test denied_requests_leave_the_rest "curl"
test_denied_requests_leave_the_rest()
{
    POLICY=requests-denied
    asks passes http://allowed.example/hello && asks is_denied http://allowed.example/denied &&
        has_event network.request-denied '.rule | contains("deny[0]")' && asks is_denied http://allowed.example/hello -X DELETE &&
        asks passes http://93.184.216.36/denied && asks is_denied http://93.184.216.36/hello -X DELETE
}

network_test a_denial_says_what_was_denied_and_what_would_allow_it "curl jq"
test_a_denial_says_what_was_denied_and_what_would_allow_it()
{
    [ -z "$BARE" ] || return 0
    POLICY=requests
    run_contained curl -s -m 8 -w '\n%{http_code} %{content_type}' 'http://allowed.example/denied?token=veiled'
    grep -qx '403 application/json' <<<"$OUTPUT" || complain "$OUTPUT" || return
    head -n 1 <<<"$OUTPUT" | jq -e '.error | .method == "GET" and .path == "/denied" and (.reason | length > 0) and
        (.remedy | contains("network.egress.allow")) and (.message | length > 0)' >/dev/null || complain "$OUTPUT" || return
    ! grep -q veiled "$EVENTS" || complain 'a query is in the events'
}

network_test requests_are_events_with_who_made_them "python3"
test_requests_are_events_with_who_made_them()
{
    [ -z "$BARE" ] || return 0
    POLICY=requests
    # (it stays a moment: what a process that is gone executed nobody can say)
    passes 'greetings from the world' /usr/bin/python3 -c 'import time, urllib.request
print(urllib.request.urlopen("http://allowed.example/hello?token=veiled").read().decode())
time.sleep(1)' || return
    has_event network.request '.method == "GET" and .path == "/hello" and .status == 200 and .name == "allowed.example" and
        .pid > 0 and (.exe // "" | contains("/python3")) and (.rule | contains("requests.yaml")) and .connection == 1' &&
        has_event network.connected '.connection == 1 and .pid > 0 and (.exe // "" | contains("/python3"))' &&
        has_event network.closed '.bytesDown > 0 and .connection == 1' || return
    ! grep -q veiled "$EVENTS" || complain 'a query is in the events'
}
