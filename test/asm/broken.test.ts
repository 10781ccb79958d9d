/**
 * Broken sources have their errors on the lines where nasm has them: written by hand, one for each
 * thing that can be wrong, and good sources in which a token is deleted, doubled or swapped.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runs } from '../support/runs.ts';
import { describeWithTool } from '../support/tools.ts';
import { BROKEN, BROKEN_OTHERWISE } from './broken-sources.ts';
import { errorLines, GOLDEN, goldenSources, nasm, nasmErrorLines, ours } from './support.ts';

const PROGRAMS = fileURLToPath(new URL('../../programs/', import.meta.url));

const in32Bits = (text: string): string => `bits 32\n${text}\n`;

const linesOfAll = (sources: readonly string[]) => sources.map((text) => errorLines(ours(text)));

describeWithTool('nasm', 'a broken source', () => {
  it('has its errors on the lines of nasm', () => {
    const sources = BROKEN.map(([, text]) => in32Bits(text));
    const named = (lines: readonly number[][]) => lines.map((at, i) => [BROKEN[i]![0], at]);
    const theirs = nasmErrorLines(sources);
    expect(theirs).not.toContainEqual([]);
    expect(named(linesOfAll(sources))).toEqual(named(theirs));
  });

  it('has them elsewhere only for the reasons given', () => {
    const sources = BROKEN_OTHERWISE.map(([, text]) => in32Bits(text));
    const theirs = nasmErrorLines(sources);
    BROKEN_OTHERWISE.forEach(([title, , , lines], i) => {
      expect(theirs[i], title).not.toEqual(lines);
    });
  });
});

describe('a broken source has its errors on lines of our own', () => {
  for (const [title, text, reason, lines] of BROKEN_OTHERWISE)
    it(`${title}: ${reason}`, () => {
      expect(errorLines(ours(in32Bits(text)))).toEqual(lines);
    });
});

/**
 * What we refuse and nasm lets pass (docs/assembler.md), if not on the damaged line, then in the
 * words of these rules.
 */
const STRICTER = /end of line expected after|has no bytes of its own/;

/** Complaints of nasm that follow from another one. */
const FOLLOWING = /: error: label `.*' inconsistently redefined/;

interface Damage {
  readonly source: number;
  readonly line: number;
  readonly first: number;
  readonly second: number;
  readonly how: 'delete' | 'double' | 'swap';
}

const TOKEN =
  /"[^"]*"|'[^']*'|`[^`]*`|;.*|%[\w$%!?{}:+-]*|[A-Za-z_.?@$][\w.?@$#~]*|\d[\w.]*|\s+|./g;

/** `line` with its tokens changed. */
function damaged(line: string, { first, second, how }: Damage): string {
  const tokens = line.match(TOKEN) ?? [];
  const real = tokens.flatMap((token, i) => (/^[\s;]/.test(token) ? [] : [i]));
  const a = real[first % real.length]!;
  const b = real[second % real.length]!;
  if (how === 'delete') tokens.splice(a, 1);
  else if (how === 'double') tokens.splice(a, 0, tokens[a]!, ' ');
  else [tokens[a], tokens[b]] = [tokens[b]!, tokens[a]!];
  return tokens.join('');
}

const isCode = (line: string): boolean => /^\s*[^\s;]/.test(line) && !line.includes('bits 32');

/** Good sources and the folders beside which they are assembled. */
const SOURCES = [
  ...goldenSources().map((name) => ({
    folder: GOLDEN,
    text: readFileSync(join(GOLDEN, name), 'utf8'),
  })),
  ...['asm', 'lib'].flatMap((folder) =>
    readdirSync(join(PROGRAMS, folder)).map((name) => ({
      folder: PROGRAMS,
      text: `bits 32\n${readFileSync(join(PROGRAMS, folder, name), 'utf8')}`,
    })),
  ),
];

const damage: fc.Arbitrary<Damage> = fc.record({
  source: fc.nat(SOURCES.length - 1),
  line: fc.nat(10_000),
  first: fc.nat(100),
  second: fc.nat(100),
  how: fc.constantFrom('delete', 'double', 'swap'),
});

/** nasm names the line after the last one where an end is missing. */
function linesInText(lines: readonly number[], text: string): number[] {
  const last = text.split('\n').length - 1;
  return lines.filter((line) => line < last);
}

describeWithTool('nasm', 'a good source with one damaged line', () => {
  it('is refused where nasm refuses it, with an error on the first of its lines', () => {
    fc.assert(
      fc.property(damage, (one) => {
        const { folder, text } = SOURCES[one.source]!;
        const lines = text.split('\n');
        const code = lines.flatMap((line, i) => (isCode(line) ? [i] : []));
        const at = code[one.line % code.length]!;
        lines[at] = damaged(lines[at]!, one);
        const source = lines.join('\n');
        const result = ours(source, 'bin', join(folder, 'in.asm'));
        const theirs = nasm(source, folder);
        if (theirs.bytes) {
          const refused = result.errors.filter(
            ({ line, message }) => line === at + 1 || STRICTER.test(message),
          );
          if (result.errors.length > 0) expect(refused).not.toEqual([]);
          else expect(result.image).toEqual(theirs.bytes);
          return;
        }
        expect(result.errors, theirs.messages).not.toEqual([]);
        const first = linesInText(theirs.errorLines, source)[0];
        if (first !== undefined && !FOLLOWING.test(theirs.messages))
          expect(errorLines(result), theirs.messages).toContain(first);
      }),
      { seed: 1, numRuns: runs(80, 30) },
    );
  });
});
