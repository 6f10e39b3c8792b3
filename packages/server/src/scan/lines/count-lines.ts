import { countNotebook } from './count-notebook.ts';
import { countPython } from './count-python.ts';
import { countRestructuredText } from './count-restructured-text.ts';
import { decodeText, isBinary } from './decode-text.ts';
import type { Language } from './language.ts';
import { languages } from './languages.ts';
import { compileLexicon, type Lexicon } from './lexicon.ts';
import { scanCode } from './scan-code.ts';
import { CODE, endLine, type ScanState, startScan } from './scan-state.ts';

export interface LineCount {
  /** Lines with any code on them. */
  readonly code: number;
  /** Lines with a comment and no code. */
  readonly comment: number;
  /** Lines of white space only, wherever they are. */
  readonly blank: number;
  /** Bytes of the longest line, its end not counted. */
  readonly longest: number;
}

const lexicons: ReadonlyMap<Language, Lexicon> = new Map(
  languages.flatMap((language) =>
    typeof language.syntax === 'string' ? [] : [[language, compileLexicon(language.syntax)]],
  ),
);

/**
 * Counts a file's lines, in time linear to its size. `content` is the whole file; any bytes will do. A
 * binary file has no lines.
 */
export function countLines(content: Buffer, language: Language): LineCount {
  if (isBinary(content)) return { code: 0, comment: 0, blank: 0, longest: 0 };
  const scan = startScan(decodeText(content));
  // `#!` says what runs the file: it is no comment, though it looks like one.
  if (scan.bytes[0] === 35 && scan.bytes[1] === 33) scan.seen = CODE;
  readAll(scan, language, lexicons.get(language));
  if (scan.lineStart < scan.end) endLine(scan, scan.end);
  const { code, comment, blank, longest } = scan;
  return { code, comment, blank, longest };
}

function readAll(scan: ScanState, { syntax }: Language, lexicon: Lexicon | undefined): void {
  if (syntax === 'python') countPython(scan);
  else if (syntax === 'notebook') countNotebook(scan);
  else if (syntax === 'restructured-text') countRestructuredText(scan);
  else scanCode(scan, lexicon ?? compileLexicon(syntax));
}
