// SPDX-License-Identifier: Apache-2.0
// A client of the Model Context Protocol: initialize, list the tools, call the first.
let number = 0;
async function call(method, params) {
    const response = await fetch(process.argv[2], {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
        body: JSON.stringify({ jsonrpc: '2.0', id: ++number, method, params }),
    });
    return (await response.json()).result;
}
try {
    await call('initialize', { protocolVersion: '2025-03-26', capabilities: {}, clientInfo: { name: 'test', version: '1' } });
    const { tools } = await call('tools/list', {});
    console.log((await call('tools/call', { name: tools[0].name, arguments: {} })).content[0].text);
} catch (error) {
    console.error(error.cause ?? error);
    process.exitCode = 1;
}
