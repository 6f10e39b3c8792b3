import { setTimeout as sleep } from 'node:timers/promises';
import type { AnyEvent } from '@borgos/contracts/events';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemActor } from '../caller.ts';
import { type Database, openDatabase } from '../database/open.ts';
import { transaction } from '../database/transaction.ts';
import { cloneDatabase } from '../testing/cloned-database.ts';
import { waitFor } from '../testing/wait-for.ts';
import { appendEvent } from './append.ts';
import { createEventFeed, type EventFeed } from './feed.ts';

const log = pino({ level: 'silent' });
let clone: Awaited<ReturnType<typeof cloneDatabase>>;
let database: Database;
let feed: EventFeed;
beforeAll(async () => {
  clone = await cloneDatabase();
  database = await openDatabase({ source: clone, log });
  feed = await createEventFeed({ database, log });
});
afterAll(async () => {
  await feed.close();
  await database.close();
  await clone.drop();
});

const data = (id: number) => ({ id, name: `project ${id}`, path: `/${id}` });
const append = (id: number) => appendEvent(database.db, 'project_created', data(id), systemActor);
const idsOf = (events: AnyEvent[]) => events.map(({ data }) => 'id' in data && data.id);
const seqs = (events: AnyEvent[]) => events.map(({ seq }) => seq);

describe('the event feed', () => {
  test('tells each event once, in the order of commits, whatever order they were made in', async () => {
    const seen: AnyEvent[] = [];
    const end = feed.subscribe((event) => seen.push(event));
    const first = feed.lastSeq;
    await Promise.all(
      Array.from({ length: 60 }, (_, number) =>
        transaction(database.db, async (db) => {
          await appendEvent(db, 'project_created', data(number + 1), systemActor);
          // What was appended first is not committed first.
          await sleep(Math.random() * 40);
        }),
      ),
    );
    await waitFor('60 events', async () => seen.length >= 60);
    end();
    expect(seqs(seen)).toEqual(Array.from({ length: 60 }, (_, number) => first + 1 + number));
    expect(new Set(idsOf(seen)).size).toBe(60);
  });

  test('says nothing of a change that was rolled back', async () => {
    const seen: AnyEvent[] = [];
    const end = feed.subscribe((event) => seen.push(event));
    const failed = transaction(database.db, async (db) => {
      await appendEvent(db, 'project_created', data(1001), systemActor);
      throw new Error('rolled back');
    });
    await expect(failed).rejects.toThrow('rolled back');
    await append(1002);
    await waitFor('the next event', async () => seen.length > 0);
    end();
    expect(idsOf(seen)).toEqual([1002]);
  });

  test('gives who comes back what was missed, then what comes, without gap or repeat', async () => {
    await append(2001);
    await append(2002);
    await waitFor('them to be read', async () => {
      const row = await database.db
        .selectFrom('events')
        .select(({ fn }) => fn.max('seq').as('newest'))
        .executeTakeFirst();
      return row?.newest === feed.lastSeq;
    });
    const since = feed.lastSeq - 2;
    const seen: AnyEvent[] = [];
    const end = feed.subscribe((event) => seen.push(event), since);
    await append(2003);
    await waitFor('three events', async () => seen.length >= 3);
    end();
    expect(seqs(seen)).toEqual([since + 1, since + 2, since + 3]);
    expect(idsOf(seen)).toEqual([2001, 2002, 2003]);
  });

  test('gives everybody all that follows, whenever they join', async () => {
    const first = feed.lastSeq;
    const count = 150;
    const joined: { since: number; seen: number[]; end: () => void }[] = [];
    let isDone = false;
    const join = async () => {
      while (!isDone) {
        const since = joined.length % 2 ? first : undefined;
        const seen: number[] = [];
        const member = { since: since ?? feed.lastSeq, seen, end: () => {} };
        member.end = feed.subscribe((event) => seen.push(event.seq), since);
        joined.push(member);
        await sleep(Math.random() * 4);
      }
    };
    const joining = join();
    for (let number = 0; number < count; number++) await append(4000 + number);
    isDone = true;
    await joining;
    const last = first + count;
    await waitFor('all to have seen the last', async () =>
      joined.every(({ since, seen }) => since === last || seen.at(-1) === last),
    );
    for (const { since, seen, end } of joined) {
      end();
      expect(seen).toEqual(Array.from({ length: last - since }, (_, index) => since + 1 + index));
    }
    expect(joined.length).toBeGreaterThan(10);
  });

  test('goes on for the others when one listener throws', async () => {
    const seen: AnyEvent[] = [];
    let calls = 0;
    const endBad = feed.subscribe(() => {
      calls++;
      throw new Error('a faulty listener');
    });
    const end = feed.subscribe((event) => seen.push(event));
    await append(3001);
    await append(3002);
    await waitFor('both events', async () => seen.length >= 2);
    end();
    endBad();
    expect(calls).toBe(1);
  });
});
