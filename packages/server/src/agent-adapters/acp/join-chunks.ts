import type { AgentEvent } from '../../agents/adapter.ts';

const mostWaiting = 4_096;
const waitMs = 250;

/**
 * Joins what agents send word by word, so that a message is a few events and not a thousand. What
 * waits is told when something else is said, and after a quarter of a second.
 */
export function joinChunks(tell: (event: AgentEvent) => void) {
  let waiting: { type: 'message' | 'thought'; id: string; parts: string[]; length: number } | null =
    null;
  let timer: NodeJS.Timeout | undefined;

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    if (!waiting) return;
    const { type, parts } = waiting;
    waiting = null;
    tell({ type, text: parts.join('') });
  }

  return {
    add(type: 'message' | 'thought', id: string, text: string): void {
      if (text === '') return;
      if (waiting && (waiting.type !== type || waiting.id !== id)) flush();
      waiting ??= { type, id, parts: [], length: 0 };
      waiting.parts.push(text);
      waiting.length += text.length;
      if (waiting.length >= mostWaiting) flush();
      else timer ??= setTimeout(flush, waitMs);
    },
    flush,
  };
}
