# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2034,SC2016
# Connections about which a person is asked (asker.c): what an answer allows, what nobody is asked about, and that nothing leaves before.

build_asker()
{
    cc -std=gnu17 -D_GNU_SOURCE -Wall -Wextra -o asker "$HERE/asker.c" "-I$HERE/../../include" "-L$LIBRARY" -l:libcordon.so.0
}

# As run_contained, with answers; ASKED is what was asked about connections: "HOST:PORT HOST:PORT".
WAIT=20000 OTHER=shared
run_asked() # ANSWERS COMMAND...
{
    local answers=$1
    shift
    rm -f "$EVENTS" "$EVENTS.asked"
    measure as_caller "FOR_MS=${FOR_MS-}" "OTHER=$TREE/policies/$OTHER.yaml" "LD_LIBRARY_PATH=$LIBRARY" ./asker "$answers" "$WAIT" "$WORKSPACE" "$EVENTS" "$TREE/policies/$POLICY.yaml" "$@"
    ASKED=$(sed -n 's/^[0-9]* connect \([^ ]*\) sha256:.*/\1/p' "$EVENTS.asked" 2>/dev/null | tr '\n' ' ')
    ASKED=${ASKED% }
}

get() { echo "curl -sS -m 15 http://$1"; }

network_test an_allowed_name_is_one_connection_and_a_denied_one_leaves_nothing "cc curl python3"
test_an_allowed_name_is_one_connection_and_a_denied_one_leaves_nothing()
{
    works_bare greetings curl -sS http://denied.example/hello || return
    [ -z "$BARE" ] || return 0
    build_asker || return
    local before
    before=$(world_asked denied.example)
    run_asked d sh -c "$(get denied.example/hello)"
    check_equal "$ASKED" 'denied.example:80' || return
    [ "$STATUS" != 0 ] || complain "it got through: $OUTPUT" || return
    check_equal "$SEEN" 0 && check_equal "$(world_asked denied.example)" "$before" || return
    has_event network.denied '.name == "denied.example" and .port == 80 and .address == null' || return
    local why
    why=$(as_caller "$CORDON" why last)
    grep -qF '{"to":[{"host":"denied.example"}],"ports":[{"port":80,"protocol":"tcp"}]}' <<<"$why" || complain "$why" || return
    has_event approval.answered '.answer == "deny" and .name == "denied.example" and .operation == "connect" and .path == null' || return
    # once: the first of two, resolved then, dialled where it was resolved to
    run_asked od sh -c "$(get denied.example/hello); $(get denied.example/hello)"
    check_equal "$ASKED" 'denied.example:80 denied.example:80' || return
    check_equal "$(grep -o greetings <<<"$OUTPUT" | wc -l)" 1 || return
    has_event network.connected '.name == "denied.example" and .address == "93.184.216.35" and .rule == "a person'\''s answer"' || return
    grep -q 'every path and method there' "$EVENTS.asked" && grep -q $'^\trule   network.egress.allow: {"to":\[{"host":"denied.example"}\]' "$EVENTS.asked" ||
        complain "$(cat "$EVENTS.asked")"
}

network_test allowed_for_the_run_is_this_host_and_port "cc curl python3"
test_allowed_for_the_run_is_this_host_and_port()
{
    [ -z "$BARE" ] || return 0
    build_asker || return
    run_asked rd sh -c "for i in 1 2 3; do $(get denied.example/hello); done; $(get denied.example:8080/hello); $(get shared-a.example/hello)"
    check_equal "$ASKED" 'denied.example:80 denied.example:8080 shared-a.example:80' || return
    check_equal "$(grep -o greetings <<<"$OUTPUT" | wc -l)" 3 || return
    
}

network_test allowed_for_a_while_is_closed_then_and_asked_about_again "cc python3"
test_allowed_for_a_while_is_closed_then_and_asked_about_again()
{
    local LIMIT=200 for_ms
    [ -z "$BARE" ] || return 0
    build_asker || return
    for for_ms in 4000 60000; do # so slow a machine may be
        FOR_MS=$for_ms run_asked hd python3 while.py denied.example 80
        ! grep -q '^late' <<<"$OUTPUT" || continue
        check_equal "$OUTPUT" $'answered\nagain\nclosed\nrefused' || return
        check_equal "$ASKED" 'denied.example:80 denied.example:80' || return
        has_event approval.answered '.answer == "run" and (.until | endswith("Z"))' &&
            has_event grant.ended '.rule == "the answer to question 1"' &&
            has_event network.denied '.reason == "it was granted until a time that is over" and .rule == "a person'\''s answer"'
        return
    done
    complain "$OUTPUT; $ASKED; $(grep -h -e network -e approval "$EVENTS" | cut -c 1-400)"
}

network_test a_literal_address_is_asked_about_and_special_ones_are_not "cc curl python3"
test_a_literal_address_is_asked_about_and_special_ones_are_not()
{
    works_bare greetings curl -sS http://169.254.169.254/hello || return
    [ -z "$BARE" ] || return 0
    build_asker || return
    run_asked o sh -c "for a in 169.254.169.254 $WORLD_HOST [fd00:ec2::254] 100.100.100.200 127.0.0.1 [::ffff:169.254.169.254]; do $(get '$a/hello'); done; $(get 93.184.216.35/hello)"
    check_equal "$ASKED" '93.184.216.35:80' || return
    grep -q greetings <<<"$OUTPUT" || complain "$OUTPUT" || return
    run_asked o curl -sS -m 10 'http://[2606:2800:220:1::35]/hello'
    check_equal "$ASKED" '[2606:2800:220:1::35]:80' || return
    run_asked d curl -sS -m 10 http://10.1.2.3/hello
    check_equal "$ASKED" '10.1.2.3:80' || return
    grep -q 'services trust whoever asks' "$EVENTS.asked" || complain "$(cat "$EVENTS.asked")" || return
    # of what an IPv6 address holds, the person is told
    run_asked d curl -sS -m 10 'http://[64:ff9b::10.1.2.3]/hello'
    check_equal "$ASKED" '[64:ff9b::a01:203]:80' || return
    grep -q $'^\tholds  10\.1\.2\.3' "$EVENTS.asked" && grep -q 'services trust whoever asks' "$EVENTS.asked" || complain "$(cat "$EVENTS.asked")" || return
    check_equal "$SEEN" 0
}

network_test a_name_that_leads_inward_is_refused_though_it_was_allowed "cc curl python3"
test_a_name_that_leads_inward_is_refused_though_it_was_allowed()
{
    [ -z "$BARE" ] || return 0
    build_asker || return
    run_asked o sh -c "for n in inward loopback metadata own mapped alias-inward; do $(get '$n.example/hello'); done 2>&1"
    check_equal "$(wc -w <<<"$ASKED")" 6 || return
    ! grep -q greetings <<<"$OUTPUT" || complain "$OUTPUT" || return
    has_event network.denied '.name == "metadata.example" and (.reason | startswith("the address is special"))' || return
    ! grep -E '^(http|tcp|connection) ' "$WORLD/seen" | tail -n "$SEEN" | grep -qE '10\.1\.2\.3|169\.254' || complain "it was dialled"
    # what of a name is public is reached, and nothing else of it
    run_asked o curl -sS -m 10 http://mixed.example/hello
    has_event network.connected '.address == "93.184.216.34"'
}

network_test a_name_that_is_said_has_to_be_the_one_that_was_allowed "cc curl openssl python3"
test_a_name_that_is_said_has_to_be_the_one_that_was_allowed()
{
    [ -z "$BARE" ] || return 0
    build_asker || return
    run_asked o curl -sS -m 10 -H 'Host: wild.example' http://denied.example/hello
    [ "$STATUS" != 0 ] && has_event network.denied '.reason | startswith("the connection says another name")' || complain "$OUTPUT" || return
    ARRIVALS='^(http|sni) '
    run_asked o sh -c 'openssl s_client -connect denied.example:443 -servername wild.example -brief </dev/null 2>&1; true'
    check_equal "$SEEN" 0 || return
    run_asked o curl -sS -m 10 --cacert ca.pem https://denied.example/hello
    check_equal "$STATUS" 0 && grep -q greetings <<<"$OUTPUT" || complain "$OUTPUT"
}

network_test nobody_is_asked_about_what_a_rule_denies "cc curl python3"
test_nobody_is_asked_about_what_a_rule_denies()
{
    [ -z "$BARE" ] || return 0
    build_asker || return
    POLICY=asked-deny
    run_asked o sh -c "$(get denied.example/hello); $(get a.wild.example/hello); $(get shared-a.example/hello); $(get 93.184.216.36/hello)"
    check_equal "$ASKED" 'shared-a.example:80' || return
    ! grep -q greetings <<<"$OUTPUT" || complain "$OUTPUT" || return
    has_event network.name-denied '.name == "denied.example"'
}

network_test nothing_is_asked_upstream_before_a_person_said_yes "cc curl python3 getent"
test_nothing_is_asked_upstream_before_a_person_said_yes()
{
    local before
    before=$(world_asked secret.tunnel.example)
    as_caller getent ahostsv4 secret.tunnel.example && [ "$(world_asked secret.tunnel.example)" -gt "$before" ] || complain "the world hears no question" || return
    [ -z "$BARE" ] || return 0
    build_asker || return
    before=$(world_asked secret.tunnel.example)
    run_asked o sh -c 'getent ahostsv4 secret.tunnel.example; getent ahosts six.example; getent hosts metadata.google.internal; true'
    check_equal "$ASKED" '' || return
    grep -q '^198\.19\.' <<<"$OUTPUT" || complain "$OUTPUT" || return
    check_equal "$(world_asked secret.tunnel.example)" "$before" && check_equal "$SEEN" 0 || return
    # an address that was told leads nowhere by itself, over no protocol
    run_asked d python3 -c '
import socket
a = socket.gethostbyname("secret.tunnel.example")
for kind, port in (socket.SOCK_DGRAM, 443), (socket.SOCK_STREAM, 7000):
    s = socket.socket(socket.AF_INET, kind); s.settimeout(5)
    try: s.connect((a, port)); s.send(b"x"); print(kind, s.recv(9) or "shut")
    except OSError as e: print(kind, e.strerror)
for a in "198.19.77.77", "198.18.0.9":
    s = socket.socket(); s.settimeout(5)
    try: s.connect((a, 80)); print(s.recv(9) or "shut")
    except OSError as e: print(e.strerror)'
    check_equal "$ASKED" 'secret.tunnel.example:7000' || return
    # told of by its name, not by an address that is nobody's
    has_event network.denied '.name == "secret.tunnel.example" and .port == 7000 and .address == null' || return
    check_equal "$SEEN" 0 && check_equal "$(world_asked secret.tunnel.example)" "$before"
}

network_test time_that_is_up_and_a_person_who_is_gone_deny "cc curl python3"
test_time_that_is_up_and_a_person_who_is_gone_deny()
{
    [ -z "$BARE" ] || return 0
    build_asker || return
    WAIT=300 run_asked t sh -c "$(get denied.example/hello); $(get denied.example/hello); $(get denied.example/hello)"
    check_equal "$ASKED" 'denied.example:80 denied.example:80' || return
    check_equal "$SEEN" 0 && has_event approval.answered '.answer == "timeout"' || return
    run_asked k sh -c "$(get denied.example/hello)"
    check_equal "$STATUS" 137 && check_equal "$SEEN" 0 || return
    run_asked xo sh -c "$(get denied.example/hello)"
    grep -q 'both refused' "$EVENTS.asked" && check_equal "$SEEN" 0
}

network_test a_written_rule_is_exact_and_holds_for_the_next_run "cc curl python3"
test_a_written_rule_is_exact_and_holds_for_the_next_run()
{
    [ -z "$BARE" ] || return 0
    build_asker || return
    "${drop[@]}" cp "$TREE/policies/one-name.yaml" "$TREE/policies/mine.yaml" || return
    POLICY=mine
    run_asked w sh -c "$(get denied.example/hello)"
    check_equal "$STATUS" 0 || complain "$OUTPUT" || return
    grep -q 'host: allowed.example' "$TREE/policies/mine.yaml" && grep -qF '{"to":[{"host":"denied.example"}],"ports":[{"port":80,"protocol":"tcp"}]}' "$TREE/policies/mine.yaml" ||
        complain "$(cat "$TREE/policies/mine.yaml")" || return
    has_event approval.answered '.answer == "rule"' || return
    run_asked d sh -c "$(get denied.example/hello); $(get denied.example:8080/hello)"
    check_equal "${ASKED% *}" 'denied.example:8080' || return # of either family
    check_equal "$(grep -o greetings <<<"$OUTPUT" | wc -l)" 1
}

network_test a_flood_of_names_and_connections_is_bounded_and_others_go_on "cc curl python3"
test_a_flood_of_names_and_connections_is_bounded_and_others_go_on()
{
    [ -z "$BARE" ] || return 0
    build_asker || return
    LIMIT=100
    run_asked t python3 flood.py
    grep -q 'granted 20 of 20' <<<"$OUTPUT" || complain "$OUTPUT" || return
    [ "$(wc -w <<<"$ASKED")" -le 64 ] || complain "$(wc -w <<<"$ASKED") questions" || return
    check_equal "$(world_asked '[^ ]*flood.tunnel.example')" 0 || return
    has_event network.lost '.count > 0'
}

network_test who_waits_no_more_withdraws_the_question "cc curl jq python3"
test_who_waits_no_more_withdraws_the_question()
{
    [ -z "$BARE" ] || return 0
    build_asker || return
    run_asked t sh -c "curl -sS -m 1 http://denied.example/hello; $(get allowed.example/hello)"
    check_equal "$ASKED" 'denied.example:80' || return
    grep -q greetings <<<"$OUTPUT" || complain "$OUTPUT" || return
    # before what came after it, not only with the end of the run
    jq -se 'map(.type + (.answer // "") + (.name // "")) | index("approval.answeredwithdrawndenied.example") as $w | index("network.connectedallowed.example") as $c | $w and $c and $w < $c' "$EVENTS" >/dev/null ||
        complain "$(grep -E 'approval|network' "$EVENTS")"
}

# Of everybody's, the one that serves this container: the only one below it.
network_test a_gateway_that_dies_withdraws_what_it_held "cc curl python3"
test_a_gateway_that_dies_withdraws_what_it_held()
{
    [ -z "$BARE" ] || return 0
    build_asker || return
    rm -f "$WORKSPACE/withdrawn"
    run_asked g sh -c "curl -sS -m 10 http://denied.example/hello; for i in \$(seq 300); do [ ! -e '$WORKSPACE/withdrawn' ] || break; sleep 0.1; done; echo end"
    check_equal "$ASKED" 'denied.example:80' || return
    grep -q '^end$' <<<"$OUTPUT" && check_equal "$SEEN" 0 || return
    has_event network.gone && has_event approval.answered '.answer == "withdrawn"'
}

network_test another_network_ends_what_waits_and_what_was_allowed_once "cc curl python3"
test_another_network_ends_what_waits_and_what_was_allowed_once()
{
    [ -z "$BARE" ] || return 0
    build_asker || return
    # the first is allowed and stays open while the second is asked about
    run_asked on python3 -c '
import socket
first = socket.create_connection(("denied.example", 7), timeout=15)
first.sendall(b"\x01"); print("first", first.recv(1))
try:
    second = socket.create_connection(("wild.example", 7), timeout=15)
    second.sendall(b"\x01 raw"); print("second", second.recv(1) or "shut")
except OSError: print("second ended")
try: print("first", first.recv(1) or "shut")
except ConnectionResetError: print("first ended")'
    check_equal "$ASKED" 'denied.example:7 wild.example:7' || return
    check_equal "$OUTPUT" $'first b\'\\x01\'\nsecond ended\nfirst ended' || return
    has_event approval.answered '.answer == "withdrawn"'
}

network_test another_network_ends_what_was_allowed_for_the_run "cc curl python3"
test_another_network_ends_what_was_allowed_for_the_run()
{
    [ -z "$BARE" ] || return 0
    build_asker || return
    # allowed twice by one answer; another network while wild.example is asked about; then it is a question again, and denied
    run_asked rnd sh -c "$(get denied.example/hello); $(get denied.example/hello); $(get wild.example/hello); $(get denied.example/hello)"
    check_equal "$ASKED" 'denied.example:80 wild.example:80 denied.example:80' || return
    check_equal "$(grep -o greetings <<<"$OUTPUT" | wc -l)" 2 || return
    # a network that was shut stays shut
    OTHER=shut run_asked rno sh -c "$(get denied.example/hello); $(get wild.example/hello); $(get denied.example/hello)"
    check_equal "$ASKED" 'denied.example:80 wild.example:80' || return
    check_equal "$(grep -o greetings <<<"$OUTPUT" | wc -l)" 1
}

network_test odd_names_and_floods_of_families_are_no_questions "cc python3"
test_odd_names_and_floods_of_families_are_no_questions()
{
    [ -z "$BARE" ] || return 0
    build_asker || return
    run_asked o python3 -c '
import socket, struct
def ask(labels, kind):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(15); s.connect(("192.0.0.1", 53))
    s.send(struct.pack(">HHHHHH", 7, 0x100, 1, 0, 0, 0) + b"".join(bytes([len(l)]) + l for l in labels) + b"\0" + struct.pack(">HH", kind, 1))
    reply = s.recv(2048)
    return reply[3] & 15, struct.unpack(">H", reply[6:8])[0]
for label in b"a\x1b[2J", b"a b", b"a\xe2\x80\xaeb", b"*", b"-a":
    print(ask([label, b"denied", b"example"], 1))
print(ask([b"denied", b"example"], 1), ask([b"denied", b"example"], 28), ask([b"denied", b"example"], 16))'
    check_equal "$ASKED" '' || return
    ! head -n 5 <<<"$OUTPUT" | grep -q '(0, 1)' || complain "$OUTPUT" || return
    check_equal "$(tail -n 1 <<<"$OUTPUT")" '(0, 1) (0, 0) (5, 0)'
}
