# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016
# What a container reaches that was granted one host: everything else stays out of reach, by whatever name and whatever way.
# The servers are those of tests/network/world: allowed.example is granted, denied.example has the same ones.

ALLOWED='{to: [{host: allowed.example}], ports: [{protocol: tcp}]}'
ALLOWED_BLOCK='{to: [{cidr: 93.184.216.34/32}]}'
SHARED='{to: [{host: shared-a.example}], ports: [{protocol: tcp}]}'

# A row: name, source, sentence, program, what is granted, arguments (expanded when the trial is prepared).
world_row()
{
    property "$1" "$2" "$3" program="$4" needs=world "${@:7}"
    eval "prepare_$1() { world_prepare '$5' $6; }; effect_$1() { world_has_seen; }"
}
# What bears no marker is judged by the attempt's own word.
silent_row()
{
    world_row "$@"
    unset -f "effect_$1"
}
reach_row() # name, source, sentence, way, address, port
{
    world_row "$1" "$2" "$3" reach "$ALLOWED" "$4 '$5' $6 \"\$MARKER\"" "${@:7}"
}

reach_row reach_address "9.3-68" "an address that no rule grants is not reached" tcp 93.184.216.35 80
reach_row reach_granted_address "9.3-68" "nor is a granted name's address that was not asked for by that name" tcp 93.184.216.34 80
reach_row reach_six "9.3-68" "nor an IPv6 address" tcp 2606:2800:220:1::35 80 kernel="no IPv6"
reach_row reach_mapped "9.3-68" "nor an IPv4 address that is written as IPv6" tcp ::ffff:93.184.216.35 80 kernel="no IPv6"
reach_row reach_translated "9.3-68" "nor one that a translator on the way would make of NAT64" tcp 64:ff9b::93.184.216.35 80 kernel="no IPv6"
reach_row reach_six_to_four "9.3-68" "nor one in 6to4" tcp 2002:5db8:d823::1 80 kernel="no IPv6"
reach_row reach_decimal "9.3-68" "nor one as a decimal number" tcp 1572395043 80
reach_row reach_octal "9.3-68" "nor one in octal" tcp 0135.0270.0330.043 80
reach_row reach_hexadecimal "9.3-68" "nor one in hexadecimal" tcp 0x5db8d823 80
reach_row reach_short "9.3-68" "nor one in short" tcp 93.184.55331 80
reach_row reach_name "9.3-68" "nor a name that no rule grants" tcp denied.example 80
reach_row reach_private "9.3-68 9.3-77" "a private address is not reached" tcp 10.1.2.3 80
reach_row reach_metadata "9.3-77" "the metadata address of clouds is not reached" tcp 169.254.169.254 80
reach_row reach_metadata_six "9.3-77" "nor that of IPv6" tcp fd00:ec2::254 80 kernel="no IPv6"
reach_row reach_beyond_host "9.3-77" "the host's own router is not reached" tcp 203.0.113.1 80

open_but='{to: [{cidr: 0.0.0.0/0}, {cidr: "::/0"}]}'
world_row wide_metadata "9.3-77" "where every address is granted, the metadata address is not" reach "$open_but" 'tcp 169.254.169.254 80 "$MARKER"'
world_row wide_metadata_six "9.3-77" "nor that of IPv6, nor through NAT64" reach "$open_but" 'tcp 64:ff9b::169.254.169.254 80 "$MARKER"' kernel="no IPv6"
world_row wide_multicast "9.3-69" "nor is a group of the neighbourhood" reach "$open_but" 'sendto 224.0.0.251 5353 "$MARKER"'

world_row reach_fast_open "9.3-76" "no data goes with the first packet of what is refused" reach "$ALLOWED_BLOCK" 'fastopen 93.184.216.35 80 "$MARKER"'
world_row reach_again "9.3-76" "a socket that was connected where it may does not then go elsewhere" reach "$ALLOWED_BLOCK" 'again 93.184.216.35 80 "$MARKER" 93.184.216.34'
world_row reach_accepted "9.3-76" "a socket that was accepted does not go out" reach "$ALLOWED_BLOCK" 'accepted 93.184.216.35 80 "$MARKER"'
world_row reach_sendto "9.3-76" "no datagram goes by sendto" reach "$ALLOWED_BLOCK" 'sendto 93.184.216.35 7 "$MARKER"'
world_row reach_sendmsg "9.3-76" "no datagram goes by sendmsg" reach "$ALLOWED_BLOCK" 'sendmsg 93.184.216.35 7 "$MARKER"'
world_row reach_sendmmsg "9.3-76" "no datagram goes in a row with one that may" reach "$ALLOWED_BLOCK" 'sendmmsg 93.184.216.35 7 "$MARKER" 93.184.216.34'
world_row reach_beside "9.3-76" "no datagram goes by a socket that was connected where it may" reach "$ALLOWED_BLOCK" 'beside 93.184.216.35 7 "$MARKER" 93.184.216.34'
reach_row reach_quic "9.3-75" "QUIC is no way around" sendto 93.184.216.35 443
reach_row reach_quic_granted "9.3-75" "QUIC to a name that TCP is granted for does not go" sendto allowed.example 443
reach_row reach_mptcp "9.3-75" "MPTCP is no way around" mptcp 93.184.216.35 80 kernel="no MPTCP"
property reach_icmp "9.3-75" "an echo request does not go" program=reach needs=world
prepare_reach_icmp() { world_prepare "$ALLOWED_BLOCK" icmp 93.184.216.35 1 "$MARKER"; }
property reach_icmp_beside "9.3-75" "nor to an address beside the one that may be pinged" program=reach needs=world
prepare_reach_icmp_beside() { world_prepare '{to: [{cidr: 93.184.216.34/32}], ports: [{protocol: icmp}]}' icmp 93.184.216.35 1 "$MARKER"; }

ask_row() # name, source, sentence, arguments
{
    world_row "$1" "$2" "$3" ask_name "$ALLOWED" "$4" "${@:5}"
}
ask_row ask_tunnel "9.3-69" "data in a name goes nowhere" '- 53 udp 1 "$MARKER" denied example'
ask_row ask_tunnel_tcp "9.3-69" "nor by TCP" '- 53 tcp 1 "$MARKER" denied example'
ask_row ask_tunnel_below "9.3-69" "nor below a granted name" '- 53 udp 1 "$MARKER" allowed example'
ask_row ask_tunnel_text "9.3-69" "nor by other types" '- 53 udp 16 "$MARKER" allowed example'
ask_row ask_tunnel_null "9.3-69" "nor by types that nobody uses" '- 53 udp 10 "$MARKER" allowed example'
ask_row ask_other "9.3-69" "no other name server is asked" '93.184.216.35 53 udp 1 "$MARKER" denied example'
ask_row ask_other_tcp "9.3-69" "nor by TCP" '93.184.216.35 53 tcp 1 "$MARKER" denied example'
ask_row ask_upstream "9.3-69" "the host's own name server is not asked directly" '10.1.2.53 53 udp 1 "$MARKER" denied example'
ask_row ask_neighbours "9.3-69" "the neighbours are not asked (mDNS)" '224.0.0.251 5353 udp 1 "$MARKER" local'
ask_row ask_neighbours_windows "9.3-69" "nor by LLMNR" '224.0.0.252 5355 udp 1 "$MARKER"'
reach_row ask_over_tls "9.3-69" "DNS over TLS leads nowhere" tcp 93.184.216.35 853
reach_row ask_over_https "9.3-69" "DNS over HTTPS leads nowhere" tcp 93.184.216.35 8080
reach_row ask_over_quic "9.3-69" "DNS over QUIC leads nowhere" sendto 93.184.216.35 853
wild='{to: [{host: "*.wild.example"}], ports: [{protocol: tcp}]}'
world_row ask_nul "9.3-73 SOCKS5-NUL" "a name with NUL in it is not asked for" ask_name "$wild" '- 53 udp 1 "$MARKER\\x00" wild example'
world_row ask_newline "9.3-73" "nor one with a line feed" ask_name "$wild" '- 53 udp 1 "$MARKER\\r\\nx" wild example'
world_row ask_dot "9.3-73" "nor one with a dot within a label" ask_name "$wild" '- 53 udp 1 "$MARKER.denied" wild example'
world_row ask_percent "9.3-73" "nor one with other bytes than a host's name has" ask_name "$wild" '- 53 udp 1 "$MARKER%2e" wild example'
world_row ask_unicode "9.3-73" "nor one with letters beyond ASCII" ask_name "$wild" '- 53 udp 1 "$MARKER\\xc3\\xbc" wild example'
world_row ask_deep "9.3-73" "a wildcard is one label" ask_name "$wild" '- 53 udp 1 "$MARKER" a wild example'

names='{to: [{host: "*.rebind.example"}, {host: alias-inward.example}, {host: mapped.example}, {host: nat64.example}]}'
world_row rebind_alias "9.3-70" "a granted name that is an alias of an internal one leads nowhere" reach "$names" 'tcp alias-inward.example 80 "$MARKER"'
world_row rebind_mapped "9.3-70" "nor one that has an address written in another form" reach "$names" 'tcp mapped.example 80 "$MARKER"' kernel="no IPv6"
world_row rebind_translated "9.3-70" "nor one that has an address for a translator" reach "$names" 'tcp nat64.example 80 "$MARKER"' kernel="no IPv6"
property rebind_later "9.3-70" "a granted name that changes its address leads no further inward" program=rebind_name needs=world
prepare_rebind_later() { world_prepare "$names" "$MARKER.rebind.example" 10.1.2.3 80 "$MARKER"; }
effect_rebind_later() { grep -qF "http 10.1.2.3 80 GET /hello?$MARKER" "$WORLD/seen"; }

hello_row() # name, sentence, host, server name, way
{
    silent_row "$1" "9.3-71" "$2" say_hello "$SHARED" "$3 443 '$4' $5" "${@:6}"
}
hello_row hello_other "the name of TLS is that which the address was given for" shared-a.example shared-b.example plain
hello_row hello_none "TLS without a name is not passed on where a name decides" shared-a.example - plain
hello_row hello_records "a name in several records is read" shared-a.example shared-b.example records
hello_row hello_slow "a name that comes byte by byte is read" shared-a.example shared-b.example slow
hello_row hello_early "data behind the hello does not hurry it" shared-a.example shared-b.example early
hello_row hello_dot "a trailing dot makes another name" shared-a.example shared-b.example. plain
hello_row hello_beside "a granted name at an address of another does not help" 93.184.216.35 shared-a.example plain
hello_row hello_encrypted "an encrypted hello does not hide another outer name" shared-a.example shared-b.example ech

say_row() # name, source, sentence, bytes as arguments
{
    world_row "$1" "$2" "$3" say_bytes "$SHARED" "shared-a.example 80 greetings $4" "${@:5}"
}
say_row say_host "9.3-71 9.3-72" "the host of a request is that which the address was given for" '"GET /hello?$MARKER HTTP/1.1\\r\\nHost: shared-b.example\\r\\n\\r\\n"'
say_row say_absolute "9.3-72" "an absolute form does not contradict it" '"GET http://shared-b.example/hello?$MARKER HTTP/1.1\\r\\nHost: shared-a.example\\r\\n\\r\\n"'
say_row say_twice "9.3-72" "a second host is none" '"GET /hello?$MARKER HTTP/1.1\\r\\nHost: shared-a.example\\r\\nHost: shared-b.example\\r\\n\\r\\n"'
say_row say_folded "9.3-72" "nor is a folded one" '"GET /hello?$MARKER HTTP/1.1\\r\\nHost: shared-a.example\\r\\n\\tHost: shared-b.example\\r\\n\\r\\n"'
say_row say_spaced "9.3-72" "nor one with a blank before the colon" '"GET /hello?$MARKER HTTP/1.1\\r\\nHost : shared-b.example\\r\\nHost: shared-a.example\\r\\n\\r\\n"'
say_row say_bare_line_feed "9.3-72" "nor one behind a bare line feed" '"GET /hello?$MARKER HTTP/1.1\\r\\nX: y\\nHost: shared-b.example\\r\\nHost: shared-a.example\\r\\n\\r\\n"'
say_row say_userinfo "9.3-73" "nor one behind user information" '"GET /hello?$MARKER HTTP/1.1\\r\\nHost: shared-a.example@shared-b.example\\r\\n\\r\\n"'
say_row say_percent "9.3-73" "nor one with encoded bytes" '"GET /hello?$MARKER HTTP/1.1\\r\\nHost: shared-a%2eexample\\r\\n\\r\\n"'
say_row say_without "9.3-72" "HTTP without a host is not passed on where a name decides" '"GET /hello?$MARKER HTTP/1.0\\r\\n\\r\\n"'
say_row say_connect "9.3-72" "nor is a request for a tunnel elsewhere" '"CONNECT shared-b.example:80?$MARKER HTTP/1.1\\r\\nHost: shared-b.example\\r\\n\\r\\n"'
say_row say_blank_first "9.3-72" "nor one behind empty lines" '"\\r\\n\\r\\nGET /hello?$MARKER HTTP/1.1\\r\\nHost: shared-b.example\\r\\n\\r\\n"'

later='a rule without requests looks at the first of a connection: an allowed server that has other names answers for them'
ok='GET /hello HTTP/1.1\\r\\nHost: shared-a.example\\r\\n'
other="GET /hello?\$MARKER HTTP/1.1\\\\r\\\\nHost: shared-b.example\\\\r\\\\n\\\\r\\\\n"
say_row say_later_unread "9.3-72" "a later request of a connection that nobody reads is for the same host" "\"$ok\\\\r\\\\n\" \"$other\"" gap="$later"

# Where a rule is about requests, every one of them is read.
read_row() # name, source, sentence, what narrows the rule, bytes as arguments
{
    world_row "$1" "$2" "$3" say_bytes "{to: [{host: shared-a.example}], ports: [{protocol: tcp}], $4}" "shared-a.example 80 greetings $5" "${@:6}"
}
read_row say_later "9.3-72" "a later request on a connection that goes on is for the same host" 'http: {}' "\"$ok\\\\r\\\\n\" \"$other\""
read_row say_pipelined "9.3-72" "one that is sent ahead, too" 'http: {}' "\"$ok\\\\r\\\\n$other\"" by=effect
read_row say_smuggled "9.3-72" "one that hides behind two lengths, too" 'http: {}' \
    "\"POST /echo HTTP/1.1\\\\r\\\\nHost: shared-a.example\\\\r\\\\nContent-Length: 5\\\\r\\\\nTransfer-Encoding: chunked\\\\r\\\\n\\\\r\\\\n0\\\\r\\\\n\\\\r\\\\n$other\""
read_row say_smuggled_chunk "9.3-72" "one that hides behind an extension of a chunk, too" 'http: {}' \
    "\"POST /echo HTTP/1.1\\\\r\\\\nHost: shared-a.example\\\\r\\\\nTransfer-Encoding: chunked\\\\r\\\\n\\\\r\\\\n0;a=\\\\nb\\\\r\\\\n\\\\r\\\\n$other\""
read_row say_path "9.3-80" "another path of a granted host is not asked for" 'http: {paths: [/hello]}' \
    '"GET /denied?$MARKER HTTP/1.1\\r\\nHost: shared-a.example\\r\\n\\r\\n"'
read_row say_path_encoded "9.3-73 9.3-80" "nor one that is encoded" 'http: {paths: [/hello]}' \
    '"GET /%64%65nied?$MARKER HTTP/1.1\\r\\nHost: shared-a.example\\r\\n\\r\\n"'
read_row say_later_path "9.3-72 9.3-80" "nor one later on the connection" 'http: {paths: [/hello]}' \
    "\"$ok\\\\r\\\\n\" \"GET /denied?\$MARKER HTTP/1.1\\\\r\\\\nHost: shared-a.example\\\\r\\\\n\\\\r\\\\n\""
read_row say_upload "9.3-74 9.3-80" "nothing is put where a rule grants reading" 'http: {methods: [GET]}' \
    '"PUT /hello?$MARKER HTTP/1.1\\r\\nHost: shared-a.example\\r\\nContent-Length: 4\\r\\n\\r\\ndata"'
read_row say_upload_overridden "9.3-80" "nor by a method that another field overrides" 'http: {methods: [GET]}' \
    '"POST /hello?$MARKER HTTP/1.1\\r\\nHost: shared-a.example\\r\\nX-HTTP-Method-Override: GET\\r\\nContent-Length: 4\\r\\n\\r\\ndata"'
read_row say_push "9.3-80" "nothing is pushed to a repository that a rule does not name" \
    'http: {paths: [/git/hello.git/**, /hello]}' '"POST /denied?$MARKER/git-receive-pack HTTP/1.1\\r\\nHost: shared-a.example\\r\\nContent-Length: 4\\r\\n\\r\\n0000"'
call='"POST /rpc?$MARKER HTTP/1.1\\r\\nHost: shared-a.example\\r\\nContent-Type: application/json\\r\\nContent-Length: 41\\r\\n\\r\\n'
read_row say_call "9.3-80" "no call is made that a rule does not name" 'jsonrpc: {methods: [read]}' \
    "$call"'{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"write\"}"'
read_row say_call_twice "9.3-80" "nor one that a second member names" 'jsonrpc: {methods: [read]}' \
    "${call/41/57}"'{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"read\",\"method\":\"write\"}"'
read_row say_tool "9.3-80" "no tool is called that a rule does not name" 'mcp: {tools: [greet]}' \
    '"POST /mcp?$MARKER HTTP/1.1\\r\\nHost: shared-a.example\\r\\nContent-Type: application/json\\r\\nContent-Length: 73\\r\\n\\r\\n{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"remove\"}}"'
upgrade='Upgrade: websocket\\r\\nConnection: Upgrade\\r\\nSec-WebSocket-Version: 13\\r\\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\\r\\n\\r\\n'
read_row say_websocket "9.3-72" "no request becomes a WebSocket unless a rule says so" 'http: {}' \
    "\"GET /ws?\$MARKER HTTP/1.1\\\\r\\\\nHost: shared-a.example\\\\r\\\\n$upgrade\""

# The secret of allowed.example, of whose value programs know a placeholder: in TOKEN. Unconfined it is there itself.
secret_row() # name, sentence, what is granted beside, program, arguments
{
    property "$1" "9.3-79" "$2" program="$4" needs=world
    eval "prepare_$1() { secret_prepare '$3' $5; }"
}
secret_prepare()
{
    CALLER_ENV=("TOKEN=$MARKER-is-what-it-is")
    world_prepare "{to: [{host: allowed.example}], ports: [{port: 443, protocol: tcp}], tls: terminate}, $1" "${@:2}" || return
    LAUNCH+=(--line 'secrets: [{name: TOKEN, source: "env:TOKEN", hosts: [allowed.example]}]')
}
secret_said_row() # name, sentence, what is granted beside, host, bytes in which TOKEN's value takes the place of '$'
{
    secret_row "$1" "$2" "$3" say_secret "$4 80 greetings $5"
    eval "effect_$1() { world_has_seen; }"
}
plain='{to: [{host: allowed.example}, {host: shared-a.example}], ports: [{port: 80, protocol: tcp}], http: {}}'
secret_row secret_variable "the value of a secret is in no variable" "$plain" read_environ '"$MARKER"'
secret_said_row secret_without_tls "a placeholder does not leave without TLS" "$plain" allowed.example \
    '"GET /hello?$MARKER HTTP/1.1\\r\\nHost: allowed.example\\r\\nAuthorization: Bearer \$\\r\\n\\r\\n"'
secret_said_row secret_elsewhere "a placeholder does not go to another host" "$plain" shared-a.example \
    '"GET /hello?$MARKER HTTP/1.1\\r\\nHost: shared-a.example\\r\\nAuthorization: Bearer \$\\r\\n\\r\\n"'
secret_said_row secret_in_query "nor in a query" "$plain" shared-a.example '"GET /hello?\$&$MARKER HTTP/1.1\\r\\nHost: shared-a.example\\r\\n\\r\\n"'
secret_said_row secret_in_body "nor in a body" "$plain" shared-a.example \
    '"POST /hello?$MARKER HTTP/1.1\\r\\nHost: shared-a.example\\r\\nContent-Length: 96\\r\\n\\r\\n\$"'

property redirect "9.3-74" "a granted host's redirection leads nowhere else" program=follow needs=world
prepare_redirect() { world_prepare "$ALLOWED" allowed.example "http://denied.example/hello?$MARKER"; }
effect_redirect() { grep -qE "^http [0-9a-f.:]+ 80 GET /hello.$MARKER denied.example" "$WORLD/seen"; }
