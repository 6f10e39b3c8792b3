import { byPatterns, type DefinitionRules } from './definition-rules.ts';

export const pythonRules: DefinitionRules = {
  shape: 'indented',
  leading: /^[#@]/,
  recognise: byPatterns(
    [/^(?:async\s+)?(?:cp)?def\s+(\w+)/, 'function'],
    [/^class\s+(\w+)/, 'class'],
  ),
};

export const rubyRules: DefinitionRules = {
  shape: 'braces',
  leading: /^#/,
  recognise: byPatterns(
    [
      /^(?:(?:private|protected|public|module_function)\s+)?def\s+(?:self\.|\w+\.)?([\w]+[?!=]?|[^\s\w(]+)/,
      'method',
    ],
    [/^class\s+([\w:]+)/, 'class'],
    [/^module\s+([\w:]+)/, 'module'],
  ),
};

export const shellRules: DefinitionRules = {
  shape: 'braces',
  leading: /^#/,
  recognise: byPatterns(
    [/^function\s+([\w:.-]+)/, 'function'],
    [/^([\w:.-]+)\s*\(\)\s*(?:\{|$)/, 'function'],
  ),
};

/** Lua, Perl, Elixir, R, PowerShell, SQL, Zig, Nim, Julia: a word says that a function follows. */
export const keywordRules: DefinitionRules = {
  shape: 'braces',
  leading: /^(?:#|--|\/\/|@|%)/,
  recognise: byPatterns(
    [/^(?:local\s+)?function\s+(?:[\w]+[.:])*([\w!-]+)/i, 'function'],
    [/^(?:[\w.]+[.:])?([\w.]+)\s*(?:=|<-)\s*function\b/, 'function'],
    [
      /^(?:(?:pub|export|inline)\s+)*(?:sub|fn|proc|func|method|defp?|defmacrop?)\s+(?:\w+\.)*([\w?!]+)/,
      'function',
    ],
    [/^(?:package|defmodule|module)\s+([\w.:]+)/, 'module'],
    [
      /^create\s+(?:or\s+replace\s+)?(?:function|procedure|trigger|view)\s+(?:if\s+not\s+exists\s+)?["`[]?([\w.]+)/i,
      'function',
    ],
    [/^create\s+(?:\w+\s+)?table\s+(?:if\s+not\s+exists\s+)?["`[]?([\w.]+)/i, 'type'],
  ),
};

export const markdownRules: DefinitionRules = {
  shape: 'outline',
  leading: /^(?!)/,
  recognise: byPatterns([/^#{1,6}\s+(.{1,100}?)\s*#*$/, 'section']),
};

/** For data and all that is not known: no definitions. */
export const noRules: DefinitionRules = {
  shape: 'outline',
  leading: /^(?!)/,
  recognise: () => undefined,
};
