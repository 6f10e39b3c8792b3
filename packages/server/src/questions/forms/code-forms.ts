import type { Asking } from '../asking.ts';
import { asks, type Form, ofProject } from './form.ts';

interface Found {
  project_id: number;
  path: string;
  line: number;
  content: string;
}

/** Where something is written; in all projects, unless one is named or meant. */
async function places(ask: Asking, query: string, project: string | undefined) {
  const filter = project === undefined ? {} : { project_id: (await ask.project(project)).id };
  // As the contract of this endpoint says.
  const found = (await ask.run('search_code', { query, ...filter })) as Found[];
  return found.map(({ project_id, path, line, content }) => ({ project_id, path, line, content }));
}

const kinds: Record<string, string> = {
  functions: 'function',
  methods: 'method',
  classes: 'class',
  structs: 'struct',
  interfaces: 'interface',
};

export const codeForms: readonly Form[] = [
  {
    example: 'find "connection refused" in shop',
    pattern: asks(
      `(?:find|search|search for|look for|grep|grep for|where is|where does it say) (?:the )?(?:text |string |code )?"(?<text>[^"]+)"${ofProject}`,
    ),
    answer: ({ text, project }, ask) => places(ask, `"${text}"`, project),
  },
  {
    example: 'where is authenticate_user defined in shop',
    pattern: asks(
      `(?:where is|find|show|find the definition of|show the definition of) (?:the )?(?:function |class |type |method |definition of )?["'\`]?(?<name>[\\p{L}_$][\\p{L}\\d_$.]*)["'\`]? (?:is )?(?:defined|declared|implemented)${ofProject}`,
    ),
    async answer({ name, project: named }, ask) {
      const { id } = await ask.project(named);
      const found = await ask.list<{ name: string }>('list_symbols', { id, query: name });
      const exact = found.filter((symbol) => symbol.name === name);
      return exact.length > 0 ? exact : found;
    },
  },
  {
    example: 'list the functions of shop',
    pattern: asks(
      `(?:list|show|which|what)(?: are)?(?: all)?(?: the)? (?<kind>${Object.keys(kinds).join('|')}|symbols)${ofProject}`,
    ),
    async answer({ kind = '', project: named }, ask) {
      const { id } = await ask.project(named);
      const wanted = kinds[kind.toLowerCase()];
      return ask.list('list_symbols', { id, ...(wanted && { kind: wanted }) });
    },
  },
  {
    example: 'find code that checks a password',
    pattern: asks(
      '(?:find|search|search for|show|look for) (?:the )?code (?:that|which|for|to|about|where) (?<what>.+)',
    ),
    answer: ({ what = '' }, ask) => places(ask, what.replaceAll('"', ' '), undefined),
  },
];
