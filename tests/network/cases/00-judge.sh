# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2034
# The twins of the judge: with the host's network everything passes and nothing counts as refused, without one the reverse.

network_test the_judge_sees_what_gets_through "curl"
test_the_judge_sees_what_gets_through()
{
    POLICY=open
    fetch passes 93.184.216.34 && fetch passes denied.example && echoes passes 93.184.216.35 7 || return
    [ -z "$BARE" ] || return 0
    ! fetch is_refused denied.example 2>/dev/null && ! echoes is_refused 93.184.216.35 7 2>/dev/null &&
        ! is_refused connected python3 connect.py 93.184.216.35 80 2>/dev/null &&
        ! has_event network.denied 2>/dev/null || complain 'what got through counts as refused'
}

network_test the_judge_sees_what_does_not_get_through "curl"
test_the_judge_sees_what_does_not_get_through()
{
    POLICY=shut
    fetch is_refused 93.184.216.35 && echoes is_refused 93.184.216.35 7 || return
    [ -z "$BARE" ] || return 0
    ! fetch passes 93.184.216.34 2>/dev/null || complain 'what is refused counts as passed' || return
    LIMIT=2
    # Nor does a program that could not be started, or one that hangs.
    ! is_shut greetings no-such-program 2>/dev/null && ! is_shut greetings sleep 40 2>/dev/null ||
        complain 'what was not tried counts as refused'
}
