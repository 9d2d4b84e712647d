# SPDX-License-Identifier: Apache-2.0
# The first program of an emulated machine, for scripts/check-kernel and tests/image/boot: it loads what the disk needs.

make_initrd() { # KERNEL-TREE WORK 'COMMAND...', of the system on the disk
    local modules version module
    [ -e "$1/lib" ] || ln -s usr/lib "$1/lib"
    modules=$(dirname "$(find "$1"/lib/ -type d -name kernel -path '*/modules/*' | head -n 1)")
    version=$(basename "$modules")
    depmod -b "$1" "$version"
    rm -rf "$2/initrd"
    mkdir -p "$2/initrd/bin" "$2/initrd/modules" "$2/initrd/new"
    cp "$(command -v busybox)" "$2/initrd/bin/busybox"
    for module in virtio_pci virtio_blk ext4; do
        modprobe -d "$1" -S "$version" --show-depends "$module"
    done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' >"$2/modules"
    while read -r module; do
        case $module in
        *.xz) xz -dc "$module" >"$2/initrd/modules/$(basename "$module" .xz)" ;;
        *) cp "$module" "$2/initrd/modules/" ;;
        esac
        echo "/modules/$(basename "$module" .xz)" >>"$2/initrd/order"
    done <"$2/modules"
    touch "$2/initrd/order"
    cat >"$2/initrd/init" <<INIT
#!/bin/busybox sh
/bin/busybox mkdir -p /dev
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox ifconfig lo 127.0.0.1 up
while read -r module; do /bin/busybox insmod "\$module"; done </order
for i in 1 2 3 4 5 6 7 8 9; do [ -b /dev/vda ] || /bin/busybox sleep 1; done
/bin/busybox mount -t ext4 /dev/vda /new || /bin/busybox poweroff -f
exec /bin/busybox switch_root /new $3
INIT
    chmod +x "$2/initrd/init"
    (cd "$2/initrd" && find . | cpio --quiet -o -H newc | gzip) >"$2/initrd.gz"
}
