import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Grouping, groupingOf } from './grouping.ts';

const of = (
  stack_trace: string | null,
  {
    error_type = 'ValueError',
    message = 'boom',
    fingerprint = undefined as string[] | undefined,
  } = {},
): Grouping => groupingOf({ error_type, message, stack_trace, fingerprint });

const print = (...given: Parameters<typeof of>) => of(...given).fingerprint;

/** The same error in each language: at this folder and line, in this function. */
const traces: Record<string, (folder: string, line: number, name: string) => string> = {
  Python: (folder, line, name) => `Traceback (most recent call last):
  File "${folder}/main.py", line ${line + 9}, in handle
    load()
  File "${folder}/.venv/lib/python3.11/site-packages/lib/call.py", line ${line}, in call
  File "${folder}/shop/database.py", line ${line}, in ${name}
    raise ValueError(host)
ValueError: ${line}`,
  JavaScript: (folder, line, name) => `ValueError: ${line}
    at ${name} (file://${folder}/shop/database.js:${line}:13)
    at Layer.handle [as handle_request] (${folder}/node_modules/express/layer.js:${line}:5)
    at async handle (${folder}/main.js:${line + 9}:3)`,
  Java: (_folder, line, name) => `java.lang.IllegalStateException: ${line}
\tat com.shop.Database.${name}(Database.java:${line})
\tat com.shop.Main.lambda$main$${line}(Main.java:${line + 9})`,
  Go: (folder, line, name) => `panic: ${line}

goroutine ${line} [running]:
example.com/shop/store.(*Store).${name}(0xc00001${line}, 0x1)
\t${folder}/store/store.go:${line} +0x1${line}
main.main.func${line}()
\t${folder}/main.go:${line + 9} +0x1d`,
  Ruby: (folder, line, name) => `${folder}/shop/database.rb:${line}:in '${name}': boom (ValueError)
\tfrom ${folder}/main.rb:${line + 9}:in 'block (${line} levels) in handle'`,
  PHP: (
    folder,
    line,
    name,
  ) => `PHP Fatal error:  Uncaught ValueError: ${line} in ${folder}/src/Db.php:${line}
Stack trace:
#0 ${folder}/index.php(${line + 9}): App\\Db->${name}(${line})
#1 {main}`,
  '.NET': (folder, line, name) => `System.InvalidOperationException: ${line}
   at Shop.Database.${name}(String host) in ${folder}/Shop/Database.cs:line ${line}
   at Shop.Program.<>c__DisplayClass${line}_0.<Main>b__${line}() in ${folder}/Program.cs:line ${line + 9}`,
  Rust: (folder, line, name) => `thread 'main' panicked at ${folder}/src/database.rs:${line}:5:
boom
stack backtrace:
   0: std::panicking::begin_panic
   1: shop::database::${name}::h3e7b1133${line}c86f0b
             at ${folder}/src/database.rs:${line}:5
   2: shop::main
             at ${folder}/src/main.rs:${line + 9}:3`,
};

const folders = ['/app', '/srv/shop/releases/20261124', '/home/ann/code/shop', '/data/x/v2/shop'];

test.each(Object.entries(traces))(
  '%s: another line or folder is the same error',
  (_name, trace) => {
    const first = of(trace('/app', 10, 'connect'));
    expect(first.reason.by).toBe('stack');
    for (const folder of folders) {
      for (const line of [11, 99])
        expect(of(trace(folder, line, 'connect'))).toEqual({
          ...first,
          culprit: expect.stringContaining(`:${line} in `),
        });
    }
  },
);

test.each(Object.entries(traces))(
  '%s: another function or type is another error',
  (_name, trace) => {
    const first = print(trace('/app', 10, 'connect'));
    expect(print(trace('/app', 10, 'query'))).not.toBe(first);
    expect(print(trace('/app', 10, 'connect'), { error_type: 'KeyError' })).not.toBe(first);
  },
);

test.each(Object.entries(traces))('%s: the culprit is where the app threw it', (_name, trace) => {
  expect(of(trace('/app', 42, 'connect')).culprit).toMatch(/^\w+\.\w+:42 in \S*connect$/);
});

test('libraries between the calls of the app make no difference', () => {
  const [first = '', second = ''] = ['one', 'two'].map(
    (library) => `Error: x
    at load (/app/a.js:1:1)
    at f (/app/node_modules/${library}/index.js:1:1)
    at run (/app/b.js:1:1)`,
  );
  expect(print(first)).toBe(print(second));
  expect(of(first).reason.parts).toEqual(['ValueError', 'a.js in load', 'b.js in run']);
});

test('only the five nearest calls of the app count', () => {
  const stack = (last: string) =>
    `Error: x\n${['a', 'b', 'c', 'd', 'e', last].map((f) => `    at ${f} (/app/x.js:1:1)`).join('\n')}`;
  expect(print(stack('f'))).toBe(print(stack('g')));
});

test('how deep a recursion went makes no difference, also when two functions call each other', () => {
  const stack = (times: number) =>
    `RangeError: x\n${'    at even (/app/a.js:1:1)\n    at odd (/app/a.js:2:1)\n'.repeat(times)}    at main (/app/a.js:9:1)`;
  expect(print(stack(2))).toBe(print(stack(50)));
  const deep = 'Error: x\n    at f (/app/a.js:3:1)\n    at f (/app/a.js:5:1)';
  expect(of(deep).culprit).toBe('a.js:3 in f');
});

test('a file that was built anew is the same one', () => {
  const stack = (file: string) =>
    `Error: x\n    at load (https://example.com/assets/${file}:1:200)`;
  const first = print(stack('main.3f2a9c1b.js'));
  expect(print(stack('main.77aa0c12.js?v=3'))).toBe(first);
  expect(print(stack('main-BkX3d9aQ.js'))).toBe(first);
  expect(print(stack('other.3f2a9c1b.js'))).not.toBe(first);
});

test('files that have the name of many others are told apart by their folder', () => {
  const stack = (folder: string) => `Error: x\n    at GET (/app/src/api/${folder}/route.ts:1:1)`;
  expect(print(stack('users'))).not.toBe(print(stack('orders')));
});

test('with no call of the app, all calls and the message count', () => {
  const stack = 'Error: x\n    at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1555:16)';
  const refused = of(stack, { message: 'connect ECONNREFUSED 10.0.0.1:5432' });
  expect(refused.reason).toEqual({
    by: 'stack',
    parts: ['ValueError', 'node:net in TCPConnectWrap.afterConnect', 'connect ECONNREFUSED <ip>'],
  });
  expect(print(stack, { message: 'connect ECONNREFUSED 10.0.0.2:5432' })).toBe(refused.fingerprint);
  expect(print(stack, { message: 'connect ENOENT' })).not.toBe(refused.fingerprint);
});

test('all that goes wrong at the top of one script is told apart by the message', () => {
  const stack =
    'Traceback (most recent call last):\n  File "/app/a.py", line 3, in <module>\n    x';
  expect(print(stack, { message: 'no x' })).not.toBe(print(stack, { message: 'no y' }));
  expect(print(stack, { message: 'no 1' })).toBe(print(stack, { message: 'no 2' }));
});

test('without a trace the type and the message without its values count', () => {
  const first = of(null, { message: 'user 12 not found' });
  expect(first).toMatchObject({
    title: 'ValueError: user 12 not found',
    culprit: null,
    reason: { by: 'message', parts: ['ValueError', 'user <number> not found'] },
  });
  expect(print(null, { message: 'user 13 not found' })).toBe(first.fingerprint);
  expect(print('no frames in here', { message: 'user 13 not found' })).toBe(first.fingerprint);
  expect(print(null, { message: 'order 13 not found' })).not.toBe(first.fingerprint);
  expect(print(null, { message: 'user 13 not found', error_type: 'Other' })).not.toBe(
    first.fingerprint,
  );
});

test('the module of a type makes no difference, as only some reporters say it', () => {
  expect(print(null, { error_type: 'json.decoder.JSONDecodeError' })).toBe(
    print(null, { error_type: 'JSONDecodeError' }),
  );
});

test('the deepest cause of a Java error names the group', () => {
  const stack = (outer: string) => `${outer}: request failed
\tat com.shop.Main.handle(Main.java:5)
Caused by: com.shop.NoRow: no row for 7
\tat com.shop.Repo.find(Repo.java:4)
\t... 1 more`;
  const first = of(stack('java.lang.RuntimeException'), {
    error_type: 'java.lang.RuntimeException',
  });
  expect(first.title).toBe('NoRow: no row for 7');
  expect(first.culprit).toBe('Repo.java:4 in com.shop.Repo.find');
  expect(print(stack('Other'), { error_type: 'Other' })).toBe(first.fingerprint);
});

test('a stack that came as the message is read', () => {
  const stack = traces.Python?.('/app', 10, 'connect') ?? '';
  expect(print(null, { message: stack })).toBe(print(stack));
});

test('a given fingerprint wins, and what it stands for is shown', () => {
  const given = of(traces.Go?.('/app', 1, 'connect') ?? null, { fingerprint: ['payments', 'eu'] });
  expect(given.reason).toEqual({ by: 'given', parts: ['payments', 'eu'] });
  expect(given.culprit).toContain('store.go:1');
  expect(print(null, { fingerprint: ['payments', 'eu'] })).toBe(given.fingerprint);
  expect(print(null, { fingerprint: ['payments eu'] })).not.toBe(given.fingerprint);
  expect(print(null, { fingerprint: ['eu', 'payments'] })).not.toBe(given.fingerprint);
});

test('{{ default }} stands for the parts that would be used without it', () => {
  const plain = of(null);
  expect(of(null, { fingerprint: ['{{ default }}'] })).toEqual(plain);
  expect(of(null, { fingerprint: [] })).toEqual(plain);
  const tenant = of(null, { fingerprint: ['{{ default }}', 'tenant-1'] });
  expect(tenant.reason.parts).toEqual([...plain.reason.parts, 'tenant-1']);
  expect(tenant.fingerprint).not.toBe(plain.fingerprint);
  expect(print(null, { fingerprint: ['{{default}}', 'tenant-1'] })).toBe(tenant.fingerprint);
  expect(print(null, { fingerprint: ['{{ default }}', 'tenant-1'], message: 'other' })).not.toBe(
    tenant.fingerprint,
  );
});

test('the title is the first line that says something, and does not repeat the type', () => {
  expect(of(null, { message: '\n  first \nsecond' }).title).toBe('ValueError: first');
  expect(of(null, { message: 'ValueError: first' }).title).toBe('ValueError: first');
  expect(of(null, { message: '\u001b[31mred\u001b[0m' }).title).toBe('ValueError: red');
  expect(of(null, { message: '' }).title).toBe('ValueError');
  expect(of(null, { message: '', error_type: '' }).title).toBe('Unknown error');
});

const pieces = fc.constantFrom(
  ...Object.values(traces).flatMap((trace) => trace('/app', 7, 'f').split('\n')),
  ...[
    '\r\n',
    '\n',
    '\r',
    '\u001b[31m',
    'Caused by: a.B: c',
    '... 3 more',
    '{{ default }}',
    '\ud800',
  ],
);
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(fc.oneof(pieces, fc.string({ unit: 'binary', maxLength: 9 })), { maxLength: 40 })
    .map((all) => all.join('\n')),
  fc.array(pieces, { maxLength: 40 }).map((all) => all.join('')),
);

test('any text has a grouping within its limits, and the same one each time', () => {
  const error = fc.record({
    error_type: anyText,
    message: anyText,
    stack_trace: fc.option(anyText),
    fingerprint: fc.option(fc.array(anyText, { maxLength: 15 }), { nil: undefined }),
  });
  fc.assert(
    fc.property(error, (given) => {
      const grouping = groupingOf(given);
      expect(grouping.fingerprint).toMatch(/^[0-9a-f]{32}$/);
      expect(grouping.title).toMatch(/^[^\p{Cc}]{1,200}$/u);
      expect(grouping.culprit?.length ?? 0).toBeLessThanOrEqual(300);
      expect(grouping.reason.parts.length).toBeLessThanOrEqual(10);
      for (const part of grouping.reason.parts) expect(part.length).toBeLessThanOrEqual(300);
      expect(groupingOf(given)).toEqual(grouping);
    }),
    { numRuns: 2000 },
  );
});

test('a megabyte of whatever repeats takes about as long as its first part', () => {
  const units = [
    'a',
    '1',
    'a1-',
    ' at ',
    '"',
    '<',
    '(',
    'at (',
    'File "',
    ':1:in `',
    '#0 ',
    '0:',
    '\u001b[',
  ];
  const slowest = Math.max(
    ...units.map((unit) => {
      const text = unit.repeat(1_000_000 / unit.length);
      const started = process.cpuUsage();
      groupingOf({ error_type: text, message: text, stack_trace: text });
      const { user, system } = process.cpuUsage(started);
      return (user + system) / 1000;
    }),
  );
  // It is a few milliseconds; a pattern that backtracks would take seconds.
  expect(slowest).toBeLessThan(200);
});
