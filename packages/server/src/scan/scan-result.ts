import type { Project } from '@borgos/contracts/projects';
import type { Scan, Scores } from '@borgos/contracts/scans';
import type { ProjectTexts } from './project-texts.ts';

/** What a scan's process is asked to look at. */
export interface ScanRequest {
  /** The project's directory, absolute and with symlinks resolved. */
  directory: string;
  /** Where what is known of each file is kept from one scan to the next. */
  memoryFile: string;
  /** Where it says which files it is at, for when it crashes. */
  placesFile: string;
  /** Where git is looked for. */
  searchPath: string | undefined;
  /** What of the project is deployed, for the scores. */
  deployments: { name: string; cpu_limit: string | null; memory_limit: string | null }[];
}

export interface ScanProgress {
  stage: NonNullable<Scan['stage']>;
  found: number;
  done: number;
}

/** What a scan's process has found. */
export interface ScanResult {
  files_found: number;
  files_read: number;
  truncated: string | null;
  lines_of_code: number;
  errors: Project['errors'];
  errors_found: number;
  metadata: Project['metadata'];
  project_type: Project['project_type'];
  tech_stack: string[];
  texts: ProjectTexts;
  commit: string | null;
  scores: Scores;
  /** Relative folders that have files of the project, `''` the root: what is to be watched. */
  folders: string[];
  /** All files that were found; `null`: too many to be kept in mind. */
  paths: string[] | null;
  /** Where git keeps what it knows; `null`: there is no repository. */
  git_directory: string | null;
  /** When the walk began, in milliseconds since 1970. */
  began: number;
}
