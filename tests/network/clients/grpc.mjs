// SPDX-License-Identifier: Apache-2.0
// A call as gRPC makes it: HTTP/2, a body in frames, a status in trailers: grpc.mjs URL [AUTHORITY]. Prints what came back.
// AUTHORITY: of a second call on the same connection.
import http2 from 'node:http2';
import { readFileSync } from 'node:fs';

const url = new URL(process.argv[2]);
const ca = process.env.WORLD_CA ? { ca: readFileSync(process.env.WORLD_CA) } : {};
const session = http2.connect(url.origin, ca);
const fail = (error) => { console.error(String(error)); process.exit(1); };
setTimeout(() => fail('no answer'), 8000).unref();
session.on('error', fail);

function call(authority, next) {
    const stream = session.request({ ':method': 'POST', ':path': url.pathname, ':authority': authority, te: 'trailers',
        'content-type': 'application/grpc' });
    let status = 0, body = '';
    stream.on('error', fail);
    stream.on('response', (headers) => { status = headers[':status']; });
    stream.on('data', (data) => { body += data; });
    stream.on('trailers', (trailers) => console.log(`trailers: ${trailers['grpc-status']} ${trailers['grpc-message']}`));
    stream.on('close', () => { console.log(authority, status, body); next(status); });
    for (let i = 0; i < 3; i++)
        stream.write(`part ${i} `);
    stream.end('greetings from the world\n');
}

function end(status) {
    session.close();
    process.exitCode = status === 200 ? 0 : 1;
}
call(url.host, (status) => status === 200 && process.argv[3] ? call(process.argv[3], end) : end(status));
