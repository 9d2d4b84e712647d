# SPDX-License-Identifier: Apache-2.0
# The table of steps behind scripts/check and scripts/check-long: `steps` holds a name and the seconds that it may take
# in each line, step_NAME does it, `logs` is where its output goes.

list_steps() { echo "$steps" | awk 'NF { print $1 }'; }

run_step() { # NAME SECONDS-MAX
    local log=$logs/$1.log start=$SECONDS status numbers passed failed skipped
    timeout --kill-after=10 "$2" "$0" --step "$1" >"$log" 2>&1 </dev/null
    status=$?
    numbers=$(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed, \([0-9]*\) skipped$/\1 \2 \3/p' "$log" | tail -n 1)
    [ -n "$numbers" ] || numbers="$((status == 0)) $((status != 0)) 0"
    read -r passed failed skipped <<<"$numbers"
    [ "$status" != 124 ] || echo "$1: not done after $2 s" >>"$log"
    [ "$status" = 0 ] || [ "$failed" != 0 ] || failed=1
    total_passed=$((total_passed + passed)) total_failed=$((total_failed + failed))
    total_skipped=$((total_skipped + skipped))
    printf '%-10s %8d %7d %7d %8d\n' "$1" $((SECONDS - start)) "$passed" "$failed" "$skipped"
    if [ "$failed" != 0 ]; then
        echo "---- $log (status $status)"
        grep -vE '^(ok|passed|hold|\[[0-9]+/[0-9]+\]|Compiler for C supports) ' "$log" | tail -n 100
        echo "----"
    elif [ "$skipped" != 0 ]; then
        grep -iE '^ *(skip|skipped|missing:|gap)\b' "$log" | sed 's/^/           /' | head -n 20
    fi
}

run_steps() { # [--list | --step NAME | NAME...]
    local wanted name seconds
    if [ "${1-}" = --list ]; then
        list_steps
        return
    fi
    if [ "${1-}" = --step ]; then
        "step_$2"
        return
    fi
    wanted=" ${*:-$(list_steps | tr '\n' ' ')} "
    mkdir -p "$logs"
    total_passed=0 total_failed=0 total_skipped=0
    printf '%-10s %8s %7s %7s %8s\n' step seconds passed failed skipped
    while read -r name seconds; do
        case $wanted in *" $name "*) run_step "$name" "$seconds" ;; esac
    done < <(echo "$steps" | grep .)
    for name in $wanted; do
        if ! echo "$steps" | grep -q "^$name "; then
            echo "${0##*/}: there is no step '$name'" >&2
            total_failed=$((total_failed + 1))
        fi
    done
    echo
    echo "$total_passed passed, $total_failed failed, $total_skipped skipped"
    [ "$total_failed" = 0 ]
}
