import type { ListResult } from '@borgos/contracts/endpoint';
import type { Page } from '@borgos/contracts/page';

interface PageInput {
  limit: number;
  offset?: number | undefined;
  envelope?: boolean | undefined;
}

/**
 * The answer of a list endpoint: a bare array, or an envelope when a page is asked for.
 * @param url as it was requested: path and query
 * @returns the body, and the headers `X-Total-Count` and `Link`
 */
export function listAnswer<T>(
  result: ListResult<T>,
  { limit, offset, envelope }: PageInput,
  url: string,
): { body: T[] | Page<T>; headers: Record<string, string> } {
  const { items, total } = result;
  const start = offset ?? 0;
  const wrapped = envelope ?? offset !== undefined;
  return {
    body: wrapped
      ? {
          data: items,
          pagination: { total, limit, offset: start, has_more: start + items.length < total },
        }
      : items,
    headers: {
      'x-total-count': String(total),
      link: links(url, { total, limit, offset: start, wrapped }),
    },
  };
}

/** RFC 8288. The links are relative: behind a proxy we do not know our own address. */
function links(
  url: string,
  page: { total: number; limit: number; offset: number; wrapped: boolean },
): string {
  const { total, limit, offset } = page;
  const [path = '', search = ''] = url.split('?', 2);
  const query = new URLSearchParams(search);
  query.set('limit', String(limit));
  // With an offset alone the next page would be an envelope, though this one is an array.
  if (!page.wrapped) query.set('envelope', 'false');
  const link = (relation: string, start: number) => {
    query.set('offset', String(start));
    return `<${path}?${query}>; rel="${relation}"`;
  };

  // Pages are counted from this one, so that going on and coming back meet the same borders.
  const shift = offset % limit;
  const last = total > shift ? shift + Math.floor((total - 1 - shift) / limit) * limit : 0;
  const all = [link('first', 0), link('last', last)];
  if (offset > 0) all.push(link('prev', Math.max(0, Math.min(offset - limit, last))));
  if (offset + limit < total) all.push(link('next', offset + limit));
  return all.join(', ');
}
