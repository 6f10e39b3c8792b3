import { createHash } from 'node:crypto';
import type { NewError } from '@borgos/contracts/error-log';
import type { BaseLogger } from 'pino';
import type { AppOutput } from '../../deployments/deployments.ts';
import type { ErrorLog } from '../error-log.ts';
import type { DatedFinding as Finding, FoundIn } from './followed-output.ts';
import { isOfNothing, isPassing } from './passing.ts';
import { redactAll } from './redact-all.ts';

export interface Source {
  id: number;
  project_id: number;
}

/** Of what is in `context.source` of an error that was found in an output. */
export const foundInOutput = 'output';

/** Both bound how long the event loop is held, and the bytes how much is redacted at once. */
const most = { findings: 25, bytes: 64 * 1024 };

/**
 * Logs what was found in the output of a deployment, redacted, and resolves when it is durable.
 * What was logged before is not logged again, and what can never be logged is passed over.
 * @throws when the database cannot be reached; some may have been logged then
 */
export function createFindingLog({
  errorLog,
  output,
  log,
  now,
}: {
  errorLog: Pick<ErrorLog, 'log'>;
  output: Pick<AppOutput, 'redact'>;
  log: Pick<BaseLogger, 'warn'>;
  now: () => Date;
}) {
  async function logBatch(source: Source, findings: Finding[], from: FoundIn) {
    const texts = findings.flatMap(({ error_type, message, stack_trace }) => [
      error_type,
      message,
      stack_trace,
    ]);
    const redacted = await redactAll((text) => output.redact(source.id, text), texts);
    // Together, so that they are one transaction; each with its own place, in case they are not.
    const outcomes = await Promise.allSettled(
      findings.map(({ severity, start, end, printedAt }, index) => {
        const [type = '', message = '', stack_trace = ''] = redacted.slice(3 * index);
        const error_type = type.replace(/\p{Cc}/gu, ' ').slice(0, 200) || 'error';
        const at = now();
        const error: NewError = {
          ...placeOf(source),
          error_type,
          severity,
          message: message || error_type,
          stack_trace,
          context: { source: foundInOutput, offset: start },
          occurred_at: (printedAt < at ? printedAt : at).toISOString(),
        };
        const hash = createHash('sha256').update(stack_trace).digest('hex').slice(0, 12);
        return errorLog.log([error], {
          sourceId: `output:${source.id}:${from.content}:${start}:${hash}`,
          position: { deployment_id: source.id, position: end },
        });
      }),
    );
    const failed = outcomes.flatMap((outcome) =>
      outcome.status === 'rejected' ? [outcome.reason as unknown] : [],
    );
    const passing = failed.find(isPassing);
    if (passing) throw passing;
    const refused = failed.find((error) => !isOfNothing(error));
    if (refused) {
      log.warn(
        { err: refused, deployment: source.id, count: failed.length },
        'errors that an app printed could not be logged and are passed over',
      );
    }
  }

  return async (source: Source, findings: Finding[], from: FoundIn) => {
    for (let at = 0; at < findings.length; ) {
      const batch = batchAt(findings, at);
      await logBatch(source, batch, from);
      at += batch.length;
    }
  };
}

function placeOf({ id, project_id }: Source): Pick<NewError, 'project_id' | 'deployment_id'> {
  return { project_id, deployment_id: id };
}

function batchAt(findings: Finding[], at: number): Finding[] {
  let bytes = 0;
  let end = at;
  for (const { message, stack_trace } of findings.slice(at, at + most.findings)) {
    bytes += message.length + stack_trace.length;
    if (end > at && bytes > most.bytes) break;
    end += 1;
  }
  return findings.slice(at, end);
}
