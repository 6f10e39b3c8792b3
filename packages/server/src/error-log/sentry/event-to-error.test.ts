import { newError } from '@borgos/contracts/error-log';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { scrub } from '../../scrub.ts';
import { traceOf } from '../grouping/frames.ts';
import { errorOfEvent, type ReportedError } from './event-to-error.ts';

function errorOf(event: object, envelopeEventId?: string): ReportedError {
  const error = errorOfEvent(event, envelopeEventId);
  if (!error) throw new Error('is no error');
  return error;
}

// As @sentry/node 11.12.0 sends it, with fewer frames and less of what surrounds them.
const nodeEvent = {
  exception: {
    values: [
      {
        type: 'TypeError',
        value: "Cannot read properties of undefined (reading 'items')",
        stacktrace: {
          frames: [
            {
              ...{ filename: 'node:internal/modules/cjs/loader', module: 'loader' },
              ...{ function: 'Module.?', lineno: 1956, colno: 14, in_app: false },
            },
            {
              ...{ filename: '/app/app.cjs', module: 'app', function: 'readCart' },
              ...{ lineno: 5, colno: 48, in_app: true },
              ...{ pre_context: ['const dsn = 1;'], context_line: 'return c.items' },
            },
          ],
        },
        mechanism: {
          ...{ handled: true, type: 'chained', source: 'cause' },
          ...{ exception_id: 1, parent_id: 0 },
        },
      },
      {
        type: 'Error',
        value: 'checkout failed',
        stacktrace: {
          frames: [
            { filename: '/app/app.cjs', function: 'Object.?', lineno: 7, colno: 5, in_app: true },
            { filename: '/app/app.cjs', function: '?', lineno: 6, colno: 9, in_app: true },
            { filename: '/app/app.cjs', function: 'checkout', lineno: 6, colno: 51, in_app: true },
          ],
        },
        mechanism: { type: 'generic', handled: true, exception_id: 0 },
      },
    ],
  },
  event_id: '9e8b4e6546e74fb791c8f7711acdb269',
  level: 'error',
  platform: 'node',
  contexts: {
    trace: { trace_id: 'f9a1c1d8cb7142eb9ce48ed4bde6b63f', span_id: '92a7637019b61ca0' },
    runtime: { name: 'node', version: 'v26.10.0' },
    os: { kernel_version: '6.18.44', name: 'Debian', version: '12.11\n' },
    device: { arch: 'x64', memory_size: 25276502016 },
  },
  server_name: 'vm',
  timestamp: 1795520516.875,
  environment: 'test',
  release: 'shop@1.2.3',
  sdk: { integrations: ['EventFilters'], name: 'sentry.javascript.node', version: '11.12.0' },
  tags: { area: 'checkout' },
  user: { id: '7', email: 'a@b.c', ip_address: '192.0.2.7', username: 'ann' },
  extra: { password: 'hunter2', order: 7 },
  breadcrumbs: [
    {
      ...{ timestamp: 1795520516.871, category: 'auth', message: 'logged in' },
      ...{ level: 'info', data: { token: 'abc' } },
    },
  ],
  modules: { fastify: '5.0.0' },
};

test('makes of an event of @sentry/node the error as V8 and Node print it', () => {
  const { context, ...error } = errorOf(nodeEvent);
  expect(error).toEqual({
    error_type: 'Error',
    severity: 'error',
    message: 'checkout failed',
    stack_trace: [
      'Error: checkout failed',
      '    at checkout (/app/app.cjs:6:51)',
      '    at /app/app.cjs:6:9',
      '    at Object.<anonymous> (/app/app.cjs:7:5) {',
      "  [cause]: TypeError: Cannot read properties of undefined (reading 'items')",
      '      at readCart (/app/app.cjs:5:48)',
      '      at Module.<anonymous> (node:internal/modules/cjs/loader:1956:14)',
      '}',
    ].join('\n'),
    occurred_at: new Date('2026-11-24T11:41:56.875Z'),
    fingerprint: undefined,
    source_id: '9e8b4e6546e74fb791c8f7711acdb269',
  });
  expect(scrub(context)).toEqual({
    ...{ platform: 'node', handled: true, environment: 'test', release: 'shop@1.2.3' },
    ...{ server_name: 'vm', user: { id: '7', username: 'ann' } },
    runtime: { name: 'node', version: 'v26.10.0' },
    os: { name: 'Debian', version: '12.11' },
    sdk: { name: 'sentry.javascript.node', version: '11.12.0' },
    tags: { area: 'checkout' },
    extra: { password: '[redacted]', order: 7 },
    breadcrumbs: [
      {
        ...{ timestamp: '1795520516.871', category: 'auth', level: 'info' },
        ...{ message: 'logged in', data: { token: '[redacted]' } },
      },
    ],
  });
});

// As sentry-sdk 2.75.0 for Python sends it.
const pythonFrame = (name: string, line: number, code: string) => ({
  ...{ filename: 'app.py', abs_path: '/app/app.py', function: name, module: '__main__' },
  ...{ lineno: line, pre_context: ['def f():'], context_line: `    ${code}`, in_app: true },
  vars: { secret_plan: "'hunter2'" },
});
const pythonEvent = {
  level: 'error',
  exception: {
    values: [
      {
        ...{ mechanism: { type: 'generic', handled: true }, module: null },
        ...{ type: 'KeyError', value: "'items'" },
        stacktrace: {
          frames: [
            pythonFrame('checkout', 10, 'read_cart({})'),
            pythonFrame('read_cart', 7, "return cart['items']"),
          ],
        },
      },
      {
        ...{ mechanism: { type: 'excepthook', handled: false }, module: 'shop.errors' },
        ...{ type: 'CartError', value: 'checkout\nfailed' },
        stacktrace: { frames: [pythonFrame('<module>', 13, 'checkout()')] },
      },
    ],
  },
  event_id: '11d05257-1fd1-45a2-9471-64ee0639c05b',
  timestamp: '2026-11-24T11:42:23.442633Z',
  request: {
    ...{ url: 'http://localhost/pay?token=abc123', method: 'POST', query_string: 'token=abc123' },
    ...{ headers: { Cookie: 'a=b' }, data: { card: '4111' } },
  },
  breadcrumbs: { values: [] },
  modules: { pip: '23.2.1' },
  platform: 'python',
};

test('makes of an event of the Python SDK the traceback as Python prints it', () => {
  const error = errorOf(pythonEvent);
  expect(error).toMatchObject({
    ...{ error_type: 'CartError', severity: 'error', message: 'checkout\nfailed' },
    occurred_at: new Date('2026-11-24T11:42:23.442Z'),
    source_id: '11d052571fd145a2947164ee0639c05b',
    stack_trace: [
      'Traceback (most recent call last):',
      '  File "/app/app.py", line 10, in checkout',
      '    read_cart({})',
      '  File "/app/app.py", line 7, in read_cart',
      "    return cart['items']",
      "KeyError: 'items'",
      '',
      'During handling of the above exception, another exception occurred:',
      '',
      'Traceback (most recent call last):',
      '  File "/app/app.py", line 13, in <module>',
      '    checkout()',
      'shop.errors.CartError: checkout',
      'failed',
    ].join('\n'),
  });
  expect(scrub(error.context)).toEqual({
    platform: 'python',
    handled: false,
    request: { method: 'POST', url: 'http://localhost/pay?token=[redacted]' },
  });
});

test('says of a Python cause that it is one, and writes groups as Python does', () => {
  const mechanism = (id: number, source?: string) => ({
    ...{ type: 'chained', handled: true, exception_id: id, source },
    ...(id > 0 && { parent_id: 0 }),
  });
  const values = [
    { type: 'TypeError', value: 'two', mechanism: mechanism(3, 'exceptions[1]') },
    {
      ...{ type: 'ValueError', value: 'one', mechanism: mechanism(2, 'exceptions[0]') },
      stacktrace: { frames: [pythonFrame('f', 1, 'g()')] },
    },
    { type: 'KeyError', value: "'k'", mechanism: mechanism(1, '__cause__') },
    {
      ...{ type: 'ExceptionGroup', value: 'many' },
      mechanism: { ...mechanism(0), is_exception_group: true },
      stacktrace: { frames: [pythonFrame('<module>', 9, 'run()')] },
    },
  ];
  expect(errorOf({ platform: 'python', exception: { values } }).stack_trace).toBe(
    [
      "KeyError: 'k'",
      '',
      'The above exception was the direct cause of the following exception:',
      '',
      '  + Exception Group Traceback (most recent call last):',
      '  |   File "/app/app.py", line 9, in <module>',
      '  |     run()',
      '  | ExceptionGroup: many',
      '  +-+---------------- 1 ----------------',
      '    | Traceback (most recent call last):',
      '    |   File "/app/app.py", line 1, in f',
      '    |     g()',
      '    | ValueError: one',
      '    +---------------- 2 ----------------',
      '    | TypeError: two',
      '    +------------------------------------',
    ].join('\n'),
  );
});

test('takes messages, with the frames of their thread if there are any', () => {
  const logged = errorOf({
    ...{ level: 'warning', platform: 'python', logger: 'shop' },
    logentry: { message: 'payment of %s failed', formatted: 'payment of 7 failed', params: [7] },
  });
  expect(logged).toMatchObject({
    ...{ error_type: 'Message', severity: 'warning', message: 'payment of 7 failed' },
    ...{ stack_trace: null, context: { platform: 'python', logger: 'shop' } },
  });
  const withThread = errorOf({
    ...{ message: 'hello', platform: 'javascript' },
    threads: {
      values: [
        { id: 1, stacktrace: { frames: [{ function: 'other', filename: 'b.js', lineno: 1 }] } },
        { id: 2, current: true, stacktrace: { frames: [{ function: 'f', filename: 'a.js' }] } },
      ],
    },
  });
  expect(withThread.stack_trace).toBe('Message: hello\n    at f (a.js)');
  // As captureMessage of @sentry/node 11 sends it.
  const synthetic = errorOf({
    ...{ message: 'hello world', level: 'info', platform: 'node' },
    exception: { values: [{ value: 'hello world', mechanism: { synthetic: true } }] },
  });
  expect(synthetic).toMatchObject({ error_type: 'Message', message: 'hello world' });
});

test.each([
  ['fatal', 'critical'],
  ['error', 'error'],
  ['warning', 'warning'],
  ['info', 'info'],
  ['log', 'info'],
  ['debug', 'debug'],
  [undefined, 'error'],
  ['nonsense', 'error'],
])('the level %s is the severity %s', (level, severity) => {
  expect(errorOf({ level, message: 'x' }).severity).toBe(severity);
});

const frames = [
  { function: 'main', module: 'app', filename: 'main.x', abs_path: '/app/main.x', lineno: 20 },
  {
    ...{ function: 'charge', module: 'app.Pay', filename: 'pay.x', abs_path: '/app/pay.x' },
    ...{ lineno: 12, colno: 3 },
  },
];
test.each([
  [
    'java',
    'java.io.IOException: outer\n\tat app.Pay.charge(pay.x:12)\n\tat app.main(main.x:20)\nCaused by: java.io.EOFException: inner\n\tat app.main(main.x:20)',
  ],
  [
    'go',
    'panic: outer\n\ngoroutine 1 [running]:\napp.Pay.charge(...)\n\t/app/pay.x:12\napp.main(...)\n\t/app/main.x:20\n\ncaused by: EOFException: inner\n\ngoroutine 1 [running]:\napp.main(...)\n\t/app/main.x:20',
  ],
  [
    'ruby',
    "/app/pay.x:12:in `charge': outer (IOException)\n\tfrom /app/main.x:20:in `main'\n/app/main.x:20:in `main': inner (EOFException)",
  ],
  [
    'php',
    'EOFException: inner in /app/main.x:20\nStack trace:\n#0 {main}\n\nNext IOException: outer in /app/pay.x:12\nStack trace:\n#0 /app/main.x(20): charge()\n#1 {main}',
  ],
  [
    'csharp',
    'java.io.IOException: outer\n ---> java.io.EOFException: inner\n   at app.main() in /app/main.x:line 20\n   --- End of inner exception stack trace ---\n   at app.Pay.charge() in /app/pay.x:line 12\n   at app.main() in /app/main.x:line 20',
  ],
  [
    'native',
    'IOException: outer\nstack backtrace:\n   0: charge\n             at /app/pay.x:12:3\n   1: main\n             at /app/main.x:20\n\nCaused by: EOFException: inner\nstack backtrace:\n   0: main\n             at /app/main.x:20',
  ],
  [
    'elixir',
    'IOException: outer\n    at charge (/app/pay.x:12:3)\n    at main (/app/main.x:20) {\n  [cause]: EOFException: inner\n      at main (/app/main.x:20)\n}',
  ],
])('writes a stack trace as %s does, which the grouping reads', (platform, text) => {
  const module = 'java.io';
  const values = [
    { type: 'EOFException', value: 'inner', module, stacktrace: { frames: frames.slice(0, 1) } },
    {
      ...{ type: 'IOException', value: 'outer', module, stacktrace: { frames } },
      mechanism: { type: 'x', handled: false },
    },
  ];
  expect(errorOf({ platform, exception: { values } }).stack_trace).toBe(text);
  const read = traceOf(text.replaceAll('.x:', `.${extensionOf(platform)}:`));
  expect(read?.frames.map((frame) => frame.function)).toSatisfy((names: string[]) =>
    names.every((name) => /charge|main/.test(name)),
  );
});

function extensionOf(platform: string): string {
  return { java: 'java', go: 'go', php: 'php' }[platform] ?? 'x';
}

test('writes a panic of Rust, and frames of native code that only have addresses', () => {
  const rust = [{ function: 'app::main', abs_path: '/app/src/main.rs', lineno: 2, colno: 5 }];
  const panic = { type: 'panic', value: 'oh no', stacktrace: { frames: rust } };
  expect(errorOf({ platform: 'native', exception: { values: [panic] } }).stack_trace).toBe(
    "thread 'main' panicked at /app/src/main.rs:2:5:\noh no\nstack backtrace:\n   0: app::main\n             at /app/src/main.rs:2:5",
  );
  const crash = { type: 'SIGSEGV', stacktrace: { frames: [{ instruction_addr: '0x7fff' }] } };
  expect(errorOf({ platform: 'native', exception: [crash] }).stack_trace).toBe(
    'SIGSEGV\nstack backtrace:\n   0: 0x7fff',
  );
});

test('keeps of a deep recursion both ends and the app’s own calls', () => {
  const many = Array.from({ length: 5000 }, (_, at) => ({
    ...{ function: `f${at}`, filename: 'a.js', lineno: at, in_app: at === 2500 },
  }));
  const values = [{ type: 'RangeError', value: 'deep', stacktrace: { frames: many } }];
  const lines = errorOf({ platform: 'node', exception: { values } }).stack_trace?.split('\n') ?? [];
  expect(lines).toHaveLength(1 + 50 + 1 + 1 + 1 + 10);
  expect(lines[1]).toContain('f4999');
  expect(lines[51]).toBe('    ... some frames were left out');
  expect(lines[52]).toContain('f2500');
  expect(lines.at(-1)).toContain('f0 ');
});

test('has its own fingerprint only if the sender gave one', () => {
  const fingerprintOf = (fingerprint: unknown) => errorOf({ fingerprint }).fingerprint;
  expect(fingerprintOf(undefined)).toBeUndefined();
  expect(fingerprintOf(['{{ default }}'])).toBeUndefined();
  expect(fingerprintOf(['{{default}}', 'db', 7])).toEqual(['{{default}}', 'db', '7']);
});

test('takes the id of the envelope for an event that has none, and makes one without both', () => {
  const id = '9e8b4e6546e74fb791c8f7711acdb269';
  expect(errorOf({ event_id: 'nonsense' }, id).source_id).toBe(id);
  expect(errorOf({}).source_id).toMatch(/^[\da-f]{32}$/);
});

test('has no moment that is none', () => {
  const momentOf = (timestamp: unknown) => errorOf({ timestamp }).occurred_at?.toISOString();
  expect(momentOf('2026-11-24T11:42:23')).toBe('2026-11-24T11:42:23.000Z');
  expect(momentOf('2026-11-24T12:42:23+01:00')).toBe('2026-11-24T11:42:23.000Z');
  expect(momentOf('1795520516.5')).toBe('2026-11-24T11:41:56.500Z');
  for (const bad of [undefined, null, '', 'soon', 1e300, -5, Number.NaN, {}, '-1']) {
    expect(momentOf(bad)).toBeUndefined();
  }
});

test.each(['transaction', 'csp', 'feedback', 'generic'])(
  'an event of type %s is no error',
  (type) => {
    expect(errorOfEvent({ type, message: 'x' })).toBeUndefined();
  },
);

test('nothing that is no object is an error', () => {
  for (const value of [undefined, null, 1, 'x', []]) expect(errorOfEvent(value)).toBeUndefined();
});

test('keeps a context within 32 KB, the newest breadcrumbs first, and says what was cut', () => {
  const { context } = errorOf({
    message: 'x',
    tags: { area: 'checkout', huge: 'ü'.repeat(5000) },
    extra: Object.fromEntries(
      Array.from({ length: 500 }, (_, at) => [`key${at}`, 'x'.repeat(150)]),
    ),
    breadcrumbs: Array.from({ length: 50 }, (_, at) => ({
      message: `step ${at} ${'x'.repeat(400)}`,
      data: { a: { b: { c: { d: { e: { f: 1 } } } } }, long: 'y'.repeat(1500) },
    })),
  });
  expect(Buffer.byteLength(JSON.stringify(context))).toBeLessThanOrEqual(32 * 1024);
  expect(context.tags).toMatchObject({ area: 'checkout' });
  const breadcrumbs = context.breadcrumbs as { message: string }[];
  expect(breadcrumbs.at(-1)?.message).toContain('step 49 ');
  expect(breadcrumbs.length).toBeLessThan(20);
  expect(context.cut).toEqual(expect.arrayContaining(['tags', 'extra', 'breadcrumbs']));

  const rows = Array.from({ length: 90 }, (_, at) => `row ${at} ${'x'.repeat(1000)}`);
  const oneList = errorOf({ message: 'x', extra: { rows, order: 7 } }).context;
  const extra = oneList.extra as { rows: string[]; order: number };
  expect(extra.order).toBe(7);
  expect(extra.rows.length).toBeGreaterThan(20);
  expect(extra.rows.at(-1)).toContain('row 89 ');
});

test('holds no character that PostgreSQL refuses', () => {
  const bad = `a${String.fromCharCode(0)}b\ud800`;
  const error = errorOf({
    ...{ environment: bad, tags: { [bad]: bad }, extra: { deep: [bad] }, fingerprint: [bad] },
    exception: [
      { type: bad, value: bad, stacktrace: { frames: [{ function: bad, module: bad }] } },
    ],
  });
  const stored = JSON.stringify(error);
  expect(stored).not.toMatch(/\\u0000|\\ud800/);
  expect(error.message).toBe('a\ufffdb\ufffd');
});

test('makes of any JSON nothing or an error within its bounds, which PostgreSQL can store', () => {
  const anything = fc.json({ maxDepth: 4 }).map((text) => JSON.parse(text));
  const fields = fc.record(
    {
      exception: fc.oneof(anything, fc.record({ values: fc.array(exception(anything)) })),
      platform: fc.constantFrom(
        'python',
        'node',
        'java',
        'go',
        'ruby',
        'php',
        'csharp',
        'native',
        7,
      ),
      ...{ threads: anything, stacktrace: anything, logentry: anything, message: anything },
      ...{ tags: anything, extra: anything, user: anything, request: anything, contexts: anything },
      ...{ breadcrumbs: anything, fingerprint: anything, timestamp: anything, event_id: anything },
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.oneof(anything, fields), (event) => {
      const error = errorOfEvent(event);
      if (!error) return;
      const { source_id: _, occurred_at: __, ...rest } = error;
      newError.parse(rest);
      expect(error.message.length).toBeLessThan(8100);
      expect(error.stack_trace?.length ?? 0).toBeLessThan(64 * 1024 + 100);
      const stored = JSON.stringify(error);
      expect(stored).not.toContain('\\u0000');
      expect(stored.isWellFormed() && !/\\ud[89a-f]/.test(stored)).toBe(true);
    }),
    { numRuns: 200 },
  );
});

function exception(anything: fc.Arbitrary<unknown>) {
  const frame = fc.record({ function: anything, abs_path: fc.string(), lineno: anything });
  return fc.record(
    {
      ...{ type: anything, value: fc.string({ unit: 'binary' }), module: anything },
      stacktrace: fc.record({ frames: fc.array(fc.oneof(anything, frame)) }),
      mechanism: fc.record({
        ...{ exception_id: fc.nat(3), parent_id: fc.nat(3), source: anything },
        is_exception_group: fc.boolean(),
      }),
    },
    { requiredKeys: [] },
  );
}

test('takes little time for the largest event of any shape', () => {
  const wide = Object.fromEntries(
    Array.from({ length: 100 }, (_, at) => [`k${at}`, Array(100).fill(Array(10).fill([1, 2]))]),
  );
  const event = { message: 'x', extra: wide, tags: wide, contexts: wide };
  const began = performance.now();
  errorOf(event);
  expect(performance.now() - began).toBeLessThan(100);
});
