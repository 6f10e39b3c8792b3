import type { JSONRPCMessage, Transport } from '@modelcontextprotocol/client';
import { isOfferable } from './listed-tools.ts';

/**
 * The SDK takes a list of tools as a whole or not at all: one wrong entry would take all others with
 * it. So those are set aside before it looks.
 * @returns what was set aside since it was last asked for
 */
export function setAsideWrongTools(transport: Transport): () => unknown[] {
  let aside: unknown[] = [];
  let handler: Transport['onmessage'];
  const read = (message: JSONRPCMessage) => {
    const result: { tools?: unknown } = Object('result' in message ? message.result : undefined);
    if (!Array.isArray(result.tools)) return message;
    const wrong = result.tools.filter((tool) => !isOfferable(tool));
    if (wrong.length === 0) return message;
    aside.push(...wrong);
    return { ...message, result: { ...result, tools: result.tools.filter(isOfferable) } };
  };
  Object.defineProperty(transport, 'onmessage', {
    configurable: true,
    enumerable: true,
    get: () => handler,
    set(given: Transport['onmessage']) {
      handler = given && ((message, extra) => given(read(message), extra));
    },
  });
  return () => {
    const taken = aside;
    aside = [];
    return taken;
  };
}
