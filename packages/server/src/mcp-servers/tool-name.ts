import { createHash } from 'node:crypto';
import { serverSeparator } from '@borgos/contracts/mcp-servers';

/** What APIs of models take as the name of a function, which is less than MCP allows. */
const longest = 64;

/**
 * The name under which agents call a tool of a server: `github__create_issue`. Where that would have
 * other characters or be too long, it ends with a digest of the whole name, so that no two are alike.
 */
export function publicName(server: string, tool: string): string {
  const prefix = `${server}${serverSeparator}`;
  const room = longest - prefix.length;
  if (/^[A-Za-z0-9_-]+$/.test(tool) && tool.length <= room) return prefix + tool;
  const digest = createHash('sha256').update(tool).digest('hex').slice(0, 8);
  const plain = tool.replace(/[^A-Za-z0-9_-]+/g, '_').slice(0, room - digest.length - 1);
  return `${prefix}${plain}_${digest}`;
}
