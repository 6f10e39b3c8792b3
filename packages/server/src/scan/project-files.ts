import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import path from 'node:path';
import type { api } from '@borgos/contracts';
import type { EndpointResponse, ListResult, ParsedInput } from '@borgos/contracts/endpoint';
import { mostLines, type ProjectFile } from '@borgos/contracts/project-files';
import { AppError } from '../errors.ts';
import type { Projects } from '../projects/projects.ts';
import { decodeText, isBinary } from './lines/decode-text.ts';
import { languageOf } from './lines/language-of.ts';
import { runChild } from './run-child.ts';
import { ScanFailure } from './scan-failure.ts';
import { holdsSecrets } from './withheld-file.ts';

type Endpoints = (typeof api)['projectFiles'];

/** What is asked of the process that looks through a project. */
export interface FilesRequest {
  directory: string;
  folder: string | undefined;
  pattern: string | undefined;
  language: string | undefined;
  offset: number;
  limit: number;
}

export interface ProjectFiles {
  /** @throws AppError NOT_FOUND, PROJECT_PATH_MISSING, UNAVAILABLE where it takes too long */
  list(
    filter: ParsedInput<Endpoints['list']>,
    signal: AbortSignal,
  ): Promise<ListResult<ProjectFile>>;
  /**
   * @throws AppError NOT_FOUND, PROJECT_PATH_MISSING, FORBIDDEN for what holds secrets,
   * UNPROCESSABLE for what is no text
   */
  read(query: ParsedInput<Endpoints['read']>): Promise<EndpointResponse<Endpoints['read']>>;
}

const listDeadlineMs = 20_000;
/** Larger ones are data: nobody reads them line by line, and splitting them would hold up others. */
const mostFileBytes = 4 * 1024 * 1024;
const mostAnswerBytes = 256 * 1024;

export function createProjectFiles({
  projects,
}: {
  projects: Pick<Projects, 'get' | 'getDirectory'>;
}): ProjectFiles {
  return {
    async list({ id, folder, pattern, language, offset = 0, limit }, signal) {
      const directory = await projects.getDirectory(await projects.get(id));
      const request: FilesRequest = { directory, folder, pattern, language, offset, limit };
      try {
        return await runChild<ListResult<ProjectFile>>('files-child', request, {
          signal,
          deadlineMs: listDeadlineMs,
        });
      } catch (error) {
        if (!(error instanceof ScanFailure)) throw error;
        throw new AppError('UNAVAILABLE', `The files could not be listed: ${error.message}`, {
          cause: error,
        });
      }
    },

    async read({ id, path: wanted, start_line, end_line }) {
      const directory = await projects.getDirectory(await projects.get(id));
      const { inProject, bytes } = await readContained(directory, wanted);
      if (isBinary(bytes)) throw new AppError('UNPROCESSABLE', `${inProject} is not a text file`);
      const lines = decodeText(bytes).toString().split('\n');
      // What ends with a line end has no line after it.
      if (lines.at(-1) === '') lines.pop();
      const asked = lines.slice(start_line - 1, end_line ?? lines.length);
      const given = atMost(asked);
      return {
        project_id: id,
        path: inProject,
        language: languageOf(inProject, bytes)?.name ?? null,
        size: bytes.length,
        start_line,
        end_line: start_line + given.length - 1,
        total_lines: lines.length,
        truncated: given.length < asked.length,
        content: given.map((line) => `${line}\n`).join(''),
      };
    },
  };
}

/** The file as it is named in the project, once it is sure that it lies there. */
async function readContained(
  directory: string,
  wanted: string,
): Promise<{ inProject: string; bytes: Buffer }> {
  const missing = new AppError('NOT_FOUND', `The project has no file ${wanted}`);
  const real = await realpath(path.resolve(directory, wanted)).catch(() => undefined);
  const root = directory.endsWith('/') ? directory : `${directory}/`;
  // What lies elsewhere is not there, as far as this project is concerned: not even a hint.
  if (!real?.startsWith(root)) throw missing;
  const inProject = real.slice(root.length);
  if (holdsSecrets(inProject)) {
    throw new AppError(
      'FORBIDDEN',
      `${inProject} may hold secrets by its name, and is not shown. Read an example of it, such as .env.example, instead`,
    );
  }
  return { inProject, bytes: await readTextFile(real, inProject, missing) };
}

async function readTextFile(real: string, name: string, missing: AppError): Promise<Buffer> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  const file = await open(real, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch(() => undefined);
  if (!file) throw missing;
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw missing;
    if (stats.size > mostFileBytes) {
      throw new AppError(
        'UNPROCESSABLE',
        `${name} has ${stats.size} bytes; files up to ${mostFileBytes} are shown`,
      );
    }
    return await file.readFile();
  } finally {
    await file.close();
  }
}

/** As many whole lines as one answer may have. */
function atMost(lines: string[]): string[] {
  const given: string[] = [];
  let bytes = 0;
  for (const line of lines.slice(0, mostLines)) {
    bytes += Buffer.byteLength(line) + 1;
    if (bytes > mostAnswerBytes) break;
    given.push(line);
  }
  return given;
}
