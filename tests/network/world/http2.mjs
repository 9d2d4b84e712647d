// SPDX-License-Identifier: Apache-2.0
// HTTP/2 as the tests need it, with TLS and without: http2.mjs DIRECTORY CERTIFICATE KEY PORT PLAIN-PORT. Each request is
// recorded. /echo sends the body back with trailers, as gRPC does.
import { appendFileSync, readFileSync } from 'node:fs';
import http2 from 'node:http2';

const [directory, certificate, key, port, plainPort] = process.argv.slice(2);
const greeting = 'greetings from the world\n';

function serve(stream, headers) {
    const path = headers[':path'].split('?')[0];
    appendFileSync(`${directory}/seen`, `h2 ${headers[':method']} ${headers[':path']} ${headers[':authority'] ?? headers.host}\n`);
    stream.on('error', () => {});
    if (path === '/hello' || path === '/denied') {
        stream.respond({ ':status': 200, 'content-type': 'text/plain' });
        stream.end(greeting);
    } else if (path === '/echo') {
        stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
        stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0', 'grpc-message': 'well received' }));
        stream.pipe(stream);
    } else {
        stream.respond({ ':status': 404 }, { endStream: true });
    }
}

const secure = http2.createSecureServer({ cert: readFileSync(certificate), key: readFileSync(key) });
const plain = http2.createServer();
for (const [server, at] of [[secure, port], [plain, plainPort]]) {
    server.on('stream', serve);
    server.on('sessionError', () => {});
    server.listen(Number(at), '127.0.0.1', () => console.log('ready'));
}
