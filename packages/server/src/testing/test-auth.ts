import { randomBytes } from 'node:crypto';
import type { Caller } from '@borgos/contracts/caller';
import { type Scope, scopes } from '@borgos/contracts/endpoint';
import { events } from '@borgos/contracts/events';
import { pino } from 'pino';
import { type Auth, createAuth } from '../auth/auth.ts';
import { actorOf, localCaller } from '../caller.ts';
import { type Database, openDatabase } from '../database/open.ts';
import { createEventFeed } from '../events/feed.ts';
import { cloneDatabase } from './cloned-database.ts';

export interface TestAuth {
  auth: Auth;
  database: Database;
  /** Milliseconds; only tests move it. */
  clock: { ms: number };
  signingKey: Buffer;
  /** Another server on the same database, which hears what the first one does only if it has a feed. */
  another(options: { hears: boolean }): Promise<Auth>;
  addUser(name: string, scopes?: Scope[]): Promise<{ id: number; name: string; password: string }>;
  login(name: string, address?: string): ReturnType<Auth['sessions']['open']>;
  eventsOf(type: keyof typeof events): Promise<{ data: unknown; actor: unknown }[]>;
  close(): Promise<void>;
}

export const local: Caller = localCaller('127.0.0.1');
export const actor = actorOf(local, 'req_test');
export const from = { address: '127.0.0.1', requestId: 'req_test' };
export const passwordOf = (name: string) => `password of ${name}`;

/** Users, tokens and sessions on a database of their own, with a clock that stands still. */
export async function startTestAuth(): Promise<TestAuth> {
  const log = pino({ level: 'silent' });
  const clone = await cloneDatabase();
  const database = await openDatabase({ source: clone, log });
  const clock = { ms: Date.now() };
  const signingKey = randomBytes(32);
  const closing: (() => Promise<void>)[] = [];
  const make = (feed?: Parameters<typeof createAuth>[0]['feed']) => {
    const auth = createAuth({
      db: database.db,
      log,
      signingKey,
      now: () => clock.ms,
      ...(feed && { feed }),
    });
    closing.push(() => auth.close());
    return auth;
  };
  const auth = make();

  return {
    auth,
    database,
    clock,
    signingKey,
    async another({ hears }) {
      if (!hears) return make();
      const feed = await createEventFeed({ database, log });
      closing.push(() => feed.close());
      return make(feed);
    },
    async addUser(name, given = [...scopes]) {
      const password = passwordOf(name);
      const { id } = await auth.users.create({ name, password, scopes: given }, local, actor);
      return { id, name, password };
    },
    login: (name, address = '127.0.0.1') =>
      auth.sessions.open({ username: name, password: passwordOf(name) }, { ...from, address }),
    async eventsOf(type) {
      const rows = await database.db
        .selectFrom('events')
        .select(['data', 'actor'])
        .where('type', '=', type)
        .orderBy('seq')
        .execute();
      for (const { data } of rows) events[type].parse(data);
      return rows;
    },
    async close() {
      for (const close of closing.reverse()) await close();
      await database.close();
      await clone.drop();
    },
  };
}

/** What goes into the `Authorization` header. */
export const basic = (name: string, password: string) =>
  `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;
export const bearer = (token: string) => `Bearer ${token}`;
