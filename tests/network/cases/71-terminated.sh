# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2034,SC2016
# TLS that is opened beside the container: programs as they are, without an option about trust, and each of their requests.
# Unconfined they are told by variables whom to believe, as a host that believes the world would be.

believing_world()
{
    BARE_VARIABLES=("SSL_CERT_FILE=$WORLD/bundle.pem" "CURL_CA_BUNDLE=$WORLD/bundle.pem" "REQUESTS_CA_BUNDLE=$WORLD/bundle.pem"
        "PIP_CERT=$WORLD/bundle.pem" "GIT_SSL_CAINFO=$WORLD/bundle.pem" "NODE_EXTRA_CA_CERTS=$WORLD/ca.pem" "WORLD_CA=$WORLD/ca.pem"
        "npm_config_cafile=$WORLD/ca.pem"
        "JAVA_TOOL_OPTIONS=-Djavax.net.ssl.trustStore=$WORKSPACE/trust -Djavax.net.ssl.trustStorePassword=changeit")
}

# A program that is given a path of allowed.example: reader_NAME WHERE, `granted` or `denied`.
terminated_program() # NAME PROGRAMS
{
    network_test "terminated_$1" "$2"
    eval "test_terminated_$1() { judge_terminated $1; }"
}

judge_terminated() # NAME
{
    local COMMAND GREETING='greetings from the world'
    POLICY=terminate
    believing_world
    ! declare -F "prepare_$1" >/dev/null || "prepare_$1" || complain 'it cannot be prepared' || return
    "reader_$1" granted
    passes "$GREETING" "${COMMAND[@]}" || return
    has_event network.request '.status == 200 and .name == "allowed.example" and (.rule | contains("terminate.yaml"))' || return
    "reader_$1" denied
    is_denied "$GREETING" "${COMMAND[@]}"
}

page() { [ "$1" = granted ] && echo "https://allowed.example${2:-}/hello" || echo "https://allowed.example${2:-}/denied"; }

terminated_program curl "curl"
reader_curl() { COMMAND=(curl -sS --fail-with-body "$(page "$1")"); }

terminated_program git "git"
reader_git()
{
    local repository=hello
    [ "$1" = granted ] || repository=other
    COMMAND=(sh -c 'copy=$(mktemp -d copyXXXX) && git clone -q "https://allowed.example/git/$1.git" "$copy" && cat "$copy/hello"' - "$repository")
}

terminated_program npm "npm"
reader_npm()
{
    local registry=allowed
    [ "$1" = granted ] || registry=elsewhere
    QUICK=15 LIMIT=60
    COMMAND=(sh -c 'rm -rf app cache && mkdir app && cd app && npm init -y >/dev/null &&
        npm install --no-audit --no-fund --no-update-notifier --fetch-retries=0 --cache ../cache \
        --registry "https://allowed.example/$1/" hello-cordon && node -e "require(\"hello-cordon\")"' - "$registry")
}

terminated_program pip "python3 file:/usr/share/python-wheels/pip-*.whl"
reader_pip()
{
    local index=simple
    [ "$1" = granted ] || index=mirror
    QUICK=15 LIMIT=60
    COMMAND=(sh -c 'rm -rf target && PYTHONPATH=$(echo /usr/share/python-wheels/pip-*.whl) python3 -m pip install -q --no-cache-dir \
        --retries 0 --disable-pip-version-check --root-user-action ignore --target target \
        --index-url "https://allowed.example/$1/" hello-cordon && PYTHONPATH=target python3 -c "import hello_cordon"' - "$index")
}

terminated_program node "node"
reader_node()
{
    QUICK=10
    COMMAND=(node -e 'fetch(process.argv[1]).then(r => r.ok ? r.text() : Promise.reject({ cause: r.status })).then(console.log)
        .catch(e => { console.error(e.cause); process.exit(1) })' "$(page "$1")")
}

terminated_program urllib "python3"
reader_urllib()
{
    COMMAND=(/usr/bin/python3 -c 'import sys, urllib.request
print(urllib.request.urlopen(sys.argv[1], timeout=10).read().decode())' "$(page "$1")")
}

terminated_program requests "python3 python:requests"
reader_requests()
{
    COMMAND=(/usr/bin/python3 -c 'import sys, requests
answer = requests.get(sys.argv[1], timeout=10)
answer.raise_for_status()
print(answer.text)' "$(page "$1")")
}

terminated_program java "javac keytool"
prepare_java()
{
    QUICK=40 LIMIT=90
    "${drop[@]}" keytool -importcert -noprompt -trustcacerts -alias ca -file ca.pem -keystore trust -storepass changeit >/dev/null 2>&1
}
reader_java() { COMMAND=(java Client.java "$(page "$1")"); }

terminated_program openssl "openssl"
reader_openssl()
{
    local path
    path=$(page "$1")
    COMMAND=(sh -c 'printf "GET $1 HTTP/1.1\r\nHost: allowed.example\r\nConnection: close\r\n\r\n" |
        openssl s_client -quiet -verify_return_error -verify_hostname allowed.example -ign_eof -connect allowed.example:443 2>&1 |
        grep -F "greetings from"' - "/${path##*/}")
}

network_test a_granted_rule_about_reading_lets_nothing_be_pushed "git"
test_a_granted_rule_about_reading_lets_nothing_be_pushed()
{
    local GREETING COMMAND
    POLICY=terminate
    believing_world
    client_git_push_over_https allowed.example
    COMMAND[2]=${COMMAND[2]/export GIT_SSL_CAINFO=..\/ca.pem/:}
    works_bare "$GREETING" "${COMMAND[@]}" || return
    [ -z "$BARE" ] || return 0
    run_contained "${COMMAND[@]}"
    [ "$STATUS" != 0 ] || complain "it was pushed: $OUTPUT" || return
    has_event network.request-denied '.method == "POST" and .path == "/git/hello.git/git-receive-pack"'
}

network_test a_websocket_over_opened_tls_is_for_rules_that_say_so "python3 python:websockets"
test_a_websocket_over_opened_tls_is_for_rules_that_say_so()
{
    POLICY=terminate
    believing_world
    passes 'and back' python3 websocket.py wss://allowed.example:8443/ws &&
        has_event network.request '.path == "/ws" and .status == 101' && is_denied 'and back' python3 websocket.py wss://allowed.example/ws
}

network_test the_servers_certificate_is_verified_for_the_program "curl"
test_the_servers_certificate_is_verified_for_the_program()
{
    local port ARRIVALS=$REQUESTS
    POLICY=terminate
    for port in 9441 9442 9444; do # over, of nobody, for another name; what a careless program does not mind
        is_refused 'greetings from the world' curl -sS -k --fail-with-body -m 8 "https://allowed.example:$port/hello" || return
        has_event network.failed ".port == $port and (.reason | contains(\"is not believed\"))" || return
    done
}

network_test only_named_authorities_are_believed "curl"
test_only_named_authorities_are_believed()
{
    local ARRIVALS=$REQUESTS
    POLICY=terminate-trusted
    is_refused 'greetings from the world' curl -sS -k --fail-with-body -m 8 https://allowed.example/hello || return
    # Whom the caller believes by a variable, the container's servers may be known by as well.
    CALLER_VARIABLES=("SSL_CERT_FILE=$WORLD/ca.pem") BARE_VARIABLES=("CURL_CA_BUNDLE=$WORLD/bundle.pem")
    passes 'greetings from the world' curl -sS https://allowed.example/hello
}

network_test opened_tls_to_another_name_is_refused "python3"
test_opened_tls_to_another_name_is_refused()
{
    POLICY=terminate
    says passes shared-a.example shared-a.example && says is_refused shared-a.example shared-b.example &&
        says is_refused shared-a.example - && says is_refused shared-a.example denied.example
}

network_test a_request_within_tls_is_for_the_host_of_the_connection "curl"
test_a_request_within_tls_is_for_the_host_of_the_connection()
{
    POLICY=terminate
    believing_world
    asks passes https://shared-a.example/hello && asks is_denied https://shared-a.example/hello -H 'Host: shared-b.example' &&
        asks is_denied https://shared-a.example/hello -H 'Host: allowed.example'
}

network_test without_a_rule_about_requests_each_is_permitted_and_told "curl"
test_without_a_rule_about_requests_each_is_permitted_and_told()
{
    POLICY=terminate-all
    believing_world
    asks passes https://allowed.example/denied -X PUT -d data && has_event network.request '.method == "PUT" and .path == "/denied"'
}

network_test what_is_no_http_within_tls_is_refused "openssl"
test_what_is_no_http_within_tls_is_refused()
{
    local ARRIVALS='^echo '
    POLICY=terminate-all
    [ -n "$BARE" ] || {
        run_contained sh -c 'echo greetings | timeout 5 openssl s_client -quiet -connect allowed.example:443'
        has_event network.request '.status == 200' 2>/dev/null && complain 'it was taken for a request'
        has_event network.denied || has_event network.request-denied
    }
}

network_test a_container_has_an_authority_of_its_own "openssl curl"
test_a_container_has_an_authority_of_its_own()
{
    local issuer first
    [ -z "$BARE" ] || return 0
    POLICY=terminate
    issuer='openssl s_client -connect allowed.example:443 </dev/null 2>/dev/null | openssl x509 -noout -issuer -ext authorityKeyIdentifier'
    run_contained sh -c "$issuer"
    first=$OUTPUT
    [ "$STATUS" = 0 ] && ! grep -q 'Authority of the test' <<<"$first" || complain "not opened: $OUTPUT" || return
    run_contained sh -c "$issuer"
    [ "$STATUS" = 0 ] && [ "$OUTPUT" != "$first" ] || complain "the same in two containers: $OUTPUT" || return
    # Of which a program that believes the world alone knows nothing, and which is no authority outside.
    run_contained curl -sS --cacert ca.pem https://allowed.example/hello
    check_equal "$STATUS" 60 || return
    run_contained sh -c 'grep -rlsE "PRIVATE KEY" /etc /run /tmp /dev/shm "$HOME" 2>/dev/null || echo none'
    check_equal "$OUTPUT" none
}

network_test the_usual_places_know_the_containers_authority "openssl"
test_the_usual_places_know_the_containers_authority()
{
    [ -z "$BARE" ] || return 0
    POLICY=terminate
    run_contained sh -c 'for variable in SSL_CERT_FILE CURL_CA_BUNDLE REQUESTS_CA_BUNDLE NODE_EXTRA_CA_CERTS; do
        eval "file=\$$variable"; test -r "$file" && openssl s_client -verify_return_error -CAfile "$file" -no-CApath -no-CAstore \
        -connect allowed.example:443 </dev/null >/dev/null 2>&1 || echo "$variable=$file"; done
        openssl s_client -verify_return_error -CAfile /etc/ssl/certs/ca-certificates.crt -connect allowed.example:443 \
        </dev/null >/dev/null 2>&1 || echo bundle; echo done'
    check_equal "$OUTPUT" done
}

network_test without_its_inspector_the_network_is_gone_and_the_program_lives "python3"
test_without_its_inspector_the_network_is_gone_and_the_program_lives()
{
    [ -n "$BARE" ] || dies_with cordon-inspector requests
}

# The worker NAME is killed under POLICY: nothing goes any more, and the program lives.
dies_with() # NAME POLICY
{
    local before
    POLICY=$2
    start_contained "$TREE/said" python3 lives.py allowed.example killed
    wait_until grep -q answered "$TREE/said" || complain "$(cat "$TREE/said")" || return
    kill -9 "$(find_below "$RUN" "$1" | head -n 1)" || complain "no $1" || return
    "${drop[@]}" touch killed
    wait_until grep -q 'gone' "$TREE/said" || complain "$(cat "$TREE/said")" || return
    before=$(world_seen)
    "${drop[@]}" touch killed.end
    wait "$RUN"
    check_equal "$?:$(tail -n 1 "$TREE/said")" '7:and lives' && check_equal "$(world_seen)" "$before" && has_event network.gone
}
