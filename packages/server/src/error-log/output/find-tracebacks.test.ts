import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { TracebackFinding } from './block-machine.ts';
import { createTracebackFinder } from './find-tracebacks.ts';
import { printedOutput } from './testing/printed-output.ts';

const languages = ['python', 'node', 'java', 'go', 'rust', 'ruby', 'php', 'dotnet'];

function findAll(output: string | Uint8Array, maxFindings = 10_000): TracebackFinding[] {
  const bytes = typeof output === 'string' ? Buffer.from(output) : output;
  const finder = createTracebackFinder({ maxFindings });
  return [...finder.push(bytes, 0).findings, ...finder.flush().findings];
}

/** What the tests compare of findings, a row each. */
function rows(findings: readonly TracebackFinding[]): string[] {
  return findings.map(
    ({ severity, error_type, message }) => `${severity} ${error_type}: ${message}`,
  );
}

const badNumber = "ValueError: invalid literal for int() with base 10: 'x'";
const inUse = 'Error: listen EADDRINUSE: address already in use :::80';
const javaNumber = 'java.lang.NumberFormatException: For input string: "x"';
const outOfMemory = 'JavaScript heap out of memory';
const rejected =
  'UnhandledPromiseRejection: This error originated either by throwing inside of an async function without a catch block, or by rejecting a promise which was not handled with .catch(). The promise rejected with the reason "only text".';
const readFailed = 'RuntimeError: could not read\nthe second line\n\n  indented third';
const outerFailed = 'AppException: outer failed\nsecond line';

const expected: Record<string, Record<string, string[]>> = {
  python: {
    plain: [`critical ${badNumber}`],
    chain: [`critical ${readFailed}`],
    ctx: ["critical KeyError: 'k'"],
    syntax: ['critical SyntaxError: invalid syntax'],
    direct: ["critical SyntaxError: '(' was never closed"],
    group: ['critical ExceptionGroup: two failed (2 sub-exceptions)'],
    logging: ['error RuntimeError: could not read'],
    logging2: [`error ${badNumber}`, `error ${badNumber}`],
    thread: [`error ${badNumber}`],
    asyncio: [`error ${badNumber}`],
    notes: [`critical ${badNumber}\na note\nof two lines`],
    recursion: ['critical RecursionError: maximum recursion depth exceeded'],
    custom: ['critical NotFound: '],
    json: [
      'critical json.decoder.JSONDecodeError: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)',
    ],
    del: [`error ${badNumber}`],
  },
  node: {
    uncaught: ["critical TypeError: Cannot read properties of undefined (reading 'name')"],
    multi: ['critical AppError: first line\nsecond line\n\nfourth line'],
    coded: [`critical ${inUse}`],
    cause: ['critical AppError: outer'],
    rej: ['critical RangeError: of a promise'],
    rejplain: [`critical ${rejected}`],
    throwplain: ['critical Uncaught: just text'],
    console: ["error TypeError: Cannot read properties of undefined (reading 'name')"],
    console2: [`error ${inUse}`, `error ${inUse}`],
    consolecause: ['error AppError: outer'],
    agg: ['error AggregateError: several'],
    nested: ['error Error: with data'],
    obj: ['error Error: in obj'],
    assert: [
      'critical AssertionError: Expected values to be strictly deep-equal:\n+ actual - expected\n\n  {\n+   a: 1\n-   a: 2\n  }',
    ],
    emit: ['critical Error: boom'],
    bad: ["critical SyntaxError: Unexpected token ';'"],
    req: ["critical Error: Cannot find module 'nope'\nRequire stack:\n- /srv/app/req.cjs"],
    color: [`error ${inUse}`],
    rejwarn: ['error RangeError: of a promise'],
    heap: [
      `critical FATAL ERROR: Ineffective mark-compacts near heap limit Allocation failed - ${outOfMemory}`,
    ],
  },
  java: {
    plain: [`critical ${javaNumber}`],
    chain: ['critical Main$AppException: outer failed\nsecond line'],
    supp: ['critical java.lang.Exception: body'],
    thread: [`error ${javaNumber}`],
    log: ['error java.lang.IllegalStateException: bad'],
    print: ['error java.lang.IllegalStateException: mid failed'],
    oom: ['critical java.lang.OutOfMemoryError: Java heap space'],
  },
  go: {
    map: ['critical panic: assignment to entry in nil map'],
    nil: ['critical panic: runtime error: invalid memory address or nil pointer dereference'],
    str: ['critical panic: text\n\tof two lines'],
    deadlock: ['critical fatal error: all goroutines are asleep - deadlock!'],
    goroutine: ['critical panic: in goroutine'],
    repanic: ['critical panic: first [recovered]\n\tpanic: again first'],
    logpanic: ['critical panic: log panic'],
  },
  rust: {
    backtrace: ['critical panic: called `Result::unwrap()` on an `Err` value: "bad"'],
    assert: ['critical panic: assertion `left == right` failed: sum\n  left: 7\n right: 2'],
    panic: ['critical panic: something\nof two lines'],
    thread: ['error panic: in thread'],
    full: ['error panic: in thread'],
  },
  ruby: {
    plain: ['critical ArgumentError: bad thing'],
    cause: ['critical RuntimeError: outer failed\nsecond line'],
    runtime: ['critical RuntimeError: boom'],
    custom: ['critical NotFound: NotFound'],
    thread: ['error ArgumentError: bad thing'],
    full: [
      'critical RuntimeError: outer failed',
      'critical RuntimeError: outer failed\nsecond line',
      'critical RuntimeError: outer failed\nsecond line',
    ],
    logger: ['error ArgumentError: bad thing'],
    backtrace: ['error ArgumentError: bad thing'],
    so: ['critical SystemStackError: stack level too deep'],
  },
  php: {
    plain: ['critical InvalidArgumentException: bad a'],
    chain: [`critical ${outerFailed}`],
    type: ['critical ArgumentCountError: strlen() expects exactly 1 argument, 0 given'],
    mem: [
      'critical Fatal error: Allowed memory size of 8388608 bytes exhausted (tried to allocate 2097152 bytes)',
    ],
    log: [`error ${outerFailed}`, `error ${outerFailed}`],
    elog: [`critical ${outerFailed}`],
  },
  dotnet: {
    uncaught: ['critical System.InvalidOperationException: The order is closed'],
    logged: [
      'error System.NullReferenceException: Object reference not set to an instance of an object.',
    ],
    printed: ['error System.AggregateException: One or more errors occurred. (no)'],
  },
};

const printed = languages.flatMap((language) =>
  [...printedOutput(language)].map(([name, output]) => ({ language, name, output })),
);

describe('what programs printed', () => {
  test('has what is expected for each', () => {
    const names = printed.map(({ language, name }) => `${language} ${name}`);
    const known = Object.entries(expected).flatMap(([language, outputs]) =>
      Object.keys(outputs).map((name) => `${language} ${name}`),
    );
    expect(known).toEqual(names);
  });

  test.for(printed)('is found: $language $name', ({ language, name, output }) => {
    expect(rows(findAll(output))).toEqual(expected[language]?.[name]);
  });

  test.for(printed)('is found with \\r\\n: $language $name', ({ language, name, output }) => {
    const found = rows(findAll(output.replaceAll('\n', '\r\n')));
    expect(found).toEqual(expected[language]?.[name]);
  });

  // Where each record has a time already, one before it changes what is a record.
  const plain = printed.filter(({ name }) => !['log', 'logging', 'logging2'].includes(name));
  const written = {
    'a service': 'web_1  | ',
    'a time': '2026-11-24T11:42:01.123456789Z ',
    'a time and a stream': '2026-11-24T11:42:01.123456789Z stderr F ',
  };
  test.for(Object.entries(written))('is found with %s before each line', ([_, before]) => {
    for (const { language, name, output } of plain) {
      const prefixed = output.replace(/^(?=.|\n)/gm, before);
      const findings = findAll(prefixed);
      expect([name, rows(findings)]).toEqual([name, expected[language]?.[name]]);
      for (const { stack_trace } of findings) expect(stack_trace).not.toContain(before);
    }
  });

  test('is found one after the other, with unrelated lines between', () => {
    const between = '2026-11-24 11:42:01,123 INFO [root] a request came\n';
    const all = printed.map(({ output }) => output).join(between);
    const each = printed.flatMap(({ language, name }) => expected[language]?.[name] ?? []);
    expect(rows(findAll(all))).toEqual(each);
  });

  test('is given back as it lies in the output', () => {
    const output = `é before\n${printedOutput('python').get('chain')}2026-11-24 11:42:01 after\n`;
    const [finding] = findAll(output);
    const { start, end, stack_trace } = finding as TracebackFinding;
    expect(Buffer.from(output).subarray(start, end).toString().trimEnd()).toBe(stack_trace);
    expect(stack_trace).toMatch(/^Traceback .*\n(.*\n)+The above .*\n(.*\n)+ {2}indented third$/);
  });

  test('has no colours', () => {
    const [finding] = findAll(printedOutput('node').get('color') as string);
    expect(finding?.stack_trace).not.toContain('\u001b');
  });
});

describe('what is no exception', () => {
  test.for([...printedOutput('ordinary')])('gives nothing: %s', ([_, output]) => {
    expect(rows(findAll(output))).toEqual([]);
  });

  test('gives nothing in all of it together', () => {
    expect(rows(findAll([...printedOutput('ordinary').values()].join('')))).toEqual([]);
  });
});

const line = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 30 }),
  fc.constantFrom(
    '',
    '    at a (/x.js:1:2)',
    '\tat a.B.c(B.java:3)',
    'Error: x',
    'panic: x',
    '```',
  ),
  fc.constantFrom('Traceback (most recent call last):', '  File "a.py", line 1, in f', 'E: x', '}'),
);
const outputs = [...printed.map(({ output }) => output), ...printedOutput('ordinary').values()];
const output = fc
  .array(
    fc.oneof(
      fc.constantFrom(...outputs),
      line.map((text) => `${text}\n`),
      line,
      fc
        .constantFrom(...outputs)
        .chain((text) => fc.nat(text.length).map((end) => text.slice(0, end))),
    ),
    { maxLength: 8 },
  )
  .map((parts) => Buffer.from(parts.join('')));
const bytes = fc.oneof(
  output,
  fc.uint8Array({ maxLength: 400 }).map((array) => Buffer.from(array)),
);
const cuts = fc.array(fc.nat(1000), { maxLength: 6 });

/** Offsets at which to cut, of thousandths of the length. */
function offsetsOf(thousandths: readonly number[], length: number): number[] {
  const offsets = thousandths.map((part) => Math.floor((part * length) / 1000));
  return [...offsets.sort((a, b) => a - b), length];
}

describe('cutting the output', () => {
  test('anywhere in two gives the same findings', () => {
    for (const { output } of printed) {
      const whole = Buffer.from(`é ${output}`);
      const all = findAll(whole);
      for (let at = 0; at <= whole.length; at += whole.length > 2000 ? 7 : 1) {
        const finder = createTracebackFinder();
        const first = finder.push(whole.subarray(0, at), 0).findings;
        const second = finder.push(whole.subarray(at), at).findings;
        expect([...first, ...second, ...finder.flush().findings]).toEqual(all);
      }
    }
  });

  test('into any pieces gives the same findings', () => {
    fc.assert(
      fc.property(bytes, cuts, (whole, thousandths) => {
        const finder = createTracebackFinder();
        const findings: TracebackFinding[] = [];
        let at = 0;
        for (const to of offsetsOf(thousandths, whole.length)) {
          findings.push(...finder.push(whole.subarray(at, to), at).findings);
          at = to;
        }
        findings.push(...finder.flush().findings);
        expect(findings).toEqual(findAll(whole));
      }),
      { numRuns: 500 },
    );
  });

  test('and going on from any resume offset loses and repeats nothing', () => {
    fc.assert(
      fc.property(bytes, cuts, fc.boolean(), (whole, thousandths, isQuiet) => {
        let finder = createTracebackFinder();
        const kept = createTracebackFinder();
        const findings: TracebackFinding[] = [];
        const keptFindings: TracebackFinding[] = [];
        let at = 0;
        for (const to of offsetsOf(thousandths, whole.length)) {
          keptFindings.push(...kept.push(whole.subarray(at, to), at).findings);
          findings.push(
            ...finder.push(whole.subarray(finder.resumeOffset, to), finder.resumeOffset).findings,
          );
          if (isQuiet) {
            keptFindings.push(...kept.flush().findings);
            findings.push(...finder.flush().findings);
          }
          finder = createTracebackFinder({ offset: finder.resumeOffset });
          at = to;
        }
        findings.push(
          ...finder.push(whole.subarray(finder.resumeOffset), finder.resumeOffset).findings,
          ...finder.flush().findings,
        );
        keptFindings.push(...kept.flush().findings);
        expect(findings).toEqual(keptFindings);
      }),
      { numRuns: 500 },
    );
  });

  test('makes lines of what is over a mebibyte, wherever it is cut', () => {
    const whole = Buffer.from('x'.repeat(1024 * 1024) + printedOutput('go').get('map'));
    for (const size of [whole.length, 65_536, 65_537, 262_143]) {
      const finder = createTracebackFinder();
      for (let at = 0; at < whole.length; at += size)
        finder.push(whole.subarray(at, at + size), at);
      expect([size, finder.flush().findings.length]).toEqual([size, 1]);
    }
  });

  test('in lines of several megabytes gives what is in the others', () => {
    const long = `Error: ${'é'.repeat(1_500_000)}`;
    const whole = Buffer.from(`${long}\n${printedOutput('go').get('map')}${long}`);
    const all = findAll(whole);
    expect(rows(all)).toEqual(['critical panic: assignment to entry in nil map']);
    for (const size of [1000, 65_536, 300_000, 1024 * 1024]) {
      const finder = createTracebackFinder();
      const findings: TracebackFinding[] = [];
      for (let at = 0; at < whole.length; at += size) {
        findings.push(...finder.push(whole.subarray(at, at + size), at).findings);
      }
      findings.push(...finder.flush().findings);
      expect(findings).toEqual(all);
      expect(whole.length - finder.resumeOffset).toBeLessThanOrEqual(2 * 1024 * 1024);
    }
  });
});

describe('what frameworks log', () => {
  test('is found, each once, named by the exception', () => {
    expect(rows(findAll(printedOutput('frameworks').get('all') as string))).toEqual([
      'error java.lang.IllegalStateException: bad',
      'error com.shop.NotFound: no order 7',
      'error panic: runtime error: index out of range [5] with length 0',
      'error sqlalchemy.exc.OperationalError: (psycopg2.OperationalError) connection to server at "db" failed: Connection refused\n\tIs the server running on that host and accepting TCP/IP connections?\n\n(Background on this error at: https://sqlalche.me/e/20/e3q8)',
      'error pydantic_core._pydantic_core.ValidationError: 2 validation errors for Order\nname\n  Field required [type=missing, input_value={}, input_type=dict]\nprice\n  Field required [type=missing]',
      "error NoMethodError: undefined method `total' for nil:NilClass",
      'error RuntimeError: boom',
      'error App\\Exceptions\\NoMoney: no money',
      'error TypeError: x is not a function',
      'critical UnhandledPromiseRejection: This error originated either by throwing inside of an async function without a catch block. The promise rejected with the reason "x".',
      'critical Error: boom\n    throw new Error("boom");\n          ^',
      "error TypeError: Cannot read properties of undefined (reading 'id')",
      "error KeyError: 'a'",
      'error PrismaClientKnownRequestError: \nInvalid `prisma.user.create()` invocation:\n\n\nUnique constraint failed on the fields: (`email`)',
    ]);
  });
});

describe('bounds', () => {
  test('holds for findings in one push, and says how many there were more', () => {
    const finder = createTracebackFinder({ maxFindings: 3 });
    const flood = 'TypeError: x\n    at pay (/srv/pay.js:1:2)\n'.repeat(10);
    const { findings, suppressed } = finder.push(Buffer.from(flood), 0);
    expect([findings.length, suppressed]).toEqual([3, 6]);
    expect(finder.flush().findings).toHaveLength(1);
  });

  test('holds for a stack, whose middle is left out and named', () => {
    const frames = Array.from({ length: 5000 }, (_, at) => `    at f${at} (/srv/é.js:${at}:1)\n`);
    const [finding] = findAll(`RangeError: Maximum\n${frames.join('')}`);
    const stack = (finding as TracebackFinding).stack_trace;
    expect(Buffer.byteLength(stack)).toBeLessThanOrEqual(64 * 1024);
    expect(Buffer.byteLength(stack)).toBeGreaterThan(60 * 1024);
    expect(stack).toMatch(/^RangeError: Maximum\n {4}at f0 /);
    expect(stack).toMatch(/\n\[\d+ bytes are left out here\]\n/);
    expect(stack).toMatch(/at f4999 \(\/srv\/é.js:4999:1\)$/);
  });

  test('holds for a block that never ends, which is one finding', () => {
    const frame = '    at pay (/srv/pay.js:1:2)\n';
    const finder = createTracebackFinder();
    const whole = Buffer.from(`TypeError: x\n${frame.repeat(100_000)}`);
    expect(finder.push(whole, 0).findings).toHaveLength(1);
    expect(whole.length - finder.resumeOffset).toBeLessThan(1024 * 1024);
    expect(finder.flush().findings).toHaveLength(0);
  });

  const repeated = {
    'headings without frames': 'request failed: Error: connection refused\n',
    'headings and other lines': `Error: x\n${'an unremarkable line\n'.repeat(50)}`,
    'openings of fences': '```js\n',
    colons: `Error: x\n${':1:1 '.repeat(3000)}\n`,
    'openings of calls': `panic: x\n\ngoroutine 1 [running]:\n${'('.repeat(15_000)}\n`,
    'names of errors': `${'1Error: '.repeat(2000)}\n`,
    'places of Ruby': `${':1:in `'.repeat(2000)}\n`,
    'beginnings of escapes': `${'\u001b['.repeat(7000)}Error: x\n`,
    spaces: `${' '.repeat(15_000)}at \n`,
    'classes of Ruby': `${'A ('.repeat(5000)}):\n/a:1:in \`x'\n`,
  };
  test.for(Object.entries(repeated))('holds for the time of a flood of %s', ([_, text]) => {
    const flood = Buffer.from(text.repeat(Math.ceil(1_000_000 / text.length)));
    const { user } = process.cpuUsage();
    findAll(flood);
    // Some 100 to 500 ms. What is quadratic in a line takes minutes.
    expect(process.cpuUsage().user - user).toBeLessThan(8_000_000);
  });
});

test('a push that does not begin where the last one ended ends what was pending', () => {
  const finder = createTracebackFinder();
  const panic = Buffer.from(printedOutput('go').get('map') as string);
  expect(finder.push(panic, 0).findings).toHaveLength(0);
  expect(rows(finder.push(Buffer.from('next\n'), 5000).findings)).toEqual([
    'critical panic: assignment to entry in nil map',
  ]);
  expect(finder.resumeOffset).toBe(5000);
});

test('a flush in the middle of what is no traceback yet does not lose it', () => {
  const whole = Buffer.from(printedOutput('node').get('uncaught') as string);
  const finder = createTracebackFinder();
  const at = whole.indexOf('TypeError') + 4;
  expect(finder.push(whole.subarray(0, at), 0).findings).toEqual([]);
  expect(finder.flush().findings).toEqual([]);
  expect(finder.push(whole.subarray(at), at).findings).toEqual(findAll(whole));
});
