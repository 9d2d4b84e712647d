# SPDX-License-Identifier: Apache-2.0
# The core of the suite: which properties stand for all where the whole takes too long (tests/escape/core).

core_names() # FILE
{
    sed '/^#/d; s/^[^ ]* *//' "$1" | tr -s ' ' '\n'
}

# What is wrong with the list: a name that is none, a file of properties that has none in it.
core_faults() # FILE
{
    local file name status=0
    for file in "$HERE"/properties/*.sh; do
        if ! grep -q "^$(basename "$file" .sh) " "$1"; then
            echo "$1: nothing of $(basename "$file")"
            status=1
        fi
    done
    for name in $(core_names "$1"); do
        if [ -z "${SOURCE[$name]+there}" ]; then
            echo "$1: no property '$name'"
            status=1
        fi
    done
    return $status
}

# Its twins: a list without one file's line, and one with a name that there is not, must be found out.
core_self_test() # DIRECTORY
{
    sed '/^90-launch /d' "$HERE/core" >"$1/core-short"
    sed 's/^90-launch .*/90-launch no_such_property/' "$HERE/core" >"$1/core-wrong"
    if core_faults "$1/core-short" >/dev/null || core_faults "$1/core-wrong" >/dev/null; then
        echo "the check of tests/escape/core finds nothing"
        return 1
    fi
}
