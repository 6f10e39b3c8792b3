import { isUnreachable } from '../../database/unreachable.ts';
import { AppError } from '../../errors.ts';

/** Whether the same may succeed later, as the database cannot be reached or has too much to do. */
export function isPassing(error: unknown): boolean {
  return (error instanceof AppError && error.code === 'UNAVAILABLE') || isUnreachable(error);
}

/** Whether the project or the deployment that an error is of was deleted meanwhile. */
export function isOfNothing(error: unknown): boolean {
  return error instanceof AppError && error.code === 'NOT_FOUND';
}
