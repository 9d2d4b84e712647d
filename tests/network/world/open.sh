# SPDX-License-Identifier: Apache-2.0
# Two network namespaces that nobody else has: 'the host', in which the caller of this file is, and 'the world' behind it,
# in which public-looking addresses, private ones and the metadata address of clouds are answered by servers of ours. No packet
# leaves them. world_new (root, or whoever may make user namespaces) runs a command in a new 'host'; there world_open makes the
# world and starts its servers as the caller that `drop` names.

WORLD_SOURCES=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
WORLD_HOST=203.0.113.2 WORLD_HOST6=fd00:113::2
WORLD_NAMES=(allowed denied four six six-denied wild '*.wild' shared-a shared-b alias alias-inward inward mixed own big
    mapped nat64 '*.rebind' '*.tunnel' loopback metadata registry xn--bcher-kva)

world_new() # COMMAND...
{
    local own=()
    [ "$(id -u)" = 0 ] || own=(--user --map-current-user --keep-caps)
    unshare "${own[@]}" --net --mount --fork --kill-child -- "$@"
}

# What keeps worlds from being made here, or nothing.
world_missing()
{
    local program
    for program in ip openssl python3 unshare nsenter setpriv; do
        PATH=$PATH:/usr/sbin:/sbin command -v "$program" >/dev/null || { echo "$program"; return; }
    done
    # shellcheck disable=SC2016
    world_new sh -c 'PATH=$PATH:/usr/sbin:/sbin; ip link add h0 type veth peer name w0 &&
        echo 0 >/proc/sys/net/ipv4/ip_unprivileged_port_start' >/dev/null 2>&1 || echo veth
}

# Capabilities that a user namespace gave are for making the world, not for what is tested in it.
world_caller() # WHO: sets `drop`
{
    caller_prefix "$1"
    [ "$(id -u)" = 0 ] || drop=(setpriv --ambient-caps=-all --inh-caps=-all --)
}

world_certificates() # DIRECTORY
{
    local name names=DNS:example
    for name in "${WORLD_NAMES[@]}"; do names+=",DNS:$name.example"; done
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj '/CN=Authority of the test' \
        -addext basicConstraints=critical,CA:TRUE -keyout "$1/ca.key" -out "$1/ca.pem" 2>/dev/null &&
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj '/CN=allowed.example' \
            -keyout "$1/key.pem" -out "$1/request.pem" 2>/dev/null &&
        printf 'subjectAltName=%s,IP:93.184.216.34,IP:93.184.216.35,IP:2606:2800:220:1::34,IP:10.1.2.3\n' "$names" >"$1/names" &&
        openssl x509 -req -in "$1/request.pem" -CA "$1/ca.pem" -CAkey "$1/ca.key" -CAcreateserial -days 30 \
            -extfile "$1/names" -out "$1/certificate.pem" 2>/dev/null && world_bad_certificates "$1"
}

# Of the same key: one that is over, one of an authority that nobody knows, one for another name.
world_bad_certificates() # DIRECTORY
{
    printf 'subjectAltName=DNS:elsewhere.example\n' >"$1/elsewhere"
    world_sign "$1" misnamed elsewhere -days 30 && world_sign "$1" expired names -days -1 &&
        openssl x509 -req -in "$1/request.pem" -signkey "$1/key.pem" -days 30 -extfile "$1/names" -out "$1/stranger.pem" 2>/dev/null &&
        cat /etc/ssl/certs/ca-certificates.crt "$1/ca.pem" >"$1/bundle.pem" 2>/dev/null || cp "$1/ca.pem" "$1/bundle.pem"
}
world_sign() # DIRECTORY NAME EXTENSIONS OPTION...
{
    openssl x509 -req -in "$1/request.pem" -CA "$1/ca.pem" -CAkey "$1/ca.key" -CAcreateserial -extfile "$1/$3" -out "$1/$2.pem" \
        "${@:4}" 2>/dev/null
}

# Addresses and the way to them. The host's own address is on its side, like the way to everything else.
world_links() # PID-OF-THE-WORLD
{
    local address PATH=$PATH:/usr/sbin:/sbin
    echo 0 >/proc/sys/net/ipv4/ip_unprivileged_port_start
    ip -batch - <<TEXT || return
link set lo up
link add h0 type veth peer name w0 netns $1
link set h0 up
address add $WORLD_HOST/24 dev h0
address add $WORLD_HOST6/64 dev h0 nodad
TEXT
    {
        printf '%s\n' 'link set lo up' 'link set w0 up' 'address add 203.0.113.1/24 dev w0' 'address add fd00:113::1/64 dev w0 nodad'
        for address in 93.184.216.0/24 10.1.2.0/24 169.254.169.254 192.88.99.0/24 100.100.100.200; do
            echo "route add local $address dev lo"
        done
    } | nsenter --target "$1" --net ip -batch - || return
    for address in 2606:2800:220:1::/64 64:ff9b::/96 2002::/16 fd00:ec2::/64; do
        echo "route add local $address dev lo"
    done | nsenter --target "$1" --net ip -6 -batch - || return
    # shellcheck disable=SC2016
    nsenter --target "$1" --net sh -c 'echo 0 >/proc/sys/net/ipv4/ip_unprivileged_port_start
        echo 1 >/proc/sys/net/ipv6/ip_nonlocal_bind' || return
    echo '0 2147483647' >/proc/sys/net/ipv4/ping_group_range 2>/dev/null || : # (not in a user namespace of one user)
    ip route add default via 203.0.113.1 && ip -6 route add default via fd00:113::1
}

# The world with its servers. WORLD is its directory, WORLD_PID a process in it; further servers: world_start.
world_open() # DIRECTORY
{
    WORLD=$1 WORLD_PIDS=()
    mkdir -p "$WORLD/files" && cp "$WORLD_SOURCES"/*.{py,mjs} "$WORLD" && world_certificates "$WORLD" || return
    [ ${#drop[@]} = 0 ] || [ "$(id -u)" != 0 ] || chown -R "$caller_user:" "$WORLD"
    unshare --net sleep infinity &
    WORLD_PID=$!
    WORLD_PIDS+=("$WORLD_PID")
    world_wait world_is_apart || return
    world_links "$WORLD_PID" || return
    printf 'nameserver 10.1.2.53\noptions timeout:2 attempts:1\n' >"$WORLD/resolv.conf"
    printf '127.0.0.1 localhost\n::1 localhost ip6-localhost\n%s %s\n' "$WORLD_HOST" "$(uname -n)" >"$WORLD/hosts"
    printf '%s\n' '93.184.216.34 listed.example' '93.184.216.35 unlisted.example' '127.0.0.1 mine.example' >>"$WORLD/hosts"
    mount --bind "$WORLD/resolv.conf" /etc/resolv.conf && mount --bind "$WORLD/hosts" /etc/hosts || return
    world_start "$WORLD/serve.log" /usr/bin/python3 -B "$WORLD/serve.py" "$WORLD" "$WORLD/certificate.pem" "$WORLD/key.pem" \
        80=http 8080=http 443=https 8443=https 9443=retry 53=dns 7=echo 7=udp-echo 443=udp-echo 853=echo 853=udp-echo \
        9441=expired 9442=stranger 9444=misnamed 5353=multicast 5355=multicast 25=first \
        22=relay 8444=relay 8445=relay 8446=relay 8447=relay 9=slow 19=reset 9999=fence
    world_wait test -s "$WORLD/ready"
}

world_is_apart()
{
    [ "$(readlink "/proc/$WORLD_PID/ns/net")" != "$(readlink /proc/self/ns/net)" ] && grep -q '^sleep' "/proc/$WORLD_PID/comm"
}

world_start() # LOG COMMAND...: in the world, as the caller
{
    local log=$1
    shift
    nsenter --target "$WORLD_PID" --net "${drop[@]}" env -i PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin "HOME=$WORLD" \
        LANG=C.UTF-8 "$@" >"$log" 2>&1 </dev/null &
    WORLD_PIDS+=($!)
}

world_start_on_host() # LOG COMMAND...: what listens on the host's loopback
{
    local log=$1
    shift
    "${drop[@]}" env -i PATH=/usr/local/bin:/usr/bin:/bin "HOME=$WORLD" LANG=C.UTF-8 "$@" >"$log" 2>&1 </dev/null &
    WORLD_PIDS+=($!)
}

world_wait() # COMMAND...: at most a minute
{
    local end=$((SECONDS + 60))
    while [ "$SECONDS" -lt "$end" ]; do
        ! "$@" 2>/dev/null || return 0
        sleep 0.02
    done
    echo "the world: gave up waiting for: $*; $(tail -n 2 "$WORLD/serve.log" | tr '\n' ' ')" >&2
    return 1
}

# How many connections, datagrams and requests arrived until now: after a connection that came later was seen, twice, because
# two that wait at the same time are accepted in any order.
world_seen() # [PATTERN]
{
    local i
    for i in 1 2; do
        exec 3<>/dev/tcp/203.0.113.1/9999 && read -r _ <&3 && exec 3>&-
        [ ! -e "$WORLD/host/ready" ] || { exec 3<>/dev/tcp/127.0.0.1/9999 && read -r _ <&3 && exec 3>&-; }
    done
    grep -vE '^(fence|dns|end|echo) ' "$WORLD/seen" | grep -cE -- "${1:-.}" || :
}

world_asked() # NAME: questions that reached the upstream name server
{
    grep -cE -- "^dns [a-z]+ $1 " "$WORLD/seen" || :
}

world_close()
{
    local pid
    for pid in "${WORLD_PIDS[@]}"; do kill "$pid" 2>/dev/null; done
    wait "${WORLD_PIDS[@]}" 2>/dev/null
}
