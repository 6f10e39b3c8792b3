import type { AgentEvent } from '../agents/adapter.ts';

/** How the process of an agent ended. */
export interface Exit {
  /** `null`: it was ended by a signal, or that is not known. */
  code: number | null;
  signal: string | null;
  /** It was not a child of this server any more, so that nobody was told. */
  isUnknown: boolean;
  /** The last lines of what it wrote to its standard error. */
  errors: string;
}

/** Of an agent that ended without a word of what came of it. */
export function failedExit({ code, signal, isUnknown, errors }: Exit): AgentEvent {
  const said = errors.trim();
  const detail = said === '' ? '' : `:\n${said}`;
  if (isUnknown) {
    return {
      type: 'error',
      code: 'INTERRUPTED',
      message: `It ended after BorgOS was started anew, and how is not known${detail}`,
    };
  }
  const how = signal === null ? `exit code ${code}` : `ended by ${signal}`;
  return { type: 'error', code: 'AGENT_CRASHED', message: `The agent failed (${how})${detail}` };
}

/** A line that is not in the agent's format: shown, and told at the end when there was nothing else. */
export function createInvalidLines() {
  let count = 0;
  let sample = '';
  return {
    add(line: string): AgentEvent[] {
      if (line.trim() === '') return [];
      count += 1;
      sample ||= line.slice(0, 200);
      return [{ type: 'progress', text: line }];
    },
    /** What came of an agent that printed nothing in its format. */
    error(): AgentEvent | undefined {
      if (count === 0) return undefined;
      const message = `Nothing that the agent printed was in the format that was expected: ${sample}`;
      return { type: 'error', code: 'INVALID_OUTPUT', message };
    },
  };
}
