# SPDX-License-Identifier: Apache-2.0
# What the world's servers serve, and the servers that are programs of their own: git, an npm registry, a pip index, SSH,
# HTTP/2, and on the host's loopback a service and a proxy.

in_world_directory()
{
    (cd "$WORLD" && "${drop[@]}" env -i "PATH=$SYSTEM_PATH" "HOME=$WORLD" LANG=C.UTF-8 GIT_CONFIG_COUNT=0 \
        GIT_AUTHOR_NAME=T GIT_AUTHOR_EMAIL=t@example.invalid GIT_COMMITTER_NAME=T GIT_COMMITTER_EMAIL=t@example.invalid "$@")
}

world_fill()
{
    fill_git && fill_registry && fill_index || return
    ! /usr/bin/python3 -c 'import asyncssh' 2>/dev/null || fill_ssh || return
    ! PATH=$SYSTEM_PATH command -v nghttpd >/dev/null || fill_http2 || return
    ! PATH=$SYSTEM_PATH command -v node >/dev/null || fill_streams || return
    world_start_on_host "$WORLD/host.log" /usr/bin/python3 -B "$WORLD/serve.py" "$WORLD/host" "$WORLD/certificate.pem" \
        "$WORLD/key.pem" 8081=http=127.0.0.1 8082=http=127.0.0.1 8083=http=0.0.0.0 9999=fence=127.0.0.1
    world_start_on_host "$WORLD/proxy.log" /usr/bin/python3 -B "$WORLD/proxy.py" 3128 "$WORLD/proxied"
    world_wait test -s "$WORLD/host/ready" && world_wait test -s "$WORLD/proxied"
}

fill_git()
{
    # shellcheck disable=SC2016
    in_world_directory sh -ec 'mkdir -p files/git host/files && git init -q -b main tree && cd tree
        echo "greetings from the world" >hello && git add hello && git commit -q -m first && cd ..
        git clone -q --bare tree files/git/hello.git && git -C files/git/hello.git config http.receivepack true
        cp -a files/git/hello.git files/git/other.git && ln -s ../seen host/seen'
}

# One package, as a registry describes it.
fill_registry()
{
    # shellcheck disable=SC2016
    in_world_directory sh -ec 'mkdir -p package files/npm/hello-cordon/-
        printf "%s" "{\"name\":\"hello-cordon\",\"version\":\"1.0.0\",\"main\":\"index.js\"}" >package/package.json
        echo "console.log(\"greetings from the world\")" >package/index.js
        tar -czf files/npm/hello-cordon/-/hello-cordon-1.0.0.tgz package
        sum=$(openssl dgst -sha512 -binary files/npm/hello-cordon/-/hello-cordon-1.0.0.tgz | base64 -w 0)
        ln -s allowed files/elsewhere && ln -s simple files/mirror
        for host in allowed denied; do
            mkdir -p files/$host/hello-cordon
            printf "%s" "{\"name\":\"hello-cordon\",\"dist-tags\":{\"latest\":\"1.0.0\"},\"versions\":{\"1.0.0\":{" \
                "\"name\":\"hello-cordon\",\"version\":\"1.0.0\",\"dist\":{\"integrity\":\"sha512-$sum\"," \
                "\"tarball\":\"https://$host.example/npm/hello-cordon/-/hello-cordon-1.0.0.tgz\"}}}}" >files/$host/hello-cordon/index.html
        done'
}

fill_index()
{
    # shellcheck disable=SC2016
    in_world_directory python3 -c 'import pathlib, zipfile
place = pathlib.Path("files/simple/hello-cordon")
place.mkdir(parents=True)
name = "hello_cordon-1.0.0-py3-none-any.whl"
info = "hello_cordon-1.0.0.dist-info/"
files = {"hello_cordon.py": "print(\"greetings from the world\")\n",
         info + "METADATA": "Metadata-Version: 2.1\nName: hello-cordon\nVersion: 1.0.0\n",
         info + "WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"}
files[info + "RECORD"] = "".join(path + ",,\n" for path in [*files, info + "RECORD"])
with zipfile.ZipFile(place / name, "w") as wheel:
    for path, text in files.items():
        wheel.writestr(path, text)
(place / "index.html").write_text(f"<!DOCTYPE html><html><body><a href=\"{name}\">{name}</a></body></html>\n")'
}

fill_ssh()
{
    in_world_directory sh -ec "ssh-keygen -q -t ed25519 -N '' -f hostkey && ssh-keygen -q -t ed25519 -N '' -f loginkey" &&
        world_start "$WORLD/ssh.log" /usr/bin/python3 -B "$WORLD/ssh.py" 10022 "$WORLD"
}

# With TLS, and without (by prior knowledge).
fill_http2()
{
    world_start "$WORLD/http2.log" nghttpd -a 127.0.0.1 -d "$WORLD/host/files" 18444 "$WORLD/key.pem" "$WORLD/certificate.pem" &&
        world_start "$WORLD/http2-plain.log" nghttpd -a 127.0.0.1 -d "$WORLD/host/files" --no-tls 18445
}

# One that records what it is asked for, and sends trailers.
fill_streams()
{
    world_start "$WORLD/streams.log" node "$WORLD/http2.mjs" "$WORLD" "$WORLD/certificate.pem" "$WORLD/key.pem" 18446 18447
    world_wait test -s "$WORLD/streams.log"
}
