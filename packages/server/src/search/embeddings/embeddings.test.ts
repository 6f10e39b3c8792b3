import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { waitFor } from '../../testing/wait-for.ts';
import { answerJson, type ReceivedRequest, startHttpService } from '../testing/http-service.ts';
import { createEmbeddings } from './embeddings.ts';

const apiKey = 'sk-canary-1234567890abcdef';
const { signal } = new AbortController();

/** A model that knows of three things. */
const meanings = [/login|authenticate|password/, /draw|circle|paint/, /mail|send|letter/];
const vectorOf = (text: string) => [
  ...meanings.map((meaning) => (meaning.test(text) ? 1 : 0)),
  0.1,
];
const dataOf = (texts: string[]) =>
  texts.map((text, index) => ({ object: 'embedding', index, embedding: vectorOf(text) }));

function answerWell({ body }: ReceivedRequest, response: ServerResponse): void {
  answerJson(response, { object: 'list', model: body.model, data: dataOf(body.input) });
}

const passages = [
  { text: 'def draw_circle(radius)', score: 0.6 },
  { text: 'def authenticate(name, password)', score: 0.5 },
  { text: 'def send_mail(to)', score: 0.4 },
];
const question = 'how does a user login';

async function start(
  answer: (request: ReceivedRequest, response: ServerResponse) => void = answerWell,
  {
    path = '',
    ...options
  }: {
    path?: string;
    now?: () => number;
    directory?: string;
    patienceMs?: number;
  } = {},
) {
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'borgos-vectors-')));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const service = await startHttpService(answer);
  const warnings: object[] = [];
  const log = { warn: (fields: object) => void warnings.push(fields) };
  const url = `${service.url}${path}`;
  const embeddings = createEmbeddings({
    ...{ model: 'tiny', apiKey, log, patienceMs: 15_000 },
    ...options,
    ...{ url, directory },
  });
  onTestFinished(() => embeddings.close().catch(() => {}));
  return { ...service, embeddings, directory, warnings };
}

test('puts what means the same above what only has the words', async () => {
  const { embeddings, requests } = await start();
  const { scores, used, reason } = await embeddings.rerank(question, passages, signal);
  expect({ used, reason }).toEqual({ used: true, reason: null });
  expect(scores).toHaveLength(3);
  expect(Math.max(...scores)).toBe(scores[1]);
  for (const score of scores) expect(score).toSatisfy((score: number) => score >= 0 && score <= 1);
  expect(requests).toHaveLength(1);
  expect(requests[0]).toMatchObject({
    path: '/v1/embeddings',
    headers: { authorization: `Bearer ${apiKey}` },
    body: { model: 'tiny', input: [question, ...passages.map(({ text }) => text)] },
  });
});

test.each([
  ['/v1', '/v1/embeddings'],
  ['/v1/', '/v1/embeddings'],
  ['/openai/v1', '/openai/v1/embeddings'],
])('takes an address that ends with %s', async (path, asked) => {
  const { embeddings, requests } = await start(answerWell, { path });
  await embeddings.rerank(question, passages, signal);
  expect(requests[0]?.path).toBe(asked);
});

test('asks for a text once, also after a restart, and keeps no text', async () => {
  const first = await start();
  await first.embeddings.rerank(question, passages, signal);
  await first.embeddings.rerank(question, passages.slice(1), signal);
  expect(first.requests).toHaveLength(1);
  await first.embeddings.close();
  const { directory } = first;
  const second = await start(answerWell, { directory });
  expect(await second.embeddings.rerank(question, passages, signal)).toMatchObject({ used: true });
  expect(second.requests).toHaveLength(0);
  for (const name of await readdir(directory)) {
    const content = await readFile(join(directory, name), 'latin1');
    expect(content).not.toMatch(/draw_circle|login/);
  }
});

test('sends no secret that stands in the code', async () => {
  const { embeddings, requests } = await start();
  const text = 'password = "hunter22secret"\ntoken = "ghp_abcdefghijklmnopqrstuvwxyz123456"';
  await embeddings.rerank(question, [{ text, score: 0.5 }], signal);
  expect(requests[0]?.body.input[1]).toContain('[redacted]');
  expect(JSON.stringify(requests[0]?.body)).not.toMatch(/hunter22|ghp_/);
});

test('compares the first 200 and leaves the others behind them', async () => {
  const { embeddings, requests } = await start();
  const many = Array.from({ length: 230 }, (_, at) => ({ text: `mail ${at}`, score: 0.5 }));
  const { scores, used } = await waitFor('all of them to be compared', async () => {
    const reranked = await embeddings.rerank(question, many, signal);
    return reranked.used && reranked.reason === null && reranked;
  });
  expect(used).toBe(true);
  expect(requests.flatMap(({ body }) => body.input)).toHaveLength(201);
  expect(Math.max(...requests.map(({ body }) => body.input.length))).toBeLessThanOrEqual(16);
  expect(scores).toHaveLength(230);
  expect(Math.max(...scores.slice(200))).toBeLessThan(Math.min(...scores.slice(0, 200)));
});

const bad: [string, (request: ReceivedRequest, response: ServerResponse) => void, string][] = [
  ['another key', (_, response) => answerJson(response, { error: apiKey }, 401), 'refuses the key'],
  ['no such model', (_, response) => answerJson(response, {}, 404), 'does not know the model'],
  ['too many requests', (_, response) => answerJson(response, {}, 429), 'asks for a pause'],
  ['an error', (_, response) => answerJson(response, {}, 500), 'answers with status 500'],
  ['a page', (_, response) => response.end('<html>'), 'does not answer with JSON'],
  ['half an answer', (_, response) => response.end('{"data": [{'), 'does not answer with JSON'],
  [
    'NaN',
    (_, response) => response.end('{"data": [{"index": 0, "embedding": [NaN]}]}'),
    'does not answer with JSON',
  ],
  [
    'no numbers',
    ({ body }, response) =>
      answerJson(response, {
        data: dataOf(body.input).map((entry) => ({ ...entry, embedding: [null, 'NaN'] })),
      }),
    'something else than vectors',
  ],
  [
    'endless numbers',
    ({ body }, response) =>
      response.end(
        JSON.stringify({ data: dataOf(body.input) })
          .replaceAll('[0,', '[1e999,')
          .replaceAll('[1,', '[1e999,'),
      ),
    'something else than vectors',
  ],
  [
    'nothing but zeros',
    ({ body }, response) =>
      answerJson(response, {
        data: dataOf(body.input).map((entry) => ({ ...entry, embedding: [0, 0] })),
      }),
    'vectors of no length',
  ],
  [
    'too few',
    ({ body }, response) => answerJson(response, { data: dataOf(body.input).slice(1) }),
    'answers with 3 vectors for 4 texts',
  ],
  [
    'one twice',
    ({ body }, response) =>
      answerJson(response, { data: dataOf(body.input).map((entry) => ({ ...entry, index: 1 })) }),
    'vectors of other texts',
  ],
  [
    'different lengths',
    ({ body }, response) =>
      answerJson(response, {
        data: dataOf(body.input).map((entry, at) => ({
          ...entry,
          embedding: entry.embedding.slice(at % 2),
        })),
      }),
    'vectors of different lengths',
  ],
  [
    'a huge answer',
    (_, response) => response.end(`{"data": "${'x'.repeat(3 * 1024 ** 2)}"}`),
    'answers with more than',
  ],
  [
    'a redirect',
    (_, response) => response.writeHead(307, { location: 'http://127.0.0.1:1/' }).end(),
    'redirect (307), which is not followed',
  ],
  ['a broken connection', (_, response) => response.destroy(), 'cannot be reached'],
];

test.each(bad)(
  '%s: the scores stay as they were, and the reason is told',
  async (_, answer, why) => {
    const { embeddings, requests, warnings } = await start(answer);
    const reranked = await embeddings.rerank(question, passages, signal);
    expect(reranked).toEqual({
      ...{ scores: [0.6, 0.5, 0.4], used: false },
      reason: expect.stringContaining(why),
    });
    // Not asked again for a while.
    expect(await embeddings.rerank(question, passages, signal)).toEqual(reranked);
    expect(requests).toHaveLength(1);
    expect(JSON.stringify([reranked, warnings])).not.toContain('canary');
  },
);

test('a server that is away is told, too', async () => {
  const { embeddings, close } = await start();
  await close();
  expect(await embeddings.rerank(question, passages, signal)).toMatchObject({
    reason: 'The embedding endpoint cannot be reached (ECONNREFUSED)',
  });
});

test('asks again after a pause, which grows with every failure', async () => {
  let time = 0;
  let isWell = false;
  const { embeddings, requests } = await start(
    (request, response) => (isWell ? answerWell(request, response) : response.destroy()),
    { now: () => time },
  );
  const asked = async () => {
    const { used } = await embeddings.rerank(question, passages, signal);
    return [requests.length, used];
  };
  expect(await asked()).toEqual([1, false]);
  time += 4_999;
  expect(await asked()).toEqual([1, false]);
  time += 1;
  expect(await asked()).toEqual([2, false]);
  time += 9_999;
  expect(await asked()).toEqual([2, false]);
  time += 1;
  isWell = true;
  expect(await asked()).toEqual([3, true]);
});

test('keeps to the pause that the endpoint asks for', async () => {
  let time = 0;
  const { embeddings, requests } = await start(
    (_, response) => {
      response.setHeader('retry-after', '120');
      answerJson(response, {}, 429);
    },
    { now: () => time },
  );
  await embeddings.rerank(question, passages, signal);
  time = 119_999;
  await embeddings.rerank(question, passages, signal);
  expect(requests).toHaveLength(1);
  time = 120_000;
  await embeddings.rerank(question, passages, signal);
  expect(requests).toHaveLength(2);
});

test('a slow endpoint is not waited for, and the next search has what it answers', async () => {
  const held: (() => void)[] = [];
  const { embeddings, requests } = await start(
    (request, response) => {
      held.push(() => answerWell(request, response));
    },
    { patienceMs: 20 },
  );
  const late = await embeddings.rerank(question, passages, signal);
  expect(late).toEqual({
    ...{ scores: [0.6, 0.5, 0.4], used: false },
    reason: expect.stringContaining('has not answered in time: 0 of 3 passages'),
  });
  expect(await embeddings.rerank(question, passages, signal)).toEqual(late);
  expect(requests).toHaveLength(1);
  for (const answer of held.splice(0)) answer();
  const next = await waitFor('the vectors to be there', async () => {
    const reranked = await embeddings.rerank(question, passages, signal);
    return reranked.used && reranked;
  });
  expect(next.reason).toBeNull();
  expect(requests).toHaveLength(1);
});

test('what is not known yet counts as the mean of what is', async () => {
  const held: (() => void)[] = [];
  const { embeddings } = await start(
    (request, response) => {
      const isLate = request.body.input.includes('late letter');
      if (isLate) held.push(() => answerWell(request, response));
      else answerWell(request, response);
    },
    { patienceMs: 50 },
  );
  await waitFor('the first to be compared', async () => {
    const { used } = await embeddings.rerank(question, passages, signal);
    return used;
  });
  const more = [...passages, { text: 'late letter', score: 0.3 }];
  expect(await embeddings.rerank(question, more, signal)).toMatchObject({
    used: true,
    reason: '1 of 4 passages are not compared yet',
  });
  for (const answer of held) answer();
});

test('who gives up the search ends the waiting', async () => {
  const controller = new AbortController();
  const { embeddings } = await start(() => controller.abort(new Error('gone')));
  await expect(embeddings.rerank(question, passages, controller.signal)).rejects.toThrow('gone');
});

test('begins a broken file anew, and an old one of another model is of no harm', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'borgos-vectors-'));
  await writeFile(join(directory, 'embeddings.sqlite'), 'this is no database at all'.repeat(100));
  const { embeddings, warnings } = await start(answerWell, { directory });
  expect(await embeddings.rerank(question, passages, signal)).toMatchObject({ used: true });
  expect(warnings).toHaveLength(1);
  await embeddings.close();
  const wider = await start(
    ({ body }, response) =>
      answerJson(response, {
        data: dataOf(body.input).map((entry) => ({ ...entry, embedding: [...entry.embedding, 1] })),
      }),
    { directory },
  );
  const other = await waitFor('the old vectors to be replaced', async () => {
    const reranked = await wider.embeddings.rerank('login now', passages, signal);
    return reranked.used && reranked;
  });
  expect(Math.max(...other.scores)).toBe(other.scores[1]);
});
