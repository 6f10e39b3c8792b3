import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Connection } from '../deployments/runtime.ts';
import { waitFor } from '../testing/wait-for.ts';
import { createSocketOwners } from './peer-socket-owner.ts';

/** Connects, does what `code` says with its socket `s`, and stays. */
const python = (code: string) => `
import array, os, socket, sys, time
s = socket.create_connection((sys.argv[1], int(sys.argv[2])))
${code}
print('done', flush=True)
time.sleep(60)
`;

describe.runIf(process.platform === 'linux')('the owner of a socket', () => {
  let server: Server;
  let accepted: Socket[];
  let children: ChildProcess[];
  const findOwner = createSocketOwners();
  beforeEach(() => {
    accepted = [];
    children = [];
    server = createServer((socket) => accepted.push(socket.on('error', () => {})));
  });
  afterEach(() => {
    for (const child of children) child.kill('SIGKILL');
    for (const socket of accepted) socket.destroy();
    server.close();
  });

  async function listen(host: string): Promise<number> {
    server.listen(0, host);
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  async function connectBy(code: string, host: string, port: number): Promise<number> {
    const child = spawn('python3', ['-c', python(code), host, String(port)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(child);
    await once(child.stdout ?? child, 'data');
    return child.pid ?? 0;
  }

  function endsOf(socket: Socket | undefined): Connection {
    const { remoteAddress = '', remotePort = 0, localAddress = '', localPort = 0 } = socket ?? {};
    return {
      client: { host: remoteAddress, port: remotePort },
      server: { host: localAddress, port: localPort },
    };
  }

  async function ends(count = 1): Promise<Connection[]> {
    await waitFor('the connections', async () => accepted.length === count);
    return accepted.map(endsOf);
  }

  async function ownerOf(index = 0) {
    const connections = await ends(index + 1);
    return findOwner(connections[index] ?? endsOf(undefined));
  }

  test.each([
    ['127.0.0.1', '127.0.0.1'],
    ['::1', '::1'],
    ['::', '127.0.0.1'],
    ['127.0.0.1', '::ffff:127.0.0.1'],
  ])('that connected to %s as %s is the process that did', async (listening, host) => {
    const port = await listen(listening);
    const pid = await connectBy('', host, port);
    expect(await ownerOf()).toEqual({ pid });
  });

  test('may be this process itself', async () => {
    const socket = connect(await listen('127.0.0.1'), '127.0.0.1');
    expect(await ownerOf()).toEqual({ pid: process.pid });
    socket.destroy();
  });

  test.each([
    ['was closed', 's.close()'],
    [
      'is on its way between processes',
      `a, b = socket.socketpair()
a.sendmsg([b'x'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [s.fileno()]))])
s.close()`,
    ],
  ])('is unknown when it %s', async (_what, code) => {
    await connectBy(code, '127.0.0.1', await listen('127.0.0.1'));
    expect(await ownerOf()).toBe('unknown');
  });

  test('is unknown when there is no such connection', async () => {
    const [client, server] = [1, 2].map((port) => ({ host: '127.0.0.1', port }));
    if (client && server) expect(await findOwner({ client, server })).toBe('unknown');
  });

  test('is the one that has it now, if it was handed on', async () => {
    const code = `
if os.fork():
    s.close()
    time.sleep(60)`;
    const parent = await connectBy(code, '127.0.0.1', await listen('127.0.0.1'));
    const owner = await ownerOf();
    expect(owner).toEqual({ pid: expect.any(Number) });
    expect(owner).not.toEqual({ pid: parent });
    if (typeof owner === 'object') process.kill(owner.pid, 'SIGKILL');
  });

  test('is found for many who are asked for at once, each its own', async () => {
    const port = await listen('127.0.0.1');
    const pids: number[] = [];
    for (let index = 0; index < 5; index += 1) {
      pids.push(await connectBy('', '127.0.0.1', port));
      await ends(index + 1);
    }
    const asked = Array.from({ length: 10 }, () => accepted.map(endsOf)).flat();
    const owners = await Promise.all(asked.map(findOwner));
    const expected = pids.map((pid) => ({ pid }));
    expect(owners).toEqual(Array.from({ length: 10 }, () => expected).flat());
  });

  test('is unknown at once for those beyond twelve thousand who wait', async () => {
    await connectBy('', '127.0.0.1', await listen('127.0.0.1'));
    const [connection = endsOf(undefined)] = await ends();
    const owners = await Promise.all(Array.from({ length: 12_010 }, () => findOwner(connection)));
    expect(owners.filter((owner) => owner === 'unknown')).toHaveLength(9);
  });

  test('is unknown when it is not found in time', async () => {
    await connectBy('', '127.0.0.1', await listen('127.0.0.1'));
    const [connection = endsOf(undefined)] = await ends();
    expect(await createSocketOwners({ deadlineMs: 0 })(connection)).toBe('unknown');
  });
});
