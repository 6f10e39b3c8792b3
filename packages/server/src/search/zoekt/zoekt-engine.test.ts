import { pino } from 'pino';
import { expect, test } from 'vitest';
import type { CodeQuery } from '../code-engine.ts';
import { answerJson, startHttpService } from '../testing/http-service.ts';
import { queryOf } from '../testing/parsed-query.ts';
import { createZoektEngine } from './zoekt-engine.ts';

const log = pino({ level: 'silent' });
const shop = { id: 7, name: 'shop', path: '/srv/shop' };
const base64 = (text: string) => Buffer.from(text).toString('base64');

function question(parts: Partial<CodeQuery> = {}): CodeQuery {
  return {
    query: queryOf({ words: ['authenticate'] }),
    ...{ projects: [shop], limit: 10, contextLines: 1 },
    signal: new AbortController().signal,
    ...parts,
  };
}

/** As the webserver of 2026 writes it. */
function answerWith(files: object[], rest: object = {}) {
  return { Result: { FileCount: files.length, FilesSkipped: 0, Files: files, ...rest } };
}

const match = {
  Line: base64('    if "é" in name: authenticate(name)\r\n'),
  ...{ LineStart: 96, LineEnd: 159, LineNumber: 6, FileName: false, Score: 1.2, DebugScore: '' },
  Before: base64('one\ntwo\nthree\n'),
  After: base64('four\nfive\n'),
  LineFragments: [{ LineOffset: 21, Offset: 117, MatchLength: 12, SymbolInfo: null }],
};
const file = { FileName: 'src/auth.py', Repository: 'shop', Language: 'Python', Score: 1.4 };

async function ask(body: unknown, parts: Partial<CodeQuery> = {}, status = 200) {
  const service = await startHttpService((_, response) => answerJson(response, body, status));
  const engine = createZoektEngine({ url: `${service.url}/`, log });
  return { answer: engine.search(question(parts)), requests: service.requests };
}

test('asks the documented API and gives hits as every engine does', async () => {
  const { answer, requests } = await ask(answerWith([{ ...file, LineMatches: [match] }]));
  const { hits, truncated } = await answer;
  expect(truncated).toBe(false);
  expect(hits).toEqual([
    {
      ...{ projectId: 7, path: 'src/auth.py', line: 6, score: expect.any(Number) },
      content: '    if "é" in name: authenticate(name)',
      definition: null,
      passage: 'one\ntwo\nthree\n    if "é" in name: authenticate(name)\nfour\nfive',
      ...{ before: ['three'], after: ['four'], ranges: [[20, 32]] },
    },
  ]);
  const [hit] = hits;
  expect(hit?.content.slice(...(hit.ranges[0] ?? []))).toBe('authenticate');
  expect(hit?.score).toBeGreaterThan(0.5);
  expect(hit?.score).toBeLessThanOrEqual(1);
  expect(requests[0]).toMatchObject({
    path: '/api/search',
    body: {
      Q: 'content:"authenticate" repo:"^(?:.*/)?(?:shop)$" case:no',
      Opts: { MaxWallTime: 2_000_000_000, MaxDocDisplayCount: 10, NumContextLines: 6 },
    },
  });
});

test('leaves out foreign repositories, paths that lead away, file names, and unwanted words', async () => {
  const { answer } = await ask(
    answerWith([
      { ...file, Repository: 'elsewhere', LineMatches: [match] },
      { ...file, FileName: '../../etc/passwd', LineMatches: [match] },
      { ...file, FileName: '/etc/passwd', LineMatches: [match] },
      { ...file, LineMatches: [{ ...match, FileName: true, LineNumber: 0 }] },
      { ...file, LineMatches: [{ ...match, Line: base64('authenticate(MOCK)\n') }] },
      { ...file, LineMatches: null },
    ]),
    { query: queryOf({ words: ['authenticate'], notWords: ['mock'] }) },
  );
  expect((await answer).hits).toEqual([]);
});

test('cuts what is long, gives the best first, and says when there is more', async () => {
  const long = { ...match, Line: base64(`${'x'.repeat(900)}authenticate\n`), Score: 0 };
  const many = answerWith([{ ...file, LineMatches: [long, match, match] }]);
  const { hits, truncated } = await (await ask(many, { limit: 2 })).answer;
  expect(truncated).toBe(true);
  expect(hits.map(({ line }) => line)).toEqual([6, 6]);
  expect((await (await ask(many)).answer).hits[2]).toMatchObject({
    content: 'x'.repeat(500),
    ranges: [[21, 33]],
  });
  const skipped = await ask(answerWith([], { ShardsSkipped: 1 }));
  expect((await skipped.answer).truncated).toBe(true);
});

test('takes the name of a symbol for the definition', async () => {
  const symbol = { Sym: 'authenticate', Kind: 'function', Parent: '', ParentKind: '' };
  const LineFragments = [{ LineOffset: 4, Offset: 9, MatchLength: 12, SymbolInfo: symbol }];
  const { answer } = await ask(
    answerWith([{ ...file, LineMatches: [{ ...match, LineFragments }] }]),
  );
  expect((await answer).hits[0]?.definition).toEqual({
    ...{ name: 'authenticate', kind: 'function', line: 6, endLine: 6 },
  });
});

test('asks nothing without a project, or without anything to look for', async () => {
  const nothing = { hits: [], truncated: false };
  const noProject = await ask({}, { projects: [] });
  expect(await noProject.answer).toEqual(nothing);
  const otherProject = queryOf({ words: ['x'], projects: { any: ['web'], not: [] } });
  expect(await (await ask({}, { query: otherProject })).answer).toEqual(nothing);
  const noWord = await ask({}, { query: queryOf({}) });
  expect(await noWord.answer).toEqual(nothing);
  expect([...noProject.requests, ...noWord.requests]).toEqual([]);
});

test.each([
  [{ Error: 'error parsing regexp: invalid' }, 400, 'VALIDATION_FAILED', 'error parsing regexp'],
  [{}, 404, 'UNAVAILABLE', 'start zoekt-webserver with -rpc'],
  [{ Error: 'secret' }, 500, 'UNAVAILABLE', 'answers with status 500'],
  [answerWith([], { Crashes: 1 }), 200, 'UNAVAILABLE', 'failed at the search'],
  [{ Result: { Files: [{ FileName: 7 }] } }, 200, 'UNAVAILABLE', 'something else than results'],
])('%j with status %i is %s', async (body, status, code, message) => {
  const { answer } = await ask(body, {}, status);
  await expect(answer).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
});

test('says so when the server is away, redirects, or answers with something else', async () => {
  const service = await startHttpService((_, response) => response.end('<html>'));
  const engine = createZoektEngine({ url: service.url, log });
  await expect(engine.search(question())).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: 'The Zoekt server (BORGOS_ZOEKT_URL) does not answer with JSON',
  });
  await service.close();
  await expect(engine.search(question())).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: 'The Zoekt server (BORGOS_ZOEKT_URL) cannot be reached (ECONNREFUSED)',
  });
  const redirecting = await startHttpService((_, response) =>
    response.writeHead(302, { location: '/elsewhere' }).end(),
  );
  await expect(
    createZoektEngine({ url: redirecting.url, log }).search(question()),
  ).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  expect(redirecting.requests).toHaveLength(1);
});

test('asks for less when an answer is too large to be read', async () => {
  const huge = { ...match, Before: base64('x'.repeat(4 * 1024 ** 2)) };
  const service = await startHttpService(({ body }, response) =>
    answerJson(
      response,
      answerWith([{ ...file, LineMatches: [body.Opts.NumContextLines > 0 ? huge : match] }]),
    ),
  );
  const { hits } = await createZoektEngine({ url: service.url, log }).search(question());
  expect(hits).toHaveLength(1);
  expect(service.requests).toHaveLength(2);
});

test('ends at once when nobody waits for it any more', async () => {
  const service = await startHttpService(() => controller.abort(new Error('gone')));
  const controller = new AbortController();
  const engine = createZoektEngine({ url: service.url, log });
  await expect(engine.search(question({ signal: controller.signal }))).rejects.toThrow('gone');
});
