import type { OpenBlock } from '../traceback.ts';
import { dotnet, openDotnetRecord } from './dotnet.ts';
import { openFence } from './fence.ts';
import { openGo } from './go.ts';
import { openHeaded } from './headed.ts';
import { java } from './java.ts';
import { javascript, openNode } from './javascript.ts';
import { openPhp, php } from './php.ts';
import { openPython } from './python.ts';
import { openRuby, ruby } from './ruby.ts';
import { openRust } from './rust.ts';

// The frames of Java are those of .NET too, but not the other way round.
const headed = [java, javascript, dotnet, php, ruby];

// The surest first: a heading is looked for in what nothing else knows.
const openers: readonly OpenBlock[] = [
  openFence,
  openPython,
  openRuby,
  openPhp,
  openGo,
  openRust,
  openDotnetRecord,
  openNode(headed),
  openHeaded(headed),
];

/** The block that begins with a line, in whatever language it is. */
export const openTraceback: OpenBlock = (line, next) => {
  for (const open of openers) {
    const block = open(line, next);
    if (block) return block;
  }
  return undefined;
};
