# SPDX-License-Identifier: Apache-2.0
# The table of steps behind scripts/check and scripts/check-long: `steps` holds a name and the seconds that it may take
# in each line, step_NAME does it, `logs` is where its output goes.

list_steps() { echo "$steps" | awk 'NF { print $1 }'; }

# Its output, how it ended and how long it took, in files.
do_step() { # NAME SECONDS-MAX
    local start=$SECONDS status=0
    timeout --kill-after=10 "$2" "$0" --step "$1" >"$logs/$1.log" 2>&1 </dev/null || status=$?
    [ "$status" != 124 ] || echo "$1: not done after $2 s" >>"$logs/$1.log"
    echo "$status $((SECONDS - start))" >"$logs/$1.end"
}

report_step() { # NAME
    local log=$logs/$1.log status=125 took=0 numbers passed failed skipped
    [ ! -e "$logs/$1.end" ] || read -r status took <"$logs/$1.end"
    rm -f "$logs/$1.end"
    numbers=$(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed, \([0-9]*\) skipped$/\1 \2 \3/p' "$log" | tail -n 1)
    [ -n "$numbers" ] || numbers="$((status == 0)) $((status != 0)) 0"
    read -r passed failed skipped <<<"$numbers"
    [ "$status" = 0 ] || [ "$failed" != 0 ] || failed=1
    total_passed=$((total_passed + passed)) total_failed=$((total_failed + failed))
    total_skipped=$((total_skipped + skipped))
    printf '%-10s %8d %7d %7d %8d\n' "$1" "$took" "$passed" "$failed" "$skipped"
    if [ "$failed" != 0 ]; then
        echo "---- $log (status $status)"
        grep -vE '^(ok|passed|hold|\[[0-9]+/[0-9]+\]|Compiler for C supports) ' "$log" | tail -n 100
        echo "----"
    elif [ "$skipped" != 0 ]; then
        grep -iE '^ *(skip|skipped|missing:|gap)\b' "$log" | sed 's/^/           /' | head -n 20
    fi
}

# The steps of `beside`, one after the other, in a lane of their own once the step `beside_after` is done.
do_beside() { # WANTED
    local name seconds
    while read -r name seconds; do
        case $1 in *" $name "*) ;; *) continue ;; esac
        case " ${beside-} " in *" $name "*) do_step "$name" "$seconds" ;; esac
    done < <(echo "$steps" | grep .)
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
    rm -f "$logs"/*.end
    printf '%-10s %8s %7s %7s %8s\n' step seconds passed failed skipped
    local later='' lane=''
    while read -r name seconds; do
        case $wanted in *" $name "*) ;; *) continue ;; esac
        case " ${beside-} " in
        *" $name "*) later="$later $name" ;;
        *)
            do_step "$name" "$seconds"
            report_step "$name"
            ;;
        esac
        [ "$name" != "${beside_after-}" ] || [ -n "$lane" ] || {
            do_beside "$wanted" &
            lane=$!
        }
    done < <(echo "$steps" | grep .)
    [ -n "$lane" ] || do_beside "$wanted"
    [ -z "$lane" ] || wait "$lane"
    for name in $later; do report_step "$name"; done
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
