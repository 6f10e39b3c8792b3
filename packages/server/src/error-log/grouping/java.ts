import { type Cause, type Frame, mostFrames, type Trace } from './frame.ts';

// Module and class loader come before a slash; the name of a lambda's class has a slash as well.
const framePattern = /(?:^|\s)at (?:[^\s()$]*\/)?([^\s()]{1,500})\(([^()]*)\)/;
const placePattern = /^([^:\s]+\.\w{1,10}|SourceFile)(?::(\d{1,9}))?$/;
const placeless = /^(?:Native Method|Unknown Source|<generated>|Redefined)$/;
const causePattern = /Caused by: ([\w.$]{1,300})(?:: (.*))?$/;
const elidedPattern = /\.\.\. (\d{1,5}) (?:more|common frames omitted)/;

const libraries = new RegExp(
  `^(?:${[
    'java|javax|jdk|sun|com\\.sun|oracle|jakarta|android|androidx|dalvik|com\\.android',
    'kotlin|kotlinx|scala|groovy|clojure|reactor|akka|zio|cats|okhttp3|okio|retrofit2|feign',
    'org\\.(?:springframework|apache|hibernate|eclipse|junit|jboss|wildfly|glassfish|codehaus)',
    'org\\.(?:gradle|postgresql|h2|quartz|mockito|slf4j|aspectj|reactivestreams|jetbrains|graalvm)',
    'io\\.(?:netty|micrometer|micronaut|quarkus|vertx|ktor|undertow|reactivex|grpc|lettuce)',
    'com\\.(?:google|fasterxml|mysql|zaxxer|microsoft|amazonaws|squareup|mongodb)',
    'ch\\.qos|net\\.bytebuddy|worker\\.org\\.gradle',
  ].join('|')})\\.`,
);

const anyPlace =
  /\((?:[\w$-]{1,200}\.(?:java|kts?|scala|groovy|clj)|Native Method|Unknown Source|<generated>|SourceFile)/;

/** Whether a text has what follows a call in a trace of the JVM. */
export function hasJavaPlace(text: string): boolean {
  return anyPlace.test(text);
}

interface Section {
  cause: Cause | null;
  frames: Frame[];
}

/**
 * Java, Kotlin, Scala and what else runs on the JVM. The deepest cause is read, with the frames that
 * were not printed again: what is around it is often only wrapping.
 */
export function readJava(lines: string[]): Trace {
  const sections: Section[] = [{ cause: null, frames: [] }];
  let suppressedAt: number | null = null;
  for (const line of lines) {
    if (suppressedAt !== null) {
      if (line.trim() === '' || indentOf(line) >= suppressedAt) continue;
      suppressedAt = null;
    }
    const section = sections.at(-1) as Section;
    const frame = frameOf(line);
    if (frame !== null) {
      if (section.frames.length < mostFrames) section.frames.push(frame);
    } else if (line.includes('Suppressed: ')) {
      suppressedAt = indentOf(line);
    } else if (line.startsWith('Wrapped by: ')) {
      break;
    } else {
      readJoint(line, sections, section);
    }
  }
  return sections.findLast(({ frames }) => frames.length > 0) ?? { cause: null, frames: [] };
}

function readJoint(line: string, sections: Section[], section: Section): void {
  const [, type, message = ''] = causePattern.exec(line) ?? [];
  if (type !== undefined) {
    sections.push({ cause: { type, message }, frames: [] });
    return;
  }
  const elided = Number(elidedPattern.exec(line)?.[1] ?? 0);
  const around = sections.at(-2)?.frames;
  if (elided > 0 && around !== undefined) {
    section.frames = [...section.frames, ...around.slice(-elided)].slice(0, mostFrames);
  }
}

function frameOf(line: string): Frame | null {
  const match = framePattern.exec(line);
  if (match === null) return null;
  const [, name = '', place = ''] = match;
  const [, file, number] = placePattern.exec(place) ?? [];
  if (file === undefined && !placeless.test(place)) return null;
  return {
    file: file ?? null,
    function: name,
    line: number === undefined ? null : Number(number),
    // Without a source are only the JVM's own and what was made at run time.
    inApp: file !== undefined && !libraries.test(name),
  };
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}
