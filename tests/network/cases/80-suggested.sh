# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2034,SC2016
# What `cordon why` suggests for a refused connection lets it through, and its neighbours not.

# A policy with a way out that leads to none of these: as JSON, which patches are for.
suggest_begin()
{
    POLICY=before
    echo '{"version": "cordon/1", "extends": ["base", "shell", "python"],
        "filesystem": {"readwritePaths": ["${workspace}"], "protectBuiltin": true},
        "network": {"egress": {"allow": [{"to": [{"host": "elsewhere.example"}]}, {"to": [{"cidr": "93.184.216.36/32"}]}]}}}' >"$TREE/policies/before.yaml"
}

# The rule that is suggested for the last run's first refusal, in policies/after.yaml; widened with a jq expression as its twin.
suggest() # [EXPRESSION]
{
    local id
    [ -z "$BARE" ] || return 0
    id=$(jq -rs '[.[] | select(.type == "network.denied" or .type == "network.name-denied")][0].id' "$EVENTS")
    as_caller "$CORDON" why --json "$id" >"$TREE/why.json" || complain "why $id: $(cat "$TREE/why.json")" || return
    jq -e '.suggestion.documents[0].patch | length > 0' "$TREE/why.json" >/dev/null || complain "no rule is suggested: $(cat "$TREE/why.json")" ||
        return
    PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$HERE/../agree:$HERE/../oracle python3 -c 'import json, sys, suggested
document = json.load(open(sys.argv[1]))
suggested.apply(document, json.load(open(sys.argv[2]))["suggestion"]["documents"][0]["patch"])
json.dump(document, open(sys.argv[3], "w"))' "$TREE/policies/before.yaml" "$TREE/why.json" "$TREE/policies/after.yaml" ||
        complain 'the patch cannot be applied' || return
    jq "${1:-.}" "$TREE/policies/after.yaml" >"$TREE/policies/wide.json" && mv "$TREE/policies/wide.json" "$TREE/policies/after.yaml"
    chmod a+r "$TREE/policies/after.yaml"
    POLICY=after
}

network_test a_rule_suggested_for_an_address_opens_it_and_no_neighbour "curl jq python3"
test_a_rule_suggested_for_an_address_opens_it_and_no_neighbour()
{
    suggest_begin
    fetch is_refused 93.184.216.34 && suggest &&
        fetch passes 93.184.216.34 && fetch is_refused 93.184.216.34:8080 && fetch is_refused 93.184.216.35 &&
        fetch is_refused '[2606:2800:220:1::34]' && echoes is_refused 93.184.216.34 7 && fetch is_refused 10.1.2.3 || return
    # The adversarial twin: a rule without its port opens one of them, which would have been noticed.
    suggest_begin
    fetch is_refused 93.184.216.34 && suggest '.network.egress.allow[].ports |= empty' && fetch passes 93.184.216.34:8080
}

network_test a_rule_suggested_for_datagrams_opens_no_connection "curl jq python3"
test_a_rule_suggested_for_datagrams_opens_no_connection()
{
    suggest_begin
    echoes is_refused 93.184.216.34 7 && suggest && echoes passes 93.184.216.34 7 &&
        echoes is_refused 93.184.216.35 7 && fetch is_refused 93.184.216.34
}

network_test a_rule_suggested_for_a_name_opens_no_other_name_port_or_address "curl jq python3"
test_a_rule_suggested_for_a_name_opens_no_other_name_port_or_address()
{
    local greetings='greetings from the world' get=(curl -sS -m 8 --cacert ca.pem)
    suggest_begin
    is_refused "$greetings" "${get[@]}" https://allowed.example/hello && suggest &&
        passes "$greetings" "${get[@]}" https://allowed.example/hello &&
        is_refused "$greetings" "${get[@]}" https://denied.example/hello &&
        is_refused "$greetings" "${get[@]}" --insecure https://93.184.216.34/hello &&
        fetch is_refused allowed.example && fetch is_refused 93.184.216.34
}
