import type { Language } from './language-of.ts';

const data = new Set<Language>(['yaml', 'json', 'toml', 'xml']);
const block = /^[ \t]*(?:\{%|<%)/m;
/** Where a value is: `key: {{ value }}`. In quotes it is text, and `${{ }}` is of GitHub's. */
const valueInBraces = /(?:^|[:=\-[>,])[ \t]*\{\{/m;

/**
 * Whether a file is the template of one, such as Helm's, Jinja's or ERB's, so that it is in order
 * only after it has been filled in. Asked for a file that is not in order as it is.
 */
export function isTemplated(
  text: string,
  path: string,
  language: Language,
  faultOffset: number,
): boolean {
  if (/\{\{|\.(?:j2|jinja2?|erb|tmpl|tpl|mustache|hbs|ejs)(?:\.|$)/.test(path)) return true;
  if (data.has(language)) {
    if (block.test(text) || valueInBraces.test(text)) return true;
    return /(?<!\$)\{\{.*\}\}|\{%.*%\}|<%.*%>/.test(linesAround(text, faultOffset));
  }
  // Code that makes templates has them in its strings, and mistakes of its own.
  return templateLine.test(linesAround(text, faultOffset));
}

const templateLine =
  /^[ \t]*(?:\{%-?[ \t]*\w|<%)|^[^"'`\n]*(?:\{\{[ \t]*[\w.]+[ \t]*\}\}|<%.*%>|^\w+ \$\{\w+\};)/m;

/** The line at an offset with the one before and after it, at most 500 characters each way. */
function linesAround(text: string, offset: number): string {
  const start = text.lastIndexOf('\n', text.lastIndexOf('\n', offset - 1) - 1) + 1;
  const next = text.indexOf('\n', offset);
  const end = next < 0 ? -1 : text.indexOf('\n', next + 1);
  return text.slice(
    Math.max(start, offset - 500),
    Math.min(end < 0 ? text.length : end, offset + 500),
  );
}
