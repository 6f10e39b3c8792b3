import { Buffer } from 'node:buffer';
import { expect, test } from 'vitest';
import { languageOf } from './language-of.ts';
import { languages } from './languages.ts';

function nameOf(path: string, head = ''): string | undefined {
  return languageOf(path, Buffer.from(head))?.name;
}

test('knows many languages, each name, extension and file name once', () => {
  expect(languages.length).toBeGreaterThan(150);
  for (const keys of [
    languages.map((language) => language.name),
    languages.flatMap((language) => language.extensions ?? []),
    languages.flatMap((language) => language.fileNames ?? []),
    languages.flatMap((language) => language.interpreters ?? []),
  ]) {
    const repeated = keys.filter((key, index) => keys.indexOf(key) !== index);
    expect(repeated).toEqual([]);
  }
});

test.each([
  ['src/a.py', 'Python'],
  ['a.tsx', 'TypeScript'],
  ['a.jsx', 'JavaScript'],
  ['a.d.ts', 'TypeScript'],
  ['A.JAVA', 'Java'],
  ['a.C', 'C++'],
  ['a.c', 'C'],
  ['a.S', 'Assembly'],
  ['view.blade.php', 'Blade'],
  ['build.gradle.kts', 'Gradle'],
  ['a.kts', 'Kotlin'],
  ['Dockerfile', 'Dockerfile'],
  ['Dockerfile.dev', 'Dockerfile'],
  ['api.dockerfile', 'Dockerfile'],
  ['GNUmakefile', 'make'],
  ['CMakeLists.txt', 'CMake'],
  ['notes.txt', 'Text'],
  ['BUILD', 'Starlark'],
  ['BUILD.bazel', 'Starlark'],
  ['pom.xml', 'Maven'],
  ['go.mod', 'Go Module'],
  ['.github/workflows/ci.yml', 'YAML'],
  ['Gemfile', 'Ruby'],
  ['README.md', 'Markdown'],
  ['README', undefined],
  ['LICENSE', undefined],
  ['a.py~', undefined],
  ['a.unknown', undefined],
  ['photo.jpg', undefined],
])('%s is %s by its name', (path, name) => {
  expect(nameOf(path)).toBe(name);
});

test.each([
  ['#!/bin/sh\n', 'Shell'],
  ['#! /usr/bin/env bash\n', 'Shell'],
  ['#!/usr/bin/env -S FOO=1 python3.11 -u\n', 'Python'],
  ['#!/usr/bin/python3\n', 'Python'],
  ['#!/usr/local/bin/perl5.36 -w\n', 'Perl'],
  ['#!/usr/bin/env node\n', 'JavaScript'],
  ['#!/usr/bin/env -S deno run\n', 'TypeScript'],
  ['#!/usr/bin/make -f\n', 'make'],
  ['#!/usr/bin/nothing\n', undefined],
  ['#!\n', undefined],
  ['<?xml version="1.0"?>\n', 'XML'],
  ['plain\n', undefined],
])('a file without a name of its own that begins with %j is %s', (head, name) => {
  expect(nameOf('bin/run', head)).toBe(name);
  expect(nameOf('bin/run.strange', head)).toBe(name);
});

test.each([
  ['a.h', '#include <a.h>\nstruct a;\n', 'C/C++ Header'],
  ['a.h', '#import <Foundation/Foundation.h>\n@interface A : NSObject\n', 'Objective-C'],
  ['a.m', '#import "a.h"\n@implementation A\n', 'Objective-C'],
  ['a.m', '% comment\nfunction y = f(x)\ny = x;\nend\n', 'MATLAB'],
  ['a.m', '(* ::Package:: *)\nBeginPackage["A`"]\n', 'Mathematica'],
  ['a.m', ':- module a.\n', 'Mercury'],
  ['a.pl', 'use strict;\nmy $x = 1;\nsub f { }\n', 'Perl'],
  ['a.pl', ':- module(a, [b/1]).\nb(X) :- c(X).\n', 'Prolog'],
  ['a.ts', 'export const a = 1;\n', 'TypeScript'],
  ['a.ts', '<?xml version="1.0"?>\n<!DOCTYPE TS>\n<TS>\n', 'Qt Linguist'],
  ['a.v', 'module a(input b);\n  wire c;\nendmodule\n', 'Verilog-SystemVerilog'],
  ['a.v', 'Require Import Arith.\nLemma a : True.\nProof.\nQed.\n', 'Coq'],
  ['a.r', 'f <- function(x) x\n', 'R'],
  ['a.R', 'f <- function(x) x\n', 'R'],
  ['a.r', 'REBOL [Title: "a"]\n', undefined],
  ['a.cls', '\\NeedsTeXFormat{LaTeX2e}\n', 'TeX'],
  ['a.cls', 'VERSION 1.0 CLASS\n', 'Visual Basic'],
  ['a.cls', 'public class A {\n}\n', 'Apex Class'],
  ['a.f', 'C comment\n      program a\n', 'Fortran 77'],
  ['a.fs', 'module A\nlet x = 1\n', 'F#'],
  ['a.fs', '#version 330\nuniform float a;\nvoid main() {}\n', 'GLSL'],
  ['a.cs', 'using System;\nclass A {}\n', 'C#'],
  ['a.cl', '__kernel void a(__global int *b) {}\n', 'OpenCL'],
  ['a.cl', '; comment\n(defun a ())\n', 'Lisp'],
  ['a.pp', "class a {\n  file { '/b': ensure => present }\n}\n", 'Puppet'],
  ['a.pp', 'program a;\nuses b;\nbegin\nend.\n', 'Pascal'],
  ['a.inc', '<?php echo 1;\n', 'PHP'],
  ['a.inc', 'mov a, b\n', undefined],
  ['a.d', 'import std.stdio;\nvoid main() {}\n', 'D'],
  ['a.d', 'main.o: main.c main.h\n', undefined],
  ['a.sls', 'base:\n  pkg: a\n', 'SaltStack'],
  ['a.ui', '<ui version="4.0">\n', 'Qt'],
  ['a.ui', '<interface>\n', 'Glade'],
  ['a.pro', 'TEMPLATE = app\nSOURCES += a.cpp\n', 'Qt Project'],
  ['a.pro', '# rules\n-keep class a\n', 'ProGuard'],
  ['build.xml', '<project name="a">\n', 'Ant'],
  ['b.xml', '<project name="a">\n', 'XML'],
])('%s that begins with %j is %s', (path, head, name) => {
  expect(nameOf(path, head)).toBe(name);
});

test('a binary file has no language, whatever its name; one in UTF-16 has', () => {
  expect(nameOf('a.py', 'a\0b')).toBeUndefined();
  expect(languageOf('a.ts', Buffer.from('\ufeffconst a = 1;', 'utf16le'))?.name).toBe('TypeScript');
});

test('no begin of a file takes long to decide about', () => {
  const extensions = ['h', 'm', 'pl', 'v', 'cls', 'f', 'fs', 'cl', 'jl', 'pp', 'inc', 'd', 'pro'];
  const begun = performance.now();
  for (const sign of ['\n', ' ', '.', '; ', '( ', ': ', '$a', '\n=']) {
    const head = Buffer.alloc(100_000, sign);
    for (const extension of extensions) languageOf(`a.${extension}`, head);
  }
  expect(performance.now() - begun).toBeLessThan(3_000);
});
