import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { countLines } from './count-lines.ts';
import { languageOf } from './language-of.ts';
import { countWithTokenizer } from './testing/python-line-counts.ts';

const ENOUGH = 150;

test("agrees with Python's own tokenizer on its standard library", async ({ skip }) => {
  const paths = await standardLibrary();
  if (!paths) return skip('there is no python3 on this machine');
  const expected = (await countWithTokenizer(paths)) ?? [];
  expect(expected).toHaveLength(paths.length);
  const different: string[] = [];
  for (const [index, path] of paths.entries()) {
    const truth = expected[index];
    if (!truth) continue;
    const { longest: _, ...found } = await count(path);
    if (JSON.stringify(found) !== JSON.stringify(truth)) {
      different.push(`${path}: ${JSON.stringify(found)}, not ${JSON.stringify(truth)}`);
    }
  }
  expect(different).toEqual([]);
});

test("agrees with Python's own tokenizer on strings of every form", async ({ skip }) => {
  const directory = await mkdtemp(join(tmpdir(), 'borgos-lines-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const path = join(directory, 'strings.py');
  await writeFile(path, STRINGS);
  const truth = await countWithTokenizer([path]);
  if (!truth) return skip('there is no python3 on this machine');
  const { longest: _, ...found } = await count(path);
  expect(found).toEqual(truth[0]);
});

async function count(path: string): Promise<ReturnType<typeof countLines>> {
  const content = await readFile(path);
  const language = languageOf('a.py', content);
  if (!language) throw new Error(`${path} is not text`);
  return countLines(content, language);
}

/** Files of the interpreter that is there, some from each part of the alphabet. */
async function standardLibrary(): Promise<string[] | undefined> {
  const list =
    'import os, glob; print("\\n".join(sorted(glob.glob(os.path.dirname(os.__file__) + "/*.py") + glob.glob(os.path.dirname(os.__file__) + "/[a-m]*/*.py"))))';
  try {
    const { stdout } = await promisify(execFile)('python3', ['-c', list], { timeout: 20_000 });
    const paths = stdout.trim().split('\n');
    const step = Math.max(1, Math.floor(paths.length / ENOUGH));
    return paths.filter((_, index) => index % step === 0);
  } catch {
    return undefined;
  }
}

const STRINGS = `#!/usr/bin/env python3
# -*- coding: utf-8 -*-
"""Documents.

# inside
"""
'a' "b" r'c' f"""d
"""
x = ("""a
# b
""", [
    '''c

    # d
    ''',  # e
    # f
])
def f(a: "annotation" = '#'):
    u"""Documents \\""" still
    """
    b"bytes"
    return """a
""" + 'b \\
# c'
class A: pass; """same line"""
"""a
""".format(1)
"""a
""" % 2
"""a
"""; y = 1
if x: "one"; z = 1
rb"""raw \\"""
lines"""
"joined" \\
    "with this"
w = 'a'   \\
    'b'
async def g():
    """Documents
    \t
    """  # and a comment
    await f("""
    """)
x = {  # comment
    "#": "#",
    # comment
}
`;
