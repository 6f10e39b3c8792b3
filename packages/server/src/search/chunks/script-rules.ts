import {
  byPatterns,
  type DefinitionRules,
  either,
  isClass,
  isStatement,
} from './definition-rules.ts';

const exported = String.raw`^(?:export\s+)?(?:default\s+)?(?:declare\s+)?`;
const declared = byPatterns(
  [new RegExp(`${exported}(?:async\\s+)?function\\s*\\*?\\s*([\\w$]+)`), 'function'],
  [new RegExp(`${exported}(?:abstract\\s+)?class\\s+([\\w$]+)`), 'class'],
  [new RegExp(`${exported}interface\\s+([\\w$]+)`), 'interface'],
  [new RegExp(`${exported}(?:const\\s+)?enum\\s+([\\w$]+)`), 'enum'],
  [new RegExp(`${exported}type\\s+([\\w$]+)\\s*(?:<.*)?=`), 'type'],
  [new RegExp(`${exported}(?:namespace|module)\\s+([\\w$.]+)\\s*\\{`), 'module'],
);
const assigned =
  /^(?:export\s+)?(?:(?:const|let|var)\s+)?(?:[\w$]+\.)*([\w$]+)\s*(?::[^=]+)?=\s*(?:async\s*)?(function\b|class\b|\(|[\w$]+\s*=>|<\w)/;
const method =
  /^(?:(?:public|private|protected|static|readonly|override|abstract|async|accessor|get|set)\s+)*\*?\s*([#\w$]+)\s*(?:<[^(]*>)?\(/;
const property = /^['"]?([\w$]+)['"]?\s*:\s*(?:async\s*)?(?:function\b|\(.*=>|[\w$]+\s*=>)/;

/** JavaScript and TypeScript. */
export const scriptRules: DefinitionRules = {
  shape: 'braces',
  leading: /^(?:\/\/|\/\*|\*|@)/,
  recognise: either(
    declared,
    ({ text }) => {
      const match = assigned.exec(text);
      if (!match?.[1] || !match[2]) return undefined;
      if (match[2] === 'class') return { name: match[1], kind: 'class' };
      // `const sum = (a + b) * 2` is no function.
      const isFunction = match[2] !== '(' || text.includes('=>') || /\(\s*$/.test(text);
      return isFunction ? { name: match[1], kind: 'function' } : undefined;
    },
    ({ text, inside, next }) => {
      const name = method.exec(text)?.[1];
      if (!name || isStatement(name)) return undefined;
      const opens = /\{\s*(?:\/\/.*)?$/.test(text) && !text.includes('=>');
      if (opens && !/\bfunction\b/.test(text)) return { name, kind: 'method' };
      if (!isClass(inside) || !/\(\s*$/.test(text)) return undefined;
      for (let distance = 1; distance < 12; distance += 1) {
        const line = next(distance)?.trim();
        if (line === undefined || line.endsWith(';')) return undefined;
        if (line.startsWith(')')) return line.endsWith('{') ? { name, kind: 'method' } : undefined;
      }
      return undefined;
    },
    ({ text }) => {
      // One line of an object is better left where it is.
      const name = /[{(]\s*$|=>\s*$/.test(text) ? property.exec(text)?.[1] : undefined;
      return name ? { name, kind: 'method' } : undefined;
    },
  ),
};
