import { readdirSync, readlinkSync } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import type { Connection } from '../deployments/runtime.ts';
import { codeOf } from './error-code.ts';
import { endsOf, parseClients } from './proc-net-tcp.ts';

/**
 * Who has the client's end of a connection: a process; `stranger`, another user of the machine,
 * whose processes may not be looked into; or `unknown`: nobody that can be found.
 */
export type SocketOwner = { pid: number } | 'stranger' | 'unknown';

interface Question {
  connection: Connection;
  answer: (owner: SocketOwner) => void;
}

interface Asked {
  uid: number;
  questions: Question[];
}

/** As many as may come back at once when the server was restarted; they share a search. */
const mostWaiting = 12_000;
const mostRecent = 8;
/**
 * On a machine that agents keep busy a search takes seconds, and the user, whom nobody found, would be
 * refused: to wait is better.
 */
const usualDeadlineMs = 10_000;
/** How long the event loop is held up at a time. */
const sliceMs = 2;

/**
 * Finds out on Linux which process made a connection over loopback. What is asked while a search
 * runs waits for the next one and shares it, so that a flood of connections costs no more than one
 * search at a time. Answers within `deadlineMs`, `unknown` if need be.
 */
export function createSocketOwners({
  deadlineMs = usualDeadlineMs,
} = {}): (connection: Connection) => Promise<SocketOwner> {
  let waiting: Question[] = [];
  let searching = false;
  /** Who was found last, the last one first: programs that stay call again and again. */
  let recent: number[] = [];

  /** The youngest come first, as most who call have only just started; this one knows itself. */
  async function orderedPids(): Promise<number[]> {
    const all = (await readdir('/proc')).map(Number).filter((pid) => pid > 0);
    const others = all.filter((pid) => pid !== process.pid).sort((a, b) => b - a);
    return [...new Set([...recent, ...others, process.pid])];
  }

  async function search(questions: Question[]): Promise<void> {
    const asked = await findSockets(questions);
    if (asked.size === 0) return;
    const everything = await findHolders(asked, await orderedPids());
    for (const { uid, questions } of asked.values()) {
      // A socket on its way between processes, or held by one that hides it, is in nobody's list.
      const isStranger = uid !== process.geteuid?.() && !everything;
      for (const { answer } of questions) answer(isStranger ? 'stranger' : 'unknown');
    }
  }

  async function searchAll(): Promise<void> {
    if (searching) return;
    searching = true;
    try {
      while (waiting.length > 0) {
        const questions = waiting;
        waiting = [];
        await search(questions).catch(() => {});
        // An answer that was given before stays.
        for (const { answer } of questions) answer('unknown');
      }
    } finally {
      searching = false;
    }
  }

  return (connection) =>
    new Promise((resolve) => {
      if (waiting.length >= mostWaiting) return resolve('unknown');
      const timer = setTimeout(resolve, deadlineMs, 'unknown');
      const answer = (owner: SocketOwner) => {
        clearTimeout(timer);
        resolve(owner);
        if (typeof owner !== 'string' && owner.pid !== recent[0]) {
          recent = [owner.pid, ...recent.filter((pid) => pid !== owner.pid)].slice(0, mostRecent);
        }
      };
      waiting.push({ connection, answer });
      void searchAll();
    });
}

/** The sockets that were asked for, by inode. One that was closed since is not among them. */
async function findSockets(questions: Question[]): Promise<Map<string, Asked>> {
  const left = Map.groupBy(questions, ({ connection }) => endsOf(connection));
  const ports = new Set(questions.map(({ connection }) => connection.server.port));
  const sockets = new Map<string, Asked>();
  const isIpv4 = ({ connection: { client } }: Question) => client.host.includes('.');
  // A socket for IPv6 may also speak IPv4, but not the other way round.
  for (const table of questions.some(isIpv4) ? ['tcp', 'tcp6'] : ['tcp6']) {
    for await (const lines of readTable(`/proc/net/${table}`)) {
      for (const { ends, inode, uid } of [...ports].flatMap((port) => parseClients(lines, port))) {
        const questions = left.get(ends);
        left.delete(ends);
        if (questions !== undefined && inode !== '0') sockets.set(inode, { uid, questions });
      }
      if (left.size === 0) return sockets;
    }
  }
  return sockets;
}

/**
 * The kernel goes through all places that connections could have for each read, which takes
 * milliseconds even when there are few: so not in this thread, and not once more to see the end. It
 * fills a page with whole lines, so that a read that leaves room for another was the last one.
 */
async function* readTable(path: string): AsyncGenerator<string> {
  const file = await open(path).catch(() => null);
  if (file === null) return;
  try {
    const buffer = Buffer.alloc(64 * 1024);
    for (let length = buffer.length; length >= 3_072; ) {
      length = (await file.read(buffer)).bytesRead;
      yield buffer.toString('latin1', 0, length);
    }
  } finally {
    await file.close();
  }
}

/**
 * Answers for each socket that a process has, and takes it out of the map. Returns whether all
 * processes could be looked into. It doesn't wait for each of thousands of small calls, which would
 * take several times as long, but lets others have a turn in between.
 */
async function findHolders(asked: Map<string, Asked>, pids: number[]): Promise<boolean> {
  let everything = true;
  let sliceEnd = performance.now() + sliceMs;
  for (const pid of pids) {
    const names = descriptorsOf(pid);
    if (names === null) everything = false;
    // One more look at the clock than there are names: there are many processes without any.
    for (const name of ['', ...(names ?? [])]) {
      if (performance.now() > sliceEnd) {
        await setImmediate();
        sliceEnd = performance.now() + sliceMs;
      }
      const inode = name === '' ? null : socketInode(`/proc/${pid}/fd/${name}`);
      const found = inode === null ? undefined : asked.get(inode);
      if (inode === null || found === undefined) continue;
      for (const { answer } of found.questions) answer({ pid });
      asked.delete(inode);
      if (asked.size === 0) return everything;
    }
  }
  return everything;
}

/** `null`: they may not be seen. */
function descriptorsOf(pid: number): string[] | null {
  try {
    return readdirSync(`/proc/${pid}/fd`);
  } catch (error) {
    return ['EACCES', 'EPERM'].includes(codeOf(error) ?? '') ? null : [];
  }
}

/** `null` for what is no socket, or was closed in the meantime. */
function socketInode(path: string): string | null {
  try {
    const link = readlinkSync(path);
    return link.startsWith('socket:[') ? link.slice(8, -1) : null;
  } catch {
    return null;
  }
}
