import { type Command, parseCommand, shellCommand } from './command-line.ts';
import { brokenManifest } from './manifest.ts';
import type { ProjectFiles } from './project-files.ts';

/** A single argument of a program can't be longer than 128 KiB. */
const longestCommand = 65_536;

export interface Procfile extends Command {
  notes: string[];
}

/**
 * The start command in the `web:` line of the project's Procfile; `undefined` without one. A line
 * that needs a shell is run by `sh -c`, all others without one.
 * Throws `ReleaseFailure` STACK_NOT_FOUND for a `web:` without a command.
 */
export async function readProcfile(project: ProjectFiles): Promise<Procfile | undefined> {
  const text = await project.read('Procfile');
  if (text === undefined) return undefined;
  const { web, others } = parseProcfile(text);
  if (web === undefined) return undefined;
  const notes = ['The start command is the line "web:" of Procfile.'];
  if (others.length > 0) {
    notes.push(`Of Procfile only "web:" is run, not ${others.join(', ')}.`);
  }
  const command = parseCommand(web);
  if (command) return { ...command, notes };
  return { environment: {}, argv: shellCommand(web), notes };
}

/** The command of `web`, and the names of the other processes. Lines that are none are skipped. */
export function parseProcfile(text: string): { web: string | undefined; others: string[] } {
  let web: string | undefined;
  const others = new Set<string>();
  for (const [index, line] of text.split(/\r\n|\r|\n/).entries()) {
    const match = /^\s*([A-Za-z0-9_-]+)\s*:(.*)$/.exec(line);
    if (!match) continue;
    const name = match[1] ?? '';
    const command = (match[2] ?? '').trim();
    if (name !== 'web') others.add(name);
    else if (command === '' || command.includes('\0')) {
      throw brokenManifest('Procfile', `line ${index + 1}: "web:" has no command`);
    } else if (command.length > longestCommand) {
      throw brokenManifest('Procfile', `line ${index + 1} is longer than 64 KiB`);
    } else web ??= command;
  }
  return { web, others: [...others] };
}
