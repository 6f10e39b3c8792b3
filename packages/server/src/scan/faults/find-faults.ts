import { findManifestFaults } from './check-manifest.ts';
import { findConflicts } from './conflict-markers.ts';
import type { Fault, FaultAt, Verdict } from './fault.ts';
import { findSecrets } from './find-secrets.ts';
import { isTemplated } from './is-templated.ts';
import { type Language, languageOf } from './language-of.ts';
import { createLocator, readText } from './source-text.ts';
import { createSyntaxChecks, usesTreeSitter } from './syntax-checks.ts';
import { createTimeLimit, TooSlow } from './time-limit.ts';
import { createTreeSitterSpares } from './tree-sitter-spares.ts';

export type { Fault } from './fault.ts';

export interface FaultFinder {
  /**
   * The faults of one file, `path` relative to the project. Synchronous, for a worker thread: at
   * most about 8 s. Never throws, whatever is in the file.
   */
  find(path: string, content: Buffer): FileFaults;
  /**
   * The same for several files at once, in order: guarding each by itself takes longer than most of
   * them. `onFile` is called before each, maybe twice.
   */
  findAll(
    files: readonly { path: string; content: Buffer }[],
    onFile?: (path: string) => void,
  ): FileFaults[];
  /**
   * Loads what files of these languages need and cannot be loaded meanwhile, and gives back what
   * large ones have made of it. To be called before `find` and `findAll`.
   */
  prepare(paths: readonly string[]): Promise<void>;
  close(): void;
}

export interface FileFaults {
  /** In the order of the file, at most 50. */
  faults: Fault[];
  /** How many there are, also beyond those. */
  total: number;
  /** `none`: there is no parser for such a file. `skipped`: `note` says why it was not judged. */
  syntax: 'valid' | 'broken' | 'skipped' | 'none';
  note: string | null;
}

const maxBytes = 2 * 1024 * 1024;
const maxFaults = 50;
const textSeconds = 3;
const syntaxSeconds = 5;
const batchSeconds = 5;

/** Ends work that takes too long. */
type Limit = <T>(work: () => T) => T;
const unlimited: Limit = (work) => work();

type Kind = Fault['type'];
interface Found {
  type: Kind;
  faults: readonly FaultAt[];
}

/** Loads no parser yet: each language's is loaded with its first file. */
export function createFaultFinder(): FaultFinder {
  const spares = createTreeSitterSpares();
  const checkOf = createSyntaxChecks(spares);
  const each = {
    text: createTimeLimit(textSeconds * 1000),
    syntax: createTimeLimit(syntaxSeconds * 1000),
  };
  const limitBatch = createTimeLimit(batchSeconds * 1000);

  function judge(text: string, path: string, language: Language, limitSyntax: Limit): Verdict {
    try {
      const verdict = limitSyntax(() => checkOf(language)(text, path));
      const first = 'faults' in verdict ? verdict.faults[0] : undefined;
      if (!first || !isTemplated(text, path, language, first.offset)) return verdict;
      return { skipped: 'it is a template' };
    } catch (error) {
      return { skipped: reasonOf(error) };
    }
  }

  /** What `find` has to say; a text that takes too long has nothing of the kind. */
  function quickly(limitText: Limit, type: Kind, find: () => FaultAt[]): Found {
    try {
      return { type, faults: limitText(find) };
    } catch {
      return { type, faults: [] };
    }
  }

  function findWith(limits: { text: Limit; syntax: Limit }, path: string, content: Buffer) {
    const language = languageOf(path);
    const unread = (note: string): FileFaults => {
      return { faults: [], total: 0, syntax: language ? 'skipped' : 'none', note };
    };
    if (content.length > maxBytes) return unread(`It is larger than ${maxBytes / 1048576} MB.`);
    const text = readText(content);
    if (text === undefined) return unread('It is binary.');

    const conflicts = quickly(limits.text, 'conflict', () => findConflicts(text, path));
    const found: Found[] = [
      conflicts,
      quickly(limits.text, 'secret', () => findSecrets(text, path)),
    ];
    let syntax: FileFaults['syntax'] = 'none';
    let note: string | null = null;
    if (conflicts.faults.length > 0) {
      // A parser would only stumble over the markers.
      if (language) syntax = 'broken';
    } else if (language && text.trim() !== '') {
      const verdict = judge(text, path, language, limits.syntax);
      if ('skipped' in verdict) {
        syntax = 'skipped';
        note = `Its syntax was not checked: ${verdict.skipped}.`;
      } else {
        found.push({ type: 'syntax', faults: verdict.faults });
        syntax = verdict.faults.some(isError) ? 'broken' : 'valid';
      }
    } else if (language) {
      syntax = 'valid';
    }
    if ((syntax === 'valid' || syntax === 'none') && conflicts.faults.length === 0) {
      found.push(quickly(limits.text, 'manifest', () => findManifestFaults(text, path)));
    }
    return { ...place(text, found), syntax, note };
  }

  const find: FaultFinder['find'] = (path, content) => findWith(each, path, content);

  return {
    find,
    findAll(files, onFile = () => {}) {
      const none = { text: unlimited, syntax: unlimited };
      try {
        return limitBatch(() =>
          files.map(({ path, content }) => {
            onFile(path);
            return findWith(none, path, content);
          }),
        );
      } catch (error) {
        if (!(error instanceof TooSlow)) throw error;
        // One of them is to blame, and is found by being ended alone.
        return files.map(({ path, content }) => {
          onFile(path);
          return find(path, content);
        });
      }
    },
    async prepare(paths) {
      const isNeeded = paths.some((path) => {
        const language = languageOf(path);
        return language !== undefined && usesTreeSitter(language);
      });
      await spares.prepare(isNeeded);
    },
    close: () => spares.close(),
  };
}

function isError({ severity = 'error' }: FaultAt): boolean {
  return severity === 'error' || severity === 'critical';
}

function place(text: string, found: readonly Found[]): { faults: Fault[]; total: number } {
  const locate = createLocator(text);
  const all = found
    .flatMap(({ type, faults }) => faults.map((fault) => ({ ...fault, type })))
    .toSorted((a, b) => a.offset - b.offset);
  const faults = all.slice(0, maxFaults).map(({ type, offset, message, severity = 'error' }) => {
    return { type, severity, ...locate(offset), message: shortened(message) };
  });
  return { faults, total: all.length };
}

/** A parser may quote what it found, of any length. */
function shortened(message: string): string {
  const line = message.replace(/\p{Cc}+/gu, ' ');
  return line.length > 300 ? `${line.slice(0, 299)}…` : line;
}

function reasonOf(error: unknown): string {
  if (error instanceof TooSlow) return `it took more than ${syntaxSeconds} s`;
  if (error instanceof RangeError) return 'it nests too deep';
  return `its parser failed (${error instanceof Error ? error.message : String(error)})`;
}
