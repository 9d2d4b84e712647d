# SPDX-License-Identifier: Apache-2.0
"""The servers of the world, in one process: serve.py DIRECTORY CERTIFICATE KEY PORT=KIND[=ADDRESS]...

DIRECTORY has the files (`files`), gets the record (`seen`) and, when all listen, `ready`. Each connection is recorded when
it is accepted, so what was refused on its way is not there. KIND: http https retry expired stranger misnamed dns echo relay first slow reset fence udp-echo multicast.
"""
import hashlib
import os
import selectors
import socket
import ssl
import sys
import threading
import time

from names import NameServer
from record import Record
from web import serve_http

IPV6_V6ONLY = getattr(socket, "IPV6_V6ONLY", 26)


def carry(source, target):
    while data := source.recv(65536):
        target.sendall(data)
    target.shutdown(socket.SHUT_WR)


class World:
    def __init__(self, directory, certificate, key):
        self.directory, self.record = directory, Record(os.path.join(directory, "seen"))
        self.names = NameServer(self.record)
        self.selector = selectors.DefaultSelector()
        self.tls = {"https": self.context(certificate, key), "retry": self.context(certificate, key)}
        for kind in ("expired", "stranger", "misnamed"):
            bad = os.path.join(directory, kind + ".pem")
            if os.path.exists(bad):
                self.tls[kind] = self.context(bad, key)
        self.tls["retry"].set_ecdh_curve("secp384r1")  # no client guesses it: each is asked for a second hello

    def context(self, certificate, key):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        context.set_alpn_protocols(["http/1.1"])
        context.sni_callback = self.note_name
        return context

    def note_name(self, connection, name, _):
        self.record.line("sni", name or "-")

    def listen(self, port, kind, address=None):
        for family in (socket.AF_INET, socket.AF_INET6):
            is_datagram = kind in ("udp-echo", "multicast", "dns")
            for type in ({socket.SOCK_DGRAM, socket.SOCK_STREAM} if kind == "dns" else
                         {socket.SOCK_DGRAM if is_datagram else socket.SOCK_STREAM}):
                server = socket.socket(family, type)
                server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if family == socket.AF_INET6:
                    server.setsockopt(socket.IPPROTO_IPV6, IPV6_V6ONLY, 1)
                server.bind((address or ("" if family == socket.AF_INET else "::"), port))
                if type == socket.SOCK_STREAM:
                    server.listen(1024)
                elif kind == "multicast" and family == socket.AF_INET:  # the groups of mDNS and LLMNR
                    for group in ("224.0.0.251", "224.0.0.252"):
                        member = socket.inet_aton(group) + socket.inet_aton("203.0.113.1")
                        server.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
                else:
                    server.setsockopt(*((socket.IPPROTO_IP, 8, 1) if family == socket.AF_INET else
                                        (socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)))
                self.selector.register(server, selectors.EVENT_READ, (kind, port, type))
            if address:
                return

    def run(self):
        while True:
            for key, _ in self.selector.select():
                kind, port, type = key.data
                if type == socket.SOCK_STREAM:
                    connection, _ = key.fileobj.accept()
                    where = f"{connection.getsockname()[0]} {port}"
                    if kind != "dns":  # of which the questions are recorded
                        self.record.line("fence" if kind == "fence" else "tcp", where)
                    threading.Thread(target=self.converse, args=(kind, connection, where), daemon=True).start()
                else:
                    self.reply(kind, port, key.fileobj)

    def reply(self, kind, port, server):
        """From the address that was asked, which is one of many."""
        data, info, _, peer = server.recvmsg(65536, 256)
        if kind == "multicast":
            self.record.line("udp", "multicast", port, data[:80])
            server.sendto(data, peer)
            return
        level, type, packed = info[0]
        if server.family == socket.AF_INET:  # struct in_pktinfo: interface, address to send from, address asked
            address, back = socket.inet_ntop(socket.AF_INET, packed[8:12]), bytes(4) + packed[8:12] + bytes(4)
        else:
            address, back = socket.inet_ntop(socket.AF_INET6, packed[:16]), packed[:16] + bytes(4)
        if kind == "dns":
            data = self.names.datagram(data)
        else:
            self.record.line("udp", address, port, len(data), data[:80])
        if data is not None:
            server.sendmsg([data], [(level, type, back)], 0, peer)

    def converse(self, kind, connection, where):
        try:
            if kind in self.tls:
                connection = self.tls[kind].wrap_socket(connection, server_side=True)
            with connection:
                getattr(self, "serve_" + kind)(connection, where)
        except (OSError, ValueError, KeyError) as error:
            self.record.line("end", where, type(error).__name__)

    def serve_http(self, connection, where):
        serve_http(connection, os.path.join(self.directory, "files"), self.record, where)

    serve_https = serve_retry = serve_expired = serve_stranger = serve_misnamed = serve_http

    def serve_dns(self, connection, _):
        self.names.stream(connection)

    def serve_echo(self, connection, where):
        while data := connection.recv(65536):
            self.record.line("echo", where, data[:80])
            connection.sendall(data)

    def serve_relay(self, connection, where):
        """A program of its own answers, on the loopback, at the same port and ten thousand."""
        with socket.create_connection(("127.0.0.1", int(where.split()[1]) + 10000), 5) as server:
            threading.Thread(target=carry, args=(server, connection), daemon=True).start()
            carry(connection, server)

    def serve_first(self, connection, _):
        connection.sendall(b"220 greetings from the world\r\n")
        self.serve_echo(connection, _)

    def serve_slow(self, connection, _):
        """Reads a little at a time; then says what it was."""
        digest = hashlib.sha256()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        while data := connection.recv(16384):
            digest.update(data)
            time.sleep(0.002)
        connection.sendall(digest.hexdigest().encode() + b"\n")

    def serve_reset(self, connection, _):
        """One byte, then a reset."""
        connection.recv(1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    def serve_fence(self, connection, _):
        connection.sendall(b"passed\n")


def main():
    directory, certificate, key, *ports = sys.argv[1:]
    world = World(directory, certificate, key)
    for word in ports:
        port, kind, *address = word.split("=")
        world.listen(int(port), kind, *address)
    with open(os.path.join(directory, "ready"), "w", encoding="ascii") as file:
        file.write("ready\n")
    world.run()


main()
