# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2034,SC2016
# Programs as they are: no proxy variable, no option that is about containment.

network_program curl_https "curl"
client_curl_https() { COMMAND=(curl -sS --cacert ca.pem "https://$1/hello"); }

network_program curl_http "curl"
client_curl_http() { COMMAND=(curl -sS "http://$1/hello"); }

network_program curl_http2 "curl nghttpd"
client_curl_http2() { COMMAND=(curl -sS --cacert ca.pem --http2 -w 'over HTTP/%{http_version}' "https://$1:8444/hello") GREETING='over HTTP/2'; }

network_program curl_http2_by_prior_knowledge "curl nghttpd"
client_curl_http2_by_prior_knowledge()
{
    COMMAND=(curl -sS --http2-prior-knowledge -w 'over HTTP/%{http_version}' "http://$1:8445/hello") GREETING='over HTTP/2'
}

network_program curl_ipv6 "curl"
client_curl_ipv6()
{
    ALLOWED=six.example DENIED=six-denied.example POLICY=six-name
    [ "$1" != allowed.example ] || set -- six.example
    COMMAND=(curl -sS --cacert ca.pem "https://$1/hello")
}

network_program git_over_https "git"
client_git_over_https()
{
    # (somewhere else each time: what a repository has at its end, no later run may take away)
    COMMAND=(sh -c 'copy=$(mktemp -d copyXXXX) && git -c http.sslCAInfo=ca.pem clone -q "https://$1/git/hello.git" "$copy" &&
        cat "$copy/hello"' - "$1")
}

network_program git_push_over_https "git"
client_git_push_over_https()
{
    GREETING='pushed greetings'
    COMMAND=(sh -ec 'copy=$(mktemp -d copyXXXX) && git init -q "$copy" && cd "$copy" && export GIT_SSL_CAINFO=../ca.pem
        export GIT_AUTHOR_NAME=T GIT_AUTHOR_EMAIL=t@example.invalid GIT_COMMITTER_NAME=T GIT_COMMITTER_EMAIL=t@example.invalid
        git commit -q --allow-empty -m "$(date +%N)" && git push -q -f "https://$1/git/hello.git" HEAD:refs/heads/pushed
        echo pushed greetings' - "$1")
}

SSH_WORDS='ssh -F none -i loginkey -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR'
prepare_ssh()
{
    "${drop[@]}" cp "$WORLD/loginkey" loginkey && "${drop[@]}" chmod 600 loginkey
}

network_program ssh "ssh python:asyncssh"

prepare_git_over_ssh() { prepare_ssh; }
client_ssh() { COMMAND=(sh -c "exec $SSH_WORDS \"\$1\" cat \"\$2\"" - "$("${drop[@]}" id -un)@$1" "$WORLD/tree/hello"); }

network_program git_over_ssh "git ssh python:asyncssh"
client_git_over_ssh()
{
    COMMAND=(sh -c 'copy=$(mktemp -d copyXXXX) && GIT_SSH_COMMAND="$3" git clone -q "$1:$2" "$copy" && cat "$copy/hello"' -
        "$("${drop[@]}" id -un)@$1" "$WORLD/files/git/hello.git" "$SSH_WORDS")
}

network_program npm_install "npm"
client_npm_install()
{
    QUICK=15 LIMIT=60
    COMMAND=(sh -c 'rm -rf app cache && mkdir app && cd app && npm init -y >/dev/null &&
        npm install --no-audit --no-fund --no-update-notifier --fetch-retries=0 --cache ../cache --cafile ../ca.pem \
        --registry "https://$1.example/$1/" hello-cordon && node -e "require(\"hello-cordon\")"' - "${1%.example}")
}

network_program pip_install "python3 file:/usr/share/python-wheels/pip-*.whl"
client_pip_install()
{
    QUICK=15 LIMIT=60
    COMMAND=(sh -c 'rm -rf target && PYTHONPATH=$(echo /usr/share/python-wheels/pip-*.whl) python3 -m pip install -q --no-cache-dir \
        --retries 0 --cert ca.pem --disable-pip-version-check --root-user-action ignore --target target \
        --index-url "https://$1/simple/" hello-cordon && PYTHONPATH=target python3 -c "import hello_cordon"' - "$1")
}

network_program node_fetch "node"
client_node_fetch()
{
    QUICK=10
    COMMAND=(env NODE_EXTRA_CA_CERTS=ca.pem node -e \
        'fetch(process.argv[1]).then(r => r.text()).then(console.log).catch(e => { console.error(e.cause); process.exit(1) })' \
        "https://$1/hello")
}

network_program python_urllib "python3"
client_python_urllib()
{
    COMMAND=(/usr/bin/python3 -c 'import sys, ssl, urllib.request
context = ssl.create_default_context(cafile="ca.pem")
print(urllib.request.urlopen(sys.argv[1], context=context, timeout=10).read().decode())' "https://$1/hello")
}

network_program python_requests "python3 python:requests"
client_python_requests()
{
    COMMAND=(env REQUESTS_CA_BUNDLE=ca.pem /usr/bin/python3 -c 'import sys, requests
print(requests.get(sys.argv[1], timeout=10).text)' "https://$1/hello")
}

network_program java_client "javac keytool"
client_java_client()
{
    QUICK=40 LIMIT=90
    COMMAND=(sh -c 'rm -f trust && keytool -importcert -noprompt -trustcacerts -alias ca -file ca.pem -keystore trust -storepass changeit \
        >/dev/null 2>&1 && java -Djavax.net.ssl.trustStore=trust -Djavax.net.ssl.trustStorePassword=changeit Client.java "https://$1/hello"' - "$1")
}

network_program websocket "python3 python:websockets"
client_websocket() { COMMAND=(/usr/bin/python3 websocket.py "wss://$1/ws"); }

network_program mcp_over_http "node"
client_mcp_over_http() { QUICK=10 COMMAND=(env NODE_EXTRA_CA_CERTS=ca.pem node mcp.mjs "https://$1/mcp"); }

network_program raw_tcp "nc"
client_raw_tcp() { COMMAND=(sh -c 'echo "greetings from the world" | timeout 10 nc -N "$1" 7' - "$1"); }

network_program server_that_speaks_first "nc"
client_server_that_speaks_first() { COMMAND=(sh -c 'timeout 10 nc -N "$1" 25 </dev/null' - "$1"); }

network_program udp "nc"
client_udp()
{
    POLICY=echo-block ALLOWED=93.184.216.34 DENIED=93.184.216.35 DENIED_BY=kernel
    [ "$1" != allowed.example ] || set -- 93.184.216.34
    COMMAND=(python3 udp.py "$1" 7)
}

network_program dig "dig"
client_dig()
{
    GREETING=93.184.216.3
    COMMAND=(sh -c 'dig +tries=1 +time=3 "$1" | grep -F 93.184.216.3' - "$1")
}
# A question is no connection.
test_program_dig()
{
    local COMMAND GREETING
    client_dig allowed.example
    run_bare "${COMMAND[@]}"
    grep -qF 93.184.216.34 <<<"$OUTPUT" || complain "unconfined: $OUTPUT" || return
    client_dig denied.example
    run_bare "${COMMAND[@]}"
    grep -qF 93.184.216.35 <<<"$OUTPUT" || complain "unconfined: $OUTPUT" || return
    [ -z "$BARE" ] || return 0
    client_dig allowed.example
    run_contained "${COMMAND[@]}"
    grep -qF 93.184.216.34 <<<"$OUTPUT" || complain "contained: $OUTPUT" || return
    client_dig denied.example
    is_shut 93.184.216.35 "${COMMAND[@]}" && has_event network.name-denied '.name == "denied.example"'
}
