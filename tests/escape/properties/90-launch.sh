# SPDX-License-Identifier: Apache-2.0
# Set-up errors: the program does not start, and the status is Cordon's own, never the program's.

launch_row()
{
    property "$1" "$2" "$3" program=start launch=must
    eval "prepare_$1() { ARGS=(\"\$WORKSPACE/ran\"); WATCH=(\"\$WORKSPACE/ran\"); $4; }"
}
launch_policy()
{
    local policy=$TREE/caller/policy.yaml
    printf '%s\n' 'version: cordon/1' 'extends: [coding-agent]' "$@" >"$policy"
    LAUNCH=(--policy "$policy")
}

launch_row launch_missing_path "MXC-f" "a granted path that is missing refuses the launch" 'LAUNCH=(--readonly "$OUTSIDE/missing")'
launch_row launch_relative_path "MXC-f" "a relative path refuses the launch" 'launch_policy "filesystem: {readonlyPaths: [outside]}"'
launch_row launch_bad_cwd "MXC-f" "a working directory that is missing refuses the launch" 'launch_policy "process: {cwd: \"$WORKSPACE/missing\"}"'
launch_row launch_bad_environment "MXC-f" "a malformed variable refuses the launch" 'launch_policy "process: {env: [\"1 BAD NAME=x\"]}"'
launch_row launch_unknown_member "9.3-92" "an unknown member refuses the launch" 'launch_policy "filesystem: {readOnlyPath: [/usr]}"'
launch_row launch_duplicate_key "9.3-92" "a duplicate key refuses the launch" 'launch_policy "network: {loopback: deny}" "network: {loopback: allow}"'
launch_row launch_aliases "9.3-92" "YAML anchors and aliases refuse the launch" 'launch_policy "name: &a x" "version: *a"'
launch_row launch_not_enforceable "9.3-93 OpenShell-814" "a rule that cannot be enforced here refuses the launch" 'launch_policy "ui: {injection: true}"'
launch_row launch_proc_grant "MXC-i" "a grant of /proc refuses the launch" 'launch_policy "filesystem: {readwritePaths: [/proc]}"'
launch_row launch_dev_grant "MXC-i" "a grant of /dev refuses the launch" 'launch_policy "filesystem: {readwritePaths: [/dev]}"'
launch_row launch_missing_policy "9.3-93" "a policy that cannot be read refuses the launch" 'LAUNCH=(--policy "$TREE/caller/missing.yaml")'
launch_row launch_events_link "9.3-93" "events are not written through a link that was left in the workspace" \
    'ln -s "$OUTSIDE" "$WORKSPACE/logs"; LAUNCH=(--option --events --option "$WORKSPACE/logs/file"); WATCH+=("$OUTSIDE")'
launch_row launch_workspace_link "9.3-1" "a workspace that is named through a planted link refuses the launch, whatever the policy" \
    'ln -s "$OUTSIDE" "$WORKSPACE/sub"; launch_policy; LAUNCH+=(--option --workspace --option "$WORKSPACE/sub"); WATCH+=("$OUTSIDE")'
launch_row launch_grant_link "9.3-1" "a grant through a link that a run in another workspace left refuses the launch" \
    'mkdir "$HOME_DIR/other"; ln -s "$OUTSIDE" "$HOME_DIR/other/docs"; LAUNCH=(--readonly "$HOME_DIR/other/docs")'
launch_row launch_view_link "9.3-1" "a view through a link that a run in another workspace left refuses the launch" \
    'mkdir "$HOME_DIR/other"; ln -s "$OUTSIDE" "$HOME_DIR/other/docs"; launch_policy "filesystem: {views: [{source: \"$HOME_DIR/other/docs\", target: /v, access: readwrite}]}"; WATCH+=("$OUTSIDE")'
launch_row launch_hooks_path "9.3-8" "a core.hooksPath of a form that is not followed refuses the launch" \
    'make_project; printf "[core]\n\thooksPath = ~root/h\n" >"$WORKSPACE/.git/config"'
launch_row launch_configuration "9.3-8" "a git configuration that cannot be read refuses the launch" \
    'make_project; printf "# \\0\n[core]\n\thooksPath = h\n" >"$WORKSPACE/.git/config"'
launch_row launch_tier "9.3-93" "a tier that this build does not have refuses the launch" 'LAUNCH=(--option --tier --option microvm)'

launch_row launch_pipe_policy "9.3-26 9.3-92" "a policy that is a pipe refuses the launch instead of waiting" \
    'mkfifo "$TREE/caller/pipe"; LAUNCH=(--policy "$TREE/caller/pipe")'
launch_row launch_huge_policy "9.3-92" "a policy beyond the limit of size refuses the launch" \
    'yes "# filler" | head -c 9000000 >"$TREE/caller/huge.yaml"; LAUNCH=(--policy "$TREE/caller/huge.yaml")'
launch_row launch_json_duplicate "9.3-92" "a duplicate key in JSON refuses the launch" \
    'printf "%s" "{\"version\":\"cordon/1\",\"name\":\"a\",\"name\":\"b\"}" >"$TREE/caller/p.json"; LAUNCH=(--policy "$TREE/caller/p.json")'
launch_row launch_huge_pattern "9.3-92" "a pattern beyond the limits refuses the launch" \
    'launch_policy "filesystem: {deniedPaths: [\"$WORKSPACE/$(printf "**/*a%.0s" {1..2000})\"]}"'
launch_row launch_deep_policy "9.3-92 9.3-61" "a policy that is nested too deeply refuses the launch" \
    'launch_policy "filesystem: $(printf "[%.0s" {1..5000})"'
launch_row launch_no_descriptors "9.3-98" "without descriptors to work with the launch is refused" \
    'WRAP=(bash -c "ulimit -n 5; exec \"\$@\"" bash)'

property launch_delegation "MXC-e" "a policy cannot grant what the caller may not do" program=start launch=must
prepare_launch_delegation()
{
    ARGS=("$WORKSPACE/ran")
    WATCH=("$WORKSPACE/ran")
    # /proc/1 stands for what even root may not have: a kernel file system.
    if [ "$WHO" = user ]; then
        LAUNCH=(--readwrite /usr/share)
    else
        LAUNCH=(--readwrite /proc/sys)
    fi
}
