import { z } from 'zod';
import { defineEndpoint } from './endpoint.ts';
import { id, idParams, message, timestamp } from './fields.ts';
import { pageQuery } from './page.ts';

const score = z.int().min(0).max(100);

export const scanStatus = z
  .enum(['queued', 'running', 'completed', 'failed', 'cancelled'])
  .meta({ id: 'ScanStatus', description: 'How far a scan is.' });

export const scanStage = z
  .enum(['waiting', 'walking', 'reading', 'scoring'])
  .meta({ description: 'What a scan is doing.' });

export const scan = z
  .object({
    id,
    project_id: id,
    status: scanStatus,
    status_reason: z
      .string()
      .nullable()
      .meta({ description: 'Why it failed or was cancelled, and what to do about it.' }),
    trigger: z
      .enum(['request', 'zenith', 'change', 'daily'])
      .meta({ description: 'What began it: a request, or BorgOS itself.' }),
    stage: scanStage.nullable().meta({ description: '`null`: it is over.' }),
    files_found: z.int(),
    files_done: z.int(),
    files_read: z
      .int()
      .nullable()
      .meta({ description: 'How many had changed since the last scan, so that they were read.' }),
    truncated: z
      .string()
      .nullable()
      .meta({ description: 'Which limit was met, so that the rest was left out.' }),
    lines_of_code: z.int().nullable(),
    errors_found: z.int().nullable().meta({ description: 'All of them; a project shows 1000.' }),
    health_score: score.nullable(),
    vibe_score: score.nullable(),
    eco_score: score.nullable(),
    commit: z.string().nullable().meta({ description: 'What was checked out.' }),
    changes: z
      .array(
        z.object({
          what: z.string().meta({ examples: ['health_score'] }),
          before: z.union([z.string(), z.number(), z.null()]),
          after: z.union([z.string(), z.number(), z.null()]),
        }),
      )
      .nullable()
      .meta({ description: 'What is different from the scan before; `null`: there was none.' }),
    created_at: timestamp,
    started_at: timestamp.nullable(),
    finished_at: timestamp.nullable(),
  })
  .meta({ id: 'Scan', description: 'One look through a project’s files.' });

export type Scan = z.infer<typeof scan>;

export const scoreCheck = z
  .object({
    id: z.string().meta({ examples: ['tests'] }),
    title: z.string(),
    points: z.number().meta({ description: 'Earned.' }),
    max: z.number().meta({ description: 'What could be earned.' }),
    status: z.enum(['pass', 'partial', 'fail', 'n/a']).meta({
      description: '`n/a`: it does not apply here, and counts neither for nor against.',
    }),
    evidence: z
      .array(
        z.object({
          file: z.string().nullable(),
          line: z.int().nullable(),
          value: z.string(),
        }),
      )
      .max(20)
      .meta({ description: 'What was seen, and where.' }),
    why: z.string().meta({ description: 'Why this many points.' }),
    fix: z.string().nullable().meta({ description: 'What would earn the rest.' }),
  })
  .meta({ id: 'ScoreCheck', description: 'One reason for a score.' });

export type ScoreCheck = z.infer<typeof scoreCheck>;

export const explainedScore = z
  .object({
    score,
    confidence: z
      .enum(['high', 'low'])
      .meta({ description: '`low`: less than half of the checks apply to this project.' }),
    cap: z
      .object({ at: z.int(), why: z.string() })
      .nullable()
      .meta({ description: 'What keeps it from being higher, whatever else is earned.' }),
    checks: z.array(scoreCheck),
  })
  .meta({ id: 'ExplainedScore', description: 'A score, and all that it is made of.' });

export type ExplainedScore = z.infer<typeof explainedScore>;

export const projectScores = z
  .object({
    project_id: id,
    scan_id: id,
    formula_version: z.int().meta({ description: 'Scores of one version can be compared.' }),
    computed_at: timestamp,
    commit: z.string().nullable(),
    health: explainedScore,
    vibe: explainedScore,
    eco: explainedScore.meta({
      description: 'A proxy for efficiency from what is in the files: not a measurement of energy.',
    }),
  })
  .meta({ id: 'ProjectScores', description: 'The three scores of a project, explained.' });

export type ProjectScores = z.infer<typeof projectScores>;

/** What a scan computes of a project. */
export type Scores = Pick<ProjectScores, 'formula_version' | 'health' | 'vibe' | 'eco'>;

const tag = 'Scans';
const scanParams = idParams.extend({ scan_id: id.meta({ description: 'The scan’s id.' }) });

export const scans = {
  start: defineEndpoint({
    method: 'POST',
    path: '/api/v1/projects/{id}/scan',
    tag,
    summary: 'Scan a project',
    description:
      'Reads the project’s files in the background: lines, errors, stack, dependencies, scores. Nothing of the project is run. A scan that is under way already is joined. Follow it at `GET /api/v1/projects/{id}/scans/{scan_id}`.',
    scope: 'projects:write',
    params: idParams,
    status: 202,
    response: z.object({ message, scan_id: id }),
    errors: ['NOT_FOUND', 'PROJECT_PATH_MISSING', 'PROJECT_PATH_NOT_ALLOWED'],
  }),
  list: defineEndpoint({
    method: 'GET',
    path: '/api/v1/projects/{id}/scans',
    tag,
    summary: 'List a project’s scans',
    description: 'Newest first: the history of its scores. The last 100 are kept.',
    scope: 'projects:read',
    params: idParams,
    query: z.strictObject({
      ...pageQuery,
      status: scanStatus.optional().meta({ description: 'Only those that are so.' }),
    }),
    status: 200,
    response: scan,
    list: true,
    errors: ['NOT_FOUND'],
  }),
  get: defineEndpoint({
    method: 'GET',
    path: '/api/v1/projects/{id}/scans/{scan_id}',
    tag,
    summary: 'Read a scan',
    description: 'How far it is, or what came of it.',
    scope: 'projects:read',
    params: scanParams,
    status: 200,
    response: scan,
    errors: ['NOT_FOUND'],
  }),
  cancel: defineEndpoint({
    method: 'POST',
    path: '/api/v1/projects/{id}/scans/{scan_id}/cancel',
    tag,
    summary: 'Cancel a scan',
    description: 'What was known before stays. One that is over is left as it is.',
    scope: 'projects:write',
    params: scanParams,
    status: 200,
    response: scan,
    errors: ['NOT_FOUND'],
  }),
  scores: defineEndpoint({
    method: 'GET',
    path: '/api/v1/projects/{id}/scores',
    tag,
    summary: 'Read why a project’s scores are what they are',
    description: 'Of the last scan that was completed: each check with its points and evidence.',
    scope: 'projects:read',
    params: idParams,
    status: 200,
    response: projectScores,
    errors: ['NOT_FOUND'],
  }),
  zenith: defineEndpoint({
    method: 'POST',
    path: '/api/v1/projects/scan-zenith',
    tag,
    summary: 'Find and register all Zenith Coder projects',
    description:
      'Looks for projects below `ZENITH_PATH` and registers those that are new. One that was moved keeps its id; one that is gone stays registered and is marked. What is found is scanned in the background.',
    scope: 'projects:write',
    status: 200,
    response: z.object({
      message,
      count: z.int().meta({ description: 'How many distinct projects there are.' }),
      added: z.int(),
      moved: z.int(),
      missing: z.int(),
      truncated: z.string().nullable(),
    }),
    errors: ['ZENITH_PATH_MISSING'],
  }),
};
