/**
 * C# as it is after its preprocessor: the directives and the branches not taken are blanks. Once
 * with the first branch of each `#if`, once with the last one. `async`, which is only sometimes a
 * keyword, is renamed where it is a name.
 */
export function csharpForms(text: string): string[] {
  const plain = text.replace(/\basync(?=\s*[,;)=.])/g, '_sync');
  return ['first', 'last'].map((wanted) => withoutDirectives(plain, wanted === 'first'));
}

function withoutDirectives(text: string, takesFirst: boolean): string {
  // For each open `#if`: whether what is around it is taken, and whether this branch is.
  const open: { isOuterTaken: boolean; isTaken: boolean }[] = [];
  const lines = text.split('\n');
  const hasElse = takesFirst ? undefined : elseOf(lines);
  for (const [index, line] of lines.entries()) {
    const directive = /^\s*#\s*(\w+)/.exec(line)?.[1];
    const branch = open.at(-1);
    if (directive === 'if') {
      const isOuterTaken = branch?.isTaken ?? true;
      const isNever = /^\s*#\s*if\s+(?:false|0)\b/.test(line);
      const isTaken = isOuterTaken && !isNever && (takesFirst || !hasElse?.has(index));
      open.push({ isOuterTaken, isTaken });
    } else if (directive === 'elif' || directive === 'else') {
      if (branch) {
        branch.isTaken = branch.isOuterTaken && !takesFirst && directive === 'else';
      }
    } else if (directive === 'endif') {
      open.pop();
    }
    if (directive !== undefined || !(open.at(-1)?.isTaken ?? true)) {
      lines[index] = line.replace(/[^\r]/g, ' ');
    }
  }
  return lines.join('\n');
}

/** The lines of the `#if`s that have an `#else`. */
function elseOf(lines: readonly string[]): Set<number> {
  const found = new Set<number>();
  const open: number[] = [];
  for (const [index, line] of lines.entries()) {
    const directive = /^\s*#\s*(\w+)/.exec(line)?.[1];
    if (directive === 'if') open.push(index);
    else if (directive === 'endif') open.pop();
    else if (directive === 'else') {
      const start = open.at(-1);
      if (start !== undefined) found.add(start);
    }
  }
  return found;
}
