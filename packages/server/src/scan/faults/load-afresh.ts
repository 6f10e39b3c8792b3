import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { compileFunction } from 'node:vm';

/**
 * A library's module anew, for one that keeps its WebAssembly in variables of its module: after a
 * trap only another one helps. Without finalizers, because one of what was left in a broken one would
 * throw where nothing catches it, and end the thread.
 *
 * @param file the absolute path of a CommonJS module.
 */
export function loadAfresh(file: string): unknown {
  const names = ['exports', 'require', 'module', '__filename', '__dirname', 'FinalizationRegistry'];
  const run = compileFunction(readFileSync(file, 'utf8'), names, { filename: file });
  const module = { exports: {} };
  run(module.exports, createRequire(file), module, file, path.dirname(file), NoFinalizers);
  return module.exports;
}

class NoFinalizers {
  register(): void {}
  unregister(): void {}
}
