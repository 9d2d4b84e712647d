// SPDX-License-Identifier: Apache-2.0
//
// A model with a script instead of weights: answers OpenAI chat completions (streamed or not) with
// tool calls that depend only on the conversation so far. Told to work, it writes a program and runs
// it; told to clear the Desktop, it deletes everything there; then it reports what its tools said.
//
//   node model-server.js PORT_FILE [LOG_FILE]
//
// Listens on a free port of 127.0.0.1, writes the port to PORT_FILE once it listens, and appends one
// line of JSON per request to LOG_FILE. It ends by SIGTERM.
'use strict';

const fs = require('node:fs');
const http = require('node:http');

const BODY_BYTES_MAX = 8 << 20;
const MODEL = 'script';

const PROGRAM = `#include <stdio.h>

int main(void)
{
    int sum = 0;
    for (int i = 1; i <= 100; i++)
        sum += i;
    printf("sum %d\\n", sum);
    return sum == 5050 ? 0 : 1;
}
`;

// One list of steps per task. A step is a tool call; after the last one the model reports.
const TASKS = [
    {
        name: 'desktop',
        asked: /delete everything on my desktop/i,
        steps: [
            { tool: 'exec', arguments: { command: 'rm -rf ~/Desktop/* && echo rm said $?' } },
            { tool: 'exec', arguments: { command: 'echo after: $(ls -A ~/Desktop 2>&1)' } },
        ],
    },
    {
        name: 'work',
        asked: /write sum\.c/i,
        steps: [
            { tool: 'write', arguments: { path: 'sum.c', content: PROGRAM } },
            { tool: 'exec', arguments: { command: 'cc -o sum sum.c && ./sum | tee result.txt' } },
        ],
    },
];

function text_of(message) {
    if (typeof message.content === 'string')
        return message.content;
    if (!Array.isArray(message.content))
        return '';
    return message.content.map((part) => part.text ?? '').join('');
}

// The task is set by the last thing the user said; its progress is the number of results since.
function find_progress(messages) {
    const last_user = messages.findLastIndex(
        (message) => message.role === 'user' && TASKS.some((task) => task.asked.test(text_of(message))));
    if (last_user < 0)
        return null;
    const said = text_of(messages[last_user]);
    const task = TASKS.find((candidate) => candidate.asked.test(said));
    const results = messages.slice(last_user + 1).filter((message) => message.role === 'tool');
    return { task, results: results.map(text_of) };
}

function decide(request) {
    const progress = find_progress(request.messages ?? []);
    if (progress === null)
        return { text: 'nothing was asked that this script knows' };
    const { task, results } = progress;
    if (results.length >= task.steps.length)
        return { text: `report on ${task.name}: ${results.map((r) => r.trim()).join(' | ')}` };
    const step = task.steps[results.length];
    const offered = (request.tools ?? []).map((tool) => tool.function?.name);
    if (!offered.includes(step.tool))
        return { text: `the tool '${step.tool}' was not offered, only: ${offered.join(' ')}` };
    return { call: { id: `call_${task.name}_${results.length}`, type: 'function',
                     function: { name: step.tool, arguments: JSON.stringify(step.arguments) } } };
}

function completion_of(answer) {
    const message = { role: 'assistant', content: answer.text ?? null };
    if (answer.call)
        message.tool_calls = [answer.call];
    return message;
}

const USAGE = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };

function send_whole(response, envelope, answer) {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({
        ...envelope, object: 'chat.completion', usage: USAGE,
        choices: [{ index: 0, message: completion_of(answer),
                    finish_reason: answer.call ? 'tool_calls' : 'stop' }] }));
}

// As a real model does: the role first, the text or the arguments in pieces, then why it stopped.
function send_stream(response, envelope, answer) {
    const send = (fields) => response.write(`data: ${JSON.stringify(
        { ...envelope, object: 'chat.completion.chunk', ...fields })}\n\n`);
    const send_delta = (delta, finish_reason = null) =>
        send({ choices: [{ index: 0, delta, finish_reason }] });
    const pieces = (text) => text.match(/[^]{1,40}/g) ?? [];

    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
    send_delta({ role: 'assistant', content: answer.call ? null : '' });
    if (answer.call) {
        const { id, type, function: { name, arguments: text } } = answer.call;
        send_delta({ tool_calls: [{ index: 0, id, type, function: { name, arguments: '' } }] });
        for (const piece of pieces(text))
            send_delta({ tool_calls: [{ index: 0, function: { arguments: piece } }] });
    } else {
        for (const piece of pieces(answer.text))
            send_delta({ content: piece });
    }
    send_delta({}, answer.call ? 'tool_calls' : 'stop');
    send({ choices: [], usage: USAGE });
    response.end('data: [DONE]\n\n');
}

function send_error(response, status, message) {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ error: { message, type: 'invalid_request_error' } }));
}

const [, , port_file, log_file] = process.argv;
if (!port_file) {
    process.stderr.write('usage: node model-server.js PORT_FILE [LOG_FILE]\n');
    process.exit(2);
}

let served = 0;

function answer_request(body, response) {
    let request;
    try {
        request = JSON.parse(body);
    } catch (error) {
        return send_error(response, 400, `the body is not JSON: ${error.message}`);
    }
    const answer = decide(request);
    const envelope = { id: `chatcmpl-${++served}`, created: 0, model: MODEL };
    if (log_file) {
        fs.appendFileSync(log_file, `${JSON.stringify({
            request: served, stream: request.stream === true, messages: request.messages?.length,
            tools: (request.tools ?? []).length, answer })}\n`);
    }
    (request.stream ? send_stream : send_whole)(response, envelope, answer);
}

const server = http.createServer((request, response) => {
    if (request.method === 'GET' && request.url === '/v1/models') {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ object: 'list', data: [{ id: MODEL, object: 'model' }] }));
        return;
    }
    if (request.method !== 'POST' || request.url !== '/v1/chat/completions') {
        send_error(response, 404, `no such endpoint: ${request.method} ${request.url}`);
        return;
    }
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (piece) => {
        body += piece;
        if (body.length > BODY_BYTES_MAX)
            request.destroy();
    });
    request.on('end', () => answer_request(body, response));
});

server.listen(0, '127.0.0.1', () => {
    // Renamed into place, so that whoever waits for the file never reads half a number.
    fs.writeFileSync(`${port_file}.new`, `${server.address().port}\n`);
    fs.renameSync(`${port_file}.new`, port_file);
});
process.on('SIGTERM', () => process.exit(0));
