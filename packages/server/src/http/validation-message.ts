import type { ErrorDetail } from '@borgos/contracts/errors';
import { z } from 'zod';

const typeNames: Record<string, string> = {
  number: 'a number',
  int: 'an integer',
  string: 'a text',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
  null: 'null',
};

/**
 * Says what is wrong as the end of a sentence that starts with the field: "must be an integer".
 * For `safeParse(…, { error: describeIssue })`; a schema's own message goes before it.
 */
export function describeIssue(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined
        ? 'is required'
        : `must be ${expectedType(issue.inst, issue.expected)}`;
    case 'invalid_value':
      return `must be ${issue.values.length > 1 ? 'one of ' : ''}${issue.values.join(', ')}`;
    case 'too_small':
      return tooSmall(issue.origin, Number(issue.minimum));
    case 'too_big':
      return `must ${bound(issue.origin, 'at most', Number(issue.maximum))}`;
    case 'invalid_union':
      return 'has none of the forms that are allowed here';
    default:
      return undefined;
  }
}

function expectedType(schema: unknown, expected: string): string {
  // zod says of an integer field, too, that it expected a number.
  if (schema instanceof z.ZodNumberFormat) return 'an integer';
  return typeNames[expected] ?? `of type ${expected}`;
}

function tooSmall(origin: string, minimum: number): string {
  const isCounted = origin !== 'number' && origin !== 'int';
  return isCounted && minimum === 1
    ? 'must not be empty'
    : `must ${bound(origin, 'at least', minimum)}`;
}

function bound(origin: string, most: string, value: number): string {
  if (origin === 'string') return `have ${most} ${value} characters`;
  if (origin === 'array') return `have ${most} ${value} items`;
  return `be ${most} ${value}`;
}

/**
 * The parts of an error body for what a schema found.
 * @param place `params`, `query` or `body`: what the paths start with
 * @param allowed the names that are known there
 */
export function detailsOf(
  issues: readonly z.core.$ZodIssue[],
  place: string,
  allowed: readonly string[],
): ErrorDetail[] {
  return issues.flatMap((issue) => {
    const path = [place, ...issue.path.map(String)].join('.');
    if (issue.code === 'unrecognized_keys') {
      // Only at the top the names are ours to list; what lies deeper describes itself.
      const hint = issue.path.length > 0 ? '' : `; ${allowedNames(allowed, place)}`;
      return issue.keys.map((key) => ({
        path: `${path}.${key.slice(0, 200)}`,
        message: `is not known here${hint}`,
      }));
    }
    const message = issue.code === 'invalid_key' ? issue.issues[0]?.message : issue.message;
    return { path: path.slice(0, 500), message: message ?? 'is not valid' };
  });
}

function allowedNames(allowed: readonly string[], place: string): string {
  return allowed.length > 0 ? `allowed: ${allowed.join(', ')}` : `no ${place} is taken here`;
}
