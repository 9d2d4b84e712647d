# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2034,SC2016
# Rules with `until`.

# The policy with this end, in SECONDS from now.
end_in() # SECONDS
{
    local text
    text=$(<"$HERE/policies/ends.yaml")
    printf '%s\n' "${text//@UNTIL@/$(date -u -d "@$(($(date +%s) + $1))" +%FT%TZ)}" >"$TREE/policies/ends.yaml"
    POLICY=ends
}

# ends.py in a container whose rules end once it is connected, however slow this machine is.
start_ending()
{
    local seconds
    for seconds in 6 24 96; do
        end_in $seconds
        start_contained "$TREE/said" python3 ends.py over 60
        wait_until test -s "$TREE/said" || complain "$(cat "$TREE/said")" || return
        ! grep -qx answered "$TREE/said" || return 0
        end_contained "$RUN"
    done
    complain "$(cat "$TREE/said")"
}

ended_in_events() { jq -se '[.[] | select(.type == "grant.ended")] | length == 2' "$EVENTS" >/dev/null; }

network_test what_a_rule_granted_is_closed_when_its_time_is_over_and_nothing_else_is "python3"
test_what_a_rule_granted_is_closed_when_its_time_is_over_and_nothing_else_is()
{
    local LIMIT=240
    end_in 3600
    works_bare answered sh -c ': >over; python3 ends.py over 1' || return
    rm -f over
    [ -z "$BARE" ] || return 0
    start_ending || return
    wait_until_long ended_in_events || complain "$(cat "$TREE/said" "$EVENTS")" || return
    "${drop[@]}" touch over
    wait "$RUN" || complain "$(cat "$TREE/said")" || return
    check_equal "$(tail -n +2 "$TREE/said" | tr '\n' ,)" 'held: no,held requests: no,new: no,new requests: no,what stays: yes,what stays, new: yes,' || return
    has_event grant.ended '(.rule | contains("ends.yaml")) and (.until | endswith("Z"))' &&
        has_event network.denied '.port == 7 and .reason == "it was granted until a time that is over" and (.rule | contains("ends.yaml"))' &&
        has_event network.name-denied '.reason == "it was granted until a time that is over"'
}
wait_until_long() { wait_until "$@" || wait_until "$@" || wait_until "$@"; }

network_test a_rule_whose_time_is_over_grants_nothing_from_the_start "python3"
test_a_rule_whose_time_is_over_grants_nothing_from_the_start()
{
    end_in 3600
    passes connected python3 connect.py allowed.example 7 || return
    end_in -1
    is_refused connected python3 connect.py allowed.example 7 || return
    has_event network.name-denied '.reason == "it was granted until a time that is over"'
}
