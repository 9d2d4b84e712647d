# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2034
# What a connection says of itself (the server name of TLS, the host of HTTP) against the name that the address was given for.

says() # VERDICT HOST SNI [WAY]...: over TLS
{
    "$1" 'greetings from the world' python3 tls.py "$2" 443 "${@:3}"
}

network_test tls_to_another_name_at_the_same_address_is_refused "python3"
test_tls_to_another_name_at_the_same_address_is_refused()
{
    POLICY=shared
    says passes shared-a.example shared-a.example || return
    has_event network.connected '.name == "shared-a.example" and .port == 443' || return
    says is_refused shared-a.example shared-b.example && has_event network.denied '.port == 443' || return
    says is_refused shared-a.example denied.example && says is_refused shared-a.example shared-a.example.denied.example
}

network_test tls_without_a_name_is_refused_where_a_name_decides "python3"
test_tls_without_a_name_is_refused_where_a_name_decides()
{
    POLICY=shared
    says is_refused shared-a.example - && says passes allowed.example allowed.example
}

network_test a_hello_in_pieces_is_read_whole "python3"
test_a_hello_in_pieces_is_read_whole()
{
    local way
    POLICY=shared
    for way in records segments late 'records segments'; do
        # shellcheck disable=SC2086
        says passes shared-a.example shared-a.example $way && says is_refused shared-a.example shared-b.example $way || return
    done
}

network_test a_second_hello_with_another_name_is_refused "python3"
test_a_second_hello_with_another_name_is_refused()
{
    local text='greetings from the world'
    POLICY=shared
    passes "$text" python3 retry.py shared-a.example 9443 shared-a.example shared-a.example &&
        works_bare "$text" python3 retry.py shared-a.example 9443 shared-a.example shared-b.example || return
    run_contained python3 retry.py shared-a.example 9443 shared-a.example shared-b.example
    [ "$STATUS" != 0 ] && ! grep -qF "$text" <<<"$OUTPUT" || complain "it passed: $OUTPUT" || return
    has_event network.denied '.name == "shared-a.example" and .port == 9443' && has_event network.closed '.port == 9443'
}

network_test names_are_judged_at_each_port "curl"
test_names_are_judged_at_each_port()
{
    POLICY=shared-both
    fetch passes shared-a.example && fetch passes shared-b.example && fetch passes shared-a.example:8080 &&
        fetch is_refused shared-b.example:8080 && says passes shared-a.example shared-a.example &&
        says is_refused shared-b.example shared-b.example
}

network_test http_for_another_host_is_refused "curl"
test_http_for_another_host_is_refused()
{
    POLICY=shared
    fetch passes shared-a.example && fetch is_refused shared-a.example -H 'Host: shared-b.example' || return
    has_event network.denied '.port == 80' || return
    fetch is_refused shared-a.example --request-target http://shared-b.example/hello &&
        fetch is_refused shared-a.example -H 'Host: ' && fetch is_refused shared-a.example -H 'Host: shared-b.example:80' &&
        fetch is_refused shared-a.example -H 'Host: user@shared-b.example'
}
