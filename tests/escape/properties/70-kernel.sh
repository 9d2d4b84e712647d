# SPDX-License-Identifier: Apache-2.0
# The kernel's surface: system calls, socket families, /proc, /sys, control groups.

call_row()
{
    property "$1" "$2" "$3" program=kernel_call "${@:5}"
    eval "prepare_$1() { ARGS=($4); }"
}

call_row io_uring "9.3-56 MXC-g" "io_uring is refused" io_uring_setup kernel="io_uring is switched off"
call_row userfaultfd "9.3-56" "userfaultfd is refused" userfaultfd kernel="no userfaultfd"
call_row bpf "9.3-56" "bpf is refused" bpf user="kernel.unprivileged_bpf_disabled" kernel="no bpf"
call_row perf_events "9.3-56" "perf_event_open is refused" perf_event_open user="kernel.perf_event_paranoid" kernel="no perf events"
call_row personality "9.3-56 MXC-g" "address space randomisation cannot be switched off" personality
call_row clock_adjust "9.3-53" "the clock cannot be adjusted" adjtimex user="needs CAP_SYS_TIME"
call_row clock_set "9.3-53" "the clock cannot be set" clock_settime user="needs CAP_SYS_TIME"
call_row host_name "9.3-58" "the host's name cannot be set" sethostname user="needs CAP_SYS_ADMIN"
call_row kernel_log "9.3-21" "the kernel's log cannot be read" syslog user="kernel.dmesg_restrict"
call_row fanotify "9.3-29" "fanotify is refused" fanotify_init kernel="no fanotify"
call_row quotactl "9.3-56" "quotactl is refused" quotactl kernel="no quota"
call_row acct "9.3-56" "process accounting cannot be changed" acct user="needs CAP_SYS_PACCT" kernel="no process accounting"
call_row swapon "9.3-56" "swapon is refused" swapon user="needs CAP_SYS_ADMIN" kernel="no swap"
call_row kernel_module "9.3-56" "no kernel module can be loaded" init_module user="needs CAP_SYS_MODULE" kernel="no modules"
call_row kexec "9.3-56" "no other kernel can be loaded" kexec_load user="needs CAP_SYS_BOOT" kernel="no kexec"
call_row reboot "9.3-56" "reboot is refused" reboot user="needs CAP_SYS_BOOT"
call_row modify_ldt "9.3-56" "modify_ldt is refused" modify_ldt kernel="no modify_ldt"
call_row kcmp "9.3-56" "kcmp is refused" kcmp kernel="no kcmp"
call_row move_pages "9.3-56" "move_pages is refused" move_pages kernel="no NUMA calls"

call_row ports "9.3-56" "the hardware's ports cannot be used" iopl user="needs CAP_SYS_RAWIO" kernel="no iopl"
call_row port "9.3-56" "no single port can be used" ioperm user="needs CAP_SYS_RAWIO" kernel="no ioperm"
call_row kernel_module_file "9.3-56" "no kernel module can be loaded from a file" finit_module user="needs CAP_SYS_MODULE" kernel="no modules"
call_row kernel_module_remove "9.3-56" "no kernel module can be removed" delete_module user="needs CAP_SYS_MODULE" kernel="no modules"
call_row clock_set_old "9.3-53" "nor by the older call" settimeofday user="needs CAP_SYS_TIME"
call_row memory_secret "9.3-56" "no memory can be hidden from the kernel's other parts" memfd_secret kernel="no secret memory"
call_row name_of_program "9.3-66" "what others see as a process' program cannot be changed" set_mm user="needs CAP_SYS_RESOURCE" kernel="root has no CAP_SYS_RESOURCE here"

property entry_i386 "9.3-55" "the 32-bit entry of the kernel is refused" program=other_entry kernel="no 32-bit entry"
prepare_entry_i386() { ARGS=(i386); }
property entry_x32 "9.3-55" "x32 calls are refused" program=other_entry kernel="no x32 calls"
prepare_entry_x32() { ARGS=(x32); }

# The first number behind the table's last row: a new row moves it.
property call_of_a_newer_kernel "9.3-56 CVE-2021-41133" "a system call that a newer kernel brings is refused" program=new_call
prepare_call_of_a_newer_kernel() { WRAP=("$BIN/with-new-calls" 472 --); ARGS=(472); }

# Numbers of families, types and protocols are those of the kernel's interface.
socket_row()
{
    property "$1" "$2" "$3" program=open_socket "${@:5}"
    eval "prepare_$1() { ARGS=($4); }"
}

socket_row socket_vsock "9.3-75 MXC-g" "no vsock, which no namespace contains" "40 1 0" kernel="no vsock"
socket_row socket_alg "9.3-75 CVE-2026-31431" "no socket of the kernel's cryptography" "38 5 0" kernel="no AF_ALG"
socket_row socket_packet "9.3-75 MXC-g" "no packet socket" "17 3 0" user="needs CAP_NET_RAW" kernel="no packet sockets"
socket_row socket_raw "9.3-75" "no raw socket" "2 3 1" user="needs CAP_NET_RAW"
socket_row socket_packet_inet "9.3-75" "no packet socket under the name of an internet one" "2 10 0" user="needs CAP_NET_RAW" kernel="no packet sockets"
socket_row socket_sctp "9.3-75" "no SCTP socket" "2 5 0" kernel="no SCTP"
socket_row socket_dccp "9.3-75" "no DCCP socket" "2 6 0" kernel="no DCCP"
socket_row socket_xdp "9.3-75" "no XDP socket" "44 3 0" user="needs CAP_NET_RAW" kernel="no AF_XDP"
socket_row socket_rxrpc "9.3-75 CVE-2026-31635" "no RXRPC socket" "33 2 2" kernel="no AF_RXRPC"
socket_row socket_bluetooth "9.3-75" "no Bluetooth socket" "31 3 1" kernel="no Bluetooth"
socket_row socket_can "9.3-75" "no CAN socket" "29 3 1" kernel="no CAN"
socket_row socket_tipc "9.3-75" "no TIPC socket" "30 1 0" kernel="no TIPC"
socket_row socket_key "9.3-75" "no PF_KEY socket" "15 3 2" user="needs CAP_NET_ADMIN" kernel="no PF_KEY"
socket_row socket_mptcp "9.3-75" "no multipath TCP socket" "2 1 262" kernel="no MPTCP"
socket_row netlink_audit "9.3-75 MXC-g" "no audit netlink socket" "16 3 9" kernel="no audit"
socket_row netlink_xfrm "9.3-75 CVE-2026-43284" "no IPsec netlink socket" "16 3 6" kernel="no XFRM"
socket_row netlink_events "9.3-75" "no device event netlink socket" "16 2 15"
socket_row netlink_generic "9.3-75" "no generic netlink socket" "16 3 16"
socket_row netlink_filter "9.3-75" "no netfilter netlink socket" "16 3 12" kernel="no netfilter netlink"
socket_row netlink_diag "9.3-75" "no socket diagnosis netlink socket" "16 3 4" kernel="no socket diagnosis"

# Name, sentence, what, kind.
network_row()
{
    property "$1" "9.3-75" "$2" program=configure_network kernel="no $4"
    eval "prepare_$1() { ARGS=($3 $4); }"
}

network_row network_bridge "no bridge can be made in a network of the program's own" link bridge
network_row network_veth "nor a pair of virtual links" link veth
network_row network_tunnel "nor a tunnel" link vxlan
network_row network_queueing "nor queueing, with its classifiers" queueing clsact

property core_pattern "9.3-23" "/proc/sys/kernel/core_pattern cannot be written" program=write_back user="only root may write it"
prepare_core_pattern() { ARGS=(/proc/sys/kernel/core_pattern); }

property proc_sys "9.3-23 MXC-i" "no setting below /proc/sys can be written" program=write_back user="only root may write them"
prepare_proc_sys()
{
    ARGS=(/proc/sys/kernel/domainname /proc/sys/vm/swappiness /proc/sys/fs/file-max
        /proc/sys/kernel/printk /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/randomize_va_space
        /proc/sys/user/max_user_namespaces /proc/sys/kernel/pid_max)
}

property proc_writable "9.3-23" "nothing of /proc but what is about processes opens for writing" program=write_proc \
    user="only root may write there"
prepare_proc_writable() { :; }

property sysrq_trigger "9.3-23" "/proc/sysrq-trigger cannot be opened" program=open_any user="only root may" \
    kernel="no sysrq"
prepare_sysrq_trigger() { ARGS=(write /proc/sysrq-trigger); }

property kernel_memory "9.3-21 MXC-i" "/proc/kcore, kmsg and kpageflags cannot be read" program=open_any user="only root may"
prepare_kernel_memory() { ARGS=(read /proc/kcore /proc/kpagecount /proc/kpageflags /proc/slabinfo /proc/vmallocinfo); }

property kernel_addresses "MXC-i" "/proc/kallsyms shows no address" user="kernel.kptr_restrict" kernel="addresses are hidden from all"
prepare_kernel_addresses() { :; }

property proc_host_files "MXC-i" "files of /proc that describe the host are not there" program=open_any
prepare_proc_host_files() { ARGS=(read /proc/cmdline /proc/config.gz /proc/consoles /proc/interrupts /proc/iomem /proc/ioports
        /proc/key-users /proc/keys /proc/modules /proc/sched_debug /proc/timer_list); }

property proc_disks "MXC-i" "names and counters of the host's disks cannot be read" program=open_any \
    gap="harmless figures that monitoring programs read; not covered"
prepare_proc_disks() { ARGS=(read /proc/partitions /proc/diskstats); }

property proc_trees "9.3-23" "/proc/irq, bus, acpi, driver and scsi show nothing of the host" program=open_any
prepare_proc_trees() { ARGS=(list /proc/irq /proc/bus /proc/acpi /proc/driver /proc/scsi); }

property sys_hidden "9.3-60" "/sys is not there" program=open_any
prepare_sys_hidden() { ARGS=(list /sys /sys/kernel /sys/fs); }

property sys_write "9.3-60" "no kernel setting below /sys can be written" program=write_back user="only root may write them"
prepare_sys_write() { ARGS=(/sys/kernel/profiling /sys/kernel/rcu_expedited /sys/kernel/mm/ksm/run /sys/module/printk/parameters/time /sys/kernel/mm/ksm/sleep_millisecs); }

property cgroup_leave "9.3-24" "a control group cannot be left" program=leave_cgroup user="only root may write there" \
    kernel="no control groups"
prepare_cgroup_leave() { :; }

property cgroup_release "9.3-24 CVE-2022-0492" "release_agent cannot be opened for writing" program=open_any user="only root may" \
    kernel="no version 1 control groups"
prepare_cgroup_release()
{
    local file files=(/sys/fs/cgroup/release_agent)
    for file in /sys/fs/cgroup/*/release_agent; do
        files+=("$file")
    done
    ARGS=(write "${files[@]}")
}
