# SPDX-License-Identifier: Apache-2.0
# Who told of the refusals: Cordon's records of the contained trials. What is refused and nobody tells of fails its property.

TOLD_BY='' skipped_to_tell=0 failed_to_tell=0

told_self_test()
{
    command -v python3 >/dev/null || return 0
    python3 -B "$HERE/lib/told.py" --self-test || { echo "FAILED   lib/told.py does not find what nobody tells of"; return 1; }
}

# Of the properties named: what they were told by, in $ROOT/told, and those of which nobody told, failed.
told_look() # NAME...
{
    local name who problem
    [ "$(basename "$LAUNCHER")" = cordon ] && [ -z "$CONTAINED" ] || return 0
    command -v python3 >/dev/null || { echo "skipped  who told of the refusals: python3 is not installed"; skipped_to_tell=1; return 0; }
    TOLD_BY=yes
    mkdir -p "$ROOT/told"
    python3 -B "$HERE/lib/told.py" "$ROOT/results" "$ROOT/records" "$ROOT/told" "$@" >"$ROOT/untold" || [ -s "$ROOT/untold" ] ||
        { echo "FAILED   lib/told.py broke down"; return 1; }
    while IFS=$'\t' read -r name who problem; do
        told_fail "$name" "told of nothing as $who: $problem"
    done <"$ROOT/untold"
}

told_fail() # NAME REASON
{
    local fields
    mapfile -t fields <"$ROOT/results/$1"
    [ "${fields[0]}" != pass ] || fields[1]=''
    [ "${fields[0]}" = pass ] || [ "${fields[0]}" = fail ] || return 0
    NAME=$1
    record_property fail "${fields[1]:+${fields[1]}; }$2" "${fields[@]:2}"
}
