/** The style rules have teeth: each convicts a small text that breaks it, and spares its like. */
import { describe, expect, it } from 'vitest';
import {
  exportsAreDocumented,
  isKebabCase,
  leavesNoTestOut,
  opensWithItsIdea,
  saysNothingForeign,
} from './comments.ts';
import { importsGoDown, packagesHaveTheirFolder } from './layers.ts';
import { purityOf } from './purity.ts';
import { fileIsShort, functionsAreShort, linesAreNarrow, medianLength } from './size.ts';
import { type Rule, report, sourceOf } from './source.ts';

/** The number of findings of a rule about a text at a path. */
function count(rule: Rule, path: string, text: string): number {
  return rule(sourceOf(path, text)).length;
}

describe('layers', () => {
  const rows: [path: string, module: string, findings: number][] = [
    ['src/cpu/a.ts', '../base/b.ts', 0],
    ['src/cpu/a.ts', './b.ts', 0],
    ['src/cpu/ops/a.ts', '../b.ts', 0],
    ['src/machine/devices/a.ts', '../../base/b.ts', 0],
    ['src/base/a.ts', '../isa/b.ts', 1],
    ['src/isa/a.ts', '../net/b.ts', 1],
    ['src/sim/a.ts', '../host/b.ts', 1],
    ['src/host/a.ts', '../cli/b.ts', 1],
    ['src/cli/a.ts', '../../test/b.ts', 1],
    ['src/stray.ts', './other.ts', 1],
    ['src/nowhere/a.ts', './b.ts', 1],
  ];
  for (const [path, module, findings] of rows) {
    it(`${path} ${findings ? 'must not' : 'may'} import ${module}`, () => {
      for (const text of [
        `import { x } from '${module}';`,
        `import type { X } from '${module}';`,
        `export { x } from '${module}';`,
        `import '${module}';`,
      ]) {
        expect(count(importsGoDown, path, text)).toBe(findings);
      }
    });
  }
});

describe('packages', () => {
  const rows: [path: string, module: string, findings: number][] = [
    ['src/sim/a.ts', 'yaml', 0],
    ['src/ft/a.ts', 'yaml', 1],
    ['src/cli/a.ts', 'commander', 0],
    ['src/host/a.ts', 'commander', 1],
    ['src/host/a.ts', 'hash-wasm/dist/x.js', 0],
    ['src/base/a.ts', 'hash-wasm', 1],
    ['src/host/a.ts', 'node:net', 0],
    ['src/cli/a.ts', 'node:path', 0],
    ['src/cli/a.ts', 'node:fs', 1],
    ['src/sim/a.ts', 'node:path', 1],
    ['src/web/a.ts', 'node:path', 1],
    ['src/host/a.ts', 'left-pad', 1],
  ];
  for (const [path, module, findings] of rows) {
    it(`${path} ${findings ? 'must not' : 'may'} import ${module}`, () => {
      expect(count(packagesHaveTheirFolder, path, `import x from '${module}';`)).toBe(findings);
    });
  }
});

describe('purity', () => {
  const below = (text: string) => count(purityOf('src/ft/a.ts'), 'src/ft/a.ts', text);

  for (const text of [
    'const t = Date.now();',
    'const t = new Date();',
    'const x = Math.random();',
    'async function f() {}',
    'const f = async () => 1;',
    'let p: Promise<number>;',
    'console.log(1);',
    'process.exit(1);',
    'performance.now();',
    'setTimeout(f, 1);',
    'const { subtle } = crypto;',
    'fetch(url);',
    "a.localeCompare('b');",
    'globalThis.x = 1;',
    'const wrapped = { process };',
    'table[Date];',
    'const bytes = Buffer.alloc(1);',
  ]) {
    it(`below host, ${text} is refused`, () => expect(below(text)).toBeGreaterThan(0));
  }

  for (const text of [
    'new WebAssembly.Memory({ initial: 1 });',
    'event.process;',
    'const o = { process: 1, date: 2 };',
    'Math.max(1, 2);',
    'interface Buffer { bytes: number } let b: Buffer;',
    'interface Clock { Date: number }',
    '// Date.now() would not be the same on the backup',
    "const s = 'Date.now()';",
  ]) {
    it(`below host, ${text} is allowed`, () => expect(below(text)).toBe(0));
  }

  it('the command line may print and wait, but has no clock of its own', () => {
    const path = 'src/cli/a.ts';
    expect(count(purityOf(path), path, 'process.exit(1); async function f() {}')).toBe(0);
    expect(count(purityOf(path), path, 'Date.now();')).toBe(1);
    expect(count(purityOf(path), path, 'setTimeout(f, 1);')).toBe(1);
    expect(count(purityOf(path), path, 'Math.random();')).toBe(1);
  });

  it('the host may do all of it', () => {
    const path = 'src/host/a.ts';
    expect(count(purityOf(path), path, 'setTimeout(f, Date.now());')).toBe(0);
  });
});

describe('sizes', () => {
  const body = (lines: number) => `function long() {\n${'x;\n'.repeat(lines - 2)}}\n`;

  it('a function of 69 lines is allowed, one of 70 is not', () => {
    expect(count(functionsAreShort, 'src/cpu/a.ts', body(69))).toBe(0);
    expect(count(functionsAreShort, 'src/cpu/a.ts', body(70))).toBe(1);
  });

  it('methods and arrow functions are functions', () => {
    const lines = 'x;\n'.repeat(70);
    expect(count(functionsAreShort, 'src/a.ts', `class A { m() {\n${lines}} }`)).toBe(1);
    expect(count(functionsAreShort, 'src/a.ts', `const f = () => {\n${lines}};`)).toBe(1);
  });

  it('a file of 600 lines is allowed, one of 601 is not, the tables are', () => {
    expect(count(fileIsShort, 'src/cpu/a.ts', 'x;\n'.repeat(600))).toBe(0);
    expect(count(fileIsShort, 'src/cpu/a.ts', 'x;\n'.repeat(601))).toBe(1);
    expect(count(fileIsShort, 'src/isa/one-byte.ts', 'x;\n'.repeat(601))).toBe(0);
  });

  it('a line of 100 columns is allowed, one of 101 is not', () => {
    expect(linesAreNarrow('a', 'x'.repeat(100))).toHaveLength(0);
    expect(linesAreNarrow('a', `\n${'x'.repeat(101)}`)).toEqual([
      { path: 'a', line: 2, remedy: 'break the line: 101 columns' },
    ]);
  });

  it('the median is the middle length', () => {
    const files = [1, 9, 5].map((lines) => sourceOf('a', 'x;\n'.repeat(lines)));
    expect(medianLength(files)).toBe(5);
  });
});

describe('comments', () => {
  it('a file without a head is refused', () => {
    expect(count(opensWithItsIdea, 'a', 'const x = 1;')).toBe(1);
    expect(count(opensWithItsIdea, 'a', '/** One. */\nconst x = 1;')).toBe(0);
  });

  it('the head of a file documents the export that the file is named after', () => {
    const text = "/** Head. */\nimport 'a';\n\nexport class LogFile {}";
    expect(count(exportsAreDocumented, 'src/a/log-file.ts', text)).toBe(0);
    expect(count(exportsAreDocumented, 'src/a/log.ts', text)).toBe(1);
  });

  for (const [text, findings] of [
    ['/** Head. */\nexport const x = 1;', 1],
    ['/** Head. */\n\n/** X. */\nexport const x = 1;', 0],
    ["/** Head. */\nimport 'a';\n/** X. */\nexport const x = 1;\nexport const y = 1;", 0],
    ["/** Head. */\nimport 'a';\n/** X. */\nexport const x = 1;\n\nexport const y = 1;", 1],
    ["/** Head. */\nimport 'a';\n/** Far. */\n\nexport function f() {}", 1],
    ["/** Head. */\nimport 'a';\n\nexport interface F {}", 1],
    ["/** Head. */\nimport 'a';\nexport { x } from './x.ts';", 0],
    ["/** Head. */\nimport 'a';\nconst inner = 1;", 0],
  ] as const) {
    it(`${findings} undocumented exports in ${JSON.stringify(text)}`, () => {
      expect(count(exportsAreDocumented, 'a', text)).toBe(findings);
    });
  }

  // The forbidden words are put together here, because this file is judged as well.
  const foreign = [`TO${'DO'}: later`, `FIX${'ME'}`, `see /${'work'}/x`, `'/${'tmp'}/x'`];
  for (const text of foreign) {
    it(`no file says "${text}"`, () => expect(saysNothingForeign('a', text)).toHaveLength(1));
  }

  it('a path in the tree, and a word that only looks like one of those, may be said', () => {
    expect(saysNothingForeign('a', 'src/home/x.ts, tmp/, TODOS, https://example.org')).toEqual([]);
  });

  it('a test that is left out is found', () => {
    expect(leavesNoTestOut('test/a.test.ts', `it.${'skip'}('x')`)).toHaveLength(1);
    expect(leavesNoTestOut('test/a.test.ts', `describe.${'only'}('x')`)).toHaveLength(1);
    expect(leavesNoTestOut('test/a.test.ts', 'queue.skip(3)')).toHaveLength(0);
  });

  it('names are in kebab case', () => {
    expect(isKebabCase('src/cpu/code-map.ts')).toEqual([]);
    expect(isKebabCase('test/a.test.ts')).toEqual([]);
    expect(isKebabCase('src/cpu/codeMap.ts')).toHaveLength(1);
    expect(isKebabCase('src/CPU/map.ts')).toHaveLength(1);
    expect(isKebabCase('src/code_map.ts')).toHaveLength(1);
  });
});

it('a report has a line for each finding, with its file, its line and the remedy', () => {
  expect(report([{ path: 'a.ts', line: 3, remedy: 'mend it' }])).toBe('a.ts:3: mend it');
});
