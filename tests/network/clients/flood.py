# SPDX-License-Identifier: Apache-2.0
"""Ten thousand names and five hundred connections that nobody granted, and between them some that somebody did."""
import socket
import struct


def question(number, name):
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return struct.pack(">HHHHHH", number, 0x100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">HH", 1, 1)


def granted():
    with socket.create_connection(("allowed.example", 80), timeout=20) as server:
        server.settimeout(20)
        server.sendall(b"GET /hello HTTP/1.0\r\nHost: allowed.example\r\n\r\n")
        return b"200" in server.recv(64)


def main():
    held, got, asker = [], 0, socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    asker.settimeout(20)
    asker.connect(("192.0.0.1", 53))
    codes = {}
    for number in range(10000):
        asker.send(question(number % 65536, f"n{number}.flood.tunnel.example"))
        reply = asker.recv(2048)
        codes[reply[3] & 15] = codes.get(reply[3] & 15, 0) + 1
        if number % 500 == 0:
            got += granted()
            for port in range(25):
                server = socket.socket()
                server.setblocking(False)
                server.connect_ex((f"93.184.216.{35 + number // 500}", 2000 + port))
                held.append(server)
    print(f"answered {codes}, granted {got} of 20")


main()
