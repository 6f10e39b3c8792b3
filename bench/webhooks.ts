// What sending a webhook costs, with its signature and with the guard against addresses that it must
// not reach, against bare undici.request that posts the same bytes: requests per second of the
// sender's own CPU time. The receiver is another process.
//
//   node bench/webhooks.ts [rounds]
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { createAddressRules } from '../packages/server/src/outbound/address-rules.ts';
import { createSender } from '../packages/server/src/webhooks/sending/send.ts';
import { newSecret } from '../packages/server/src/webhooks/sending/signature.ts';
import { signedHeaders } from '../packages/server/src/webhooks/sending/signed-headers.ts';
import { median } from './quantile.ts';

const purpose = { who: 'webhooks', setting: 'BORGOS_WEBHOOK_ALLOW' };

const target = 0.7;
/** In one turn, and turns of each in one round. */
const requests = 250;
const turns = 16;
const callers = 4;
/** The very one that the server depends on; the workspace has none. */
const client = 'undici';
/** As long as the event of a deployment. */
const body = JSON.stringify({
  type: 'deployment.running',
  timestamp: '2026-03-01T12:00:00.000Z',
  data: { id: 7, project_id: 3, message: 'x'.repeat(700) },
});

if (process.argv[2] === 'receiver') await receive();
else await compare(Math.max(5, Number(process.argv[2] ?? 11)));

async function receive(): Promise<void> {
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => response.writeHead(200, { 'content-type': 'text/plain' }).end('ok'));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  process.send?.(server.address());
  process.once('disconnect', () => process.exit());
}

async function compare(rounds: number): Promise<void> {
  const child = fork(import.meta.filename, ['receiver']);
  try {
    const [{ port }] = await once(child, 'message');
    const { ways, close } = await sendersTo(port);
    try {
      await compareRounds(ways, rounds);
    } finally {
      await close();
    }
  } finally {
    child.disconnect();
  }
}

type Send = () => Promise<void>;

/** As much of it as is used here: its types are the server's own, too. */
interface Undici {
  Agent: new () => { destroy(): Promise<void> };
  request(
    url: string,
    options: { method: string; headers: Record<string, string>; body: string; dispatcher: object },
  ): Promise<{ statusCode: number; body: { text(): Promise<string> } }>;
}

async function sendersTo(port: number) {
  const require = createRequire(new URL('../packages/server/package.json', import.meta.url));
  const undici: Undici = require(client);
  const url = `http://127.0.0.1:${port}/hooks?team=7`;
  const keys = [newSecret()];
  const signal = new AbortController().signal;
  const signed = { id: 'msg_1', timestamp: Math.floor(Date.now() / 1_000), body, keys };
  const headers = signedHeaders(signed);
  const agent = new undici.Agent();
  const bare: Send = async () => {
    const answer = await undici.request(url, { method: 'POST', headers, body, dispatcher: agent });
    await answer.body.text();
    if (answer.statusCode !== 200) throw new Error(`status ${answer.statusCode}`);
  };
  const rules = createAddressRules({
    allow: [],
    allowLoopback: true,
    ownPorts: () => [8081],
    purpose,
  });
  const sender = createSender({ rules });
  const ours: Send = async () => {
    const message = { url, body, headers: signedHeaders(signed) };
    const { error } = await sender.send(message, signal);
    if (error !== null) throw new Error(error);
  };
  return {
    ways: { bare, ours },
    close: () => Promise.all([agent.destroy(), sender.close()]),
  };
}

async function compareRounds(
  { bare, ours }: { bare: Send; ours: Send },
  rounds: number,
): Promise<void> {
  console.log('to warm up');
  await ratios(ours, bare, 2);
  const same = await ratios(bare, bare, rounds);
  const control = median(same);
  show('undici.request against itself', same);
  if (Math.abs(control - 1) > 0.1) {
    console.log('the machine is too busy to compare anything: the control must be within 10 %');
    process.exitCode = 1;
    return;
  }
  const found = await ratios(ours, bare, rounds);
  show('webhooks against undici.request', found);
  const met = median(found) >= target;
  console.log(`target ${target}: ${met ? 'met' : 'MISSED'}`);
  if (!met) process.exitCode = 1;
}

/** By turns, short ones, and by chance who is first, so that both meet the same moods of the machine. */
async function ratios(one: Send, other: Send, rounds: number): Promise<number[]> {
  const found: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    let [ofOne, ofOther] = [0, 0];
    for (let turn = 0; turn < turns; turn += 1) {
      const isFirst = Math.random() < 0.5;
      if (isFirst) ofOne += await cpu(one);
      ofOther += await cpu(other);
      if (!isFirst) ofOne += await cpu(one);
    }
    const perSecond = (spent: number) => Math.round((turns * requests * 1e6) / spent);
    found.push(ofOther / ofOne);
    console.log(
      `  ${perSecond(ofOne)} to ${perSecond(ofOther)} requests a CPU-second: ` +
        (ofOther / ofOne).toFixed(3),
    );
  }
  return found;
}

function show(name: string, found: number[]): void {
  const [least, most] = [Math.min(...found), Math.max(...found)].map((ratio) => ratio.toFixed(3));
  console.log(`${name}: median ${median(found).toFixed(3)}, ${least} to ${most}`);
}

/** Microseconds of this process's CPU time that a turn takes. */
async function cpu(send: Send): Promise<number> {
  const before = process.cpuUsage();
  let left = requests;
  const caller = async () => {
    while (left > 0) {
      left -= 1;
      await send();
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  const { user, system } = process.cpuUsage(before);
  return user + system;
}
