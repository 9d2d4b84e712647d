# SPDX-License-Identifier: Apache-2.0
"""still.py URL TEXT...: how many bytes of each text there are while its server stands still (a prefix of URL takes the text)."""
import socket
import ssl
import sys
from urllib.parse import quote, urlsplit


def there_are(url):
    context = ssl.create_default_context()
    with context.wrap_socket(socket.create_connection((url.hostname, url.port or 443)), server_hostname=url.hostname) as connection:
        connection.sendall(f"GET {url.path}?{url.query} HTTP/1.1\r\nHost: {url.netloc}\r\n\r\n".encode())
        connection.settimeout(8)
        data = b""
        while b"\r\n\r\n" not in data:
            data += connection.recv(65536)
        connection.settimeout(0.3)
        try:
            while more := connection.recv(65536):
                data += more
        except TimeoutError:
            pass
        return len(data.partition(b"\r\n\r\n")[2])


print("there:", *(there_are(urlsplit(sys.argv[1] + quote(text))) for text in sys.argv[2:]))
