# SPDX-License-Identifier: Apache-2.0
"""An SSH server as whoever runs it, for one key: ssh.py PORT DIRECTORY. Runs commands; forwards nothing."""
import asyncio
import subprocess
import sys

import asyncssh


async def run_command(process):
    command = subprocess.Popen(process.command or "true", shell=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    await process.redirect(stdin=command.stdin, stdout=command.stdout)
    await process.stdout.drain()
    process.exit(await asyncio.get_running_loop().run_in_executor(None, command.wait))


async def main():
    port, directory = sys.argv[1:]
    await asyncssh.listen("127.0.0.1", int(port), server_host_keys=[f"{directory}/hostkey"], process_factory=run_command,
                          authorized_client_keys=f"{directory}/loginkey.pub", encoding=None)
    await asyncio.Event().wait()


asyncio.run(main())
