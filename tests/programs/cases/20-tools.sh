# SPDX-License-Identifier: Apache-2.0
# What agents work with: git, compilers, interpreters, databases.

program_test git_clones_and_commits "git"
test_git_clones_and_commits()
{
    as_caller git init -q --bare -b main origin.git || return 1
    check_run 0 '' bash -ec '
        git clone -q origin.git copy 2>/dev/null
        cd copy
        git checkout -q -b main
        echo text > file
        git add file
        git commit -q -m "add a file"
        git push -q origin main
        git log --oneline | grep -q "add a file"
        git status --porcelain | { ! grep -q .; }
        git gc -q' || return 1
    check_equal "$(as_caller git -C origin.git log -1 --format=%s main)" "add a file"
}

program_test git_works_in_the_workspace_itself "git"
test_git_works_in_the_workspace_itself()
{
    as_caller git init -q -b main . || return 1
    as_caller sh -c 'echo one >file'
    as_caller git add file
    as_caller git commit -q -m first || return 1
    check_run 0 '' bash -ec '
        git switch -q -c topic
        echo two >> file
        git commit -q -a -m second
        git stash list
        git worktree list
        git switch -q main
        git merge -q topic
        git tag v1
        git diff --stat HEAD~1' || return 1
    check_equal "$(as_caller git log -1 --format=%s)" second
    # The repository's configuration is protected, and git says which file it could not write.
    check_run '4|255' 'could not (lock|write) config file' git config core.hooksPath /tmp
}

program_test gcc_and_make_build "gcc make"
test_gcc_and_make_build()
{
    mkdir src
    printf 'int twice(int x);\nint main(void) { return twice(21) == 42 ? 0 : 1; }\n' >src/main.c
    printf 'int twice(int x);\nint twice(int x) { return 2 * x; }\n' >src/twice.c
    printf 'program: src/main.o src/twice.o\n\t$(CC) -o $@ $^\n%%.o: %%.c\n\t$(CC) -O2 -g -Wall -c -o $@ $<\ntest: program\n\t./program\n' >Makefile
    [ ${#drop[@]} = 0 ] || chown -R "$caller_user:" .
    check_run 0 '' make -j2 test && [ -x program ] && as_caller ./program
}

program_test a_static_and_a_sanitized_program_run "gcc"
test_a_static_and_a_sanitized_program_run()
{
    printf '#include <stdio.h>\nint main(void) { puts("hello"); return 0; }\n' >hello.c
    check_run 0 hello sh -ec 'gcc -static -o static hello.c && ./static' &&
        check_run 0 hello sh -ec 'gcc -fsanitize=address,undefined -o checked hello.c && ASAN_OPTIONS=detect_leaks=0 ./checked'
}

program_test python_works_in_a_venv "python3"
test_python_works_in_a_venv()
{
    if ! /usr/bin/python3 -c 'import venv, ensurepip' 2>/dev/null; then
        check_run 0 '' python3 -m venv --without-pip env
    else
        check_run 0 '' python3 -m venv env
    fi || return 1
    printf 'import sys, unittest\nclass T(unittest.TestCase):\n    def test(self):\n        self.assertIn("env", sys.prefix)\n' >test_it.py
    check_run 0 OK env/bin/python -m unittest test_it
}

program_test python_uses_processes_and_threads "python3"
test_python_uses_processes_and_threads()
{
    cat >pool.py <<'TEXT'
import concurrent.futures, multiprocessing, os, tempfile

def square(x):
    return x * x

if __name__ == "__main__":
    with multiprocessing.Pool(3) as pool:
        assert pool.map(square, range(50)) == [x * x for x in range(50)]
    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(square, range(10))) == 285
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"x" * 100000)
    print("all", os.cpu_count() > 0)
TEXT
    check_run 0 'all True' python3 pool.py
}

program_test node_installs_a_local_package_and_uses_workers "node npm"
test_node_installs_a_local_package_and_uses_workers()
{
    mkdir dependency
    echo '{"name": "dependency", "version": "1.2.3", "main": "index.js"}' >dependency/package.json
    echo 'module.exports = x => 2 * x;' >dependency/index.js
    tar -czf dependency-1.2.3.tgz --transform 's/^dependency/package/' dependency
    rm -r dependency
    echo '{"name": "main", "version": "1.0.0", "scripts": {"test": "node main.js"}}' >package.json
    cat >main.js <<'TEXT'
const { Worker, isMainThread, parentPort } = require("worker_threads");
const twice = require("dependency");
if (isMainThread) {
    let left = 4, sum = 0;
    for (let i = 0; i < 4; i++) {
        const worker = new Worker(__filename);
        worker.on("message", value => {
            sum += value;
            worker.terminate();
            if (--left === 0)
                console.log("sum", sum);
        });
        worker.postMessage(i);
    }
} else {
    parentPort.on("message", value => parentPort.postMessage(twice(value)));
}
TEXT
    [ ${#drop[@]} = 0 ] || chown -R "$caller_user:" .
    check_run 0 'added 1 package' npm install --offline --no-audit ./dependency-1.2.3.tgz &&
        check_run 0 'sum 12' npm test
}

program_test find_walks_what_there_is "find"
test_find_walks_what_there_is()
{
    mkdir -p a/b/c
    touch a/1.c a/b/2.c a/b/c/3.h
    check_equal "$(contained find . -name '*.c' | sort | tr '\n' ' ')" "./a/1.c ./a/b/2.c " || return 1
    # Nothing in the tree that a program without rights may not look at: no complaint at all.
    check_equal "$(contained find / -xdev -maxdepth 3 2>&1 >/dev/null)" ""
}

program_test sqlite_writes_a_database "sqlite3"
test_sqlite_writes_a_database()
{
    check_run 0 '^1000$' sqlite3 data.db \
        'PRAGMA journal_mode=WAL; CREATE TABLE t (x INTEGER); WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 1000) INSERT INTO t SELECT x FROM n; SELECT count(*) FROM t;' &&
        check_run 0 '^500500$' sqlite3 data.db 'SELECT sum(x) FROM t;'
}

program_test shell_plumbing_works "bash xargs tee diff"
test_shell_plumbing_works()
{
    # shellcheck disable=SC2016
    check_run 0 '^done$' bash -ec '
        diff <(seq 100) <(seq 100)
        seq 20 | xargs -P 4 -n 5 echo | wc -l | grep -q 4
        echo text | tee >(cat > copied) > /dev/null
        mkfifo pipe; (cat pipe > from_pipe &) ; echo through > pipe
        exec 3<<<"here"; read -r word <&3; [ "$word" = here ]
        coproc cat; echo hi >&"${COPROC[1]}"; read -r word <&"${COPROC[0]}"; [ "$word" = hi ]
        [ "$(mktemp)" ] && [ -w "$HOME" ] && [ -w /tmp ]
        flock lock true
        echo done'
}

program_test a_service_on_the_own_loopback_is_reached "python3"
test_a_service_on_the_own_loopback_is_reached()
{
    cat >service.py <<'TEXT'
import http.server, threading, urllib.request
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(urllib.request.urlopen("http://localhost:%d/marker" % server.server_port).read().decode())
TEXT
    echo 'it answers' >marker
    check_run 0 'it answers' python3 service.py
}

program_test sockets_and_watches_in_the_workspace_work "python3 node"
test_sockets_and_watches_in_the_workspace_work()
{
    cat >sockets.py <<'TEXT'
import os, socket, threading
server = socket.socket(socket.AF_UNIX)
server.bind("socket")
server.listen()
threading.Thread(target=lambda: server.accept()[0].sendall(b"hello"), daemon=True).start()
client = socket.socket(socket.AF_UNIX)
client.connect("socket")
print(client.recv(5).decode())
TEXT
    cat >watch.js <<'TEXT'
const fs = require("fs");
const watcher = fs.watch(".", (event, name) => {
    if (name === "changed") {
        console.log("noticed");
        watcher.close();
    }
});
setImmediate(() => fs.writeFileSync("changed", "x"));
TEXT
    check_run 0 hello python3 sockets.py && check_run 0 noticed node watch.js
}

program_test a_program_traces_its_own_children "strace"
test_a_program_traces_its_own_children() { check_run 0 'exited with 0' strace -f -e trace=openat true; }

program_test gdb_debugs_a_program "gdb gcc"
test_gdb_debugs_a_program()
{
    printf 'int main(void) { return 3; }\n' >small.c
    check_run 0 'exited with code 03' sh -ec \
        'gcc -g -o small small.c && gdb -q -batch -ex "break main" -ex run -ex continue ./small'
}

program_test the_system_looks_usual "id hostname ps df"
test_the_system_looks_usual()
{
    check_equal "$(contained id -un)" "$CALLER_NAME" || return 1
    check_equal "$(contained id -u)" "$("${drop[@]}" id -u)" || return 1
    check_equal "$(contained hostname)" cordon || return 1
    check_equal "$(contained pwd)" "$WORKSPACE" || return 1
    check_equal "$(contained sh -c 'echo $HOME')" "$HOME_DIR" || return 1
    check_run 0 'ps' ps -ef && check_run 0 '' df -h . && check_run 0 '' nproc && check_run 0 '' uname -a &&
        check_run 0 '' getconf PAGESIZE && check_run 0 '' date && check_run 0 'MemTotal' cat /proc/meminfo
}

program_test a_tool_below_the_home_is_found "bash"
test_a_tool_below_the_home_is_found()
{
    local tools=$HOME_DIR/.nvm/versions/node/v1.2.3
    mkdir -p "$tools/bin" "$tools/lib"
    echo 'from its own lib' >"$tools/lib/data"
    # shellcheck disable=SC2016
    printf '#!/bin/sh\ncat "$(dirname "$0")/../lib/data"\n' >"$tools/bin/mytool"
    chmod 755 "$tools/bin/mytool"
    [ ${#drop[@]} = 0 ] || chown -R "$caller_user:" "$HOME_DIR"
    CALLER_PATH=$tools/bin:$SYSTEM_PATH
    check_run 0 'from its own lib' mytool &&
        check_run 1 'Read-only file system|Permission denied' sh -c "echo x >'$tools/lib/data' || exit 1"
}

program_test caches_are_kept_between_runs "bash"
test_caches_are_kept_between_runs()
{
    check_run 0 '' sh -c 'mkdir -p ~/.cache/tool && echo kept >~/.cache/tool/file' &&
        check_run 0 kept cat "$HOME_DIR/.cache/tool/file" &&
        { [ ! -e "$HOME_DIR/.cache/tool" ] || complain "it reached the caller's own cache"; } &&
        check_run 0 '' sh -c 'echo gone >~/file' &&
        check_run 1 'No such file' cat "$HOME_DIR/file"
}
