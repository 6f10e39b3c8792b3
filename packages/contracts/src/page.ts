import { z } from 'zod';

export const defaultLimit = 100;
export const largestLimit = 1000;

/** The query parameters of every list endpoint: `z.strictObject({ ...pageQuery, active: … })`. */
export const pageQuery = {
  limit: z
    .int()
    .min(1)
    .max(largestLimit)
    .default(defaultLimit)
    .meta({ description: 'How many items at most, newest first.' }),
  offset: z
    .int()
    .min(0)
    .max(2_147_483_647)
    .optional()
    .meta({ description: 'How many items to skip. Giving it asks for the envelope.' }),
  envelope: z.boolean().optional().meta({
    description:
      '`true`: answer `{data, pagination}`; `false`: answer a bare array. By default the envelope comes with `offset`.',
  }),
};

export const pagination = z
  .object({
    total: z.int().meta({ description: 'How many items match in all.' }),
    limit: z.int(),
    offset: z.int(),
    has_more: z.boolean().meta({ description: 'Whether items follow this page.' }),
  })
  .meta({ id: 'Pagination', description: 'Where a page lies in its list.' });

export type Pagination = z.infer<typeof pagination>;

/** One page of a list, as the envelope carries it. */
export interface Page<T> {
  data: T[];
  pagination: Pagination;
}

export function pageOf<T extends z.ZodType>(item: T) {
  return z.object({ data: z.array(item), pagination });
}
