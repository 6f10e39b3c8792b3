import { execFileSync } from 'node:child_process';
import { parseSync } from 'oxc-parser';

/** A function with its documentation, lines from 1. */
export interface Documented {
  file: string;
  /** Of its name. */
  line: number;
  doc: string;
  /** The lines of the documentation. */
  from: number;
  to: number;
  /** How many lines it has besides. */
  body: number;
}

/** By Python's own parser. `files`: absolute. */
export function documentedInPython(files: readonly string[]): Documented[] {
  const script = new URL('./python-docstrings.py', import.meta.url).pathname;
  const output = execFileSync('python3', [script], {
    input: files.join('\0'),
    maxBuffer: 1024 ** 3,
    encoding: 'utf8',
  });
  return output
    .split('\n')
    .filter((line) => line !== '')
    .map((line): Documented => JSON.parse(line));
}

interface Node {
  type: string;
  start: number;
  end: number;
  [key: string]: unknown;
}

/** JavaScript and TypeScript: functions with a comment of JSDoc directly before them. */
export function documentedInScript(file: string, text: string): Documented[] {
  const { program, comments, errors } = parseSync(file, text);
  if (errors.length > 0) return [];
  const byStart = new Map<number, Node>();
  visit(program as unknown as Node, (node) => {
    const isFunction = holdsFunction(node);
    if (isFunction && !byStart.has(node.start)) byStart.set(node.start, node);
  });
  const lineAt = lineCounter(text);
  return comments.flatMap(({ type, value, start, end }) => {
    if (type !== 'Block' || !value.startsWith('*')) return [];
    const next = end + (/^\s*/.exec(text.slice(end, end + 200))?.[0].length ?? 0);
    const node = byStart.get(next);
    if (!node) return [];
    const doc = value
      .split('\n')
      .map((line) => line.replace(/^\s*\*+ ?/, ''))
      .join('\n')
      .split(/^\s*@/m)[0];
    const line = lineAt(node.start);
    const body = lineAt(node.end) - line - 1;
    return [{ file, line, doc: doc ?? '', from: lineAt(start), to: lineAt(end), body }];
  });
}

function holdsFunction(node: Node): boolean {
  const inner = [node.declaration, node.value, node.init, node.right, node.expression].filter(
    isNode,
  );
  if (/^(?:FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/.test(node.type))
    return true;
  if (node.type === 'VariableDeclaration' && Array.isArray(node.declarations)) {
    return node.declarations.length === 1 && node.declarations.filter(isNode).some(holdsFunction);
  }
  return (
    /^(?:Export(?:Named|Default)Declaration|MethodDefinition|Property|PropertyDefinition|VariableDeclarator|AssignmentExpression|ExpressionStatement)$/.test(
      node.type,
    ) && inner.some(holdsFunction)
  );
}

function visit(node: Node, onNode: (node: Node) => void): void {
  onNode(node);
  for (const value of Object.values(node)) {
    if (Array.isArray(value)) for (const item of value.filter(isNode)) visit(item, onNode);
    else if (isNode(value)) visit(value, onNode);
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value;
}

function lineCounter(text: string): (offset: number) => number {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return (offset) => {
    let from = 0;
    let to = starts.length - 1;
    while (from < to) {
      const middle = (from + to + 1) >> 1;
      if ((starts[middle] ?? 0) <= offset) from = middle;
      else to = middle - 1;
    }
    return from + 1;
  };
}
