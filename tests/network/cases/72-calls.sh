# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2034,SC2016
# Calls of JSON-RPC, and of the tools of an MCP server over HTTP.

network_test tools_that_are_named_are_called_and_no_other "node"
test_tools_that_are_named_are_called_and_no_other()
{
    local url ARRIVALS
    POLICY=calls QUICK=10
    believing_world
    for url in http://allowed.example/mcp https://allowed.example/mcp; do
        ARRIVALS=$REQUESTS
        passes 'greet: greetings from the world' node mcp-session.mjs "$url" greet || return
        has_event network.request '.path == "/mcp" and .tool == "greet" and .status == 200' || return
        ARRIVALS='^mcp tools/call remove'
        is_refused 'remove: greetings' node mcp-session.mjs "$url" remove &&
            has_event network.request-denied '.path == "/mcp" and .call == "tools/call" and .tool == "remove" and (.reason | contains("calls or tools"))' || return
        [ -n "$BARE" ] || grep -q '2 tools' <<<"$OUTPUT" || complain "not only the call was refused: $OUTPUT" || return
    done
}

network_test a_call_has_one_reading "python3"
test_a_call_has_one_reading()
{
    local before
    POLICY=calls
    before=$(world_seen '^mcp tools/call remove')
    run_bare python3 calls.py allowed.example 80 /mcp
    [ "$(($(world_seen '^mcp tools/call remove') - before))" -ge 13 ] || complain "unconfined: $OUTPUT" || return
    [ -z "$BARE" ] || return 0
    before=$(world_seen '^mcp tools/call remove')
    run_contained python3 calls.py allowed.example 80 /mcp
    grep -q '^tried 14' <<<"$OUTPUT" && ! grep -qE '\[.*(200|202)' <<<"$OUTPUT" || complain "$OUTPUT" || return
    check_equal "$(world_seen '^mcp tools/call remove')" "$before"
}

rpc() # VERDICT METHOD [BODY]
{
    "$1" 'greetings from the world' curl -sS -m 8 --fail-with-body -H 'Content-Type: application/json' http://allowed.example:8080/rpc \
        -d "${3:-{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"$2\",\"params\":[]\}}"
}

network_test methods_of_json_rpc_that_are_named_are_called_and_no_other "curl"
test_methods_of_json_rpc_that_are_named_are_called_and_no_other()
{
    POLICY=calls
    rpc passes eth_call && rpc is_denied eth_sendTransaction &&
        rpc is_denied both '[{"jsonrpc":"2.0","id":1,"method":"eth_call"},{"jsonrpc":"2.0","id":2,"method":"eth_sendTransaction"}]' &&
        asks is_denied http://allowed.example:8080/hello
}

network_test methods_of_mcp_that_are_named_are_called_and_no_other "curl"
test_methods_of_mcp_that_are_named_are_called_and_no_other()
{
    local list='{"jsonrpc":"2.0","id":1,"method":"resources/list"}'
    POLICY=calls
    believing_world
    asks passes https://allowed.example/mcp -H 'Content-Type: application/json' -d "$list" &&
        asks is_denied http://allowed.example/mcp -H 'Content-Type: application/json' -d "$list" &&
        asks is_denied https://allowed.example/hello
}
