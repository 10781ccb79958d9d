/**
 * The rules of style that a program can judge, applied to the whole tree. Each failure lists
 * `file:line: remedy`. The rules themselves, with their tables of exceptions, are in test/style/.
 */
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  exportsAreDocumented,
  isKebabCase,
  leavesNoTestOut,
  opensWithItsIdea,
  saysNothingForeign,
} from './style/comments.ts';
import { importsGoDown, packagesHaveTheirFolder } from './style/layers.ts';
import { purityOf } from './style/purity.ts';
import {
  fileIsShort,
  functionsAreShort,
  LIMITS,
  linesAreNarrow,
  medianLength,
} from './style/size.ts';
import { type Finding, filesOf, type Rule, readSource, report } from './style/source.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const files = filesOf(root);
const code = files.filter((path) => /^(?:src|test)\/.*\.ts$/.test(path));
const sources = code
  .filter((path) => path.startsWith('src/') && !path.endsWith('.d.ts'))
  .map((path) => readSource(root, path));
const tests = code.filter((path) => path.startsWith('test/')).map((path) => readSource(root, path));

/** Files whose name or text others lay down: npm's, git's, systemd's and the customary ones. */
const CUSTOMARY = new Set([...['README.md', 'LICENSE', 'package-lock.json'], 'vmft-host@.service']);
const text = (path: string) => readFileSync(`${root}/${path}`, 'utf8');
const isText = (path: string) => !/\.(?:elf|bin|img|vmlog|png|gz)$/.test(path);

function obeys(rule: Rule, among = sources): void {
  expect(report(among.flatMap(rule))).toBe('');
}

function holds(judge: (path: string, text: string) => Finding[], among: string[]): void {
  expect(report(among.flatMap((path) => judge(path, text(path))))).toBe('');
}

describe('architecture', () => {
  it('imports go down the layers, and folders of one layer never import each other', () => {
    obeys(importsGoDown);
  });

  it('each package, and each module of Node, is imported only by the folder it is for', () => {
    obeys(packagesHaveTheirFolder);
  });

  it('below host nothing waits, and nothing asks clock, entropy, environment or locale', () => {
    obeys((source) => purityOf(source.path)(source));
  });
});

describe('sizes', () => {
  it('the median source file has fewer than 200 lines', () => {
    expect(medianLength(sources)).toBeLessThan(LIMITS.medianFile);
  });

  it('no file has more than 600 lines, tables and the hot switch aside', () => {
    obeys(fileIsShort, [...sources, ...tests]);
  });

  it('every function has fewer than 70 lines, the hot switch aside', () => {
    obeys(functionsAreShort);
  });

  it('no line has more than 100 columns', () => {
    holds(linesAreNarrow, code);
  });
});

describe('names and comments', () => {
  it('every file opens with a comment that says what it is', () => {
    obeys(opensWithItsIdea, [...sources, ...tests]);
  });

  it('every export has a doc comment', () => {
    obeys(exportsAreDocumented);
  });

  it('files and folders are named in kebab case', () => {
    const named = files.filter((path) => !CUSTOMARY.has(path.split('/').at(-1) ?? ''));
    expect(report(named.flatMap(isKebabCase))).toBe('');
  });

  it('no file speaks of work that is left, of one computer, or of a registry', () => {
    holds(saysNothingForeign, files.filter(isText));
  });

  it('no test is left out', () => {
    holds(leavesNoTestOut, code);
  });
});
