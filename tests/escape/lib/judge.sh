# SPDX-License-Identifier: Apache-2.0
# What the trials of one property prove together. The verdict of a property is pass, fail, gap or
# skip; its record has one line a field (lib/report.sh reads it).

# Unconfined: must have succeeded, by its own word and in the host's eyes. Sets `cell`, `proved`.
judge_bare()
{
    local who=$1 status effect text
    read -r status effect text <<<"$2"
    if [ "$status" = 0 ] && [ "$effect" != no ]; then
        cell=succeeds
        proved=yes
    elif [ "$status" = 0 ]; then
        cell='succeeds without effect'
        problems+=("unconfined as $who it says that it succeeded, but the host saw no effect")
    elif [ -n "${OPTION[$NAME.kernel]:-}" ]; then
        cell="refused ($text)"
    elif [ -n "${OPTION[$NAME.$who]:-}" ]; then
        cell="refused (${OPTION[$NAME.$who]})"
    else
        cell="refused ($text)"
        problems+=("unconfined as $who it must succeed, but ended with $status: $text")
    fi
}

# Contained: must have been refused and must have left no trace. Sets `cell`, `by`.
judge_contained()
{
    local who=$1 status effect text
    read -r status effect text <<<"$2"
    by=$text
    if [ "$effect" = yes ]; then
        cell="ESCAPED (seen by the host)"
        escapes+=("contained as $who the host saw the effect (status $status: $text)")
        return
    fi
    if [ -n "${OPTION[$NAME.differs]:-}" ]; then
        cell='allowed inside'
        if [ "$status" = 10 ] || [ "$status" = 125 ]; then
            problems+=("this launcher is said to allow it as $who, but it was refused: $text")
        fi
        return
    fi
    case $status in
    10) cell=refused ;;
    0)
        if [ "${OPTION[$NAME.by]:-}" = effect ]; then
            cell='no effect outside'
            by='nothing reached the host'
        elif [ -n "${OPTION[$NAME.loss]:-}" ] && [[ $text == *"${OPTION[$NAME.loss]}"* ]]; then
            cell='stated loss'
        else
            cell=ESCAPED
            escapes+=("contained as $who it succeeded: $text")
        fi
        ;;
    137)
        cell='ended by the limit'
        by='SIGKILL'
        if [ -z "${OPTION[$NAME.killed]:-}" ]; then
            problems+=("contained as $who it was killed: $text")
        fi
        ;;
    125)
        cell='refused at launch'
        if [ -n "${OPTION[$NAME.refused]:-}" ] && [[ $text == *"${OPTION[$NAME.refused]}"* ]]; then
            cell='refused at launch, by name'
        elif [ -z "${OPTION[$NAME.launch]:-}" ]; then
            problems+=("contained as $who the launch was refused: $text")
        elif [[ $text != cordon:* ]]; then
            problems+=("contained as $who the refusal of the launch does not say 'cordon: ...': $text")
        fi
        by='Cordon, before the start (125)'
        ;;
    65)
        cell='cannot express'
        problems+=("contained as $who the launcher has no such policy")
        ;;
    12 | the) # "the daemon never ran": no answer either
        cell='not tried'
        if [ -z "${OPTION[$NAME.untried]:-}" ]; then
            problems+=("contained as $who it ended with $status, which is no answer: $text")
        fi
        untried=$((untried + 1))
        ;;
    *)
        cell="status $status"
        problems+=("contained as $who it ended with $status, which is no answer: $text")
        ;;
    esac
    if [ "${OPTION[$NAME.launch]:-}" = must ] && [ "$status" != 125 ]; then
        problems+=("contained as $who the launch must be refused with 125, not $status: $text")
    fi
}

judge_property()
{
    local NAME=$1 who cell by proved='' verdict=pass reason='' untried=0
    local problems=() escapes=() user_bare=- root_bare=- user_in=- root_in=- user_by='' root_by=''
    if [ "${OPTION[$NAME.needs]:-}" = root ] && [ "$(id -u)" != 0 ]; then
        record_property skip 'needs root to prepare' - - - - ''
        return
    fi
    if [ "${OPTION[$NAME.needs]:-}" = world ] && [ -n "$WORLD_MISSING" ]; then
        record_property skip "no world can be made beyond the host: $WORLD_MISSING" - - - - ''
        return
    fi
    for who in ${CALLERS:-$(caller_list)}; do
        if [ -z "$CONTAINED" ]; then
            judge_bare "$who" "$(trial "$NAME" bare "$who")"
            printf -v "${who}_bare" %s "$cell"
        fi
        judge_contained "$who" "$(trial "$NAME" contained "$who")"
        printf -v "${who}_in" %s "$cell"
        printf -v "${who}_by" %s "$by"
    done
    if [ -n "$CONTAINED" ]; then
        record_property skip 'only contained' - - "$user_in" "$root_in" "$user_by; $root_by"
        return
    fi
    if [ -z "$proved" ]; then
        if [ -n "${CALLERS:-}" ]; then
            verdict=skip reason='succeeds for nobody for whom this launcher is'
        elif [ -n "${OPTION[$NAME.kernel]:-}" ]; then
            verdict=skip reason="cannot be tried here: ${OPTION[$NAME.kernel]}"
        elif [ "$(id -u)" != 0 ] && [ -n "${OPTION[$NAME.user]:-}" ]; then
            verdict=skip reason='needs root to prove that it succeeds unconfined'
        else
            problems+=("it proves nothing: it succeeds for nobody without a container")
        fi
    fi
    if [ ${#escapes[@]} != 0 ] && [ -n "${OPTION[$NAME.gap]:-}" ]; then
        [ ${#problems[@]} = 0 ] && verdict=gap reason=${OPTION[$NAME.gap]}
    elif [ -n "${OPTION[$NAME.differs]:-}" ]; then
        problems+=("${escapes[@]}")
        [ ${#problems[@]} = 0 ] && verdict=differs reason=${OPTION[$NAME.differs]}
    elif [ -n "${OPTION[$NAME.gap]:-}" ] && [ ${#problems[@]} = 0 ] && [ "$verdict" != skip ] && [ $untried = 0 ] &&
        [ "$(id -u)" = 0 ]; then
        problems+=("it is marked as a gap but was refused: take the mark away")
    else
        problems+=("${escapes[@]}")
    fi
    if [ -n "${OPTION[$NAME.untried]:-}" ]; then
        if [ $untried = 0 ]; then
            problems+=("it is said that it cannot be tried with this launcher, and there was an answer: take the mark away")
        elif [ $verdict = pass ]; then
            verdict=skip reason="cannot be tried with this launcher: ${OPTION[$NAME.untried]}"
        fi
    fi
    if [ ${#problems[@]} != 0 ]; then
        verdict=fail
        reason=$(printf '%s; ' "${problems[@]}")
        reason=${reason%; }
    fi
    by=$user_by
    if [ -n "$root_by" ] && [ "$root_by" != "$user_by" ]; then
        by="$user_by; as root: $root_by"
    fi
    record_property "$verdict" "$reason" "$user_bare" "$root_bare" "$user_in" "$root_in" "$by"
}

# Fields: verdict, reason, unconfined user and root, contained user and root, refused by.
record_property()
{
    printf '%s\n' "$@" >"$ROOT/results/$NAME.new"
    mv "$ROOT/results/$NAME.new" "$ROOT/results/$NAME"
    case $1 in
    pass) [ -n "$VERBOSE" ] && echo "passed   $NAME" ;;
    fail) echo "FAILED   $NAME: $2" ;;
    gap) echo "gap      $NAME: $2" ;;
    differs) [ -n "$VERBOSE" ] && echo "differs  $NAME: $2" ;;
    skip) echo "skipped  $NAME: $2" ;;
    esac
    return 0
}
