/** A key with its value on the same line, or an item of a list, and the keys above it. */
export interface YamlEntry {
  /** From the top, with the entry's own key; of an item: the keys that it is below. */
  path: string[];
  /** As written, without a comment; empty where it follows on the next lines. */
  value: string;
  line: number;
}

const longestLine = 1000;
const keyLine = /^( *)((?:- +)*)(?:"([^"]+)"|'([^']+)'|([^\s:#'"&*!{[-][^:#]*)):(?:\s+(.*))?$/;
const itemLine = /^( *)- +(.*)$/;

/**
 * The keys of a YAML text by their indentation. It is no parser: what is in braces stays text, anchors
 * are not followed, and several documents are one. Never fails, as what it reads may be a template.
 */
export function yamlOutline(text: string): YamlEntry[] {
  const entries: YamlEntry[] = [];
  const above: { indent: number; key: string }[] = [];
  let insideTextAt: number | undefined;
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.length > longestLine ? '' : raw.replace(/(?:^|\s)#.*$/, '').trimEnd();
    if (line.trim() === '') continue;
    const indentation = line.length - line.trimStart().length;
    if (insideTextAt !== undefined && indentation > insideTextAt) continue;
    insideTextAt = undefined;
    const key = keyLine.exec(line);
    if (key) {
      const indent = (key[1] ?? '').length + (key[2] ?? '').length;
      const name = (key[3] ?? key[4] ?? key[5] ?? '').trim();
      const value = (key[6] ?? '').trim();
      while ((above.at(-1)?.indent ?? -1) >= indent) above.pop();
      above.push({ indent, key: name });
      entries.push({ path: above.map((entry) => entry.key), value, line: index + 1 });
      if (/^[|>]/.test(value)) insideTextAt = indent;
      continue;
    }
    const item = itemLine.exec(line);
    if (!item) continue;
    // A list may stand at the indentation of the key it belongs to.
    while ((above.at(-1)?.indent ?? -1) > (item[1] ?? '').length) above.pop();
    const value = (item[2] ?? '').trim();
    entries.push({ path: above.map((entry) => entry.key), value, line: index + 1 });
    if (/^[|>]/.test(value)) insideTextAt = (item[1] ?? '').length;
  }
  return entries;
}
