import { z } from 'zod';

export type JsonSchema = Record<string, unknown>;

/**
 * The JSON Schema without references: few clients follow them, and models don't.
 * @param io what is given, or what a schema makes of it
 */
export function inlinedSchema(type: z.ZodType, io: 'input' | 'output'): JsonSchema {
  const { $defs = {}, ...schema } = z.toJSONSchema(type, { io, unrepresentable: 'any' });
  return Object(inline(schema, $defs, []));
}

function inline(value: unknown, definitions: JsonSchema, inside: string[]): unknown {
  if (Array.isArray(value)) return value.map((item) => inline(item, definitions, inside));
  if (typeof value !== 'object' || value === null) return value;
  const { $ref, ...rest }: { $ref?: unknown } = value;
  const name = typeof $ref === 'string' ? $ref.replace('#/$defs/', '') : undefined;
  // What contains itself is left open there.
  const target = name && !inside.includes(name) ? definitions[name] : undefined;
  const within = name ? [...inside, name] : inside;
  return Object.fromEntries(
    Object.entries({ ...Object(target), ...rest }).map(([key, item]) => [
      key,
      inline(item, definitions, within),
    ]),
  );
}
