# SPDX-License-Identifier: Apache-2.0
# What it costs to open TLS: `cordon run` with a rule that terminates it, beside nginx as a reverse proxy on the same machine, with
# the same certificates, one worker, and connections to its server over TLS that it keeps. Sourced by run.

tls_certificates() { # into $scratch/tls: an authority, and a certificate for the server
    mkdir -p "$scratch/tls"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj '/CN=Authority of the benchmark' \
        -addext basicConstraints=critical,CA:TRUE -keyout "$scratch/tls/ca.key" -out "$scratch/tls/ca.pem" 2>/dev/null
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$name" -keyout "$scratch/tls/key.pem" \
        -out "$scratch/tls/request.pem" 2>/dev/null
    printf 'subjectAltName=DNS:%s\n' "$name" >"$scratch/tls/names"
    openssl x509 -req -in "$scratch/tls/request.pem" -CA "$scratch/tls/ca.pem" -CAkey "$scratch/tls/ca.key" -CAcreateserial -days 30 \
        -extfile "$scratch/tls/names" -out "$scratch/tls/certificate.pem" 2>/dev/null
    chmod 644 "$scratch/tls/"*
}

# The server beside that over HTTP: what nginx.conf has within `http`.
tls_server() {
    cat <<TEXT
    ssl_certificate $scratch/tls/certificate.pem;
    ssl_certificate_key $scratch/tls/key.pem;
    ssl_protocols TLSv1.2 TLSv1.3;
    server { listen $server:443 ssl backlog=4096; root $scratch/www; }
TEXT
}

# What `cordon run` is measured against: it verifies the server, as the inspector does.
tls_write_proxy() {
    nginx_head "$scratch/proxy" >"$scratch/proxy.conf"
    cat >>"$scratch/proxy.conf" <<TEXT
    ssl_certificate $scratch/tls/certificate.pem;
    ssl_certificate_key $scratch/tls/key.pem;
    ssl_protocols TLSv1.2 TLSv1.3;
    upstream server { server $server:443; keepalive 64; keepalive_requests 100000000; }
    server {
        listen $WORLD_HOST:443 ssl backlog=4096;
        location / {
            proxy_pass https://server;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $name;
            proxy_ssl_server_name on;
            proxy_ssl_name $name;
            proxy_ssl_verify on;
            proxy_ssl_trusted_certificate $scratch/tls/ca.pem;
        }
    }
}
TEXT
    nginx_own "$scratch/proxy.conf" "$scratch/proxy"
}

tls_start_proxy() {
    mkdir -p "$scratch/proxy"
    tls_write_proxy
    "${drop[@]}" env -i PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin nginx -p "$scratch/proxy" -c "$scratch/proxy.conf" \
        >"$scratch/proxy.log" 2>&1 </dev/null &
    WORLD_PIDS+=($!)
    world_wait curl -sf --cacert "$scratch/tls/ca.pem" --connect-to "$name:443:$WORLD_HOST:443" -o "$scratch/first" "https://$name/small"
}

tls_write_policies() {
    {
        printf 'version: cordon/1\nextends: [base, python]\nfilesystem: {readonlyPaths: ["%s"]}\n' "$scratch/tools"
        printf 'network: {tls: {authorities: ["%s"]}, egress: {allow: [{to: [{host: %s}], ports: [{protocol: tcp}], tls: terminate' \
            "$scratch/tls/ca.pem" "$name"
    } >"$scratch/tls.yaml"
    sed 's|tls: terminate|&, http: {methods: [GET], paths: [/small, "/v1/**"]}|' "$scratch/tls.yaml" >"$scratch/requests.yaml"
    cp "$scratch/tls.yaml" "$scratch/through.yaml"
    sed -i 's|, tls: terminate||; s|tls: {[^}]*}, ||' "$scratch/through.yaml"
    printf '}]}}\n' | tee -a "$scratch/tls.yaml" "$scratch/requests.yaml" >>"$scratch/through.yaml"
    sed 's|, ports: .*|, programs: ["'"$scratch/tools/peer"'"]}]}}|; s|{host: [^}]*}|{cidr: '"$server"'/32}|' \
        "$scratch/through.yaml" >"$scratch/program.yaml"
}

tls_ways=('native' 'nginx as reverse proxy' 'cordon run, TLS as it is' 'cordon run, TLS opened' 'cordon run, TLS opened, requests judged')

tls_through() { # WAY COMMAND...
    local way=$1
    shift
    case $way in
    native | nginx*) as_caller "$@" ;;
    *judged) as_caller "$cordon" run --policy "$scratch/requests.yaml" -- "$@" ;;
    *opened) as_caller "$cordon" run --policy "$scratch/tls.yaml" -- "$@" ;;
    *) as_caller "$cordon" run --policy "$scratch/through.yaml" -- "$@" ;;
    esac
}

tls_measure() { # WAY
    local place=$name said option header
    [[ $1 != nginx* ]] || place=$WORLD_HOST
    for option in 'kept alive' 'one a connection'; do
        header=()
        [ "$option" = 'kept alive' ] || header=(-H 'Connection: close')
        said=$(tls_through "$1" wrk -t 1 -c 8 -d "${seconds}s" "${header[@]}" "https://$place/small" |
            awk '/^Requests\/sec:/ { rate = $2 } /Non-2xx|Socket errors/ { bad = 1 } END { if (!bad) print rate }')
        if [ -n "$said" ]; then
            sample "$1" "TLS: requests/s, $option" "$said"
        else
            note "$1: $option: not every request was answered well"
        fi
    done
}

# What gateway and inspector hold together.
tls_memory() { # CONNECTIONS
    measure_held 'cordon run, TLS opened' "TLS: MiB, connections: $1" 'cordon-gateway cordon-inspector' \
        tls_through 'cordon run, TLS opened' /usr/bin/python3 "$tools/hold-tls.py" "$name" /small "$1"
}
