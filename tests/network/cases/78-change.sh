# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2034,SC2016
# Another network for a running container, through the library alone (change.c).

LIBRARY=$(realpath "$(dirname "$CORDON")/../sdk")

# A container that asks for some pages whenever step.N appears: which were answered is in said.N.
start_changeable() # POLICY
{
    "${drop[@]}" mkfifo control
    rm -f "$EVENTS"
    as_caller env "LD_LIBRARY_PATH=$LIBRARY" ./change control "$WORKSPACE" "$EVENTS" "$TREE/policies/$1.yaml" sh -c 'n=1; while :; do
        while [ ! -e "step.$n" ]; do sleep 0.02; done
        for page in allowed.example/hello allowed.example/denied shared-a.example/denied denied.example/hello 93.184.216.36/denied 10.1.2.3/hello \
            [2606:2800:220:1::36]/denied [fd00:ec2::34]/hello; do
            curl -s -m 8 -o /dev/null --fail "http://$page" && echo "$page"; done >said
        mv said "said.$n"; n=$((n + 1)); done' >"$TREE/changes" 2>&1 </dev/null &
    RUN=$!
    PIDS+=("$RUN")
    wait_until grep -q started "$TREE/changes" || complain "$(cat "$TREE/changes")" || return
    exec 8>control
}

build_change()
{
    cc -std=gnu17 -D_GNU_SOURCE -Wall -Wextra -o change "$HERE/change.c" "-I$HERE/../../include" "-L$LIBRARY" -l:libcordon.so.0
}

pages_at() # STEP
{
    "${drop[@]}" touch "step.$1"
    wait_until test -e "said.$1" || complain "$(cat "$TREE/changes")" || return
    tr '\n' ' ' <"said.$1"
}

change_to() # POLICY: CHANGES says so far
{
    local lines
    lines=$(wc -l <"$TREE/changes")
    echo "$TREE/policies/$1.yaml" >&8
    wait_until has_more_lines "$TREE/changes" "$lines" && tail -n 1 "$TREE/changes"
}
has_more_lines() { [ "$(wc -l <"$1")" -gt "$2" ]; }

network_test another_network_holds_at_once_and_what_it_denies_is_closed "cc curl python3"
test_another_network_holds_at_once_and_what_it_denies_is_closed()
{
    [ -z "$BARE" ] || return 0
    build_change && start_changeable change-1 || return
    check_equal "$(pages_at 1)" 'allowed.example/hello ' || return
    check_equal "$(change_to change-2)" changed || return
    check_equal "$(pages_at 2)" 'allowed.example/denied shared-a.example/denied denied.example/hello 93.184.216.36/denied ' || return
    check_equal "$(change_to change-1)" changed || return
    check_equal "$(pages_at 3)" 'allowed.example/hello ' || return
    # More than the network is not changed in this way; what held goes on.
    grep -q 'network' <<<"$(change_to change-more)" && ! tail -n 1 "$TREE/changes" | grep -qx changed || complain "$(cat "$TREE/changes")" || return
    check_equal "$(pages_at 4)" 'allowed.example/hello ' || return
    exec 8>&-
    wait "$RUN"
}

network_test an_open_connection_ends_when_another_network_denies_it "cc python3"
test_an_open_connection_ends_when_another_network_denies_it()
{
    [ -z "$BARE" ] || return 0
    build_change || return
    "${drop[@]}" mkfifo control
    as_caller env "LD_LIBRARY_PATH=$LIBRARY" ./change control "$WORKSPACE" "$EVENTS" "$TREE/policies/change-1.yaml" \
        python3 lives.py allowed.example changed >"$TREE/changes" 2>&1 </dev/null &
    RUN=$!
    PIDS+=("$RUN")
    wait_until grep -q answered "$TREE/changes" || complain "$(cat "$TREE/changes")" || return
    exec 8>control
    echo "$TREE/policies/change-2.yaml" >&8
    wait_until grep -qx changed "$TREE/changes" || complain "$(cat "$TREE/changes")" || return
    "${drop[@]}" touch changed
    wait_until grep -qx gone "$TREE/changes" || complain "$(cat "$TREE/changes")" || return
    exec 8>&-
    wait "$RUN"
}

# A rule about names leaves special blocks out of the routes; the other network grants a part of them, and not the rest.
network_test what_another_network_adds_within_what_the_former_left_out_is_reached "cc curl"
test_what_another_network_adds_within_what_the_former_left_out_is_reached()
{
    [ -z "$BARE" ] || return 0
    build_change && start_changeable change-1 || return
    check_equal "$(pages_at 1)" 'allowed.example/hello ' || return
    check_equal "$(change_to change-wide)" changed || return
    check_equal "$(pages_at 2)" 'allowed.example/hello 10.1.2.3/hello [fd00:ec2::34]/hello ' || return
    check_equal "$(change_to change-1)" changed || return
    check_equal "$(pages_at 3)" 'allowed.example/hello ' || return
    exec 8>&-
    wait "$RUN"
}

network_test what_another_network_denies_no_more_is_reached_and_what_it_denies_still_is_not "cc curl"
test_what_another_network_denies_no_more_is_reached_and_what_it_denies_still_is_not()
{
    local open='allowed.example/hello allowed.example/denied denied.example/hello'
    local shared='allowed.example/hello allowed.example/denied shared-a.example/denied denied.example/hello 93.184.216.36/denied'
    [ -z "$BARE" ] || return 0
    build_change && start_changeable change-denying || return
    check_equal "$(pages_at 1)" "$open " || return
    check_equal "$(change_to change-denying-less)" changed || return
    check_equal "$(pages_at 2)" "$shared [2606:2800:220:1::36]/denied " || return
    check_equal "$(change_to change-open)" changed || return
    check_equal "$(pages_at 3)" "$shared 10.1.2.3/hello [2606:2800:220:1::36]/denied " || return
    check_equal "$(change_to change-denying)" changed || return
    check_equal "$(pages_at 4)" "$open " || return
    exec 8>&-
    wait "$RUN"
}
