# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2034,SC2016
# Who it was, and what the kernel itself refused.

# Of the last container's records of this type all are so, and there are so many: all_events TYPE COUNT EXPRESSION
all_events()
{
    jq -se --argjson count "$2" "[.[] | select(.type == \"$1\")] | length == \$count and all($3)" "$EVENTS" >/dev/null ||
        complain "not $2 events $1 with $3 in: $(sed -n 's/.*"type":"\(network.*\)}$/\1/p' "$EVENTS" | cut -c 1-300 | head -n 5)"
}

# curl is gone before the record of its connection is written.
network_test a_program_that_is_gone_has_its_name_in_the_events "curl"
test_a_program_that_is_gone_has_its_name_in_the_events()
{
    [ -z "$BARE" ] || return 0
    POLICY=programs
    run_contained sh -c 'for i in $(seq 25); do curl -sS -m 8 http://93.184.216.34/hello; done; exit 1' # granted to no program
    all_events network.denied 25 '.exe | endswith("/curl")' || return
    jq -se '[.[] | select(.type == "network.denied").pid] | unique | length == 25' "$EVENTS" >/dev/null || complain 'not each has its process' ||
        return
    run_contained sh -c 'for i in $(seq 25); do curl -sS -m 8 http://93.184.216.35/hello & done; wait; exit 1'
    all_events network.connected 25 '(.exe | endswith("/curl")) and (.program | endswith("/curl"))'
}

# A name of its own choice is not what it executes.
network_test an_events_program_is_the_file_and_not_its_name "curl"
test_an_events_program_is_the_file_and_not_its_name()
{
    [ -z "$BARE" ] || return 0
    POLICY=programs
    "${drop[@]}" cp /usr/bin/curl curl || return
    run_contained bash -c 'for i in 1 2 3; do (exec -a /usr/bin/git ./curl -sS -m 8 http://93.184.216.35/hello); done; exit 1'
    all_events network.denied 3 '(.exe | endswith("/work/curl")) and .program == null'
}

network_test what_the_kernel_refuses_is_an_event_for_each_attempt "python3"
test_what_the_kernel_refuses_is_an_event_for_each_attempt()
{
    local place six
    POLICY=block
    for place in '93.184.216.35 80' '93.184.216.34 8080' '2606:2800:220:1::35 80' '2606:2800:220:1::34 8080' '10.1.2.3 80'; do
        # shellcheck disable=SC2086
        is_refused connected python3 connect.py $place || return
        [ -n "$BARE" ] || all_events network.denied 1 ".address == \"${place% *}\" and .port == ${place#* } and .protocol == \"tcp\" and
            (.exe | contains(\"/python3\")) and .pid > 0 and (.rule | contains(\"block.yaml\")) and (.reason | length > 0) and
            .errno != 0 and .connection == null" || return
    done
    [ -z "$BARE" ] || return 0
    run_contained python3 -c 'import socket
for family, how, to in ((2, 1, ("93.184.216.35", 80)), (2, 1, ("93.184.216.34", 8080)), (2, 2, ("93.184.216.35", 7)), (10, 1, ("::ffff:93.184.216.35", 80))):
    for i in range(5):
        client = socket.socket(family, how)
        client.setblocking(False)
        client.connect_ex(to)'
    all_events network.denied 20 '.address | IN("93.184.216.35", "93.184.216.34")' &&
        has_event network.denied '.port == 8080 and .errno == 111' && has_event network.denied '.protocol == "udp" and .port == 7' || return
    # What is permitted is no denial, nor is a server inside that is not there.
    fetch passes 93.184.216.34 && ! has_event network.denied 2>/dev/null || complain 'what got through counts as refused' || return
    run_contained python3 connect.py 127.0.0.1 9
    all_events network.denied 0 true
}

network_test a_denied_block_that_the_kernel_refuses_names_its_rule "curl"
test_a_denied_block_that_the_kernel_refuses_names_its_rule()
{
    POLICY=except
    fetch is_refused 93.184.216.35 && has_event network.denied '.address == "93.184.216.35" and .port == 80 and (.exe | endswith("/curl"))'
}

# No rules, no gateway: still somebody sees it.
network_test without_rules_each_refused_attempt_is_an_event "python3"
test_without_rules_each_refused_attempt_is_an_event()
{
    POLICY=shut
    is_refused connected python3 connect.py 93.184.216.34 80 || return
    [ -n "$BARE" ] || all_events network.denied 1 '.address == "93.184.216.34" and .port == 80 and (.exe | contains("/python3")) and
        .reason == "no rule grants it" and .connection == null'
}

# The record has its bounds, and what finds no room is counted; the run ends as it would have.
network_test a_flood_of_refused_attempts_is_counted "python3"
test_a_flood_of_refused_attempts_is_counted()
{
    [ -z "$BARE" ] || return 0
    POLICY=block
    run_contained python3 -c 'import socket
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range(30000): client.connect_ex(("93.184.216.35", 1 + i)) # (53 leads to the resolver)
print("done")'
    check_equal "$STATUS:$OUTPUT" 0:done || return
    jq -se '([.[] | select(.type == "network.denied")] | length) as $told | ([.[] | select(.type == "network.lost").count] | add) as $lost |
        $told > 100 and $told <= 20000 and $told + $lost == 29999' "$EVENTS" >/dev/null ||
        complain "$(grep -c network.denied "$EVENTS") told, $(grep network.lost "$EVENTS")"
}
