import type { ErrorDetail } from '@borgos/contracts/errors';
import type { Tool } from '@borgos/contracts/tools';
import { AppError } from '../errors.ts';
import { describeIssue } from '../http/validation-message.ts';
import { nearestName } from '../nearest-name.ts';
import { brief } from './brief.ts';
import { defaultItems, inputShape, mostItems, propertiesOf } from './tool-schema.ts';

/** How many of the things that are wrong an agent is told of. */
const mostTold = 5;

/** What an agent asked for. */
export interface ToolInput {
  /** For the endpoint's handler. */
  input: Record<string, unknown>;
  /** What is to be given of the answer, or of each of its items. */
  fields: readonly string[];
  confirmed: boolean;
}

/** Makes the function that checks what a tool is called with. */
export function toolInputParser(tool: Tool): (given: Record<string, unknown>) => ToolInput {
  const { endpoint, takes, destructive } = tool;
  const shape = inputShape(endpoint);
  const known = [...takes, 'fields'];
  if (endpoint.list) known.push('limit', 'cursor');
  if (destructive) known.push('confirm');
  const allFields = Object.keys(propertiesOf(endpoint.response));
  return ({ fields, cursor, confirm, ...rest }) => {
    const unknown = Object.keys(rest).filter((name) => !known.includes(name));
    if (unknown.length > 0) {
      throw refusal(
        unknown.slice(0, mostTold).map((name) => ({
          path: brief(name, 100),
          message: unknownName(name, known, tool.name),
        })),
      );
    }
    const paged = endpoint.list && {
      limit: Math.min(Number(rest.limit ?? defaultItems), mostItems),
      offset: offsetOf(cursor),
    };
    const result = shape.safeParse({ ...rest, ...paged }, { error: describeIssue });
    if (!result.success) {
      throw refusal(
        result.error.issues.map(({ path, message }) => ({ path: path.join('.'), message })),
      );
    }
    return {
      input: result.data,
      fields: fieldsOf(fields, allFields) ?? tool.gives,
      confirmed: confirm === true,
    };
  };
}

function fieldsOf(fields: unknown, all: string[]): string[] | undefined {
  if (fields === undefined) return undefined;
  const names: unknown[] = typeof fields === 'string' ? fields.split(',') : [fields].flat();
  const known = new Set(all.filter((name) => names.includes(name)));
  const unknown = names.find((name) => !(typeof name === 'string' && known.has(name)));
  if (unknown !== undefined) {
    const why =
      typeof unknown === 'string' ? `${brief(unknown, 100)} is none of` : 'must be names out of';
    throw refusal([{ path: 'fields', message: `${why} ${all.join(', ')}` }]);
  }
  // In the order that was asked for, and each once.
  return known.size > 0 ? [...new Set(names.map(String))] : undefined;
}

function offsetOf(cursor: unknown): number {
  if (cursor === undefined) return 0;
  const offset = /^o\d{1,10}$/.test(String(cursor)) ? Number(String(cursor).slice(1)) : Number.NaN;
  if (Number.isNaN(offset)) {
    throw refusal([{ path: 'cursor', message: 'must be a next_cursor of this tool' }]);
  }
  return offset;
}

/** The name of the page that begins there. */
export function cursorOf(offset: number): string {
  return `o${offset}`;
}

function unknownName(name: string, known: string[], tool: string): string {
  const nearest = nearestName(name, known);
  return `is no parameter of ${tool}${nearest ? `; did you mean ${nearest}?` : `, which takes ${known.join(', ')}`}`;
}

function refusal(details: ErrorDetail[]): AppError {
  const told = details.slice(0, mostTold);
  const message = told.map(({ path, message }) => `${path} ${message}`).join('; ');
  return new AppError('VALIDATION_FAILED', message, { details: told });
}
