// SPDX-License-Identifier: Apache-2.0
// A whole session of MCP over HTTP, as clients have them: mcp-session.mjs URL TOOL. Ends with 1 when anything is refused.
const [url, tool] = process.argv.slice(2);
const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
let number = 0;

async function send(message) {
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ jsonrpc: '2.0', ...message }) });
    if (!response.ok)
        throw new Error(`${message.method}: ${response.status}: ${await response.text()}`);
    if (response.headers.get('mcp-session-id'))
        headers['mcp-session-id'] = response.headers.get('mcp-session-id');
    return response.status === 202 ? undefined : (await response.json()).result;
}
const call = (method, params) => send({ id: ++number, method, params });

try {
    await call('initialize', { protocolVersion: '2025-03-26', capabilities: {}, clientInfo: { name: 'test', version: '1' } });
    await send({ method: 'notifications/initialized' });
    await call('ping', {});
    console.log((await call('tools/list', {})).tools.length, 'tools');
    console.log((await call('tools/call', { name: tool, arguments: { to: 'world' } })).content[0].text);
    await fetch(url, { method: 'DELETE', headers });
} catch (error) {
    console.error(String(error), error.cause ?? '');
    process.exitCode = 1;
}
