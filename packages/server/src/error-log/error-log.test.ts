import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../testing/test-app.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

async function newProject(name: string): Promise<number> {
  const { id } = await app.client.projects.create({ name, path: `/nowhere/${name}` });
  return id;
}

describe('POST /errors', () => {
  test('takes what the reference shows, and GET shows it as the reference does', async () => {
    const project_id = await newProject('reference');
    const { status, body } = await app.request('POST', '/api/v1/errors', {
      project_id,
      error_type: 'validation',
      severity: 'warning',
      message: 'Invalid input format',
      stack_trace: null,
      context: { endpoint: '/api/users', input: { email: 'invalid' } },
    });
    expect(status).toBe(200);
    expect(body).toMatchObject({ message: 'Error logged successfully' });
    const { body: list } = await app.request('GET', `/api/v1/errors?project_id=${project_id}`);
    expect(list).toMatchObject([
      {
        id: body.ids[0],
        project_id,
        project_name: 'reference',
        deployment_id: null,
        error_type: 'validation',
        severity: 'warning',
        message: 'Invalid input format',
        stack_trace: null,
        context: { endpoint: '/api/users', input: { email: 'invalid' } },
        resolved_at: null,
      },
    ]);
  });

  test('needs a message alone', async () => {
    const { ids } = await app.client.errors.create({ message: 'Something' });
    expect(await app.client.errors.get({ id: ids[0] ?? 0 })).toMatchObject({
      project_id: null,
      project_name: null,
      error_type: 'error',
      severity: 'error',
      context: {},
    });
  });

  test('logs an array in its order', async () => {
    const project_id = await newProject('array');
    const items = Array.from({ length: 1000 }, (_, index) => ({
      project_id,
      message: `Row ${index} is wrong`,
    }));
    const { ids, message } = await app.client.errors.create({ items });
    expect(message).toBe('1000 errors logged successfully');
    expect(new Set(ids).size).toBe(1000);
    const third = await app.client.errors.get({ id: ids[2] ?? 0 });
    expect(third.message).toBe('Row 2 is wrong');
    const groups = await app.client.errorGroups.list({ project_id });
    expect(groups.data).toMatchObject([{ count: 1000, status: 'open', severity: 'error' }]);
    expect(groups.data[0]?.sparkline.at(-1)).toBe(1000);
  });

  test('logs nothing of an array in which something is wrong, and says where', async () => {
    const project_id = await newProject('half');
    const { status, body } = await app.request('POST', '/api/v1/errors', [
      { project_id, message: 'right' },
      { project_id, message: 'wrong', severity: 'fatal' },
    ]);
    expect(status).toBe(400);
    expect(body.details).toEqual([
      {
        path: 'body.1.severity',
        message: 'must be one of debug, info, warning, error, critical',
      },
    ]);
    const missing = await app.request('POST', '/api/v1/errors', [
      { project_id, message: 'right' },
      { project_id: 99_999, message: 'nowhere' },
    ]);
    expect(missing.status).toBe(404);
    expect(missing.body.message).toBe('Project with id 99999 not found');
    expect((await app.client.errors.list({ project_id })).data).toEqual([]);
  });

  test.each([
    ['an empty array', []],
    ['too many', Array.from({ length: 1001 }, () => ({ message: 'x' }))],
    ['an array of something else', [1]],
    ['no message', {}],
    ['an unknown field', { message: 'x', level: 'error' }],
  ])('refuses %s', async (_, body) => {
    const answer = await app.request('POST', '/api/v1/errors', body);
    expect(answer.status).toBe(400);
    expect(answer.body.code).toBe('VALIDATION_FAILED');
  });

  test('tells only the caller whose project is unknown, of many at once', async () => {
    const project_id = await newProject('among others');
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        app.request('POST', '/api/v1/errors', {
          project_id: index % 4 === 0 ? 88_888 : project_id,
          message: `number ${index}`,
        }),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(
      answers.map((_, index) => (index % 4 === 0 ? 404 : 200)),
    );
    const { pagination } = await app.client.errors.list({ project_id });
    expect(pagination.total).toBe(30);
  });

  test('keeps no secret', async () => {
    const { ids } = await app.client.errors.create({
      message: 'Cannot connect to postgres://app:hunter2hunter2@db/x',
      stack_trace: 'Error: no\n  at connect (password=swordfish99)',
      context: { headers: { authorization: 'Bearer abcdefghijklmnop' }, user: 'ann' },
    });
    const kept = JSON.stringify(await app.client.errors.get({ id: ids[0] ?? 0 }));
    expect(kept).not.toMatch(/hunter2|swordfish99|abcdefghijklmnop/);
    expect(kept).toContain('ann');
  });

  test('cuts what is too long, and what cannot be stored', async () => {
    const { ids } = await app.client.errors.create({
      message: `a${'b'.repeat(20_000)}`,
      stack_trace: 'x\0y\ud800'.padEnd(200_000, 'z'),
      context: { small: 1, large: 'c'.repeat(100_000), nul: 'a\0b' },
    });
    const kept = await app.client.errors.get({ id: ids[0] ?? 0 });
    expect(kept.message.length).toBeLessThanOrEqual(8_192);
    expect(kept.stack_trace?.length).toBeLessThanOrEqual(64 * 1024);
    expect(kept.context).toMatchObject({ small: 1, left_out: ['large'] });
  });
});

describe('a value that cannot be stored', () => {
  test('is told to its caller alone, of many at once', async () => {
    const project_id = await newProject('unstorable');
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        app.request('POST', '/api/v1/errors', {
          project_id,
          message: `number ${index}`,
          ...(index === 7 && { occurred_at: '0000-01-01T00:00:00.000Z' }),
        }),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(
      answers.map((_, index) => (index === 7 ? 400 : 200)),
    );
    expect((await app.client.errors.list({ project_id })).pagination.total).toBe(19);
  });
});

describe('GET /errors', () => {
  test('filters by all that it is asked for, and counts what matches', async () => {
    const project_id = await newProject('filters');
    const at = (minute: number) => `2026-01-15T10:${String(minute).padStart(2, '0')}:00.000Z`;
    const items = Array.from({ length: 60 }, (_, minute) => ({
      project_id,
      error_type: minute % 2 ? 'timeout' : 'validation',
      severity: minute % 3 ? ('error' as const) : ('critical' as const),
      message:
        minute % 5 ? `Field email of form ${minute} is empty` : 'Gateway db.internal/x.py is slow',
      occurred_at: at(minute),
    }));
    await app.client.errors.create({ items });
    const totalOf = async (filter: object) =>
      (await app.client.errors.list({ project_id, ...filter })).pagination.total;
    expect(await totalOf({})).toBe(60);
    expect(await totalOf({ severity: ['critical'] })).toBe(20);
    expect(await totalOf({ severity: ['critical', 'error'] })).toBe(60);
    expect(await totalOf({ error_type: 'timeout', severity: ['critical'] })).toBe(10);
    expect(await totalOf({ text: 'internal gate' })).toBe(12);
    expect(await totalOf({ text: 'EMAIL, form' })).toBe(48);
    expect(await totalOf({ text: 'gate internal' })).toBe(0);
    expect(await totalOf({ text: 'mail' })).toBe(0);
    expect(await totalOf({ text: "'; drop table errors; --" })).toBe(0);
    expect(await totalOf({ text: '!?' })).toBe(0);
    expect(await totalOf({ since: at(10), until: at(20) })).toBe(10);
    expect(await totalOf({ resolved: false })).toBe(60);
    expect(await totalOf({ resolved: true })).toBe(0);
    const newest = await app.client.errors.list({ project_id, limit: 2, offset: 1 });
    expect(newest.data.map(({ occurred_at }) => occurred_at)).toEqual([at(58), at(57)]);
  });
});

describe('an error group', () => {
  const throwing = (line: number) =>
    `Traceback (most recent call last):\n  File "/srv/app/main.py", line ${line}, in <module>\n    run()\n  File "/srv/app/db.py", line ${line + 1}, in connect\n    raise ValueError(x)\nValueError: port ${line}`;

  test('says why its errors are one', async () => {
    const project_id = await newProject('why');
    for (const line of [4, 40]) {
      await app.client.errors.create({
        project_id,
        error_type: 'ValueError',
        message: `port ${line}`,
        stack_trace: throwing(line),
      });
    }
    const { data } = await app.client.errorGroups.list({ project_id });
    expect(data).toMatchObject([{ count: 2, message: 'port 40', grouped_by: { by: 'stack' } }]);
    expect(data[0]?.culprit).toContain('connect');
  });

  test('that is resolved is open again when it comes back, and tells so once', async () => {
    const project_id = await newProject('regression');
    const log = () => app.client.errors.create({ project_id, message: 'Disk is full' });
    await log();
    const [group] = (await app.client.errorGroups.list({ project_id })).data;
    const id = group?.id ?? 0;
    expect(await app.client.errorGroups.resolve({ id })).toMatchObject({ status: 'resolved' });
    await app.client.errorGroups.resolve({ id });
    expect((await app.client.errors.list({ project_id, resolved: true })).pagination.total).toBe(1);
    await Promise.all([log(), log(), log()]);
    const again = await app.client.errorGroups.get({ id });
    expect(again).toMatchObject({ status: 'open', count: 4, resolved_at: null });
    expect(again.regressed_at).not.toBeNull();
    expect((await app.client.errors.list({ project_id, resolved: true })).pagination.total).toBe(1);
    expect((await app.client.errors.list({ project_id, resolved: false })).pagination.total).toBe(
      3,
    );
    const events = await app.app.database.db
      .selectFrom('events')
      .select(['type', 'data'])
      .where('type', 'in', ['error_logged', 'error_resolved'])
      .orderBy('seq')
      .execute();
    const ofGroup = events.filter(({ data }) => (data as { group_id: number }).group_id === id);
    expect(ofGroup.map(({ type }) => type)).toEqual([
      'error_logged',
      'error_resolved',
      'error_logged',
      'error_logged',
      'error_logged',
    ]);
    const back = ofGroup.filter(({ data }) => (data as { is_regression?: boolean }).is_regression);
    expect(back).toHaveLength(1);
  });

  test('is ignored until it is not', async () => {
    const project_id = await newProject('ignored');
    await app.client.errors.create({ project_id, message: 'Noise' });
    const [group] = (await app.client.errorGroups.list({ project_id })).data;
    const id = group?.id ?? 0;
    const past = await app.request('POST', `/api/v1/errors/groups/${id}/ignore`, {
      until: '2020-01-01T00:00:00.000Z',
    });
    expect(past.status).toBe(400);
    const until = new Date(Date.now() + 60_000).toISOString();
    expect(await app.client.errorGroups.ignore({ id, until })).toMatchObject({
      status: 'ignored',
      ignored_until: until,
    });
    expect(await app.client.errorGroups.ignore({ id })).toMatchObject({ ignored_until: null });
    await app.client.errors.create({ project_id, message: 'Noise' });
    expect(await app.client.errorGroups.get({ id })).toMatchObject({ status: 'ignored', count: 2 });
    expect(await app.client.errorGroups.reopen({ id })).toMatchObject({ status: 'open' });
  });

  test('goes with its project', async () => {
    const project_id = await newProject('gone');
    const { ids } = await app.client.errors.create({ project_id, message: 'Last words' });
    await app.client.projects.delete({ id: project_id });
    const answer = await app.request('GET', `/api/v1/errors/${ids[0]}`);
    expect(answer.status).toBe(404);
  });
});

describe('the status', () => {
  test('counts the errors of the last 24 hours', async () => {
    const before = (await app.client.status.get({})).recent_errors;
    await app.client.errors.create({ message: 'One more' });
    await app.client.errors.create({
      message: 'Long ago',
      occurred_at: new Date(Date.now() - 26 * 3_600_000).toISOString(),
    });
    expect((await app.client.status.get({})).recent_errors).toBe(before + 1);
  });
});
