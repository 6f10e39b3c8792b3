import { lstatSync } from 'node:fs';
import path from 'node:path';
import type { ListResult } from '@borgos/contracts/endpoint';
import type { ProjectFile } from '@borgos/contracts/project-files';
import { answerParent } from './answer-parent.ts';
import { languageOf } from './lines/language-of.ts';
import type { FilesRequest } from './project-files.ts';
import { compileGlob, matchesGlob } from './walk/glob.ts';
import { bytesOf } from './walk/list-folder.ts';
import { walkProject } from './walk/walk-project.ts';

answerParent<FilesRequest, ListResult<ProjectFile>>(async (request, _onProgress, signal) => {
  const { directory, folder, pattern, language, offset, limit } = request;
  const matches = [inFolder(folder), byPattern(pattern), byLanguage(language)];
  const found = walkProject(directory, { signal })
    .paths.filter((path) => matches.every((match) => match(path)))
    .sort();
  return {
    items: found.slice(offset, offset + limit).map((file) => ({
      path: file,
      language: languageByName(file),
      size: lstatSync(path.join(directory, file), { throwIfNoEntry: false })?.size ?? 0,
    })),
    total: found.length,
  };
});

function inFolder(folder: string | undefined): (file: string) => boolean {
  if (folder === undefined) return () => true;
  const prefix = `${folder.replace(/^(?:\.?\/)+|\/+$/g, '')}/`;
  return prefix === '/' || prefix === './' ? () => true : (file) => file.startsWith(prefix);
}

function byPattern(pattern: string | undefined): (file: string) => boolean {
  if (pattern === undefined) return () => true;
  const glob = compileGlob(bytesOf(pattern.replace(/^\//, '')), false);
  if (!glob) return () => false;
  const ofName = !pattern.includes('/');
  return (file) =>
    matchesGlob(glob, bytesOf(file), ofName ? file.lastIndexOf('/') + 1 : 0, () => {});
}

function byLanguage(language: string | undefined): (file: string) => boolean {
  const wanted = language?.toLowerCase();
  return (file) => wanted === undefined || languageByName(file)?.toLowerCase() === wanted;
}

function languageByName(file: string): string | null {
  return languageOf(file, Buffer.alloc(0))?.name ?? null;
}
