import path from 'node:path';
import { findAssignedSecrets } from './assigned-secrets.ts';
import type { FaultAt } from './fault.ts';
import { isPlaceholder, shown } from './placeholder.ts';
import { type SecretRule, secretRules } from './secret-rules.ts';

const anchors = new RegExp(
  `(?<![\\w-])(?:${[...new Set(secretRules.map(({ anchor }) => anchor))].join('|')})`,
  'g',
);
/** By the sign they begin with, so that a place is looked at only by the rules that may apply. */
const rulesByStart = new Map(
  Array.from('-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz', (sign) => {
    const begins = ({ anchor }: SecretRule) =>
      new RegExp(`^${/^(?:\\.|\[[^\]]*\]|.)/.exec(anchor)?.[0]}$`).test(sign);
    return [sign, secretRules.filter(begins)];
  }),
);

/** Made by tools, and full of checksums that look like anything. */
const lockFile = /(?:[.-]lock(?:\.json|\.yaml)?|package-lock\.json|npm-shrinkwrap\.json|go\.sum)$/;
const exampleFolder =
  /(?:^|\/)(?:tests?|__tests__|spec|specs|testing|testdata|test[-_]data|fixtures?|__fixtures__|mocks?|__mocks__|examples?|samples?|docs?|demo|e2e)\/|(?:^|\/)test_[^/]*$|[._-](?:test|spec)\.[^/.]+$|_test\.[^/.]+$|\.(?:md|mdx|rst|adoc)$/i;

/**
 * Finds secrets of known shapes, and values that are assigned to names such as `password`. What it
 * says names the kind and at most the first four characters. Tests and examples are warnings.
 */
export function findSecrets(text: string, file: string): FaultAt[] {
  if (lockFile.test(path.posix.basename(file))) return [];
  const known = findKnownSecrets(text);
  const lines = new Set(known.map(({ offset }) => text.lastIndexOf('\n', offset)));
  const assigned = findAssignedSecrets(text, file).filter(
    ({ offset }) => !lines.has(text.lastIndexOf('\n', offset)),
  );
  const isExample = exampleFolder.test(file);
  return [...known, ...assigned]
    .toSorted((a, b) => a.offset - b.offset)
    .map((fault) => (isExample ? { ...fault, severity: 'warning' as const } : fault));
}

function findKnownSecrets(text: string): FaultAt[] {
  const found: FaultAt[] = [];
  const seen = new Set<string>();
  let end = 0;
  for (const { index } of text.matchAll(anchors)) {
    if (index < end) continue;
    for (const rule of rulesByStart.get(text[index] ?? '') ?? []) {
      const secret = match(rule, text, index);
      if (secret === undefined) continue;
      end = index + secret.length;
      // The same one again is the same fault.
      if (seen.has(secret)) break;
      seen.add(secret);
      const value = rule.isBlock ? '' : ` (${shown(secret)})`;
      const message = `${rule.kind}${value} lies open in this file: withdraw it and keep the new one elsewhere`;
      found.push({ offset: index, message, severity: rule.severity ?? 'critical' });
      break;
    }
  }
  return found;
}

function match(rule: SecretRule, text: string, offset: number): string | undefined {
  rule.pattern.lastIndex = offset;
  const secret = rule.pattern.exec(text)?.[0];
  if (secret === undefined) return undefined;
  if (!rule.isBlock && isPlaceholder(secret)) return undefined;
  return (rule.isReal?.(secret, text, offset) ?? true) ? secret : undefined;
}
