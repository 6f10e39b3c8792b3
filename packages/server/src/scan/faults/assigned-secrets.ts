import path from 'node:path';
import type { FaultAt } from './fault.ts';
import { entropy, isPlaceholder, shown } from './placeholder.ts';

const named =
  '(?:password|passwd|passphrase|secret|api[_-]?key|access[_-]?(?:key|token)|auth[_-]?token|private[_-]?key|client[_-]?secret|encryption[_-]?key|signing[_-]?key)';
/** `password = "…"`, `"api_key": "…"`: the value in quotes, so that it is one and not a name. */
const assignment = new RegExp(
  String.raw`${named}[\w-]{0,20}["']?[ \t]{0,10}(?::=|=>|=|:)[ \t]{0,10}(["'])([^"'\s]{8,200})\1`,
  'gi',
);
const url =
  /\b(postgres(?:ql)?|mysql|mariadb|mongodb(?:\+srv)?|rediss?|amqps?|mssql|clickhouse):\/\/[^\s:@/"'<>]{0,60}:([^\s:@/"'<>]{3,100})@([^\s/"'<>:@,]{1,100})/g;
const environmentFile = /^\.env(?:\.[\w-]+)*$|\.env$/;
const exampleEnvironment = /\.(?:example|sample|template|dist|test|ci|defaults?)$/i;
const environmentLine =
  /^[ \t]*(?:export[ \t]+)?([A-Za-z_]\w{0,80})[ \t]*=[ \t]*(["']?)([^\s"'#]{8,300})\2/gm;
const secretName = /SECRET|TOKEN|PASSW|API_?KEY|PRIVATE_?KEY|ACCESS_?KEY|ENCRYPTION_?KEY/i;
const localHosts =
  /^(?:localhost|127\.|0\.0\.0\.0|\[?::1|host$|db$|database$|postgres$|mysql$|redis$|mongo$|rabbitmq$|example\.)/i;

/** Values that only the name they are assigned to makes secrets. */
export function findAssignedSecrets(text: string, file: string): FaultAt[] {
  const name = path.posix.basename(file);
  if (environmentFile.test(name)) {
    return exampleEnvironment.test(name) ? [] : [...inEnvironment(text), ...inUrls(text)];
  }
  return [...inAssignments(text), ...inUrls(text)];
}

function* inAssignments(text: string): Generator<FaultAt> {
  for (const { index, 0: whole, 2: value = '' } of text.matchAll(assignment)) {
    // Words and paths are names of secrets, not secrets: those mix letters with something else.
    if (isPlaceholder(value) || entropy(value) < 3.2 || value.length < 12) continue;
    if (!/\d/.test(value) || !/[A-Za-z]/.test(value) || /^[./~@]|:\/\//.test(value)) continue;
    if (/^[a-z]+(?:[._-][a-z]+)*\d{0,2}$/i.test(value)) continue;
    const what = /^[\w-]+/.exec(whole)?.[0] ?? 'a secret';
    const message = `A value of \`${what}\` (${shown(value)}) is written into this file: if it is a real one, keep it elsewhere`;
    yield { offset: index, message, severity: 'warning' };
  }
}

function* inUrls(text: string): Generator<FaultAt> {
  for (const { index, 1: scheme, 2: password = '', 3: host = '' } of text.matchAll(url)) {
    if (isPlaceholder(`${password}`) && entropy(password) < 3.2) continue;
    if (/^[$%{<]/.test(password) || isWeak(password)) continue;
    const message = `The password (${shown(password)}) of a ${scheme} database is written into this file: keep it elsewhere`;
    yield { offset: index, message, severity: localHosts.test(host) ? 'warning' : 'critical' };
  }
}

function* inEnvironment(text: string): Generator<FaultAt> {
  for (const { index, 1: name = '', 3: value = '' } of text.matchAll(environmentLine)) {
    if (!secretName.test(name) || isPlaceholder(value) || /^\d+$|^https?:/.test(value)) continue;
    const isCertain = value.length >= 16 && entropy(value) >= 3.3;
    const message = `The value of \`${name}\` (${shown(value)}) lies in an environment file of the project: keep such files out of it`;
    yield { offset: index, message, severity: isCertain ? 'critical' : 'warning' };
  }
}

function isWeak(password: string): boolean {
  return /^(?:pass(?:word)?|secret|admin|root|user|guest|postgres|mysql|redis|test|dev|local|pw|pwd|foo|bar|changeme)\d{0,4}$/i.test(
    password,
  );
}
