import type { api } from '@borgos/contracts';
import type { Handlers } from '@borgos/contracts/endpoint';
import type { Search } from './search.ts';

export function searchHandlers(search: Search): Handlers<(typeof api)['search']> {
  return {
    code: async (input, { signal, headers }) => {
      const results = await search.code(input, signal);
      const { index, incomplete } = results;
      if (incomplete.length > 0 || index.building > 0) {
        headers['x-search-incomplete'] =
          `projects=${Math.max(incomplete.length, index.building)}; files=${index.files_done}/${index.files_total}`;
      }
      return input.envelope ? results : results.data;
    },
    symbols: (input, { signal }) => search.symbols(input, signal),
  };
}
