import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

export interface PythonLines {
  readonly code: number;
  readonly comment: number;
  readonly blank: number;
}

/**
 * What Python's own tokenizer says: a line is code if a statement has a token on it, comment if it has
 * only comments and statements that are nothing but strings.
 */
const PROGRAM = `
import io, json, sys, tokenize

outside = {tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING, tokenize.ENDMARKER}
starts = getattr(tokenize, 'FSTRING_START', -1)
ends = getattr(tokenize, 'FSTRING_END', -1)

def count(path):
    with open(path, 'rb') as file:
        content = file.read()
    code, comment, statement = set(), set(), []
    depth = nested = 0

    def finish():
        only_strings = all(kind == tokenize.STRING for kind, _, _ in statement)
        for _, first, last in statement:
            (comment if only_strings else code).update(range(first, last + 1))
        statement.clear()

    for token in tokenize.tokenize(io.BytesIO(content).readline):
        rows = (token.start[0], token.end[0])
        if token.type == tokenize.COMMENT:
            comment.add(rows[0])
        elif token.type == tokenize.NEWLINE:
            finish()
        elif token.type not in outside:
            nested += token.type == starts
            kind = tokenize.STRING if nested else token.type
            nested -= token.type == ends
            statement.append((kind, *rows))
            if kind == tokenize.OP:
                depth += (token.string in '([{') - (token.string in ')]}')
                if token.string == ';' and depth == 0:
                    finish()
    finish()
    if content.startswith(b'#!'):
        code.add(1)
    lines = content.split(b'\\n')
    if lines[-1] == b'':
        lines.pop()
    counts = {'code': 0, 'comment': 0, 'blank': 0}
    for row, line in enumerate(lines, 1):
        if not line.strip():
            counts['blank'] += 1
        elif row in comment and row not in code:
            counts['comment'] += 1
        else:
            counts['code'] += 1
    return counts

for path in sys.stdin.read().split('\\0'):
    try:
        print(json.dumps(count(path)))
    except (SyntaxError, tokenize.TokenError, UnicodeDecodeError, IndexError):
        print('null')
`;

/**
 * Counts files as Python's tokenizer sees them; null for one that it does not read. Undefined where
 * there is no Python 3.
 */
export async function countWithTokenizer(
  paths: readonly string[],
): Promise<(PythonLines | null)[] | undefined> {
  const python = spawn('python3', ['-W', 'ignore', '-c', PROGRAM], {
    stdio: ['pipe', 'pipe', 'inherit'],
    timeout: 600_000,
  });
  try {
    await once(python, 'spawn');
  } catch {
    return undefined;
  }
  python.stdin.end(paths.join('\0'));
  const output = await text(python.stdout);
  return output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}
