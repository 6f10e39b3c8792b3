import { type CustomTypesConfig, types } from 'pg';

const textFormat = 'text';
const textArray: number = 1009;

/**
 * How values come out of PostgreSQL, pinned here for all of BorgOS: as what JSON can carry, since
 * rows are sent as they are.
 *
 * `bigint` and `numeric` are numbers, `timestamptz` is ISO 8601 in UTC with milliseconds, and the
 * types without a time zone are the text that PostgreSQL writes. Arrays follow their elements.
 * The session has to have `TimeZone=UTC` and `DateStyle=ISO`.
 */
export const typeParsers: CustomTypesConfig = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    const parser = (format ?? textFormat) === textFormat ? pinned.get(oid) : undefined;
    return parser ?? types.getTypeParser(oid, format);
  },
};

type Parser = (text: string) => unknown;

const pinned = new Map<number, Parser>([
  [20, parseBigint],
  [1016, arrayOf(parseBigint)],
  [1700, parseNumeric],
  [1231, arrayOf(parseNumeric)],
  [1184, parseTimestamp],
  [1185, arrayOf(parseTimestamp)],
  // date, timestamp and their arrays: the driver would read them in the server's own time zone.
  [1082, String],
  [1182, arrayOf(String)],
  [1114, String],
  [1115, arrayOf(String)],
]);

function arrayOf(parse: Parser): Parser {
  const split = types.getTypeParser(textArray, textFormat);
  const parseAll = (element: unknown): unknown =>
    Array.isArray(element) ? element.map(parseAll) : element === null ? null : parse(`${element}`);
  return (text) => parseAll(split(text));
}

function parseBigint(text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number)) return number;
  throw new RangeError(`${text} is a bigint that a JavaScript number cannot hold exactly`);
}

/** `NaN` and the infinities, which JSON does not have, are refused. */
function parseNumeric(text: string): number {
  const number = Number(text);
  if (Number.isFinite(number)) return number;
  throw new RangeError(`${text} is a numeric that JSON cannot carry`);
}

const utcTimestamp = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?\+00$/;

/** What is finer than a millisecond is cut off, not rounded: a time is never later than it was. */
function parseTimestamp(text: string): string {
  const [, date, time, fraction = ''] = utcTimestamp.exec(text) ?? [];
  if (date && time) return `${date}T${time}.${fraction.slice(0, 3).padEnd(3, '0')}Z`;
  throw new RangeError(`${text} is no time of the years 0001 to 9999 in UTC`);
}
