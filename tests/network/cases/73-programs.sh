# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2034,SC2016
# Rules for single programs, known by their files.

network_test only_the_programs_of_a_rule_reach_its_hosts "curl git"
test_only_the_programs_of_a_rule_reach_its_hosts()
{
    local COMMAND
    POLICY=programs
    client_git_over_https allowed.example
    passes 'greetings from the world' "${COMMAND[@]}" &&
        has_event network.connected '.program | endswith("git-remote-http")' || return
    fetch is_refused allowed.example && has_event network.denied '.reason | contains("another program")' || return
    fetch passes shared-a.example && has_event network.connected '(.exe | endswith("/curl")) and .pid > 0' || return
    fetch passes 93.184.216.35 && client_git_over_https shared-a.example && is_refused 'greetings from the world' "${COMMAND[@]}" || return
    is_refused 'greetings from the world' /usr/bin/python3 -c 'import urllib.request
print(urllib.request.urlopen("http://shared-a.example/hello", timeout=5).read().decode())'
}

# git by name is what connects for it, and nothing else that git starts.
network_test git_is_what_connects_for_it "git cp"
test_git_is_what_connects_for_it()
{
    local COMMAND PATH=$SYSTEM_PATH helper
    POLICY=programs
    client_git_over_https allowed.example
    passes 'greetings from the world' "${COMMAND[@]}" || return
    helper=$(git --exec-path)/git-remote-https
    "${drop[@]}" mkdir core && "${drop[@]}" cp -L "$helper" core/git-remote-https || return
    is_refused 'greetings from the world' env GIT_EXEC_PATH="$WORKSPACE/core" "${COMMAND[@]}" &&
        has_event network.denied '.reason | contains("another program")' || return
    sed -i "s|programs: \\[git\\]|programs: [$(readlink -f "$(command -v git)")]|" "$TREE/policies/programs.yaml"
    is_refused 'greetings from the world' "${COMMAND[@]}" && has_event network.denied '.exe | contains("git-remote-http")'
}

network_test git_over_ssh_is_ssh "git ssh python:asyncssh"
test_git_over_ssh_is_ssh()
{
    local COMMAND
    prepare_ssh || return
    POLICY=programs
    client_git_over_ssh allowed.example
    is_refused 'greetings from the world' "${COMMAND[@]}" && has_event network.denied '.reason | contains("another program")' || return
    sed -i 's|programs: \[git\]|programs: [git, ssh]|' "$TREE/policies/programs.yaml"
    passes 'greetings from the world' "${COMMAND[@]}" && has_event network.connected '.program | endswith("/ssh")'
}

network_test a_copy_of_a_program_is_another_program "curl"
test_a_copy_of_a_program_is_another_program()
{
    POLICY=programs
    "${drop[@]}" cp /usr/bin/curl curl
    fetch passes shared-a.example || return
    is_refused 'greetings from the world' ./curl -sS -m 8 http://shared-a.example/hello || return
    # Nor does its name make one, or being started by one, or its own loader.
    is_refused 'greetings from the world' sh -c 'exec -a /usr/bin/curl ./curl -sS -m 8 http://shared-a.example/hello' - 2>/dev/null ||
        is_refused 'greetings from the world' bash -c 'exec -a /usr/bin/curl ./curl -sS -m 8 http://shared-a.example/hello' || return
    is_refused 'greetings from the world' sh -c '$(echo /lib64/ld-linux-x86-64.so.2) /usr/bin/curl -sS -m 8 http://shared-a.example/hello'
}

network_test a_connection_belongs_to_whoever_made_it "python3 curl"
test_a_connection_belongs_to_whoever_made_it()
{
    # Another program made the socket; what connects is judged, also after it became the granted one.
    POLICY=programs
    is_refused 'greetings from the world' /usr/bin/python3 -c 'import socket
client = socket.create_connection(("93.184.216.35", 80), 5)
client.sendall(b"GET /hello HTTP/1.1\r\nHost: denied.example\r\nConnection: close\r\n\r\n")
print(client.makefile().read())' && has_event network.denied '.exe | contains("python")'
}

# What the rule cannot see, and docs/network.md says: whoever makes a granted program do it.
network_test what_a_granted_program_is_told_to_do_it_may "curl cc"
test_what_a_granted_program_is_told_to_do_it_may()
{
    POLICY=programs
    printf '%s\n' '#include <unistd.h>' '__attribute__((constructor)) static void hello(void) { (void)!write(1, "loaded\n", 7); }' >loaded.c
    cc -shared -fPIC -o loaded.so loaded.c && chmod 755 loaded.so || return
    passes 'greetings from the world' env LD_PRELOAD=./loaded.so curl -sS -m 8 http://shared-a.example/hello || return
    [ -n "$BARE" ] || grep -q loaded <<<"$OUTPUT" || complain "nothing was loaded: $OUTPUT"
}

network_test a_script_is_no_program_for_a_rule ""
test_a_script_is_no_program_for_a_rule()
{
    [ -z "$BARE" ] || return 0
    POLICY=programs
    sed -i 's|programs: \[curl\]|programs: [/usr/bin/ldd]|' "$TREE/policies/programs.yaml"
    run_contained true
    check_equal "$STATUS" 125 && grep -q 'interpreter' <<<"$OUTPUT" || complain "$OUTPUT"
}
