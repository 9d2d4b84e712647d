# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2034
# Between the container and the host's loopback: only what is named, in the direction that is named.

network_test a_named_port_of_the_hosts_loopback_is_reached_and_no_other "curl"
test_a_named_port_of_the_hosts_loopback_is_reached_and_no_other()
{
    POLICY=host-loopback
    fetch passes 127.0.0.1:8081 && fetch is_refused 127.0.0.1:8082 && fetch is_refused 127.0.0.1:8083 || return
    POLICY=streams
    fetch is_refused 127.0.0.1:8081
}

network_test a_named_listener_is_reached_by_the_hosts_loopback_and_no_other "python3"
test_a_named_listener_is_reached_by_the_hosts_loopback_and_no_other()
{
    [ -z "$BARE" ] || return 0
    POLICY=ingress-port
    start_contained "$TREE/said" python3 listen.py 8090 8092 8094
    wait_until answers 127.0.0.1 8091 || complain "$(cat "$TREE/said")" || return
    check_equal "$(ask 127.0.0.1 8091)" 'inside 8090' && check_equal "$(ask 127.0.0.1 8092)" 'inside 8092' || return
    ! answers 127.0.0.1 8090 || complain 'the port inside is open on the host' || return
    ! answers 127.0.0.1 8094 || complain 'a port that was not named is open' || return
    ! answers 203.0.113.2 8091 || complain 'the port is open to the world' || return
    end_contained "$RUN"
    ! answers 127.0.0.1 8091 || complain 'the port is open after the run'
}
ask() # ADDRESS PORT
{
    "${drop[@]}" timeout 2 /usr/bin/python3 -c 'import socket, sys
with socket.create_connection((sys.argv[1], int(sys.argv[2])), 2) as client:
    print(client.recv(99).decode())' "$1" "$2" 2>/dev/null
}
answers() # ADDRESS PORT
{
    [[ $(ask "$1" "$2") == inside* ]]
}

network_test a_listener_that_no_rule_names_is_not_reached "python3"
test_a_listener_that_no_rule_names_is_not_reached()
{
    [ -z "$BARE" ] || return 0
    POLICY=streams
    start_contained "$TREE/said" python3 listen.py 8090 8091
    wait_until grep -q listening "$TREE/said" || return
    ! answers 127.0.0.1 8090 && ! answers 127.0.0.1 8091 && ! answers 203.0.113.2 8090
}

network_test nothing_listens_on_the_host_for_a_container "python3"
test_nothing_listens_on_the_host_for_a_container()
{
    local before
    [ -z "$BARE" ] || return 0
    POLICY=ingress-port
    before=$(list_listeners)
    start_contained "$TREE/said" python3 listen.py 8090
    wait_until answers 127.0.0.1 8091 || complain "$(cat "$TREE/said")" || return
    [ "$(list_listeners)" != "$before" ] || complain 'a port that the policy opens is not seen' || return
    end_contained "$RUN"
    POLICY=streams
    start_contained "$TREE/said" python3 lives.py allowed.example never
    wait_until grep -q answered "$TREE/said" || complain "$(cat "$TREE/said")" || return
    check_equal "$(list_listeners)" "$before"
}
# TCP sockets that listen, and UDP sockets that are connected to nobody.
list_listeners()
{
    awk '($4 == "0A" && FILENAME ~ /tcp/) || ($4 == "07" && FILENAME ~ /udp/) { print FILENAME, $2 }' \
        /proc/net/tcp /proc/net/tcp6 /proc/net/udp /proc/net/udp6 | sort
}

network_test the_proxy_of_the_policy_is_the_only_way "curl"
test_the_proxy_of_the_policy_is_the_only_way()
{
    POLICY=proxy
    works_bare greetings curl -sS --cacert ca.pem -x http://127.0.0.1:3128 https://allowed.example/hello || return
    [ -z "$BARE" ] || return 0
    before=$(grep -c '^proxy' "$WORLD/proxied")
    run_contained curl -sS --cacert ca.pem https://allowed.example/hello
    check_equal "$STATUS:$OUTPUT" '0:greetings from the world' || return
    run_contained curl -sS http://allowed.example/hello
    check_equal "$STATUS:$OUTPUT" '0:greetings from the world' || return
    check_equal "$(grep -c '^proxy' "$WORLD/proxied")" $((before + 2)) || return
    fetch is_refused allowed.example --noproxy '*' && fetch is_refused 93.184.216.34 --noproxy '*' &&
        fetch is_refused 127.0.0.1:8081 --noproxy '*'
}

network_test the_proxys_variables_are_set_and_others_cleared "curl"
test_the_proxys_variables_are_set_and_others_cleared()
{
    [ -z "$BARE" ] || return 0
    POLICY=proxy
    OUTPUT=$("${drop[@]}" env -i "PATH=$SYSTEM_PATH" "HOME=$HOME_DIR" NO_PROXY='*' no_proxy='*' ALL_PROXY=http://127.0.0.1:1 \
        "$CORDON" run --workspace "$WORKSPACE" --policy "$TREE/policies/proxy.yaml" -- env 2>&1)
    grep -qE '^HTTP_PROXY=http://127\.0\.0\.1:[0-9]+/?$' <<<"$OUTPUT" &&
        grep -qE '^https_proxy=http://127\.0\.0\.1:[0-9]+/?$' <<<"$OUTPUT" || complain "$OUTPUT" || return
    ! grep -qiE '^no_proxy=.|^all_proxy=http://127.0.0.1:1$' <<<"$OUTPUT" || complain "$OUTPUT"
}
