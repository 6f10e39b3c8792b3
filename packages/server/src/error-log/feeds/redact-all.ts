import { randomUUID } from 'node:crypto';

/** Behind what was cut, in findings: the beginning of a secret may be before it. */
const cut = /( \[the rest of the line is cut\]|…$)/;

/**
 * Redacts many texts with one call, as each call asks the database. What is cut is redacted on its
 * own: only at the end of a text is the beginning of a secret known as one.
 */
export async function redactAll(
  redact: (text: string) => Promise<string>,
  texts: readonly string[],
): Promise<string[]> {
  // No text can have it, and no secret.
  const separator = `\n${randomUUID()}\n`;
  const redacted = (await redact(texts.join(separator))).split(separator);
  for (const [index, text] of texts.entries()) {
    if (cut.test(text)) redacted[index] = await redactCut(redact, text);
  }
  return redacted;
}

async function redactCut(redact: (text: string) => Promise<string>, text: string): Promise<string> {
  const parts = text.split(cut);
  const redacted: string[] = [];
  // What was found by splitting is every second part.
  for (const [at, part] of parts.entries()) redacted.push(at % 2 ? part : await redact(part));
  return redacted.join('');
}
