# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2034
# Bytes arrive as they were sent; and when the gateway dies, the network is gone and the program lives.

network_test much_arrives_whole_both_ways "curl"
test_much_arrives_whole_both_ways()
{
    local sum
    POLICY=streams QUICK=20
    "${drop[@]}" sh -c 'head -c 20000000 /dev/urandom >much'
    sum=$(sha256sum <much)
    passes "${sum%% *}" curl -sS --data-binary @much http://allowed.example/digest &&
        has_event network.closed '.bytesUp > 20000000 and .bytesUp < 20002000' || return
    passes 20000000 sh -c 'curl -sS "http://allowed.example/size?bytes=20000000" | wc -c' &&
        has_event network.closed '.bytesDown > 20000000 and .bytesDown < 20002000'
}

network_test a_slow_reader_slows_the_sender "python3"
test_a_slow_reader_slows_the_sender()
{
    POLICY=streams
    passes 'slow: as it should be' python3 stream.py slow 93.184.216.34 9
}

network_test resets_arrive_as_resets "python3"
test_resets_arrive_as_resets()
{
    POLICY=streams
    passes 'reset: as it should be' python3 stream.py reset 93.184.216.34 19 || return
    has_event network.closed '.port == 19'
}

network_test where_nobody_listens_is_an_error_at_once_and_no_denial "python3"
test_where_nobody_listens_is_an_error_at_once_and_no_denial()
{
    POLICY=streams
    run_bare python3 stream.py closed 93.184.216.34 81
    check_equal "$STATUS:$OUTPUT" '0:closed: as it should be' || return
    [ -z "$BARE" ] || return 0
    run_contained python3 stream.py closed 93.184.216.34 81
    check_equal "$STATUS:$OUTPUT" '0:closed: as it should be' || return
    has_event network.failed '.port == 81 and .address == "93.184.216.34"' && ! has_event network.denied 2>/dev/null
}

network_test many_connections_at_once "python3"
test_many_connections_at_once()
{
    POLICY=streams QUICK=20
    passes 'parallel: as it should be' python3 stream.py parallel allowed.example 7 100
}

network_test many_connections_in_turn "python3"
test_many_connections_in_turn()
{
    POLICY=streams QUICK=20
    passes 'serial: as it should be' python3 stream.py serial allowed.example 7 300
}

network_test datagrams_of_every_size "python3"
test_datagrams_of_every_size()
{
    POLICY=echo-block
    passes greetings python3 udp.py 93.184.216.34 7 1 1472 8000 60000
}

network_test the_gateway_holds_no_right "python3"
test_the_gateway_holds_no_right()
{
    local gateway
    [ -z "$BARE" ] || return 0
    POLICY=streams
    start_contained "$TREE/said" sleep 20
    wait_until gateway_is_there || complain "$(cat "$TREE/said")" || return
    gateway=$(find_gateway)
    for right in 'CapEff:.0000000000000000' 'CapPrm:.0000000000000000' 'NoNewPrivs:.1' 'Seccomp:.2'; do
        grep -qP "^$right$" "/proc/$gateway/status" || complain "$right: $(grep "${right%%:*}" "/proc/$gateway/status")" || return
    done
}
find_gateway() { find_below "$RUN" cordon-gateway | head -n 1; }
gateway_is_there() { [ -n "$(find_gateway)" ]; }

network_test without_its_gateway_the_network_is_gone_and_the_program_lives "python3"
test_without_its_gateway_the_network_is_gone_and_the_program_lives()
{
    local before
    [ -z "$BARE" ] || return 0
    POLICY=streams
    start_contained "$TREE/said" python3 lives.py allowed.example killed
    wait_until grep -q answered "$TREE/said" || complain "$(cat "$TREE/said")" || return
    kill -9 "$(find_gateway)" || complain 'no gateway' || return
    "${drop[@]}" touch killed
    wait_until grep -q 'gone' "$TREE/said" || complain "$(cat "$TREE/said")" || return
    before=$(world_seen)
    "${drop[@]}" touch killed.end
    wait "$RUN"
    check_equal "$?:$(tail -n 1 "$TREE/said")" '7:and lives' && check_equal "$(world_seen)" "$before"
}

network_test nothing_of_a_gateway_stays_behind "python3"
test_nothing_of_a_gateway_stays_behind()
{
    local gateway
    [ -z "$BARE" ] || return 0
    POLICY=streams
    start_contained "$TREE/said" python3 lives.py allowed.example never
    wait_until grep -q answered "$TREE/said" || complain "$(cat "$TREE/said")" || return
    gateway=$(find_gateway)
    "${drop[@]}" touch never never.end
    wait "$RUN"
    wait_until test ! -e "/proc/$gateway" || complain "the gateway is still there: $(cat "/proc/$gateway/stat")"
}

network_test two_containers_have_two_networks "curl"
test_two_containers_have_two_networks()
{
    [ -z "$BARE" ] || return 0
    POLICY=streams
    start_contained "$TREE/said" python3 lives.py allowed.example never
    wait_until grep -q answered "$TREE/said" || complain "$(cat "$TREE/said")" || return
    POLICY=block EVENTS=$TREE/other.jsonl
    fetch is_shut 93.184.216.34:8080 && fetch is_shut allowed.example && fetch passes 93.184.216.34
}
