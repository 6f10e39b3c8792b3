/** A command without a shell: what `A=b node server.js` comes to. */
export interface Command {
  environment: Record<string, string>;
  /** Never empty. `$PORT` and `$HOST` have become `{PORT}` and `{HOST}`. */
  argv: string[];
}

/**
 * The command in one line of shell, if it needs no shell: words, quotes, backslashes, assignments
 * in front, and `$PORT` and `$HOST` in any of their forms, the default of `${PORT:-3000}` being
 * dropped because both are always set. `undefined` for everything else (`&&`, `|`, `>`, `*`, other
 * variables, a built-in, an unclosed quote), and when there is no command at all.
 */
export function parseCommand(line: string): Command | undefined {
  if (line.length > longestLine || /[\r\n\0]/.test(line.trim())) return undefined;
  const words = splitWords(line);
  if (words === undefined) return undefined;
  const first = words.findIndex((word) => !word.assignment);
  const argv = words.slice(first).map((word) => word.text);
  if (first < 0 || builtIns.has(argv[0] ?? '') || argv[0] === '') return undefined;
  const environment: Record<string, string> = {};
  for (const { text } of words.slice(0, first)) {
    const equals = text.indexOf('=');
    // Only `start` has its placeholders filled in, so an assignment of one is left to a shell.
    if (/\{(PORT|HOST)\}/.test(text)) return undefined;
    environment[text.slice(0, equals)] = text.slice(equals + 1);
  }
  return { environment, argv };
}

/** What no person writes on one line. */
const longestLine = 8192;

/** What only a shell knows. */
const builtIns = new Set(
  '. : alias bg case cd command eval exec exit export fg for function if read return set shift source time times trap type ulimit umask unset until wait while'.split(
    ' ',
  ),
);

interface Word {
  text: string;
  /** Its name and equals sign are unquoted. */
  assignment: boolean;
}

const variable = /^\$(?:(PORT|HOST)(?![A-Za-z0-9_])|\{(PORT|HOST)(?::?-[^{}$`"'\\\s]*)?\})/;

function splitWords(line: string): Word[] | undefined {
  const words: Word[] = [];
  let rest = line.trim();
  while (rest !== '') {
    const word = takeWord(rest);
    if (word === undefined) return undefined;
    words.push({ text: word.text, assignment: /^[A-Za-z_][A-Za-z0-9_]*=/.test(rest) });
    rest = rest.slice(word.length).trimStart();
  }
  return words;
}

/** The word at the front of a line, and how much of the line it takes. */
function takeWord(line: string): { text: string; length: number } | undefined {
  let text = '';
  let at = 0;
  while (at < line.length && !/\s/.test(line.charAt(at))) {
    const piece = takePiece(line.slice(at), at === 0);
    if (piece === undefined) return undefined;
    text += piece.text;
    at += piece.length;
  }
  return { text, length: at };
}

function takePiece(rest: string, atStart: boolean): { text: string; length: number } | undefined {
  const plain = /^[^\s'"\\$`&|;<>()*?[\]{}~#!]+/.exec(rest)?.[0];
  if (plain !== undefined) return { text: plain, length: plain.length };
  const single = /^'([^']*)'/.exec(rest);
  if (single) return { text: single[1] ?? '', length: single[0].length };
  const escaped = /^\\([^\n])/.exec(rest);
  if (escaped) return { text: escaped[1] ?? '', length: 2 };
  if (rest.startsWith('"')) return takeDoubleQuoted(rest);
  // Inside of a word these mean nothing to a shell.
  if (!atStart && /^[~#!]/.test(rest)) return { text: rest.charAt(0), length: 1 };
  return takeVariable(rest);
}

function takeVariable(rest: string): { text: string; length: number } | undefined {
  const match = variable.exec(rest);
  return match ? { text: `{${match[1] ?? match[2]}}`, length: match[0].length } : undefined;
}

function takeDoubleQuoted(rest: string): { text: string; length: number } | undefined {
  let text = '';
  let at = 1;
  while (at < rest.length) {
    const here = rest.charAt(at);
    if (here === '"') return { text, length: at + 1 };
    if (here === '`') return undefined;
    if (here === '\\' && /["\\$`]/.test(rest.charAt(at + 1))) {
      text += rest.charAt(at + 1);
      at += 2;
    } else if (here === '$') {
      const piece = takeVariable(rest.slice(at));
      if (piece === undefined) return undefined;
      text += piece.text;
      at += piece.length;
    } else {
      text += here;
      at += 1;
    }
  }
  return undefined;
}

/**
 * A line of shell, run by one: `['sh', '-c', line]`. The line is the user's own program text, run as
 * it stands; nothing from elsewhere is ever put into it, so there is nothing to inject. Where it is
 * safe the last command gets an `exec`, else SIGTERM would end the shell and not reach the app.
 */
export function shellCommand(line: string): string[] {
  const last = line.lastIndexOf('&&');
  const cut = last < 0 ? 0 : last + 2;
  const before = line.slice(0, cut);
  const command = line.slice(cut).trimStart();
  const simple = !/[|;&()`\r\n]/.test(line.replaceAll('&&', ''));
  const quotesClosed = [...before].filter((character) => /['"]/.test(character)).length % 2 === 0;
  const program = /^[A-Za-z0-9_./-]+(?=\s|$)/.exec(command)?.[0];
  if (!simple || !quotesClosed || program === undefined || builtIns.has(program)) {
    return ['sh', '-c', line];
  }
  return ['sh', '-c', `${before}${before === '' ? '' : ' '}exec ${command}`];
}
