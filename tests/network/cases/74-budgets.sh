# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2034,SC2016
# How much may go by.

# The budget of the rule about allowed.example, and perhaps one of everything.
spend() # BUDGET [TOTAL]
{
    local text
    text=$(<"$HERE/policies/budget.yaml")
    text=${text/@BUDGET@/$1}
    [ -z "${2:-}" ] || text+=$'\n'"  budget: {$2}"
    printf '%s\n' "$text" >"$TREE/policies/budget.yaml"
    POLICY=budget
}

# As many pages as go: how many were told.
pages_of() # HOST COUNT
{
    COMMAND=(sh -c 'n=0; for i in $(seq "$2"); do ! curl -sS -m 8 --fail-with-body "http://$1/hello" || n=$((n + 1)); done; echo "$n pages"; [ "$n" = "$2" ]' - "$1" "$2")
}

network_test a_number_of_connections_and_no_more "curl"
test_a_number_of_connections_and_no_more()
{
    local COMMAND
    spend 'connections: 3'
    pages_of allowed.example 3
    passes '3 pages' "${COMMAND[@]}" || return
    pages_of allowed.example 5
    works_bare '5 pages' "${COMMAND[@]}" || return
    [ -z "$BARE" ] || return 0
    ARRIVALS='^tcp ' run_contained "${COMMAND[@]}"
    grep -qx '3 pages' <<<"$OUTPUT" && [ "$SEEN" = 3 ] || complain "$SEEN arrived: $OUTPUT" || return
    has_event network.budget '.kind == "connections" and .limit == 3 and .endsRun == false and (.rule | contains("budget.yaml"))' &&
        has_event network.denied '.reason == "the budget is used up"' || return
    pages_of shared-a.example 5
    passes '5 pages' "${COMMAND[@]}"
}

network_test a_number_of_requests_and_no_more "python3"
test_a_number_of_requests_and_no_more()
{
    local one='GET /hello HTTP/1.1\r\nHost: allowed.example\r\n\r\n'
    spend 'requests: 2}'$'\n''        http: {paths: ["/**"]'
    passes 'greetings from the world' python3 raw.py allowed.example 80 "$one" "$one" &&
        works_bare 'greetings from the world' python3 raw.py allowed.example 80 "$one" "$one" "$one" || return
    [ -z "$BARE" ] || return 0
    ARRIVALS='^http ' run_contained python3 raw.py allowed.example 80 "$one" "$one" "$one"
    [ "$STATUS:$SEEN" = 1:2 ] && grep -q 'HTTP/1.1 429' <<<"$OUTPUT" || complain "$STATUS: $SEEN arrived: $OUTPUT" || return
    has_event network.budget '.kind == "requests" and .limit == 2' && has_event network.request-denied '.reason == "the budget is used up"'
}

network_test bytes_down_and_no_more "curl"
test_bytes_down_and_no_more()
{
    spend 'bytesDown: 1MiB'
    passes '500000 bytes' curl -sS -m 8 -o /dev/null -w '%{size_download} bytes' 'http://allowed.example/size?bytes=500000' &&
        works_bare '3000000 bytes' curl -sS -m 8 -o /dev/null -w '%{size_download} bytes' 'http://allowed.example/size?bytes=3000000' || return
    [ -z "$BARE" ] || return 0
    run_contained curl -sS -m 8 -o /dev/null -w '%{size_download} bytes' 'http://allowed.example/size?bytes=3000000'
    [ "$STATUS" != 0 ] || complain "all of it came: $OUTPUT" || return
    [ "$(sed -n 's/^\([0-9]*\) bytes$/\1/p' <<<"$OUTPUT")" -le 1048576 ] || complain "more than the budget: $OUTPUT" || return
    has_event network.budget '.kind == "bytesDown" and .limit == 1048576'
}

network_test bytes_count_also_where_requests_are_read "curl"
test_bytes_count_also_where_requests_are_read()
{
    local size='-sS -m 8 -o /dev/null -w %{size_download}_bytes'
    spend 'bytesDown: 1MiB}'$'\n''        http: {paths: ["/**"]'
    # shellcheck disable=SC2086
    passes '500000_bytes' curl $size 'http://allowed.example/size?bytes=500000' &&
        works_bare '3000000_bytes' curl $size 'http://allowed.example/size?bytes=3000000' || return
    [ -z "$BARE" ] || return 0
    # shellcheck disable=SC2086
    run_contained curl $size 'http://allowed.example/size?bytes=3000000'
    [ "$STATUS" != 0 ] && ! grep -q 3000000_bytes <<<"$OUTPUT" || complain "all of it came: $OUTPUT" || return
    [ "$(sed -n 's/.*\b\([0-9]*\)_bytes$/\1/p' <<<"$OUTPUT")" -le 1048576 ] || complain "more than the budget: $OUTPUT" || return
    has_event network.budget '.kind == "bytesDown" and .limit == 1048576'
}

network_test bytes_up_and_no_more "curl"
test_bytes_up_and_no_more()
{
    "${drop[@]}" sh -c 'head -c 3000000 /dev/zero >much; head -c 1000 /dev/zero >little'
    spend 'bytesUp: 1MiB'
    passes '' curl -sS -m 8 --data-binary @little http://allowed.example/digest &&
        works_bare '' curl -sS -m 8 --data-binary @much http://allowed.example/digest || return
    [ -z "$BARE" ] || return 0
    ARRIVALS='^http ' run_contained curl -sS -m 8 --data-binary @much http://allowed.example/digest
    [ "$STATUS" != 0 ] && [ "$SEEN" = 0 ] || complain "$SEEN arrived: $OUTPUT" || return
    has_event network.budget '.kind == "bytesUp"'
}

network_test a_rate_is_kept_and_everything_arrives "curl"
test_a_rate_is_kept_and_everything_arrives()
{
    spend 'bytesPerSecond: 1MiB'
    QUICK=30
    passes '3000000 bytes' curl -sS -m 20 -o /dev/null -w '%{size_download} bytes' 'http://allowed.example/size?bytes=3000000' || return
    [ -n "$BARE" ] || [ "$MILLISECONDS" -ge 1500 ] || complain "3 MB at 1 MiB/s in $MILLISECONDS ms"
}

network_test a_budget_of_everything_counts_what_every_rule_grants "curl"
test_a_budget_of_everything_counts_what_every_rule_grants()
{
    local COMMAND=(sh -c 'for host in allowed shared-a allowed shared-a; do curl -sS -m 8 --fail-with-body "http://$host.example/hello"; done')
    spend 'connections: 9' 'connections: 3'
    works_bare 'greetings from the world' "${COMMAND[@]}" || return
    [ -z "$BARE" ] || return 0
    ARRIVALS='^http ' run_contained "${COMMAND[@]}"
    check_equal "$SEEN" 3 && has_event network.budget '.limit == 3 and (.rule | contains("network.budget"))'
}

network_test a_budget_may_end_the_run "curl"
test_a_budget_may_end_the_run()
{
    [ -z "$BARE" ] || return 0
    spend 'connections: 1, onLimit: end'
    run_contained sh -c 'curl -sS -m 8 http://allowed.example/hello; curl -sS -m 8 http://allowed.example/hello; sleep 20; echo "and lives"'
    [ "$STATUS" != 0 ] && ! grep -q 'and lives' <<<"$OUTPUT" && [ "$MILLISECONDS" -lt 8000 ] || complain "$STATUS after $MILLISECONDS ms: $OUTPUT" || return
    has_event network.budget '.endsRun' && jq -se 'any(.[]; .type == "run.exited" and .end == "limit")' "$EVENTS" >/dev/null ||
        complain "$(grep run.exited "$EVENTS")" || return
    spend 'connections: 1'
    run_contained sh -c 'curl -sS -m 8 http://allowed.example/hello; curl -sS -m 8 http://allowed.example/hello; echo "and lives"'
    grep -q 'and lives' <<<"$OUTPUT" || complain "$OUTPUT"
}
