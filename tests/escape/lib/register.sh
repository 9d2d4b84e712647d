# SPDX-License-Identifier: Apache-2.0
# The register of known attempts (tests/escape/register): which ids it must have, what is wrong with it, its table.

# Numbers of the catalogue that concern one machine and its network, its whole register of incidents.
register_required()
{
    printf '9.3-%s\n' {1..81} {91..100}
    printf 'MXC-%s\n' {a..i}
    printf 'CVE-%s\n' 2026-39861 2026-25725 2025-66479 2025-59532 2026-22708 2025-59944 2026-46695 2026-24834 \
        2026-47243 2026-5747 2026-1386 2026-31431 2026-43284 2026-46300 2026-31635 2026-46243 2025-32463 2019-5736 \
        2021-30465 2024-21626 2025-31133 2025-52565 2025-52881 2022-0492 2017-5226 2019-10063 2023-28100 2019-7303 \
        2021-41133 2024-32462 2024-42472 2020-5291 2022-31214 2021-26910 2020-17368 2017-5940 2025-9074
    printf '%s\n' deny-read-wildcard SOCKS5-NUL codex-12800 DuneSlide NomShub CBSE claude-code-34315 OpenShell-803 \
        OpenShell-578 OpenShell-814 sandlock-27 sandlock-111 sandlock-112 pmg-446 landrun-43 agentsh-283 \
        kilocode-11596 nub-449 libkrun-329 AgentCore firejail-2718 SandboxEscapeBench
}

# The register's rows: ID, tab, what, tab, properties or reason.
register_rows()
{
    sed -e '/^#/d' -e '/^$/d' -e 's/ *| */\t/g' "$1"
}

# One line for each fault of the register $1 against the properties that are loaded; status 1 if there is any.
register_faults()
{
    local id what covered name source faults=0
    local -A known=()
    while IFS=$'\t' read -r id what covered; do
        known[$id]=yes
        case $covered in
        '' | none:) echo "$id: neither a property nor a reason ($what)" && faults=1 ;;
        'none: '*) ;;
        *)
            for name in $covered; do
                [ -n "${SENTENCE[$name]:-}" ] || { echo "$id: no property is called '$name'" && faults=1; }
            done
            ;;
        esac
    done < <(register_rows "$1")
    while read -r id; do
        [ -n "${known[$id]:-}" ] || { echo "$id: has no row in the register" && faults=1; }
    done < <(register_required)
    for name in "${ORDER[@]}"; do
        [ -n "${SOURCE[$name]}" ] || { echo "$name: says no source" && faults=1; }
        for source in ${SOURCE[$name]}; do
            [ -n "${known[$source]:-}" ] || { echo "$name: its source '$source' is not in the register" && faults=1; }
        done
    done
    return "$faults"
}

# The check finds each kind of fault: a row that is missing, a property that does not exist, a reason that is empty,
# a source that is unknown.
register_self_test()
{
    local copy=$1/register.copy kind found
    for kind in '/^9\.3-57 /d' 's/ hard_link_old$/ hard_link_elder/' 's/none: .*/none:/' 's/^pmg-446 /pmg-447 /'; do
        sed "$kind" "$HERE/register" >"$copy"
        if found=$(register_faults "$copy"); then
            echo "the check of the register does not see: $kind"
            return 1
        fi
        [ -n "$found" ] || return 1
    done
    rm -f "$copy"
}

# The second table of the published file: every known attempt and what came of it.
register_table()
{
    local id what covered name verdict cell
    cat <<'TEXT'

## Every known attempt

Generated from tests/escape/register, which `tests/escape/run` checks: each number of the catalogue and each public
incident has a row, each name is a property of the table above.

| source | what is tried | covered by |
| --- | --- | --- |
TEXT
    while IFS=$'\t' read -r id what covered; do
        cell=
        if [[ $covered == none:* ]]; then
            cell="no test: ${covered#none: }"
        else
            for name in $covered; do
                verdict=
                [ -s "$ROOT/results/$name" ] && read -r verdict <"$ROOT/results/$name"
                case $verdict in
                pass) cell+="\`$name\` " ;;
                gap) cell+="**gap** \`$name\` " ;;
                fail) cell+="**FAILED** \`$name\` " ;;
                *) cell+="skipped \`$name\` " ;;
                esac
            done
        fi
        printf '| %s | %s | %s |\n' "$id" "$(report_cell "$what")" "$(report_cell "${cell% }")"
    done < <(register_rows "$HERE/register")
}
