// biome-ignore-all lint/suspicious/noTemplateCurlyInString: shells and Dockerfiles write variables so
import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCommand, shellCommand } from './command-line.ts';

const argvOf = (line: string) => parseCommand(line)?.argv;

describe('a command line', () => {
  it('becomes words, with quotes and backslashes resolved as a shell does', () => {
    const line = String.raw`node 'a b' "c \"d\"" e\ f --flag="x y" g'h'"i"`;
    const asShell = execFileSync('sh', ['-c', `printf '%s\\n' ${line}`], { encoding: 'utf8' });
    expect(argvOf(line)).toEqual(asShell.trimEnd().split('\n'));
  });

  it('has $PORT and $HOST in all their forms turned into placeholders', () => {
    expect(argvOf('serve -l $PORT')).toEqual(['serve', '-l', '{PORT}']);
    expect(argvOf('g --bind "$HOST:${PORT}"')).toEqual(['g', '--bind', '{HOST}:{PORT}']);
    expect(argvOf('g -b 0.0.0.0:${PORT:-8000}')).toEqual(['g', '-b', '0.0.0.0:{PORT}']);
    expect(argvOf("echo '$PORT'")).toEqual(['echo', '$PORT']);
  });

  it('has assignments in front taken as environment', () => {
    expect(parseCommand('NODE_ENV=production A="b c" node x.js d=e')).toEqual({
      environment: { NODE_ENV: 'production', A: 'b c' },
      argv: ['node', 'x.js', 'd=e'],
    });
  });

  it.each([
    'a && b',
    'a; b',
    'a | b',
    'a > b',
    'a &',
    'a *.js',
    'a $OTHER',
    'a $PORTS',
    'a "$OTHER"',
    'a `b`',
    'a $(b)',
    '~/a',
    'a {b,c}',
    'cd a',
    'UVICORN_PORT=$PORT a',
    "a 'unclosed",
    'a "unclosed',
    'A=b',
    '',
    'a\nb',
    'a # comment',
  ])('is left to a shell when only a shell knows: %j', (line) => {
    expect(parseCommand(line)).toBeUndefined();
  });

  it('gives back any words that were quoted for a shell', () => {
    const word = fc
      .string({ unit: 'binary', maxLength: 20 })
      .filter((text) => !/[\0\r\n]/.test(text));
    fc.assert(
      fc.property(fc.array(word, { maxLength: 5 }), (words) => {
        const line = ['run', ...words.map((text) => `'${text.replaceAll("'", `'\\''`)}'`)].join(
          ' ',
        );
        expect(argvOf(line)).toEqual(['run', ...words]);
      }),
    );
  });

  it('never throws, whatever the text', () => {
    const text = fc.string({
      unit: fc.constantFrom(...`ab ='"\\$\`{}:-PORTHOST#~!&|;\n`),
      maxLength: 60,
    });
    fc.assert(
      fc.property(text, (line) => {
        const command = parseCommand(line);
        if (command) expect(command.argv.length).toBeGreaterThan(0);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('a command for a shell', () => {
  const run = (line: string) => {
    const [shell = '', ...rest] = shellCommand(line);
    return execFileSync(shell, rest, {
      encoding: 'utf8',
      env: { PATH: process.env.PATH, X: 'y z' },
    });
  };

  it('replaces the shell by its last program, so that signals reach it', () => {
    expect(shellCommand('node a.js $X')).toEqual(['sh', '-c', 'exec node a.js $X']);
    expect(shellCommand('cd a && node b.js')).toEqual(['sh', '-c', 'cd a && exec node b.js']);
  });

  it.each([
    'cd /tmp && echo "a && b" $X',
    'echo a | cat',
    'echo a; echo b',
    'X=1 echo $X',
    'echo "a && b"',
  ])('does what the line does: %j', (line) => {
    const plain = execFileSync('sh', ['-c', line], {
      encoding: 'utf8',
      env: { PATH: process.env.PATH, X: 'y z' },
    });
    expect(run(line)).toBe(plain);
  });
});
