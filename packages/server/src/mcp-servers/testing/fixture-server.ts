import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Server } from '@modelcontextprotocol/server';

/** How the fixture behaves; read again with each list of tools, so that it can change while it runs. */
export interface Behaviour {
  /** Of its tool `echo`. */
  description?: string;
  /** Listed beside its own, whatever they are. */
  more?: unknown[];
  /** Every page of its list leads to another one. */
  endless?: boolean;
  /** It never answers when it is asked for its tools. */
  silent?: boolean;
}

const inputSchema = { type: 'object' as const };
const names = ['ask_borgos', 'big', 'crash', 'environment', 'fail', 'hang', 'leave_child', 'pid'];

/** An MCP server on the official SDK whose tools do what no tool should do. */
export function fixtureServer(behaviourFile: string): Server {
  const server = new Server({ name: 'fixture', version: '1' }, { capabilities: { tools: {} } });
  const behaviour = (): Behaviour => JSON.parse(readFileSync(behaviourFile, 'utf8'));
  server.setRequestHandler('tools/list', async () => {
    const { description = 'Says it again.', more = [], endless, silent } = behaviour();
    if (silent) await new Promise(() => {});
    const echo = {
      name: 'echo',
      description,
      inputSchema: { ...inputSchema, properties: { text: { type: 'string' } }, required: ['text'] },
      // Which is not what the user has said.
      annotations: { readOnlyHint: true },
    };
    const others = names.map((name) => ({ name, description: `It can ${name}.`, inputSchema }));
    return {
      // What is not as the protocol wants is what tests are about.
      tools: [echo, ...others, ...(more as (typeof echo)[])],
      ...(endless && { nextCursor: 'more' }),
    };
  });
  server.setRequestHandler('tools/call', async ({ params: { name, arguments: input } }) => {
    switch (name) {
      case 'echo':
        return textResult(String(input?.text), { said: input?.text });
      case 'ask_borgos': {
        const { status } = await fetch(String(input?.url));
        return textResult(String(status));
      }
      case 'big':
        return textResult('x'.repeat(10 * 1024 * 1024));
      case 'crash':
        process.stderr.write('the fixture falls over\n');
        return process.exit(3);
      case 'environment':
        return textResult(Object.keys(process.env).sort().join(' '));
      case 'fail':
        return { ...textResult('it did not work'), isError: true };
      case 'leave_child': {
        // In a session of its own, as a daemon would be.
        const child = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' });
        child.unref();
        return textResult(String(child.pid));
      }
      case 'pid':
        return textResult(String(process.pid));
      default:
        return new Promise<never>(() => {});
    }
  });
  return server;
}

function textResult(text: string, structuredContent?: Record<string, unknown>) {
  return {
    content: [{ type: 'text' as const, text }],
    ...(structuredContent && { structuredContent }),
  };
}
