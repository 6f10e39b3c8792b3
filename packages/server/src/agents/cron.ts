import { CronExpressionParser } from 'cron-parser';
import { AppError } from '../errors.ts';

/**
 * When a schedule is due next.
 * @throws AppError VALIDATION_FAILED that says what is wrong with it
 */
export function nextRun(cron: string, timezone: string, after: Date): Date {
  if (cron.trim().split(/\s+/).length !== 5 && !/^@[a-z]+$/.test(cron)) {
    throw invalid(
      'cron',
      'must have five fields, such as "0 3 * * 1-5": at 3:00 from Monday to Friday',
    );
  }
  if (!isTimeZone(timezone)) {
    throw invalid('timezone', 'must be a time zone, such as Europe/Berlin or UTC');
  }
  try {
    return CronExpressionParser.parse(cron, { tz: timezone, currentDate: after }).next().toDate();
  } catch (error) {
    throw invalid('cron', `cannot be read: ${error instanceof Error ? error.message : error}`);
  }
}

function isTimeZone(timezone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: timezone });
    return true;
  } catch {
    return false;
  }
}

function invalid(field: string, message: string): AppError {
  const path = `body.${field}`;
  return new AppError('VALIDATION_FAILED', `${path} ${message}`, { details: [{ path, message }] });
}
