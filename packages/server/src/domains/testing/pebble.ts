import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:fs';
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { Agent, request } from 'undici';
import { freePort } from '../../testing/free-port.ts';
import { waitFor } from '../../testing/wait-for.ts';
import { selfSigned } from '../../webhooks/sending/testing/self-signed.ts';

const programs = ['pebble', 'pebble-challtestsrv'] as const;

/**
 * Whether Let's Encrypt's server for trials is on this machine. Without it, what needs it is left
 * out, aloud; where nothing may be left out (CI) it is an error.
 */
export async function pebbleForTests(): Promise<{ available: boolean }> {
  const found = await Promise.all(programs.map(findProgram));
  if (found.every((file) => file !== undefined)) return { available: true };
  const missing = 'pebble is not here; on Debian: apt-get install pebble';
  if (process.env.CI) throw new Error(`Tests of certificates cannot run: ${missing}`);
  console.warn(`Tests of certificates are left out: ${missing}`);
  return { available: false };
}

async function findProgram(name: string): Promise<string | undefined> {
  for (const folder of (process.env.PATH ?? '').split(path.delimiter)) {
    const file = path.join(folder, name);
    if (
      await access(file, constants.X_OK).then(
        () => true,
        () => false,
      )
    )
      return file;
  }
  return undefined;
}

export interface Pebble {
  directoryUrl: string;
  /** By which the ACME server itself is trusted: a file, as PEM. */
  caFile: string;
  /** The root of the certificates that it issues; another one with each start. */
  root(): Promise<string>;
  /** What it has written so far. */
  output(): string;
  /** Where a name leads to from now on; all others lead to this machine. */
  setAddress(domain: string, address: string): Promise<void>;
  /** Kills it; what it knew is gone. */
  kill(): Promise<void>;
  /** After `kill`. */
  start(): Promise<void>;
  close(): Promise<void>;
}

/**
 * A real ACME server that validates at `httpPort` of this machine, whatever the name.
 * @param env its own switches, as PEBBLE_WFE_NONCEREJECT: of 100 good nonces, so many are refused
 */
export async function startPebble(
  httpPort: number,
  env: Record<string, string> = {},
): Promise<Pebble> {
  const folder = await mkdtemp(path.join(tmpdir(), 'borgos-pebble-'));
  const [api, management, dns, names, tls] = await Promise.all(Array.from({ length: 5 }, freePort));
  const { cert, key } = selfSigned(
    ['localhost', '127.0.0.1'],
    new Date(Date.now() - 86_400_000),
    new Date(Date.now() + 86_400_000),
  );
  const file = (name: string) => path.join(folder, name);
  await writeFile(file('cert.pem'), cert);
  await writeFile(file('key.pem'), key);
  const config = {
    listenAddress: `127.0.0.1:${api}`,
    managementListenAddress: `127.0.0.1:${management}`,
    certificate: file('cert.pem'),
    privateKey: file('key.pem'),
    httpPort,
    tlsPort: tls,
    ocspResponderURL: '',
    externalAccountBindingRequired: false,
    domainBlocklist: ['blocked.test'],
    retryAfter: { authz: 1, order: 1 },
  };
  await writeFile(file('config.json'), JSON.stringify({ pebble: config }));
  const agent = new Agent({ connect: { ca: cert } });
  // In its strict mode it answers nobody who does not say what he is.
  const asking = { dispatcher: agent, headers: { 'user-agent': 'tests of BorgOS' } };
  const children: ChildProcess[] = [];
  let pebble: ChildProcess | undefined;
  let output = '';

  async function run(name: (typeof programs)[number], argv: string[]): Promise<ChildProcess> {
    const program = await findProgram(name);
    if (!program) throw new Error(`${name} is not here`);
    const child = spawn(program, argv, {
      env: { PEBBLE_VA_NOSLEEP: '1', PEBBLE_WFE_NONCEREJECT: '0', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (data: Buffer) => {
        output = (output + data).slice(-500_000);
      });
    }
    children.push(child);
    return child;
  }

  async function tell(action: string, body: unknown): Promise<void> {
    const url = `http://127.0.0.1:${names}/${action}`;
    const answer = await fetch(url, { method: 'POST', body: JSON.stringify(body) });
    await answer.arrayBuffer();
    if (!answer.ok) throw new Error(`${action}: ${answer.status}`);
  }

  const directoryUrl = `https://localhost:${api}/dir`;
  async function start(): Promise<void> {
    const argv = ['-config', file('config.json'), '-dnsserver', `127.0.0.1:${dns}`, '-strict'];
    pebble = await run('pebble', argv);
    let last: unknown;
    await waitFor('pebble to answer', async () => {
      const answer = await request(directoryUrl, asking).catch((error) => {
        last = error;
        return undefined;
      });
      if (answer) last = answer.statusCode;
      await answer?.body.dump();
      return answer?.statusCode === 200;
    }).catch((cause) => {
      throw new Error(`pebble does not answer: ${last}\n${output}`, { cause });
    });
  }

  async function close(): Promise<void> {
    await Promise.all(children.map(end));
    await agent.close();
    await rm(folder, { recursive: true, force: true });
  }

  try {
    await run('pebble-challtestsrv', [
      ...['-defaultIPv4', '127.0.0.1', '-defaultIPv6', '', '-management', `127.0.0.1:${names}`],
      ...['-http01', '', '-https01', '', '-tlsalpn01', ''],
      ...(await dnsFlags(`127.0.0.1:${dns}`)),
    ]);
    await waitFor('the names to be told', () =>
      tell('clear-a', { host: 'none.test' }).then(
        () => true,
        () => false,
      ),
    );
    await start();
  } catch (error) {
    await close();
    throw error;
  }

  return {
    directoryUrl,
    caFile: file('cert.pem'),
    async root() {
      const url = `https://localhost:${management}/roots/0`;
      const answer = await request(url, asking);
      return answer.body.text();
    },
    output: () => output,
    async setAddress(domain, address) {
      await tell('clear-a', { host: `${domain}.` });
      await tell('add-a', { host: `${domain}.`, addresses: [address] });
    },
    async kill() {
      if (pebble) await end(pebble);
    },
    start,
    close,
  };
}

/** They are called otherwise in newer versions, which have one service more to be kept from. */
async function dnsFlags(address: string): Promise<string[]> {
  const program = (await findProgram('pebble-challtestsrv')) ?? '';
  const help = await promisify(execFile)(program, ['-help']).then(
    ({ stderr }) => stderr,
    ({ stderr }) => String(stderr),
  );
  const isNew = help.includes('-dnsserver');
  return [isNew ? '-dnsserver' : '-dns01', address, ...(isNew ? ['-doh', ''] : [])];
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}
