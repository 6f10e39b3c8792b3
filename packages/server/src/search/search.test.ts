import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { makeProjectFolder } from '../testing/project-folder.ts';
import { startTestApp, type TestApp } from '../testing/test-app.ts';
import { waitFor } from '../testing/wait-for.ts';

const cleanUp = new AsyncDisposableStack();
let testApp: TestApp;
/** One that many tests only ask. */
let shop: Promise<{ id: number }>;

beforeAll(async () => {
  testApp = await startTestApp();
  const folder = await makeProjectFolder(files);
  cleanUp.defer(() => folder[Symbol.asyncDispose]());
  shop = testApp.client.projects.create({ name: 'Corner shop', path: folder.path });
  await indexed((await shop).id);
});
afterAll(async () => {
  await cleanUp.disposeAsync();
  await testApp.close();
});

const files = {
  'auth.py': `import hashlib


# Checks a person's name and secret.
def authenticate_user(username, password):
    found = find_user(username)
    return found and found.digest == hashlib.sha256(password).hexdigest()


class Session:
    def renew(self, minutes):
        self.until += minutes
`,
  'src/cart.ts': `import { price } from './price.ts';

/** What a customer has chosen. */
export class ShoppingCart {
  addItem(article: Article, count: number): void {
    this.items.push({ article, count });
  }

  totalPrice(): number {
    return this.items.reduce((sum, item) => sum + price(item), 0);
  }
}
`,
  'tests/test_auth.py': `def test_authenticate_user():
    assert authenticate_user('a', 'b')
`,
};

async function register(content: Record<string, string> = files, name = 'Shop') {
  const folder = await makeProjectFolder(content);
  onTestFinished(() => folder[Symbol.asyncDispose]());
  const { id } = await testApp.client.projects.create({ name, path: folder.path });
  await indexed(id);
  return { id, folder };
}

function indexed(id: number) {
  return waitFor(`the index of project ${id}`, async () => {
    const { index } = await testApp.client.projects.get({ id });
    return index.status === 'ready' && index;
  });
}

async function search(query: string, fields: object = {}) {
  const { status, body } = await testApp.request('POST', '/api/v1/search/code', {
    query,
    ...fields,
  });
  expect(status).toBe(200);
  return body;
}

describe('a search in words', () => {
  test('answers as the reference says, from the query string and from a body alike', async () => {
    const { id, folder } = await register();
    const url = `/api/v1/search/code?query=authentication&project_id=${id}`;
    const { status, body } = await testApp.request('POST', url);
    expect(status).toBe(200);
    expect(body[0]).toEqual({
      file: `${folder.path}/auth.py`,
      path: 'auth.py',
      project_id: id,
      project_name: 'Shop',
      line: 5,
      content: 'def authenticate_user(username, password):',
      relevance_score: expect.any(Number),
    });
    expect(await search('authentication', { project_id: id })).toEqual(body);
  });

  test.each([
    ['auth', 'authenticate_user'],
    ['authentication', 'authenticate_user'],
    ['authenticateUser', 'authenticate_user'],
    ['check a password of a user', 'authenticate_user'],
    ['name and secret', 'authenticate_user'],
    ['shopping cart', 'ShoppingCart'],
    ['compute the total price', 'totalPrice'],
    ['adding items', 'addItem'],
    ['renew for minutes', 'renew'],
  ])('%s finds %s first', async (query, name) => {
    const { id } = await shop;
    const [first, second] = await search(query, { project_id: id, details: true });
    expect(first.definition.name).toBe(name);
    expect(first.relevance_score).toBeLessThanOrEqual(1);
    // What FTS5 says of a table without details is that all are alike.
    expect(second?.relevance_score ?? 0).toBeLessThan(first.relevance_score);
  });

  test('gives what is around a line, its definition and what matched, when asked', async () => {
    const { id } = await shop;
    const [first] = await search('authenticate user', {
      project_id: id,
      context: 1,
      details: true,
    });
    expect(first).toMatchObject({
      before: ["# Checks a person's name and secret."],
      after: ['    found = find_user(username)'],
      definition: { name: 'authenticate_user', kind: 'function', line: 5, end_line: 7 },
    });
    const { content, ranges } = first;
    const matched = ranges.map(([from, to]: [number, number]) => content.slice(from, to));
    expect(matched).toEqual(['authenticate', 'user', 'username']);
  });

  test('puts the product before its tests', async () => {
    const { id } = await shop;
    const paths = (await search('authenticate user', { project_id: id })).map(
      ({ path }: { path: string }) => path,
    );
    expect(paths.slice(0, 2)).toEqual(['auth.py', 'tests/test_auth.py']);
  });

  test.each([
    ['of only stop words', 'the of and is'],
    ['of only punctuation', '?!... (){}[]'],
    ['in Chinese', '用户登录'],
    ['of 8 KB', 'authenticate the user '.repeat(400).slice(0, 8_192)],
    ['with NUL', 'authenticate\0user'],
    ['with what FTS5 has a meaning for', 'name: "a" NEAR(b) OR * ^ AND NOT'],
    ['of emoji', '🎉🎉'],
    ['with half a character', 'user \ud800'],
  ])('a question %s has a sane answer', async (_, query) => {
    const { id } = await shop;
    expect(await search(query, { project_id: id })).toBeInstanceOf(Array);
  });

  test('finds Chinese, and words with accents without them', async () => {
    const { id } = await register({
      'a.py': 'def login():\n    """用户登录验证"""\n    return 1\n',
      'b.py': 'def greet():\n    return "crème brûlée"\n',
    });
    expect((await search('登录', { project_id: id }))[0].path).toBe('a.py');
    expect((await search('creme brulee', { project_id: id }))[0].path).toBe('b.py');
  });

  test('is refused when it is empty, too long, or given twice and differently', async () => {
    for (const path of ['', '?query=', `?query=${'a'.repeat(8_193)}`, '?query=a&limit=101']) {
      const { status, body } = await testApp.request('POST', `/api/v1/search/code${path}`);
      expect([status, body.code]).toEqual([400, 'VALIDATION_FAILED']);
    }
    const both = await testApp.request('POST', '/api/v1/search/code?query=a', { query: 'b' });
    expect([both.status, both.body.message]).toEqual([
      400,
      'body.query is given in the query string, too',
    ]);
    const { status } = await testApp.request('POST', '/api/v1/search/code', {
      query: 'a',
      project_id: 99_999,
    });
    expect(status).toBe(404);
  });
});

describe('a search for a text or a pattern', () => {
  test.each([
    ['"find_user(username)"', ['auth.py:6']],
    ['"FIND_USER(username)"', ['auth.py:6']],
    ['"FIND_USER(username)" case:yes', []],
    ['/assert\\s+\\w+\\(/', ['tests/test_auth.py:2']],
    ['/^def\\b/', ['auth.py:5', 'tests/test_auth.py:1']],
    ['/sha(1|256)/', ['auth.py:7']],
    ['/[A-Z]\\w+ \\{$/ case:yes', ['src/cart.ts:4']],
    ['"authenticate_user" -path:tests', ['auth.py:5']],
    ['"authenticate_user" lang:python -def', ['tests/test_auth.py:2']],
    ['"price" file:*.ts', ['src/cart.ts:9', 'src/cart.ts:10', 'src/cart.ts:1']],
    ['"it"', ['src/cart.ts:5', 'src/cart.ts:6', 'src/cart.ts:10']],
    ['"nowhere at all"', []],
  ])('%s is in %j', async (query, expected) => {
    const { id } = await shop;
    const found = (await search(query, { project_id: id })).map(
      ({ path, line }: { path: string; line: number }) => `${path}:${line}`,
    );
    expect(found).toEqual(expected);
  });

  test('shows where it is defined before where it is used', async () => {
    const { id } = await shop;
    const [first, second] = await search('"authenticate_user"', { project_id: id });
    expect([first.line, first.path]).toEqual([5, 'auth.py']);
    expect(first.relevance_score).toBeGreaterThan(second.relevance_score);
  });

  test('a pattern that is none, or too long, is refused with the reason', async () => {
    const wrong = await testApp.request('POST', '/api/v1/search/code', { query: '/a(b/' });
    expect([wrong.status, wrong.body.code]).toEqual([400, 'VALIDATION_FAILED']);
    expect(wrong.body.message).toContain('put it in quotes');
    const long = { query: `/${'a'.repeat(8_000)}/` };
    const { status, body } = await testApp.request('POST', '/api/v1/search/code', long);
    expect([status, body.message]).toEqual([
      400,
      'A pattern may have 1000 characters, and this one has 8000. Search for a part of it',
    ]);
    const longer = { query: `/${'a'.repeat(10_000)}/` };
    expect((await testApp.request('POST', '/api/v1/search/code', longer)).status).toBe(400);
  });

  test('one that never ends costs its time limit, and nobody else waits for it', async () => {
    const { id } = await register({
      'a.txt': `${'a'.repeat(60)}b\n`,
      'b.py': 'def other(): pass\n',
    });
    const hanging = testApp.request('POST', '/api/v1/search/code', {
      query: '/(a+)+cbx|aab/',
      project_id: id,
      envelope: true,
    });
    expect((await search('other', { project_id: id }))[0].path).toBe('b.py');
    const { status, body } = await hanging;
    expect([status, body.data]).toEqual([200, []]);
    expect(body.incomplete).toEqual([
      { project_id: id, reason: expect.stringContaining('took longer than') },
    ]);
  }, 20_000);
});
