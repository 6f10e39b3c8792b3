import { basename } from 'node:path/posix';

/** Those who write a file say so at its begin. */
const HEAD = 4_096;
/** Longer lines are not written by hand. */
const LONG_LINE = 5_000;
const FEW_LINES = 50;

const MARKS = [
  /\bcode generated\b.*\bdo not edit\b/i,
  /@generated\b/,
  /<auto-?generated\b/i,
  /\bauto(?:matically)?[- ]?generated\b.*(?:do not|don't) (?:edit|modify|change)/i,
  /(?:do not|don't) (?:edit|modify|change)\b.*\b(?:auto(?:matically)?[- ]?)?generated\b/i,
  /\bthis (?:file|code|class) (?:is|was|has been) (?:auto(?:matically)?[- ]?)?generated\b/i,
];

const LOCK_FILES = new Set([
  ...['package-lock.json', 'npm-shrinkwrap.json', 'yarn.lock', 'pnpm-lock.yaml', 'bun.lock'],
  ...['deno.lock', 'composer.lock', 'Gemfile.lock', 'Cargo.lock', 'poetry.lock', 'Pipfile.lock'],
  ...['uv.lock', 'pdm.lock', 'go.sum', 'mix.lock', 'flake.lock', 'gradle.lockfile', 'Podfile.lock'],
  ...['pubspec.lock', 'packages.lock.json', 'Package.resolved', '.terraform.lock.hcl'],
]);

/** Whether a program wrote the file: it is counted, but says nothing of the people's work. */
export function isGenerated(path: string, content: Buffer): boolean {
  const name = basename(path);
  if (LOCK_FILES.has(name) || /\.min\.(?:js|mjs|cjs|css)$/i.test(name)) return true;
  const head = content.subarray(0, HEAD).toString('latin1');
  if (MARKS.some((mark) => mark.test(head))) return true;
  return isMinified(content);
}

function isMinified(content: Buffer): boolean {
  if (content.length <= LONG_LINE) return false;
  let longest = 0;
  let from = 0;
  for (let lines = 0; lines < FEW_LINES && from < content.length; lines += 1) {
    const found = content.indexOf(10, from);
    const end = found < 0 ? content.length : found;
    longest = Math.max(longest, end - from);
    from = end + 1;
  }
  return from >= content.length && longest > LONG_LINE;
}
