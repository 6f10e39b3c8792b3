import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import path from 'node:path';
import { compileFunction } from 'node:vm';

/** The line of the first syntax error of each text; `undefined`: the compiler has nothing against it. */
export type Compiler = (files: { file: string; text: string }[]) => (number | undefined)[];

const pythonCode = {
  python: `
for f in files:
    try: compile(open(f, 'rb').read(), f, 'exec'); print('')
    except SyntaxError as e: print(e.lineno or 1)
    except Exception: print(1)`,
  toml: `
import re, tomllib
for f in files:
    try: tomllib.loads(open(f, encoding='utf8').read()); print('')
    except Exception as e:
        m = re.search(r'line (\\d+)', str(e)); print(m.group(1) if m else open(f).read().rstrip().count('\\n') + 1)`,
  xml: `
import xml.parsers.expat as x
for f in files:
    try: x.ParserCreate().ParseFile(open(f, 'rb')); print('')
    except x.ExpatError as e: print(e.lineno)`,
  yaml: `
import yaml
for f in files:
    try:
        for _ in yaml.parse(open(f, encoding='utf8'), getattr(yaml, 'CSafeLoader', yaml.SafeLoader)): pass
        print('')
    except yaml.MarkedYAMLError as e: print((e.problem_mark or e.context_mark).line + 1)
    except Exception: print(1)`,
};

/** The compilers that are on this machine; they write and read below `folder` only. */
export function findCompilers(folder: string): Record<string, Compiler> {
  const compilers: Record<string, Compiler> = {
    javascript: (files) => files.map(({ text, file }) => lineOfScript(text, file)),
    typescript: (files) => files.map(({ text }) => lineOfTypeScript(text)),
    json: (files) => files.map(({ text }) => lineOfJson(text)),
  };
  if (has('python3', ['-c', 'import tomllib'])) {
    for (const [name, code] of Object.entries(pythonCode)) {
      if (name === 'yaml' && !has('python3', ['-c', 'import yaml'])) continue;
      compilers[name] = (files) => {
        const names = write(folder, files, `.${name}`);
        const script = `import sys, warnings\nwarnings.simplefilter('ignore')\nfiles = sys.argv[1:]\n${code}`;
        const { stdout } = run('python3', ['-c', script, ...names]);
        const lines = stdout.split('\n');
        return files.map((_, index) => (lines[index] ? Number(lines[index]) : undefined));
      };
    }
  }
  const each = (
    name: string,
    extension: string,
    command: string,
    options: string[],
    error: RegExp,
  ) => {
    if (!has(command, ['--version']) && !has(command, ['-h'])) return;
    compilers[name] = (files) =>
      write(folder, files, extension).map((file) => {
        const { stdout, stderr, status } = run(command, [...options, file]);
        const found = error.exec(`${stderr}\n${stdout}`);
        if (found) return Number(found[1]);
        // rustfmt also fails where the layout is another.
        return status === 0 || ['c', 'cpp', 'rust'].includes(name) ? undefined : 1;
      });
  };
  each('c', '.c', 'gcc', ['-fsyntax-only', '-w', '-x', 'c'], syntaxOfC);
  each('cpp', '.cc', 'g++', ['-fsyntax-only', '-w', '-x', 'c++', '-std=c++20'], syntaxOfC);
  each('go', '.go', 'gofmt', ['-e', '-l'], /\.go:(\d+):\d+:/);
  each(
    'rust',
    '.rs',
    'rustfmt',
    ['--check', '--edition', '2021', '--config', 'skip_children=true'],
    /^error(?!.*left behind)[^\n]*\n\s*--> [^\n]*\.rs:(\d+):/m,
  );
  each('ruby', '.rb', 'ruby', ['-c'], /\.rb:(\d+):/);
  each('php', '.php', 'php', ['-l'], /on line (\d+)/);
  if (has('javac', ['-version'])) compilers.java = (files) => linesOfJava(folder, files);
  return compilers;
}

function lineOfScript(text: string, file: string): number | undefined {
  try {
    compileFunction(text, ['exports', 'require', 'module'], { filename: file });
    return undefined;
  } catch (error) {
    return Number(/:(\d+)\n/.exec((error as Error).stack ?? '')?.[1] ?? 1);
  }
}

function lineOfTypeScript(text: string): number | undefined {
  try {
    stripTypeScriptTypes(text, { mode: 'strip' });
    return undefined;
  } catch (error) {
    return Number(/^\S*:(\d+)\n/.exec((error as Error).stack ?? '')?.[1] ?? 1);
  }
}

function lineOfJson(text: string): number | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    const position = /position (\d+)/.exec((error as Error).message)?.[1];
    return text
      .slice(0, position === undefined ? text.trimEnd().length : Number(position))
      .split('\n').length;
  }
}

/** Not what is said of names, such as that one is not declared: those are known with all headers only. */
const syntaxOfC =
  /\.cc?:(\d+):\d+: error: [^\n]*(?:expected (?!\d|a type)|stray|missing terminating|unterminated|without a previous|without #if|two or more data types|duplicate '|at end of input|invalid preprocessing directive)/;

const javaSyntax =
  /expected|illegal start|illegal character|reached end of file|unclosed|not a statement|without|orphaned|illegal underscore|malformed|invalid method declaration|<identifier>|should be declared in a file named/;

/** All in one run: javac parses every file before it looks at what names mean. */
function linesOfJava(folder: string, files: { text: string }[]): (number | undefined)[] {
  const names = write(folder, files, '.java');
  const options = ['-proc:none', '-Xmaxerrs', '100000', '-d', path.join(folder, 'classes')];
  const { stderr } = run('javac', [...options, ...names]);
  const first = new Map<string, number>();
  for (const [, file = '', line, message = ''] of stderr.matchAll(
    /^(\/.*\.java):(\d+): error: (.*)$/gm,
  )) {
    if (!javaSyntax.test(message) || message.includes('named')) continue;
    if (!first.has(file)) first.set(file, Number(line));
  }
  return names.map((name) => first.get(name));
}

function write(folder: string, files: { text: string }[], extension: string): string[] {
  const sources = path.join(folder, 'sources');
  rmSync(sources, { recursive: true, force: true });
  mkdirSync(sources, { recursive: true });
  return files.map(({ text }, index) => {
    const file = path.join(sources, `source${index}${extension}`);
    writeFileSync(file, text);
    return file;
  });
}

function has(command: string, options: string[]): boolean {
  return spawnSync(command, options, { stdio: 'ignore', timeout: 10_000 }).status === 0;
}

function run(command: string, options: string[]) {
  return spawnSync(command, options, { encoding: 'utf8', timeout: 300_000, maxBuffer: 2 ** 28 });
}
