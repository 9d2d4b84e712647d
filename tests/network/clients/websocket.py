# SPDX-License-Identifier: Apache-2.0
"""Greet over a WebSocket and print what comes back: websocket.py URL"""
import asyncio
import ssl
import sys

import websockets


async def main():
    context = ssl.create_default_context() if sys.argv[1].startswith("wss") else None
    if context:
        context.load_verify_locations("ca.pem")
    async with websockets.connect(sys.argv[1], ssl=context, open_timeout=10) as socket:
        print(await socket.recv())
        await socket.send("and back")
        print(await socket.recv())


asyncio.run(main())
