/** Random expressions have the value that nasm gives them, or are errors in both. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { runs } from '../support/runs.ts';
import { describeWithTool } from '../support/tools.ts';
import { errorLines, nasm, ours } from './support.ts';

/** `<=>` is left out: nasm takes its -1 for "unknown". */
const BINARY = '|| ^^ && = == != <> < <= > >= | ^ & << >> <<< >>> + - * / // % %%'.split(' ');

const number = fc.oneof(
  fc.constantFrom('0', '1', '2', '7', '0x7fffffffffffffff', '0x8000000000000000', '-1', '64'),
  fc.bigInt(0n, (1n << 64n) - 1n).map(String),
  fc.nat(300).map((n) => `0${n.toString(16)}h`),
  fc.nat(300).map((n) => `0b${n.toString(2)}`),
  fc.constantFrom("'a'", '"ab"', '`\\n`', '1_000', '17q', '$', '$$', 'here', 'after', 'five'),
);

const { expression } = fc.letrec<{ expression: string }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    number,
    fc
      .tuple(tie('expression'), fc.constantFrom(...BINARY), tie('expression'))
      .map(([a, operator, b]) => `${a} ${operator} ${b}`),
    tie('expression').map((inside) => `(${inside})`),
    fc
      .tuple(fc.constantFrom('-', '+', '~', '!'), tie('expression'))
      .map(([operator, inside]) => `${operator} ${inside}`),
    fc
      .tuple(tie('expression'), tie('expression'), tie('expression'))
      .map(([a, b, c]) => `(${a} ? ${b} : ${c})`),
  ),
}));

/** In parentheses: a string right behind a leading sign confuses nasm. */
const program = (expressions: readonly string[]): string =>
  ['here: dq 1', 'five equ 5', ...expressions.map((e) => ` dq (${e})`), 'after:'].join('\n');

describeWithTool('nasm', 'expressions are worth what nasm says', () => {
  it('in value and in error', () => {
    fc.assert(
      fc.property(fc.array(expression, { minLength: 200, maxLength: 200 }), (all) => {
        const first = ours(program(all));
        const bad = new Set(errorLines(first));
        const refused = all.filter((_, i) => bad.has(i + 3));
        let sound = all.filter((_, i) => !bad.has(i + 3));
        // One by one: nasm stops after the first pass that finds an error.
        for (const e of refused) expect(nasm(program([e])).bytes, e).toBeUndefined();
        let theirs = nasm(program(sound));
        if (theirs.crashed) {
          // It does at the least number divided by -1, even where the quotient is not asked for.
          sound = sound.filter((e) => !nasm(program([e])).crashed);
          theirs = nasm(program(sound));
        }
        const result = ours(program(sound));
        expect(result.errors).toEqual([]);
        expect(theirs.messages).not.toContain('error');
        expect(result.image).toEqual(theirs.bytes);
      }),
      { numRuns: runs(4) },
    );
  });
});
