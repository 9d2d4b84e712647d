# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2034
# Rules about addresses, ports and protocols.

fetch() # VERDICT ADDRESS[:PORT] [CURL-OPTION]...
{
    local verdict=$1 place=$2
    shift 2
    "$verdict" 'greetings from the world' curl -sS -m 8 "$@" "http://$place/hello"
}
echoes() # VERDICT ADDRESS PORT: by UDP
{
    "$1" 'greetings from the world' python3 udp.py "$2" "$3"
}

network_test a_block_and_a_port_are_granted_and_nothing_beside "curl"
test_a_block_and_a_port_are_granted_and_nothing_beside()
{
    POLICY=block
    fetch passes 93.184.216.34 && fetch passes '[2606:2800:220:1::34]' &&
        has_event network.connected '.address == "2606:2800:220:1::34" and .port == 80 and .protocol == "tcp"' &&
        has_event network.connected '(.rule // "" | contains("block.yaml"))' &&
        fetch is_refused 93.184.216.35 && fetch is_refused 93.184.216.34:8080 &&
        fetch is_refused '[2606:2800:220:1::35]' && fetch is_refused '[2606:2800:220:1::34]:8080'
}

network_test what_no_rule_can_grant_is_refused_by_the_kernel_at_once "python3"
test_what_no_rule_can_grant_is_refused_by_the_kernel_at_once()
{
    local place
    POLICY=block
    for place in '93.184.216.35 80' '93.184.216.34 8080' '2606:2800:220:1::35 80' '2606:2800:220:1::34 8080' '10.1.2.3 80'; do
        # shellcheck disable=SC2086
        is_refused connected python3 connect.py $place || return
        [ -n "$BARE" ] || grep -qE '^(EACCES|ECONNREFUSED) after 0\.[01]' <<<"$OUTPUT" || complain "$place: $OUTPUT" || return
    done
}

network_test except_leaves_out "curl"
test_except_leaves_out()
{
    POLICY=except
    fetch passes 93.184.216.34 && fetch passes '[2606:2800:220:1::34]:8080' &&
        fetch is_refused 93.184.216.35 && fetch is_refused '[2606:2800:220:1::35]'
}

network_test deny_is_stronger_than_allow "curl"
test_deny_is_stronger_than_allow()
{
    POLICY=deny
    fetch passes 93.184.216.34 && fetch is_refused 93.184.216.35 && fetch is_refused 93.184.216.34:8080 &&
        has_event network.denied '.address == "93.184.216.34" and .port == 8080 and (.rule // "" | contains("deny"))' &&
        fetch passes 93.184.216.36 && fetch passes '[2606:2800:220:1::34]' && fetch is_refused '[2606:2800:220:1::35]' &&
        fetch passes shared-a.example && fetch is_refused shared-b.example
}

network_test an_open_default_has_its_denials "curl"
test_an_open_default_has_its_denials()
{
    POLICY=open-but
    fetch passes allowed.example && fetch passes 93.184.216.34 && fetch is_refused 93.184.216.35 &&
        fetch is_refused denied.example && fetch is_refused denied.example -6
}

network_test an_open_default_does_not_reach_special_addresses "curl"
test_an_open_default_does_not_reach_special_addresses()
{
    POLICY=open-but
    fetch passes 93.184.216.34 && fetch is_refused 169.254.169.254 && fetch is_refused '[fd00:ec2::254]' &&
        fetch is_refused 100.100.100.200
}

network_test a_wide_block_does_not_reach_special_addresses "curl"
test_a_wide_block_does_not_reach_special_addresses()
{
    POLICY=deny
    fetch passes 93.184.216.34 && fetch is_refused 169.254.169.254 && fetch is_refused '[fd00:ec2::254]'
}

network_test the_hosts_own_addresses_are_not_reached "curl"
test_the_hosts_own_addresses_are_not_reached()
{
    local place
    POLICY=deny
    for place in 203.0.113.2:8083 127.0.0.1:8083 0.0.0.0:8083 127.0.0.1:8081; do
        on_host "$place" && is_shut 'greetings from the world' curl -sS -m 8 "http://$place/hello" || return
    done
}
on_host() # PLACE: unconfined it answers
{
    run_bare curl -sS "http://$1/hello"
    [ "$STATUS:$OUTPUT" = '0:greetings from the world' ] || complain "unconfined: $1: $OUTPUT"
}

network_test an_address_that_a_route_makes_the_hosts_is_an_own_one "curl"
test_an_address_that_a_route_makes_the_hosts_is_an_own_one()
{
    local PATH=$PATH:/usr/sbin:/sbin
    POLICY=deny
    fetch passes 93.184.216.36 || return
    ip route add local 93.184.216.99 dev h0 || return
    on_host 93.184.216.99:8083 && is_shut 'greetings from the world' curl -sS -m 8 http://93.184.216.99:8083/hello
}

network_test the_address_of_all_routers_is_an_own_one "python3"
test_the_address_of_all_routers_is_an_own_one()
{
    POLICY=deny
    echoes passes fd00:113::1 7 || return
    run_contained python3 udp.py fd00:113:: 7
    [ "$STATUS" != 0 ] && has_event network.denied '.address == "fd00:113::" and .protocol == "udp"'
}

network_test a_range_of_ports "curl"
test_a_range_of_ports()
{
    POLICY=range
    fetch passes 93.184.216.34:8080 && fetch is_refused 93.184.216.34 &&
        is_refused greetings curl -sS -m 8 --cacert ca.pem https://93.184.216.34:8443/hello
}

network_test protocols_are_apart "curl python3"
test_protocols_are_apart()
{
    POLICY=echo-block
    echoes passes 93.184.216.34 7 && echoes passes 2606:2800:220:1::34 7 && echoes is_refused 93.184.216.35 7 &&
        echoes is_refused 93.184.216.34 443 && is_refused connected python3 connect.py 93.184.216.34 7 || return
    POLICY=range
    fetch passes 93.184.216.34:8080 && echoes is_refused 93.184.216.34 7
}

network_test private_addresses_need_a_rule_about_the_address "curl"
test_private_addresses_need_a_rule_about_the_address()
{
    POLICY=private
    fetch passes 10.1.2.3 && fetch passes inward.example || return
    POLICY=names
    fetch is_refused inward.example && fetch is_refused 10.1.2.3
}

network_test layers_intersect "curl"
test_layers_intersect()
{
    POLICY=wide CEILING=ceiling
    fetch passes 93.184.216.34 && fetch passes shared-a.example && fetch is_refused 93.184.216.36 &&
        fetch is_refused 93.184.216.34:8080 && fetch is_refused shared-b.example || return
    POLICY=ceiling CEILING=wide
    fetch is_refused 93.184.216.36
}

network_test the_containers_own_loopback_works "python3"
test_the_containers_own_loopback_works()
{
    [ -z "$BARE" ] || return 0
    POLICY=one-name
    run_contained python3 -c 'import socket
for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
    server = socket.socket(family)
    server.bind((address, 0))
    server.listen()
    client = socket.create_connection(server.getsockname()[:2], 3)
    client.sendall(b"own")
    print(server.accept()[0].recv(9).decode(), server.getsockname()[0])'
    check_equal "$STATUS:$OUTPUT" "0:own 127.0.0.1
own ::1"
}
