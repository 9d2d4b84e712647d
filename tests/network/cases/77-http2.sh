# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2034,SC2016
# HTTP/2: with TLS that is opened and without, the streams of a connection each by itself.

# Without TLS nobody says beforehand that it will be HTTP/2: what cannot be read is refused.
network_test http2_by_prior_knowledge_is_refused_where_requests_decide "curl node"
test_http2_by_prior_knowledge_is_refused_where_requests_decide()
{
    local ARRIVALS=$REQUESTS
    POLICY=requests
    asks is_refused http://allowed.example:8447/denied --http2-prior-knowledge &&
        has_event network.denied '.port == 8447 and (.reason | contains("cannot be read"))' &&
        asks is_refused http://allowed.example:8447/hello --http2-prior-knowledge || return
    POLICY=one-name
    asks passes http://allowed.example:8447/hello --http2-prior-knowledge
}

terminated_program curl_http2 "curl node"
reader_curl_http2() { COMMAND=(curl -sS --fail-with-body --http2 -w 'over HTTP/%{http_version}' "$(page "$1" :8446)") GREETING='over HTTP/2'; }
# What is denied is told over HTTP/2 as well.
test_terminated_curl_http2()
{
    local COMMAND GREETING
    POLICY=terminate
    believing_world
    reader_curl_http2 granted
    passes "$GREETING" "${COMMAND[@]}" && has_event network.request '.status == 200 and .path == "/hello"' || return
    reader_curl_http2 denied
    is_denied 'greetings from the world' "${COMMAND[@]}"
}

network_test trailers_pass_both_ways_over_http2 "node"
test_trailers_pass_both_ways_over_http2()
{
    POLICY=terminate QUICK=10
    believing_world
    passes 'part 2 greetings from the world' node grpc.mjs https://allowed.example:8446/echo || return
    [ -n "$BARE" ] || grep -q 'trailers: 0 well received' <<<"$OUTPUT" || complain "no trailers: $OUTPUT" || return
    POLICY=terminate-all
    passes 'trailers: 0 well received' node grpc.mjs https://allowed.example:8446/echo
}

network_test each_stream_is_for_the_host_of_the_connection "node"
test_each_stream_is_for_the_host_of_the_connection()
{
    local ARRIVALS='^h2 .* shared-b.example'
    POLICY=terminate QUICK=10
    believing_world
    ARRIVALS=$REQUESTS passes 'allowed.example:8446 200' node grpc.mjs https://allowed.example:8446/echo allowed.example:8446 &&
        is_refused 'shared-b.example 200' node grpc.mjs https://allowed.example:8446/echo shared-b.example &&
        has_event network.request '.path == "/echo"' && has_event network.request-denied '.reason | contains("another name")'
}
