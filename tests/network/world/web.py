# SPDX-License-Identifier: Apache-2.0
"""HTTP/1.1 as the tests need it: files, git, a WebSocket, an MCP server; each request is recorded."""
import base64
import gzip
import hashlib
import json
import os
import subprocess
import time
from pathlib import Path
from urllib.parse import parse_qs, quote, unquote, urlsplit

GREETING = "greetings from the world\n"


class Request:
    def __init__(self, file):
        line = [b""]
        while line == [b""]:  # empty lines before a request are passed over (RFC 9112, 2.2)
            line = file.readline(65536).rstrip(b"\r\n").split(b" ") if file.peek(1) else []
        line = [word.decode("latin-1") for word in line]
        if len(line) != 3:
            raise EOFError
        self.method, self.target, _ = line
        self.headers = {}
        while (line := file.readline(65536)) not in (b"\r\n", b"\n"):
            if not line.endswith(b"\n"):  # cut off: no request
                raise EOFError
            line = line.decode("latin-1").strip()
            name, _, value = line.partition(":")
            self.headers[name.lower()] = value.strip()
        self.body = self.read_body(file)
        self.path, self.query = urlsplit(self.target).path, urlsplit(self.target).query

    def read_body(self, file):
        if self.headers.get("expect", "").lower() == "100-continue":
            file.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            file.flush()
        if self.headers.get("transfer-encoding", "").lower() != "chunked":
            size = int(self.headers.get("content-length", 0))
            body = file.read(size)
            if len(body) < size:  # cut off: no request
                raise EOFError
            return body
        body = b""
        while size := int(file.readline().split(b";")[0], 16):
            body += file.read(size)
            file.readline()
        file.readline()
        return body


def reply(file, status, body, kind="text/plain", headers=()):
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", f"Content-Type: {kind}", *headers]
    file.write("\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body)
    file.flush()


def serve_git(request, file, root):
    """What `git http-backend` says, as a server's gateway would hand it on."""
    variables = {"PATH": os.environ["PATH"], "GIT_PROJECT_ROOT": str(root), "GIT_HTTP_EXPORT_ALL": "1",
                 "PATH_INFO": request.path.removeprefix("/git"), "QUERY_STRING": request.query,
                 "REQUEST_METHOD": request.method, "CONTENT_TYPE": request.headers.get("content-type", ""),
                 "CONTENT_LENGTH": str(len(request.body)), "REMOTE_USER": "agent", "REMOTE_ADDR": "192.0.2.1",
                 "HTTP_CONTENT_ENCODING": request.headers.get("content-encoding", ""),
                 "GIT_PROTOCOL": request.headers.get("git-protocol", ""), "HOME": str(root)}
    said = subprocess.run(["git", "http-backend"], input=request.body, env=variables, capture_output=True, check=True)
    head, _, body = said.stdout.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    status = next((line.split(":", 1)[1].strip() for line in lines if line.lower().startswith("status:")), "200 OK")
    lines = [line for line in lines if line.lower().split(":")[0] not in ("status", "content-length", "content-type")]
    kind = next((line.split(":", 1)[1].strip() for line in head.decode("latin-1").split("\r\n")
                 if line.lower().startswith("content-type:")), "text/plain")
    reply(file, status, body, kind, lines)


TOOLS = [{"name": name, "description": "Greets", "inputSchema": {"type": "object", "properties": {}}}
         for name in ("greet", "remove")]


def call_mcp(call, record):
    """What a server of the Model Context Protocol answers to one message, None to what wants no answer."""
    parameters = call.get("params") or {}
    record.line("mcp", call["method"], parameters.get("name", "-"))
    results = {"initialize": {"protocolVersion": "2025-03-26", "capabilities": {"tools": {}},
                              "serverInfo": {"name": "world", "version": "1"}},
               "tools/list": {"tools": TOOLS},
               "resources/list": {"resources": [{"uri": "world://greeting", "name": GREETING}]},
               "tools/call": {"content": [{"type": "text", "text": f"{parameters.get('name')}: {GREETING}"}]}}
    if "id" not in call:
        return None
    return {"jsonrpc": "2.0", "id": call["id"], "result": results.get(call["method"], {})}


def call_rpc(call, record):
    record.line("rpc", call["method"])
    return {"jsonrpc": "2.0", "id": call["id"], "result": GREETING} if "id" in call else None


def serve_calls(request, file, record, answer):
    """JSON-RPC in a body, one call or many; an answer of MCP as a stream of events where the client takes nothing else."""
    call = json.loads(request.body)
    answers = [answer(item, record) for item in (call if isinstance(call, list) else [call])]
    answers = [item for item in answers if item is not None]
    if not answers:
        reply(file, "202 Accepted", b"")
        return
    body = json.dumps(answers if isinstance(call, list) else answers[0]).encode()
    headers = ["Mcp-Session-Id: session-of-the-world"]
    if request.headers.get("accept") == "text/event-stream":
        reply(file, "200 OK", b"event: message\ndata: " + body + b"\n\n", "text/event-stream", headers)
    else:
        reply(file, "200 OK", body, "application/json", headers)


def reflect(request, file, way):
    """All that was asked, as it came or in a form in which programs know it as well."""
    lines = [f"{request.method} {request.target}", *(f"{name}: {value}" for name, value in request.headers.items()), ""]
    body = "\n".join(lines).encode("latin-1") + request.body
    forms = {"base64": base64.b64encode, "json": lambda data: json.dumps(data.decode("latin-1")).encode(),
             "percent": lambda data: quote(data, safe="").encode(), "hexadecimal": lambda data: data.hex().encode(),
             "gzip": gzip.compress, "utf-16": lambda data: data.decode("latin-1").encode("utf-16"),
             "ebcdic": lambda data: data.decode("latin-1").encode("cp037")}
    headers = ["Content-Encoding: gzip"] if way == "gzip" else []
    if way == "header":
        headers, body = [f"X-Reflected: {request.headers.get('authorization', '-')}"], b""
    if way == "chunks":
        head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: text/plain\r\n\r\n"
        file.write(head.encode() + b"".join(b"1\r\n" + bytes([byte]) + b"\r\n" for byte in body) + b"0\r\n\r\n")
        file.flush()
        return
    charset = {"utf-16": "; charset=utf-16", "ebcdic": "; charset=cp037"}.get(way, "")
    reply(file, "200 OK", forms.get(way, lambda data: data)(body), "text/plain" + charset, headers)


def stand_still(file, text):
    """An answer whose end comes when whoever reads it has waited for it."""
    file.write(f"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {len(text) + 5}\r\n\r\n{text}".encode())
    file.flush()
    time.sleep(1)
    file.write(b" end\n")
    file.flush()


def digest_of(request, query):
    """What arrived, so that it can be compared without being told: a header, a parameter, a field of the body, or all of it."""
    if "header" in query:
        what = request.headers.get(query["header"][0], "")
    elif "parameter" in query:
        what = query.get(query["parameter"][0], [""])[0]
    elif "pointer" in query:
        what = json.loads(request.body)
        for name in query["pointer"][0].split("/")[1:]:
            what = what[name]
    elif "form" in query:
        what = parse_qs(request.body.decode("latin-1"))[query["form"][0]][0]
    else:
        what = request.body.decode("latin-1")
    return hashlib.sha256(what.encode("latin-1")).hexdigest().encode() + b"\n"


def serve_websocket(request, file):
    """The greeting, then every short message back until the other side closes."""
    key = request.headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
    file.write(f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
               f"Sec-WebSocket-Accept: {accept}\r\n\r\n".encode())
    file.write(bytes([0x81, len(GREETING)]) + GREETING.encode())
    file.flush()
    while (head := file.read(2)) and len(head) == 2 and (head[1] & 0x7f) < 126:
        mask = file.read(4)
        data = bytes(byte ^ mask[i % 4] for i, byte in enumerate(file.read(head[1] & 0x7f)))
        file.write(bytes([head[0], len(data)]) + data)
        file.flush()
        if head[0] & 0x0f == 8:
            return


def serve_file(request, file, root):
    path = (root / unquote(request.path).lstrip("/")).resolve()
    if path.is_dir():
        path = path / "index.html"
    if not path.is_relative_to(root.resolve()) or not path.is_file():
        reply(file, "404 Not Found", b"no such file\n")
        return
    kinds = {".html": "text/html", ".json": "application/json"}
    reply(file, "200 OK", path.read_bytes(), kinds.get(path.suffix, "application/octet-stream"))


def handle(request, file, root, record):
    """True while the connection goes on."""
    path, query = unquote(request.path), parse_qs(request.query)
    if path in ("/hello", "/denied", "/files/one") or request.method == "CONNECT":
        reply(file, "200 OK", GREETING.encode())
    elif path == "/echo":
        reply(file, "200 OK", request.body)
    elif path == "/redirect":
        reply(file, "302 Found", b"", headers=[f"Location: {query['to'][0]}"])
    elif path == "/size":
        reply(file, "200 OK", b"x" * int(query["bytes"][0]))
    elif path == "/reflect":
        reflect(request, file, query.get("as", [""])[0])
    elif path == "/still":
        stand_still(file, query["text"][0])
    elif path == "/digest":
        reply(file, "200 OK", digest_of(request, query))
    elif path in ("/mcp", "/rpc") and request.method == "POST":
        serve_calls(request, file, record, call_mcp if path == "/mcp" else call_rpc)
    elif path == "/mcp" and request.method == "DELETE":
        record.line("mcp", "end", "-")
        reply(file, "204 No Content", b"")
    elif path == "/ws" and "sec-websocket-key" in request.headers:
        record.line("websocket", request.target)
        serve_websocket(request, file)
        return False
    elif path.startswith("/git/"):
        serve_git(request, file, root / "git")
    else:
        serve_file(request, file, root)
    return request.headers.get("connection", "").lower() != "close"


def serve_http(connection, root, record, where):
    with connection.makefile("rwb") as file:
        try:
            while True:
                request = Request(file)
                record.line("http", where, request.method, request.target, request.headers.get("host", "-"))
                if not handle(request, file, Path(root), record):
                    return
        except EOFError:
            return
