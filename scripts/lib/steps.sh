# SPDX-License-Identifier: Apache-2.0
# The table of steps behind scripts/check and scripts/check-long: `steps` holds a name and the seconds that it may take
# in each line, step_NAME does it, `logs` is where its output goes.

list_steps() { echo "$steps" | awk 'NF { print $1 }'; }

# CORDON_CHECK_SLOW, a whole number from 1 to 100, gives every step that many times its seconds.
slowness() {
    case ${CORDON_CHECK_SLOW-1} in
    [1-9] | [1-9][0-9] | 100) echo "${CORDON_CHECK_SLOW-1}" ;;
    *)
        echo "${0##*/}: CORDON_CHECK_SLOW: '$CORDON_CHECK_SLOW' is not a whole number from 1 to 100" >&2
        return 2
        ;;
    esac
}

# Its output, how it ended, how long it took and how much of processors, in files. What it started is told to end, and
# has a while to clean up.
do_step() { # NAME SECONDS-MAX
    local start=$SECONDS status=0 seconds=$(($2 * slow)) TIMEFORMAT='%0U %0S'
    { time timeout --kill-after=60 "$seconds" "$0" --step "$1" >"$logs/$1.log" 2>&1 </dev/null || status=$?; } 2>"$logs/$1.spent"
    case $status in 124 | 137)
        echo "$1: not done after $seconds s, which a slow or busy machine may need:" \
            "CORDON_CHECK_SLOW=$((slow * 3)) gives every step three times as long" >>"$logs/$1.log"
        ;;
    esac
    echo "$status $((SECONDS - start)) $(awk 'END { print $1 + $2 }' "$logs/$1.spent")" >"$logs/$1.end"
    rm -f "$logs/$1.spent"
}

# The tests that failed with what they said; the log's end where it names none.
what_failed() { # LOG
    local said
    said=$(grep -vE '^(ok|passed|hold|\[[0-9]+/[0-9]+\]|Compiler for C supports|skip(ped)?|gap) |^ +missing: ' "$1")
    if grep -q '^FAIL' <<<"$said"; then
        grep -A 14 '^FAIL' <<<"$said" | head -n 100
    else
        tail -n 60 <<<"$said"
    fi
}

report_step() { # NAME
    local log=$logs/$1.log status=125 took=0 spent=0 numbers passed failed skipped
    [ ! -e "$logs/$1.end" ] || read -r status took spent <"$logs/$1.end"
    total_spent=$((total_spent + spent))
    rm -f "$logs/$1.end"
    numbers=$(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed, \([0-9]*\) skipped$/\1 \2 \3/p' "$log" | tail -n 1)
    [ -n "$numbers" ] || numbers="$((status == 0)) $((status != 0)) 0"
    read -r passed failed skipped <<<"$numbers"
    [ "$status" = 0 ] || [ "$failed" != 0 ] || failed=1
    total_passed=$((total_passed + passed)) total_failed=$((total_failed + failed))
    total_skipped=$((total_skipped + skipped))
    printf '%-11s %7d %7d %7d %7d %8d\n' "$1" "$took" "$spent" "$passed" "$failed" "$skipped"
    if [ "$failed" != 0 ]; then
        echo "---- $log (status $status)"
        what_failed "$log"
        echo "----"
        failures+=("$1: $({ grep -E '^FAIL' "$log" || echo "status $status"; } | head -n 5 | paste -sd ';' | cut -c 1-300)")
    elif [ "$skipped" != 0 ]; then
        grep -iE '^ *(skip|skipped|missing:|gap)\b' "$log" | sed 's/^/           /' | head -n 20
    fi
}

# Steps of `beside` that nobody has begun: in `lanes` of their own once the step `beside_after` is done, and at last by
# whoever has nothing else to do, from their end.
do_beside() { # WANTED NAME...
    local wanted=$1 name
    shift
    for name in "$@"; do
        case $wanted in *" $name "*) ;; *) continue ;; esac
        mkdir "$logs/$name.begun" 2>/dev/null || continue
        do_step "$name" "$(echo "$steps" | awk -v name="$name" '$1 == name { print $2 }')"
    done
}

run_steps() { # [--list | --step NAME | NAME...]
    local wanted name seconds
    if [ "${1-}" = --list ]; then
        list_steps
        return
    fi
    if [ "${1-}" = --step ]; then
        trap 'trap "" TERM; exit 143' TERM # told twice, itself and its group: what cleans up is not to be ended by the second
        "step_$2"
        return
    fi
    local slow
    slow=$(slowness) || return 2
    wanted=" ${*:-$(list_steps | tr '\n' ' ')} "
    mkdir -p "$logs"
    total_passed=0 total_failed=0 total_skipped=0 total_spent=0
    local failures=()
    rm -rf "$logs"/*.end "$logs"/*.begun
    printf '%-11s %7s %7s %7s %7s %8s\n' step seconds cpu passed failed skipped
    local later='' side=() lane
    while read -r name seconds; do
        case $wanted in *" $name "*) ;; *) continue ;; esac
        case " ${beside-} " in
        *" $name "*) later="$later $name" ;;
        *)
            do_step "$name" "$seconds"
            report_step "$name"
            ;;
        esac
        [ "$name" != "${beside_after-}" ] || while [ ${#side[@]} -lt "$lanes" ]; do
            do_beside "$wanted" ${beside-} &
            side+=("$!")
        done
    done < <(echo "$steps" | grep .)
    do_beside "$wanted" $(echo "${beside-}" | tr ' ' '\n' | tac)
    for lane in "${side[@]}"; do wait "$lane"; done
    rm -rf "$logs"/*.begun
    for name in $later; do report_step "$name"; done
    for name in $wanted; do
        if ! echo "$steps" | grep -q "^$name "; then
            echo "${0##*/}: there is no step '$name'" >&2
            total_failed=$((total_failed + 1))
        fi
    done
    echo
    [ ${#failures[@]} = 0 ] || printf 'failed in %s\n' "${failures[@]}"
    echo "$total_passed passed, $total_failed failed, $total_skipped skipped"
    [ "$total_failed" = 0 ]
}
