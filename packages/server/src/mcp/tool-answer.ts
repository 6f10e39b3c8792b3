import type { ListResult } from '@borgos/contracts/endpoint';
import type { Tool } from '@borgos/contracts/tools';
import { resourceUri } from './resource-uri.ts';
import { shrink, sizeOf } from './shrink.ts';
import { cursorOf, type ToolInput } from './tool-input.ts';

/** About 2,000 tokens: an agent pays for each of them at every later turn. */
const answerBytes = 7000;

/** What a tool gives. */
export interface ToolAnswer {
  content: Record<string, unknown>;
  /** Where all of it is, if something was left out. */
  rest: string | undefined;
}

/** Of what a handler has returned, as much as an agent asked for and can use. */
export function toolAnswer(
  tool: Tool,
  result: unknown,
  { input, fields }: Pick<ToolInput, 'input' | 'fields'>,
): ToolAnswer {
  if (tool.endpoint.list) {
    // That a handler of a list returns one is what its type says.
    return listAnswer(result as ListResult<object>, fields, Number(input.offset ?? 0));
  }
  const whole = Array.isArray(result)
    ? { items: result.map((item) => pick(item, fields)) }
    : pick(Object(result), fields);
  const content = shrink(whole, answerBytes) as Record<string, unknown>;
  return { content, rest: content === whole ? undefined : resourceUri(tool.endpoint, input) };
}

function listAnswer(
  { items, total }: ListResult<object>,
  fields: readonly string[],
  offset: number,
): ToolAnswer {
  const picked = items.map((item) => pick(item, fields));
  const given: unknown[] = [];
  let room = answerBytes;
  for (const item of picked) {
    // A page with nothing on it would never lead to the next one.
    const fitting = given.length === 0 ? shrink(item, answerBytes) : item;
    room -= sizeOf(fitting) + 1;
    if (room < 0) break;
    given.push(fitting);
  }
  const next = offset + given.length;
  return {
    content: {
      items: given,
      total,
      ...(next < total && given.length > 0 && { next_cursor: cursorOf(next) }),
    },
    rest: undefined,
  };
}

/** In the order asked for, so that what matters comes first. */
function pick(object: object, fields: readonly string[]): Record<string, unknown> {
  // The names are those of the endpoint's answer, and so never of what all objects have.
  const values: Record<string, unknown> = Object(object);
  const picked: Record<string, unknown> = {};
  for (const name of fields) {
    if (values[name] !== undefined) picked[name] = values[name];
  }
  return picked;
}
