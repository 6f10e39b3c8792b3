import type { ProjectFile } from '@borgos/contracts/project-files';
import type { Asking } from '../asking.ts';
import { asks, type Form, ofProject } from './form.ts';

const show = '(?:list|show|find|get|give|which are|what are)';
const files = '(?:files?|sources?|modules?)';

async function paths(ask: Asking, project: string | undefined, filter: Record<string, string>) {
  const { id } = await ask.project(project);
  const found = await ask.list<ProjectFile>('list_files', { id, ...filter });
  return found.map(({ path }) => path);
}

/** `c++` and `ts` as people write them; languages have names of their own. */
const languageNames: Record<string, string> = {
  js: 'JavaScript',
  javascript: 'JavaScript',
  ts: 'TypeScript',
  py: 'Python',
  golang: 'Go',
  cpp: 'C++',
  'c sharp': 'C#',
  csharp: 'C#',
  shell: 'Bourne Shell',
  bash: 'Bourne Again Shell',
  md: 'Markdown',
  yml: 'YAML',
};

const language = (said: string) => languageNames[said.toLowerCase()] ?? said;

export const fileForms: readonly Form[] = [
  {
    example: 'list files in the folder src',
    pattern: asks(
      `(?:${show}|what is) (?:all )?(?:the )?(?:files )?(?:in|under|below|inside) (?:the )?(?:folder|directory|dir) ["'\`]?(?<folder>[^\\s"'\`]+)["'\`]?${ofProject}`,
    ),
    answer: ({ project, folder = '' }, ask) => paths(ask, project, { folder }),
  },
  {
    example: 'list all files in the project',
    pattern: asks(`${show} (?:all )?(?:the )?files${ofProject}`),
    answer: ({ project }, ask) => paths(ask, project, {}),
  },
  {
    example: 'list files matching *.test.ts',
    pattern: asks(
      `${show} (?:all )?(?:the )?files (?:matching|named|called|like|that match) ["'\`]?(?<pattern>[^\\s"'\`]+)["'\`]?${ofProject}`,
    ),
    answer: ({ project, pattern = '' }, ask) => paths(ask, project, { pattern }),
  },
  {
    example: 'list *.py files in the project',
    pattern: asks(
      `${show} (?:all )?(?:the )?(?<pattern>[^\\s]*[*.?][^\\s]*)(?: files)?${ofProject}`,
    ),
    answer: ({ project, pattern = '' }, ask) =>
      paths(ask, project, { pattern: pattern.startsWith('.') ? `*${pattern}` : pattern }),
  },
  {
    example: 'list all Python files in the project',
    pattern: asks(
      `${show} (?:all )?(?:the )?(?<language>[\\p{L}#+]+(?: sharp)?) ${files}${ofProject}`,
    ),
    answer: ({ project, language: said = '' }, ask) =>
      paths(ask, project, { language: language(said) }),
  },
  {
    example: 'how many Python files are in the project',
    pattern: asks(
      `(?:how many|count)(?: all)?(?: the)?(?: (?<language>[\\p{L}#+]+))? files(?: are| are there)?${ofProject}(?: have| has)?`,
    ),
    async answer({ project, language: said }, ask) {
      const { id } = await ask.project(project);
      const filter = said === undefined || said === 'the' ? {} : { language: language(said) };
      const { total } = Object(await ask.run('list_files', { id, ...filter, limit: 1 }));
      return { files: total };
    },
  },
  {
    example: 'show lines 10 to 20 of src/main.py',
    pattern: asks(
      `(?:show|read|open|print|cat) lines? (?<first>\\d{1,7})(?:(?: to |-| - | until )(?<last>\\d{1,7}))? (?:of|from|in) (?:the file )?["'\`]?(?<file>[^\\s"'\`]+)["'\`]?${ofProject}`,
    ),
    async answer({ project, file, first, last }, ask) {
      const { id } = await ask.project(project);
      const end_line = Number(last ?? first);
      return ask.run('read_file', { id, path: file, start_line: Number(first), end_line });
    },
  },
  {
    example: 'read the file src/main.py',
    pattern: asks(
      `(?:show|read|open|print|cat) (?:the )?(?:content of |contents of )?(?:the )?(?:file )?["'\`]?(?<file>[^\\s"'\`]*[./][^\\s"'\`]*)["'\`]?${ofProject}`,
    ),
    async answer({ project, file }, ask) {
      const { id } = await ask.project(project);
      return ask.run('read_file', { id, path: file });
    },
  },
];
