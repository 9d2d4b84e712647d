# SPDX-License-Identifier: Apache-2.0
# A bare Debian in a directory, for scripts/check-bare and scripts/check-kernel: `base` is kept, `tree` is a copy of it
# with an ordinary user `developer`; `suite` and `root` (the checkout) are set before.
base=$root/build/long/$suite
tree=$root/build/long/$suite-tree

make_base() {
    [ -e "$base/etc/debian_version" ] && return
    rm -rf "$base"
    mkdir -p "$base"
    debootstrap --variant=minbase --include=make,git,sudo,ca-certificates "$suite" "$base"
}

enter() { "$root/scripts/lib/enter" "$tree" "$@" </dev/null; }

make_tree() {
    rm -rf "$tree"
    cp -a "$base" "$tree"
    enter useradd --create-home --shell /bin/bash developer
}
