import type { Recipe } from '../deployments/recipe.ts';

const loopbackPort = 18_080;

/** Does what the variable MODE says, so that one build serves all tests. */
const server = `
import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';

const mode = process.env.MODE;
const say = (text) => console.log(text);

function serve(port, host) {
  createServer((request, response) => {
    if (request.url === '/environment') return response.end(JSON.stringify(process.env));
    response.end('built: ' + readFileSync('built.txt', 'utf8'));
  }).listen(port, host, () => say('ready'));
}

function tick(number) {
  say('tick ' + number);
  setTimeout(tick, 50, number + 1);
}

if (mode === 'serve') {
  process.on('SIGTERM', () => { say('got SIGTERM'); process.exit(0); });
  serve(process.env.PORT, process.env.HOST);
} else if (mode === 'print') {
  for (let number = 0; number < 2000; number += 1) say('line ' + number);
  setInterval(() => {}, 1000);
} else if (mode === 'both') {
  say('\\u001b[1mout\\u001b[0m');
  setTimeout(() => { process.stderr.write('error'); setTimeout(() => process.stderr.write(' goes on\\n'), 20); }, 100);
  setTimeout(() => say('é'.repeat(8193) + 'end'), 300);
  setInterval(() => {}, 1000);
} else if (mode === 'last-words') {
  process.on('SIGTERM', () => { say('got SIGTERM'); say('bye'); process.exit(0); });
  setInterval(() => {}, 1000);
  say('ready');
} else if (mode === 'ignore-sigterm') {
  process.on('SIGTERM', () => say('ignoring SIGTERM'));
  setInterval(() => {}, 1000);
  say('ready');
} else if (mode === 'hog') {
  const kept = [];
  setInterval(() => kept.push(Buffer.alloc(16 * 1024 * 1024, 1)), 10);
} else if (mode === 'exit') {
  say('giving up');
  process.exitCode = 3;
} else if (mode === 'loopback') {
  serve(${loopbackPort}, '127.0.0.1');
} else if (mode === 'tick') {
  tick(0);
}
`;

const recipe: Recipe = {
  stack: 'node',
  foundBy: 'package.json',
  dockerfile: null,
  version: null,
  manifests: ['package.json'],
  install: [['node', '--version']],
  build: [['node', 'build.mjs']],
  start: ['node', 'server.mjs'],
  environment: {},
  port: 3000,
  extraFiles: [],
  notes: [],
};

const staticServer = `
import { createReadStream } from 'node:fs';
import { createServer } from 'node:http';
createServer((request, response) => createReadStream('index.html').pipe(response))
  .listen(process.env.PORT, process.env.HOST);
`;

const pythonServer = `
import os
from http.server import BaseHTTPRequestHandler, HTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'hello from python')

print('printed at once')
HTTPServer((os.environ['HOST'], int(os.environ['PORT'])), Handler).serve_forever()
`;

/** The projects that the suite builds. */
export const suiteApp = {
  loopbackPort,
  recipe,
  files: {
    'package.json': '{"name":"suite","type":"module"}',
    'server.mjs': server,
    'build.mjs': `import { writeFileSync } from 'node:fs'; writeFileSync('built.txt', 'yes');`,
    'fail.mjs': `console.error('the build says no'); process.exitCode = 1;`,
    'endless.mjs': `console.log('this never ends'); setInterval(() => {}, 1000);`,
  },
  staticRecipe: {
    ...recipe,
    stack: 'static',
    foundBy: 'index.html',
    manifests: [],
    install: [],
    build: [],
    start: ['node', '.borgos/server.mjs'],
    extraFiles: [{ path: '.borgos/server.mjs', content: staticServer }],
  } satisfies Recipe,
  pythonFiles: { 'app.py': pythonServer },
  pythonRecipe: {
    ...recipe,
    stack: 'python',
    foundBy: 'app.py',
    manifests: [],
    install: [],
    build: [],
    start: ['python3', 'app.py'],
    port: 8000,
  } satisfies Recipe,
};
