import { z } from 'zod';

/** An identifier: a positive integer that PostgreSQL's `integer` holds. */
export const id = z.int().min(1).max(2_147_483_647);

/** An identifier of what there may be very many of. */
export const longId = z.int().min(1);

/** The path parameter of every endpoint about one object. */
export const idParams = z.strictObject({ id: id.meta({ description: 'The object’s id.' }) });

/** A moment, as ISO 8601 in UTC: `2026-01-15T10:30:00.000Z`. */
export const timestamp = z.iso
  .datetime({ offset: false })
  .meta({ examples: ['2026-01-15T10:30:00.000Z'] });

/** Rejects NUL, other control characters and lone surrogates, which no name, path or value needs. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
export const printable = /^[^\u0000-\u001f\u007f\ud800-\udfff]*$/u;

/** The answer of an action: one sentence that says what was done. */
export const message = z.string().meta({ description: 'What was done, in one sentence.' });
