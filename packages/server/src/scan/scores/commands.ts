import { basename } from 'node:path/posix';
import { isCiFile } from './ci-file.ts';
import type { ScanFacts } from './scan-facts.ts';

export interface CommandLine {
  file: string;
  line: number | null;
  text: string;
}

const taskFile =
  /^(?:makefile|gnumakefile|justfile|\.justfile|taskfile\.ya?ml|tox\.ini|noxfile\.py|rakefile)$/i;

/** Files that name commands to be run for those who work on the project. */
export function isTaskFile(path: string): boolean {
  return taskFile.test(basename(path)) || basename(path) === '.pre-commit-config.yaml';
}

/** The lines of a file of commands, without comments. */
export function commandLinesOf(file: string, text: string): CommandLine[] {
  return text
    .split(/\r?\n/)
    .map((line, index) => ({ file, line: index + 1, text: withoutComment(line) }))
    .filter((line) => line.text !== '');
}

/** What the project's pipelines, task files and scripts say is to be run. */
export function listCommandLines(facts: ScanFacts): CommandLine[] {
  const lines: CommandLine[] = [];
  for (const [path, text] of facts.texts) {
    if (isCiFile(path) || isTaskFile(path)) lines.push(...commandLinesOf(path, text));
  }
  for (const { file, scripts } of facts.manifests) {
    for (const text of Object.values(scripts)) lines.push({ file, line: null, text });
  }
  return lines;
}

function withoutComment(line: string): string {
  return line
    .slice(0, 2000)
    .replace(/(?:^|\s)(?:#|\/\/).*$/, '')
    .trim();
}
