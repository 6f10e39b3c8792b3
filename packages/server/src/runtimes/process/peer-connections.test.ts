import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createAppLogs } from '../../app-log/app-logs.ts';
import type { Instance, Runtime } from '../../deployments/runtime.ts';
import { waitFor } from '../../testing/wait-for.ts';
import {
  buildOf,
  createWorkbench,
  exampleSealing,
  nodeRecipe,
  specOf,
  type Workbench,
} from './example-app.ts';
import { createProcessRuntime } from './process-runtime.ts';

/** Sends its pid to a server, and stays, unless it is to be gone at once. */
const caller = `
  const [host, port, mode] = process.argv.slice(-3);
  const net = require('node:net');
  const fs = require('node:fs');
  const parent = Number(process.argv.at(-4));
  function leave() {
    for (const group of ['cpu', 'memory', 'unified', '.']) {
      try { fs.writeFileSync('/sys/fs/cgroup/' + group + '/cgroup.procs', String(process.pid)); } catch {}
    }
  }
  function call() {
    if (mode === 'leave') leave();
    const socket = net.connect(Number(port), host, () => {
      socket.write(String(process.pid), () => { if (mode === 'flash') process.exit(); });
    });
    socket.on('close', () => process.exit());
  }
  if (mode === 'call' || mode === 'flash') call();
  else {
    // Only once it is nobody's child any more.
    const timer = setInterval(() => {
      if (process.ppid === parent) return;
      clearInterval(timer);
      call();
    }, 5);
  }
`;

/** Makes itself and what it starts call, as far away from it as it is asked for. */
const app = `
  const { spawn } = require('node:child_process');
  const caller = ${JSON.stringify(caller)};
  const escape = 'const [caller, ...args] = process.argv.slice(1);' +
    'require("node:child_process").spawn(process.execPath, ["-e", caller, process.pid, ...args],' +
    ' { detached: true, env: {}, cwd: "/", stdio: "ignore" }); process.exit();';
  require('node:http').createServer((request, response) => {
    const { searchParams } = new URL(request.url, 'http://localhost');
    const { host, port, mode } = Object.fromEntries(searchParams);
    const args = [host, port, mode];
    if (mode === 'itself') {
      require('node:net').connect(Number(port), host, function () { this.write(String(process.pid)); });
    } else if (mode === 'call' || mode === 'flash') {
      spawn(process.execPath, ['-e', caller, ...args], { stdio: 'ignore' });
    } else if (mode) {
      const options = { detached: true, env: {}, cwd: '/', stdio: 'ignore' };
      spawn(process.execPath, ['-e', escape, caller, ...args], options);
    }
    response.end('{}');
  }).listen(process.env.PORT, process.env.HOST);
`;

interface Call {
  socket: Socket;
  pid: number;
}

let bench: Workbench;
let runtime: Runtime;
let instance: Instance;
let server: Server;
let calls: Call[];
let port: number;

function open(): Promise<Runtime> {
  const log = pino({ level: 'silent' });
  const name = `peer-${process.pid}`;
  return createProcessRuntime({
    instance: name,
    home: bench.home,
    log,
    logs: createAppLogs(),
    ...exampleSealing,
  });
}

/** Whether the runtime takes a call to be one of its own. */
function isOwn({ socket }: Call, which = runtime): Promise<boolean> {
  const { remoteAddress = '', remotePort = 0, localAddress = '', localPort = 0 } = socket;
  return which.ownsConnection({
    client: { host: remoteAddress, port: remotePort },
    server: { host: localAddress, port: localPort },
  });
}

async function listen(host: string): Promise<void> {
  server.listen(0, host);
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
}

async function called(): Promise<Call> {
  return waitFor('the call', async () => calls[0]);
}

async function callBy(mode: string, host = '127.0.0.1'): Promise<Call> {
  const query = new URLSearchParams({ mode, host, port: String(port) });
  await fetch(`http://127.0.0.1:${instance.port}/?${query}`);
  return called();
}

async function callByTest(host = '127.0.0.1'): Promise<Call> {
  const socket = connect(port, host, () => socket.write(String(process.pid)));
  return called();
}

beforeAll(async () => {
  bench = createWorkbench();
  bench.write({ 'app.js': app });
  runtime = await open();
  const artifact = await runtime.build(buildOf(bench));
  instance = await runtime.start(specOf(bench, artifact), AbortSignal.timeout(10_000));
  await waitFor('the app', () => fetch(`http://127.0.0.1:${instance.port}`).catch(() => undefined));
}, 30_000);
afterAll(async () => {
  for (const { name } of await runtime.list()) await runtime.stop(name, 0);
  await runtime.close();
  bench.remove();
});
beforeEach(() => {
  calls = [];
  server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', (data) => calls.push({ socket, pid: Number(data) }));
  });
});
afterEach(() => {
  for (const { socket, pid } of calls) {
    socket.destroy();
    if (pid !== process.pid && pid !== instance.processId) kill(pid);
  }
  server.close();
});

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself.
  }
}

describe.each([
  ['127.0.0.1', '127.0.0.1'],
  ['::1', '::1'],
  ['::', '127.0.0.1'],
])('a server that listens on %s and is called on %s', (listening, host) => {
  beforeEach(() => listen(listening));

  test('takes a call by an instance for what it is', async () => {
    const call = await callBy('itself', host);
    expect(call.pid).toBe(instance.processId);
    expect(await isOwn(call)).toBe(true);
  });

  test('takes a call by this process for one of the user', async () => {
    expect(await isOwn(await callByTest(host))).toBe(false);
  });
});

describe('a call', { timeout: 20_000 }, () => {
  beforeEach(() => listen('127.0.0.1'));

  test('by a child of an instance is not of the user', async () => {
    const call = await callBy('call');
    expect(call.pid).not.toBe(instance.processId);
    expect(await isOwn(call)).toBe(true);
  });

  test.runIf(process.platform === 'linux')(
    'by one that left its parent, session, environment and folder is not of the user',
    async () => {
      expect(await isOwn(await callBy('away'))).toBe(true);
    },
  );

  test.runIf(existsSync('/usr/bin/prlimit'))(
    'by one that left its control group, too, is not of the user',
    async () => {
      const call = await callBy('leave');
      expect(readFileSync(`/proc/${call.pid}/cgroup`, 'utf8')).not.toContain('borgos');
      expect(await isOwn(call)).toBe(true);
    },
  );

  test('by one that was gone as soon as it had written is not of the user', async () => {
    const call = await callBy('flash');
    await waitFor('its end', async () => call.socket.readableEnded);
    expect(await isOwn(call)).toBe(true);
  });

  test('by a build is not of the user', async () => {
    const abort = new AbortController();
    const build = ['node', '-e', caller, '127.0.0.1', String(port), 'call'];
    const recipe = nodeRecipe({ build: [build] });
    const request = buildOf(bench, { name: 'borgos-calling', recipe, signal: abort.signal });
    const building = runtime.build(request).catch(() => 'aborted');
    expect(await isOwn(await called())).toBe(true);
    abort.abort();
    expect(await building).toBe('aborted');
  });

  test('by an instance that a former BorgOS started is not of the user', async () => {
    await runtime.close();
    runtime = await open();
    expect(await isOwn(await callBy('itself'))).toBe(true);
  });

  test('by an instance of another BorgOS is not of the user', async () => {
    const other = createWorkbench();
    const another = await createProcessRuntime({
      instance: `other-${process.pid}`,
      home: other.home,
      log: pino({ level: 'silent' }),
      ...exampleSealing,
      logs: createAppLogs(),
    });
    try {
      const call = await callBy('itself');
      expect(await isOwn(call, another)).toBe(true);
    } finally {
      await another.close();
      other.remove();
    }
  });
});
