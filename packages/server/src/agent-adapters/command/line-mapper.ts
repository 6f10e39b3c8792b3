import type { AgentEvent, AgentUsage } from '../../agents/adapter.ts';

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

/** Makes events of what an agent prints. Given the same lines, it makes the same events. */
export interface LineMapper {
  /** `done` and `error` are among them only when the agent says so itself. */
  map(line: string): AgentEvent[];
  /** What came of it, for an agent that did not say so. */
  end(exit: Exit): AgentEvent;
}

export type Json = Record<string, unknown>;

/** `undefined`: it is no object in JSON. */
export function parseObject(line: string): Json | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(line);
    return asObject(value);
  } catch {
    return undefined;
  }
}

export function asObject(value: unknown): Json | undefined {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? (value as Json) : undefined;
}

export function asList(value: unknown): Json[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((item): Json[] => {
    const object = asObject(item);
    return object ? [object] : [];
  });
}

export function asText(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

export function asCount(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : 0;
}

export function usageEvent(usage: AgentUsage): AgentEvent {
  return { type: 'usage', ...usage };
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
