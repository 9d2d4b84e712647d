# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2034,SC2016
# Names: which may be asked for, what comes back, and where a connection may then go.

network_test wildcards_stand_for_one_label "curl"
test_wildcards_stand_for_one_label()
{
    POLICY=names
    fetch passes a.wild.example && fetch passes B.Wild.Example && fetch is_refused wild.example &&
        fetch is_refused deep.a.wild.example
}

network_test a_name_is_one_however_it_is_written "curl"
test_a_name_is_one_however_it_is_written()
{
    POLICY=one-name
    fetch passes ALLOWED.example && fetch passes allowed.example. && fetch is_refused denied.example. &&
        passes greetings curl -sS --cacert ca.pem https://allowed.example./hello
}

network_test an_international_name_is_granted_by_its_a_labels "curl"
test_an_international_name_is_granted_by_its_a_labels()
{
    POLICY=names
    fetch passes xn--bcher-kva.example
}

network_test an_alias_is_judged_by_its_own_name "curl"
test_an_alias_is_judged_by_its_own_name()
{
    POLICY=names
    fetch passes alias.example || return
    POLICY=one-name
    fetch is_refused alias.example
}

network_test no_granted_name_leads_inward "curl"
test_no_granted_name_leads_inward()
{
    local name
    POLICY=names
    for name in inward alias-inward mapped nat64 sixtofour metadata; do
        fetch is_refused "$name.example" || return
    done
    for name in own loopback unspecified; do
        on_host "$name.example:8083" && is_shut 'greetings from the world' curl -sS -m 8 "http://$name.example:8083/hello" || return
    done
}

network_test of_mixed_answers_only_the_outward_ones_are_used "curl"
test_of_mixed_answers_only_the_outward_ones_are_used()
{
    local before
    POLICY=names
    fetch passes mixed.example || return
    [ -z "$BARE" ] || return 0
    before=$(world_seen '10\.1\.2\.3')
    run_contained python3 -c 'import socket; print(sorted({a[4][0] for a in socket.getaddrinfo("mixed.example", 80)}))'
    check_equal "$STATUS:$OUTPUT" "0:['93.184.216.34']" && check_equal "$(world_seen '10\.1\.2\.3')" "$before"
}

network_test a_name_that_is_rebound_stays_where_it_was_granted "python3"
test_a_name_that_is_rebound_stays_where_it_was_granted()
{
    local name=bare-$WHO.rebind.example before
    POLICY=names
    works_bare '10.1.2.3: greetings' python3 rebind.py "$name" || return
    [ -z "$BARE" ] || return 0
    before=$(world_seen '10\.1\.2\.3')
    run_contained python3 rebind.py "inside-$WHO.rebind.example"
    grep -q '^93.184.216.34: greetings' <<<"$OUTPUT" || complain "the first time it is where it should be: $OUTPUT" || return
    ! grep -q '^10.1.2.3: greetings' <<<"$OUTPUT" || complain "it followed the name inward: $OUTPUT" || return
    check_equal "$(world_seen '10\.1\.2\.3')" "$before"
}

network_test big_answers_are_read_over_tcp "dig"
test_big_answers_are_read_over_tcp()
{
    local before
    POLICY=names
    run_bare sh -c 'dig +short big.example | wc -l'
    check_equal "$OUTPUT" 121 || return
    [ -z "$BARE" ] || return 0
    before=$(grep -c '^dns tcp big.example' "$WORLD/seen")
    run_contained sh -c 'dig +short +tcp big.example'
    [ "$(grep -c '^93.184.216.' <<<"$OUTPUT")" -ge 8 ] || complain "few addresses: $OUTPUT" || return
    [ "$(grep -c '^dns tcp big.example' "$WORLD/seen")" -gt "$before" ] || complain 'nobody asked by TCP' || return
    fetch passes big.example
}

network_test a_name_that_no_rule_grants_is_refused_with_the_reason_and_not_asked_upstream "dig"
test_a_name_that_no_rule_grants_is_refused_with_the_reason_and_not_asked_upstream()
{
    local before name=secret-$RANDOM.denied.example
    POLICY=one-name
    run_bare dig +tries=1 "$name"
    [ "$(world_asked "$name")" = 1 ] || complain "unconfined nobody asked: $OUTPUT" || return
    [ -z "$BARE" ] || return 0
    run_contained dig +tries=1 +time=3 "$name"
    grep -q 'status: REFUSED' <<<"$OUTPUT" || complain "not refused: $OUTPUT" || return
    grep -q 'EDE: 1[58]' <<<"$OUTPUT" || complain "without the reason: $OUTPUT" || return
    check_equal "$(world_asked "$name")" 1 && has_event network.name-denied ".name == \"$name\"" || return
    before=$(world_asked "$name")
    run_contained dig +tries=1 +time=3 +tcp "$name"
    grep -q 'status: REFUSED' <<<"$OUTPUT" || complain "by TCP not refused: $OUTPUT" || return
    check_equal "$(world_asked "$name")" "$before"
}

network_test only_addresses_are_asked_for "dig"
test_only_addresses_are_asked_for()
{
    local kind before
    POLICY=names
    for kind in TXT NULL MX HTTPS ANY; do
        run_bare dig +tries=1 "$kind" words.example
        before=$(world_asked words.example)
        [ "$before" -gt 0 ] || complain "unconfined nobody asked for $kind: $OUTPUT" || return
        [ -z "$BARE" ] || continue
        run_contained dig +tries=1 +time=3 "$kind" words.example
        ! grep -q 'words that nobody' <<<"$OUTPUT" || complain "$kind came through: $OUTPUT" || return
        check_equal "$(world_asked words.example)" "$before" || return
    done
}

network_test no_other_name_server_is_reached "dig"
test_no_other_name_server_is_reached()
{
    local server way name before
    POLICY=names
    for server in 93.184.216.35 10.1.2.53 2606:2800:220:1::35; do
        for way in +notcp +tcp; do
            name=other-$RANDOM.denied.example
            run_bare dig +tries=1 +time=3 "$way" "@$server" "$name"
            before=$(world_asked "$name")
            [ "$before" = 1 ] || complain "unconfined nobody asked: $OUTPUT" || return
            [ -z "$BARE" ] || continue
            run_contained dig +tries=1 +time=2 "$way" "@$server" "$name"
            check_equal "$(world_asked "$name")" "$before" || return
        done
    done
}

network_test a_resolver_that_is_named_by_hand_answers_what_is_granted "dig"
test_a_resolver_that_is_named_by_hand_answers_what_is_granted()
{
    [ -z "$BARE" ] || return 0
    POLICY=one-name
    run_contained dig +tries=1 +time=3 +short @192.0.0.1 A allowed.example
    check_equal "$STATUS:$OUTPUT" 0:93.184.216.34 || return
    run_contained cat /etc/resolv.conf
    grep -qE '^nameserver (192\.0\.0\.1|fdc0:7d09::1)$' <<<"$OUTPUT" || complain "$OUTPUT" || return
    ! grep -qF 10.1.2.53 <<<"$OUTPUT" || complain "the host's resolver is named inside: $OUTPUT"
}

network_test what_the_upstream_server_cannot_answer_is_an_error_and_no_refusal "dig"
test_what_the_upstream_server_cannot_answer_is_an_error_and_no_refusal()
{
    POLICY=names
    run_bare dig +tries=1 servfail.example
    grep -q 'status: SERVFAIL' <<<"$OUTPUT" || complain "unconfined: $OUTPUT" || return
    [ -z "$BARE" ] || return 0
    run_contained dig +tries=1 +time=5 servfail.example
    grep -q 'status: SERVFAIL' <<<"$OUTPUT" || complain "$OUTPUT" || return
    run_contained dig +tries=1 +time=5 absent.example
    grep -q 'status: NXDOMAIN' <<<"$OUTPUT" || complain "$OUTPUT" || return
    run_contained dig +tries=1 +time=5 AAAA inward.example
    grep -qE 'status: (NOERROR|REFUSED)' <<<"$OUTPUT" && ! grep -qF 10.1.2.3 <<<"$OUTPUT" || complain "$OUTPUT"
}

network_test an_address_that_was_not_asked_for_by_name_is_refused "curl"
test_an_address_that_was_not_asked_for_by_name_is_refused()
{
    POLICY=one-name
    fetch is_refused 93.184.216.34 && fetch is_refused '[2606:2800:220:1::34]' && fetch is_refused 93.184.216.35 &&
        has_event network.denied '.address == "93.184.216.35"' || return
    fetch is_refused allowed.example --resolve allowed.example:80:93.184.216.35 || return
    # The name was asked for, and the program then goes elsewhere with it.
    is_refused 'answer: greetings' sh -c 'getent ahosts allowed.example >/dev/null; sleep 0.2
        curl -sS -m 5 --resolve allowed.example:80:93.184.216.35 -w "\n" -o answer http://allowed.example/hello &&
        echo "answer: $(cat answer)"'
}

# Programs that read the host's list themselves would never ask for the name, and be refused at its address.
network_test names_of_the_hosts_list_are_asked_for_as_others "curl getent"
test_names_of_the_hosts_list_are_asked_for_as_others()
{
    POLICY=listed
    fetch passes listed.example && fetch is_refused unlisted.example && has_event network.name-denied '.name == "unlisted.example"' ||
        return
    [ -z "$BARE" ] || return 0
    run_contained getent ahostsv4 mine.example
    grep -q '^127\.0\.0\.1 ' <<<"$OUTPUT" || complain "a name of the container's own loopback: $OUTPUT" || return
    run_contained cat /etc/hosts
    ! grep -qF 93.184 <<<"$OUTPUT" || complain "$OUTPUT"
}

network_test a_name_at_a_block_needs_both "curl"
test_a_name_at_a_block_needs_both()
{
    POLICY=name-at-block
    fetch passes allowed.example -4 && fetch is_refused allowed.example -6 && fetch is_refused shared-a.example -4
}
