import { isLogRecord } from '../log-record.ts';
import type { Block, OpenBlock } from '../traceback.ts';

const dies = /^(panic|fatal error): (.*)$/;
const serves = /\bpanic serving \S+: (.*)$/;
const goroutine = /^goroutine \d+ (?:gp=\S+ m=\S+ (?:mp=\S+ )?)?\[/;
const part =
  /^(?:\t\S|created by |goroutine \d|\.\.\.\d* ?additional frames elided|runtime stack:|r\w{1,2} +0x)/;
const call = /^[\w./*()$[\]{}·,%~@-]+\(/;

function isFrame(text: string): boolean {
  return part.test(text) || (text.endsWith(')') && call.test(text));
}

/** A panic that ends the process, or that a server survives. */
export const openGo: OpenBlock = (line, next) => {
  const died = dies.exec(line);
  if (died) return goTrace(died[1] as string, died[2] as string, 'critical');
  const served = serves.exec(line);
  if (served) return goTrace('panic', served[1] as string, 'error');
  const isRecovered = /panic/i.test(line) && next !== undefined && goroutine.test(next);
  return isRecovered && !goroutine.test(line) ? goTrace('panic', line, 'error') : undefined;
};

function goTrace(error_type: string, first: string, severity: 'error' | 'critical'): Block {
  const message = [first];
  let hasStack = false;
  return {
    take(text) {
      if (/^exit status \d+$/.test(text)) return hasStack ? 'last' : 'alien';
      if (goroutine.test(text) || text.startsWith('runtime stack:')) {
        hasStack = true;
        return 'part';
      }
      if (hasStack) return text === '' ? 'unsure' : isFrame(text) ? 'part' : 'alien';
      if (isLogRecord(text) || dies.test(text)) return 'alien';
      if (text !== '' && !text.startsWith('[signal ')) message.push(text);
      return 'unsure';
    },
    finish: () =>
      hasStack ? { error_type, severity, message: message.join('\n'), unsure: 0 } : undefined,
  };
}
