# SPDX-License-Identifier: Apache-2.0
# Unchanged programs. client_NAME HOST sets COMMAND and may set GREETING (what the program prints when it was answered),
# POLICY, and QUICK (seconds within which it must have given up). Where nothing else is said the policy grants
# allowed.example, and denied.example has the same servers at another address.

network_program() # NAME PROGRAMS
{
    network_test "program_$1" "$2"
    eval "test_program_$1() { judge_program $1; }"
}

judge_program() # NAME
{
    local COMMAND GREETING='greetings from the world' ALLOWED=allowed.example DENIED=denied.example DENIED_BY=name-denied
    ! declare -F "prepare_$1" >/dev/null || "prepare_$1" || complain 'it cannot be prepared' || return
    "client_$1" "$ALLOWED"
    passes "$GREETING" "${COMMAND[@]}" || return
    has_event network.connected '.connection > 0 and .port > 0' || return
    has_event network.closed '.bytesDown > 0 and .durationUs > 0' || return
    "client_$1" "$DENIED"
    is_refused "$GREETING" "${COMMAND[@]}" || return
    if [ "$DENIED_BY" = kernel ]; then
        has_event network.denied ".address == \"$DENIED\" and .connection == null and .errno != 0"
    else
        has_event network.name-denied ".name == \"$DENIED\""
    fi
}
