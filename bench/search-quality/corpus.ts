import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { belongsToTests } from '../../packages/server/src/scan/scores/is-test-file.ts';
import { walkProject } from '../../packages/server/src/scan/walk/walk-project.ts';
import { type Documented, documentedInPython, documentedInScript } from './documented-functions.ts';

/** A question whose right answer is known. */
export interface Question {
  text: string;
  repository: string;
  /** In the corpus. */
  path: string;
  line: number;
}

const elsewhere =
  /(?:^|\/)(?:docs?|examples?|samples?|vendor|third_party|node_modules|dist|build|benchmarks?|scripts?)\//;

/**
 * Copies the source of repositories into a folder, each in one of its own, without the documentation of
 * functions: what these say first are the questions. Lines keep their numbers.
 */
export function makeCorpus(repositories: readonly string[], target: string): Question[] {
  const questions = repositories.flatMap((repository) => copyRepository(repository, target));
  const counts = new Map<string, number>();
  for (const { text } of questions) counts.set(text, (counts.get(text) ?? 0) + 1);
  return questions.filter(({ text }) => counts.get(text) === 1);
}

function copyRepository(repository: string, target: string): Question[] {
  const name = path.basename(repository);
  const files = walkProject(repository)
    .paths.filter((file) => /\.(?:py|[cm]?[jt]sx?)$/.test(file))
    .filter((file) => statSync(path.join(repository, file)).size < 1_000_000);
  const documented = Map.groupBy(
    [
      ...documentedInPython(
        files.filter((file) => file.endsWith('.py')).map((file) => path.join(repository, file)),
      ),
      ...files.flatMap((file) => {
        const full = path.join(repository, file);
        return file.endsWith('.py') ? [] : documentedInScript(full, readFileSync(full, 'utf8'));
      }),
    ],
    ({ file }) => file,
  );
  return files.flatMap((file) => {
    const full = path.join(repository, file);
    const functions = documented.get(full) ?? [];
    const lines = readFileSync(full, 'utf8').split('\n');
    for (const { from, to } of functions) lines.fill('', from - 1, to);
    const copy = path.join(target, name, file);
    mkdirSync(path.dirname(copy), { recursive: true });
    writeFileSync(copy, lines.join('\n'));
    if (belongsToTests(file) || elsewhere.test(file)) return [];
    return functions.flatMap((one) => questionOf(one, name, path.join(name, file)));
  });
}

function questionOf({ doc, line, body }: Documented, repository: string, file: string): Question[] {
  const paragraph = doc.trim().split(/\n\s*\n/)[0] ?? '';
  const text = (paragraph.replace(/\s+/g, ' ').split(/(?<=[.!?])\s/)[0] ?? '').trim();
  const words = text.split(' ').length;
  const isPlain = /^[\x20-\x7e]+$/.test(text);
  return body >= 3 && words >= 4 && words <= 30 && isPlain
    ? [{ text, repository, path: file, line }]
    : [];
}
