import {
  byPatterns,
  type Candidate,
  type DefinitionRules,
  either,
  hasBody,
  isStatement,
  type Recognised,
} from './definition-rules.ts';

const leading = /^(?:\/\/|\/\*|\*|@|\[)/;
const modifiers = String.raw`^(?:@\w+(?:\([^)]*\))?\s+)*(?:(?:public|private|protected|internal|static|final|abstract|sealed|partial|open|data|inner|inline|value|export|default|strictfp|readonly|unsafe|new|file|base|mixin|annotation|companion|expect|actual|fileprivate|indirect|case|implicit|lazy)\s+)*`;
const types = byPatterns(
  [new RegExp(`${modifiers}(?:class|object|actor|extension)\\s+([\\w$]+)`), 'class'],
  [new RegExp(`${modifiers}record\\s+(?:class\\s+|struct\\s+)?([\\w$]+)`), 'class'],
  [new RegExp(`${modifiers}@?(?:interface|protocol)\\s+([\\w$]+)`), 'interface'],
  [new RegExp(`${modifiers}(?:ref\\s+)?struct\\s+([\\w$]+)`), 'struct'],
  [new RegExp(`${modifiers}(?:enum\\s+class|enum)\\s+([\\w$]+)`), 'enum'],
  [new RegExp(`${modifiers}trait\\s+([\\w$]+)`), 'trait'],
  [new RegExp(`${modifiers}(?:typealias|type)\\s+([\\w$]+)`), 'type'],
  [/^namespace\s+([\w.\\]+)/, 'module'],
);

const methodHead =
  /^(?:@\w+(?:\([^)]*\))?\s+)*(?:(?:public|private|protected|internal|static|final|abstract|synchronized|native|default|virtual|override|sealed|async|unsafe|extern|partial|new|readonly|strictfp|external|factory|const)\s+)*(?:<[^>]+>\s+)?(?:[\w.<>[\],?]+\s+){0,3}?([\w$]+)\s*\(/;

function method(line: Candidate): Recognised {
  const match = methodHead.exec(line.text);
  const name = match?.[1];
  if (!name || isStatement(name) || /^(?:return|throw|else|new|await|case)\b/.test(line.text)) {
    return undefined;
  }
  // A call has neither a type nor a modifier before its name; only a constructor may look so.
  const isBare = /^[\w$]+\s*\(/.test(line.text);
  if (isBare && !/^[A-Z]/.test(name)) return undefined;
  if (line.text.slice(0, match.index + match[0].length).includes('=')) return undefined;
  return hasBody(line, /[{]\s*(?:\/\/.*)?$|\)\s*(?:\w+\s+)*=>|\{.*\}\s*$/)
    ? { name, kind: 'method' }
    : undefined;
}

/** Java, C#, Dart and others whose functions begin with their type. */
export const javaRules: DefinitionRules = {
  shape: 'braces',
  leading,
  recognise: either(types, method),
};

export const kotlinRules: DefinitionRules = {
  shape: 'braces',
  leading,
  recognise: either(
    types,
    byPatterns([
      /^(?:@\w+\s+)*(?:\w+\s+)*fun\s+(?:<[^>]*>\s*)?(?:[\w<>?, ]+\.)?`?([\w$ ]+?)`?\s*\(/,
      'function',
    ]),
  ),
};

export const swiftRules: DefinitionRules = {
  shape: 'braces',
  leading,
  recognise: either(
    byPatterns(
      [/^(?:@\w+(?:\([^)]*\))?\s+)*(?:\w+(?:\(set\))?\s+)*func\s+([\w$]+)/, 'function'],
      [/^(?:\w+\s+)*(init)[?!]?\s*[(<]/, 'method'],
    ),
    types,
  ),
};

export const scalaRules: DefinitionRules = {
  shape: 'braces',
  leading,
  recognise: either(
    byPatterns([
      /^(?:@\w+\s+)*(?:(?:private|protected|override|final|implicit|inline|lazy|private\[\w+\])\s+)*def\s+([\w$]+)/,
      'function',
    ]),
    types,
  ),
};

export const phpRules: DefinitionRules = {
  shape: 'braces',
  leading: /^(?:\/\/|\/\*|\*|#)/,
  recognise: either(
    byPatterns([
      /^(?:(?:public|private|protected|static|final|abstract)\s+)*function\s+&?\s*(\w+)\s*\(/,
      'function',
    ]),
    types,
  ),
};

export const goRules: DefinitionRules = {
  shape: 'braces',
  leading: /^(?:\/\/|\/\*|\*)/,
  recognise: byPatterns(
    [/^func\s+\([^)]*\)\s*(\w+)/, 'method'],
    [/^func\s+(\w+)/, 'function'],
    [/^type\s+(\w+)(?:\[.*\])?\s+struct\b/, 'struct'],
    [/^type\s+(\w+)(?:\[.*\])?\s+interface\b/, 'interface'],
    [/^type\s+(\w+)/, 'type'],
  ),
};

const rustSeen = String.raw`^(?:pub(?:\([^)]*\))?\s+)?`;
export const rustRules: DefinitionRules = {
  shape: 'braces',
  leading: /^(?:\/\/|\/\*|\*|#!?\[)/,
  recognise: byPatterns(
    [
      new RegExp(
        `${rustSeen}(?:default\\s+)?(?:const\\s+)?(?:async\\s+)?(?:unsafe\\s+)?(?:extern\\s+"[^"]*"\\s+)?fn\\s+(\\w+)`,
      ),
      'function',
    ],
    [new RegExp(`${rustSeen}(?:struct|union)\\s+(\\w+)`), 'struct'],
    [new RegExp(`${rustSeen}enum\\s+(\\w+)`), 'enum'],
    [new RegExp(`${rustSeen}(?:unsafe\\s+)?trait\\s+(\\w+)`), 'trait'],
    [new RegExp(`${rustSeen}type\\s+(\\w+)`), 'type'],
    [new RegExp(`${rustSeen}mod\\s+(\\w+)\\s*\\{`), 'module'],
    [/^(?:unsafe\s+)?impl\b(?:<[^{]*?>)?\s*(?:[\w:<>, '&]+\s+for\s+)?(\w+)/, 'class'],
    [/^macro_rules!\s*(\w+)/, 'macro'],
  ),
};

const cHead = /^[A-Za-z_][\w\s*&:<>,~[\]]*?[\s*&:]((?:operator\s*\S{1,3}|~?\w+))\s*\(/;
const cTypes = byPatterns(
  [/^(?:template\s*<.*>\s*)?(?:typedef\s+)?class\s+(?:[A-Z_]+\s+)?(\w+)(?!.*;\s*$)/, 'class'],
  [/^(?:static\s+|const\s+|typedef\s+)*(?:struct|union)\s+(\w+)\s*(?:[:{]|$)/, 'struct'],
  [/^(?:typedef\s+)?enum\s+(?:class\s+)?(\w+)\s*(?:[:{]|$)/, 'enum'],
  [/^namespace\s+(\w+)\s*(?:\{|$)/, 'module'],
  [/^#\s*define\s+(\w+)\(/, 'macro'],
  [/^typedef\s+.*?\(\s*\*\s*(\w+)\s*\)/, 'type'],
);

/** C and C++. */
export const cRules: DefinitionRules = {
  shape: 'braces',
  leading: /^(?:\/\/|\/\*|\*|template\s*<|\[\[)/,
  recognise: either(cTypes, (line) => {
    if (/^(?:(?:return|else|case|goto|throw|delete|using|typedef)\b|#)/.test(line.text))
      return undefined;
    const match =
      cHead.exec(line.text) ?? (line.indent === 0 ? /^(\w+)\s*\(/.exec(line.text) : null);
    const name = match?.[1];
    if (!name || isStatement(name) || match[0].includes('=')) return undefined;
    return hasBody(line, /\{\s*(?:\/[/*].*)?$|\{.*\}\s*$/) ? { name, kind: 'function' } : undefined;
  }),
};
