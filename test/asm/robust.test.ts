/** Whatever the text: a result, never an exception, and errors that point into the text. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assemble } from '../../src/asm/assembler.ts';
import { runs } from '../support/runs.ts';
import { GOLDEN, goldenSources, ours } from './support.ts';

function survives(text: string): void {
  for (const format of ['bin', 'elf'] as const) {
    const result = ours(text, format);
    expect(typeof result.listing).toBe('string');
    for (const { line, column, message } of [...result.errors, ...result.warnings]) {
      expect(line).toBeGreaterThan(0);
      expect(column).toBeGreaterThan(0);
      expect(message).not.toBe('');
    }
  }
}

const sources = goldenSources().map((name) => readFileSync(join(GOLDEN, name), 'utf8'));
const lines = sources.join('\n').split('\n');
const words = [...new Set(lines.join(' ').split(/\s+/)), '%', '%[', '(', '{', '"', '%%', '$'];

describe('no text makes the assembler throw', () => {
  it('not random characters', () => {
    fc.assert(fc.property(fc.string({ maxLength: 300, unit: 'binary' }), survives));
  });

  it('not random words', () => {
    const line = fc.array(fc.constantFrom(...words), { maxLength: 8 });
    const text = fc.array(line, { maxLength: 20 }).map((all) => all.map((l) => l.join(' ')));
    fc.assert(
      fc.property(text, (all) => survives(all.join('\n'))),
      { numRuns: runs(50) },
    );
  });

  it('not random lines of good sources', () => {
    const text = fc.array(fc.constantFrom(...lines), { maxLength: 30 });
    fc.assert(
      fc.property(text, (all) => survives(all.join('\n'))),
      { numRuns: runs(100, 50) },
    );
  });

  it('not good sources with a damaged place', () => {
    const damage = fc.record({
      source: fc.constantFrom(...sources),
      at: fc.nat(10_000),
      remove: fc.nat(12),
      insert: fc.oneof(fc.string({ maxLength: 4 }), fc.constantFrom(...words)),
    });
    fc.assert(
      fc.property(damage, ({ source, at, remove, insert }) => {
        const from = at % (source.length + 1);
        survives(source.slice(0, from) + insert + source.slice(from + remove));
      }),
      { numRuns: runs(100, 40) },
    );
  });
});

describe('what would grow without end stops at a limit', () => {
  for (const [title, text, message] of [
    ['a macro that calls the next, twice', doubling(), 'tokens after expansion'],
    ['nested repetition', '%rep 9999\n%rep 9999\n\n%endrep\n%endrep', 'lines after expansion'],
    ['a huge repetition', '%rep 1 << 40\n nop\n%endrep', '1000000 is the most'],
    ['a huge count', ' times 1 << 40 nop', 'is the most'],
    ['much data', ' times 1 << 29 dq 0', 'more than'],
    ['nested duplication', ' db 99999 dup (99999 dup (1))', 'are the most'],
    ['deep parentheses', ` dd ${'('.repeat(5000)}`, 'nested too deeply'],
    ['many signs', ` dd ${'- '.repeat(5000)}1`, 'nested too deeply'],
    ['a long sum', ` dd 1${' + 1'.repeat(5000)}`, 'too long'],
    ['deep brackets', ` dd ${'%['.repeat(5000)}`, '%['],
    ['deep choices', ` dd ${'1 ? '.repeat(5000)}`, 'nested too deeply'],
    ['a file that includes itself', '%include "x"', 'within each other'],
  ] as const)
    it(title, () => {
      const resolve = (name: string) => ({ name, text });
      const { errors } = assemble({ file: 'x', text, format: 'bin', resolve });
      expect(errors[0]!.message).toContain(message);
    });
});

/** `%define`s of which each doubles the one before. */
function doubling(): string {
  const names = Array.from({ length: 40 }, (_, i) => `m${i}`);
  const defines = names.slice(1).map((name, i) => `%define ${name} ${names[i]} ${names[i]}`);
  return [...defines, ' dd m39'].join('\n');
}
