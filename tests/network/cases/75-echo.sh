# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2034
# ICMP echo, which the world's kernel answers: how many arrived it counts itself.

echoes_seen()
{
    nsenter --target "$WORLD_PID" --net awk '/^Icmp: [0-9]/ { if (!n) n = $10 } /^Icmp6InEchos / { m = $2 } END { print n + m }' \
        /proc/net/snmp /proc/net/snmp6
}

pings() # ADDRESS: STATUS, OUTPUT, ARRIVED
{
    local before
    before=$(echoes_seen)
    "${@:2}" ping -n -c 2 -i 0.2 -W 2 "$1"
    ARRIVED=$(($(echoes_seen) - before))
}

# (not where the suite is run by an ordinary user, whose network namespace lets no group ping)
host_lets_ping()
{
    local first last group
    read -r first last </proc/sys/net/ipv4/ping_group_range
    group=$("${drop[@]}" id -g)
    [ "$group" -ge "$first" ] && [ "$group" -le "$last" ]
}

network_test echo_reaches_what_is_granted_and_nothing_else "ping"
test_echo_reaches_what_is_granted_and_nothing_else()
{
    local address ARRIVED
    POLICY=echo
    if ! host_lets_ping; then # then it is refused by name before it starts
        run_contained true
        check_equal "$STATUS" 125 && grep -q 'ping_group_range' <<<"$OUTPUT" || complain "$OUTPUT"
        return
    fi
    for address in 93.184.216.34 2606:2800:220:1::34 93.184.216.35 2606:2800:220:1::35 93.184.216.36; do
        pings "$address" run_bare
        [ "$STATUS:$ARRIVED" = 0:2 ] || complain "unconfined: $address: $ARRIVED arrived: $OUTPUT" || return
    done
    [ -z "$BARE" ] || return 0
    for address in 93.184.216.34 2606:2800:220:1::34; do
        pings "$address" run_contained
        [ "$STATUS:$ARRIVED" = 0:2 ] || complain "$address: $STATUS, $ARRIVED arrived: $OUTPUT" || return
    done
    for address in 93.184.216.35 2606:2800:220:1::35 93.184.216.36; do
        pings "$address" run_contained
        [ "$STATUS" != 0 ] && [ "$ARRIVED" = 0 ] || complain "$address: $STATUS, $ARRIVED arrived: $OUTPUT" || return
    done
    fetch is_refused 93.184.216.34 && fetch passes 93.184.216.36
}
