/** A broken source is told so at the line, and the column, where it is broken. */
import { describe, expect, it } from 'vitest';
import { assemble, formatError } from '../../src/asm/assembler.ts';
import { describeWithTool } from '../support/tools.ts';
import { errorLines, nasm, ours } from './support.ts';

/** A broken source, and the place of each error as `line:column message`. */
const BROKEN: readonly (readonly [title: string, text: string, ...places: string[]])[] = [
  ['an operand is missing', ' mov eax, ebx\n add eax', '2:2 invalid combination'],
  ['operands do not go together', ' mov eax, bl', '1:2 invalid combination'],
  [
    'a symbol is unknown',
    ' mov eax, foo\n nop\n dd bar + 1',
    '1:11 symbol `foo',
    '3:5 symbol `bar',
  ],
  ['a label is defined twice', 'x: nop\ny: nop\nx: nop', '3:1 symbol `x'],
  ['an instruction is misspelt', ' nop\n movv eax, 5', '2:2 unknown instruction'],
  ['an instruction after a label is', 'x: movv eax, 5', '1:4 instruction expected'],
  ['a parenthesis is open', ' dd (1 + 2', "1:11 `)' expected"],
  ['an operator lacks its operand', ' dd 1 +', '1:8 expression expected'],
  ['a comma is doubled', ' dd 1,,2', '1:7 expression expected'],
  ['a bracket is open', ' mov eax, [ebx', "1:15 `]' expected"],
  ['text follows an operand', ' mov eax, 5 6', '1:13 comma or end of line'],
  ['a string is open', " db 'abc", '1:5 unterminated string'],
  ['a number has bad digits', ' dd 12foo, 1\n dd 0b12', '1:5 number', '2:5 number'],
  ['a divisor is zero', ' dd 1 / 0\n dd 1 %% (2 - 2)', '1:7 division', '2:7 division'],
  ['addresses are added', 'a: dd a + a\n dd ~a', '1:9 neither', '2:5 '],
  ['a count is negative', ' times -1 nop', '1:8 the count is -1'],
  ['an address has too many registers', ' mov eax, [eax + ebx + ecx]', '1:2 '],
  ['esp is an index', ' mov eax, [esp * 2]', '1:2 '],
  ['no size is known', ' mov [eax], 5\n inc [ebx]', '1:2 operation size', '2:2 operation size'],
  ["`equ' has no label", ' equ 5', "1:2 `equ' needs"],
  ['a symbol depends on itself', 'q equ q + 1', '1:1 ', '1:9 '],
  ['a condition has no end', ' nop\n%if 1\n nop', '2:1 no `%endif'],
  ['an end has no condition', ' nop\n%endif', '2:1 `%endif'],
  ['an else has no condition', '%else', '1:1 `%else'],
  ['a condition needs what comes later', '%if later\n%endif\nlater:', '1:5 symbol'],
  ['a macro has no end', '%macro m 0\n nop', '1:1 no `%endmacro'],
  ['a repetition has no end', '%rep 3\n nop', '1:1 no `%endrep'],
  ['a parameter stands outside', ' dd %1', '1:5 a macro parameter'],
  ['a label stands before nothing known', 'foo bar', '1:1 unknown instruction'],
  ['a file is missing', '%include "none.inc"', '1:10 cannot read'],
  ['a file of bytes is', ' incbin "none.bin"', '1:2 cannot read'],
  ['an alignment is odd', 'section .data align=3', '1:21 alignment 3'],
  ['the source says so', ' nop\n%error too bad', '2:1 too bad'],
  ['a context is not there', '%pop\n dd %$x', "1:1 `%pop'", '2:5 '],
  ['a second origin', 'org 1\norg 2', "2:1 second `org'"],
];

/** Where nasm says nothing, or says it at another line. */
const NOT_IN_NASM = new Set([
  'a symbol depends on itself',
  // Reported after the end of the file, without a number or with the last one.
  'a condition has no end',
  'a macro has no end',
  'a repetition has no end',
]);

describe('an error names its place', () => {
  for (const [title, text, ...places] of BROKEN)
    it(`when ${title}`, () => {
      const { errors, image } = ours(text);
      expect(image.length).toBe(0);
      const got = errors.map(({ line, column, message }) => `${line}:${column} ${message}`);
      expect(got.map((place, i) => place.slice(0, places[i]?.length))).toEqual(places);
    });
});

describeWithTool('nasm', 'an error is on the line where nasm has it', () => {
  for (const [title, text] of BROKEN)
    if (!NOT_IN_NASM.has(title))
      it(`when ${title}`, () => {
        const bits32 = text.replace(/^/, 'bits 32\n');
        expect(errorLines(ours(bits32))).toEqual(nasm(bits32).errorLines);
      });
});

describe('an error is shown', () => {
  it('with its source line and a caret, tabs kept', () => {
    const [error] = assemble({ file: 'x.asm', text: '\tmov\teax, foo' }).errors;
    expect(formatError(error!)).toBe(
      "x.asm:1:11: error: symbol `foo' not defined\n\tmov\teax, foo\n\t   \t     ^",
    );
  });

  it('at the call, with the line of the macro as a hint', () => {
    const text = '%macro m 1\n mov eax, %1\n%endmacro\n  m foo';
    const [error] = assemble({ file: 'x.asm', text }).errors;
    expect(error).toMatchObject({ line: 4, column: 5, sourceLine: '  m foo' });
    expect(error!.hint).toBe("in macro `m', x.asm:2: `mov eax, %1'");
  });

  it('in the file that holds it', () => {
    const resolve = (path: string) => ({ name: path, text: '\n bad line' });
    const { errors } = assemble({ file: 'x.asm', text: '%include "y.inc"', resolve });
    expect(errors).toMatchObject([{ file: 'y.inc', line: 2, column: 2 }]);
  });

  it('with the name that was perhaps meant', () => {
    const [error] = assemble({ file: 'x.asm', text: 'Foo: dd foo' }).errors;
    expect(error!.hint).toBe("there is a symbol `Foo'");
  });

  it('up to a limit', () => {
    const { errors } = assemble({ file: 'x.asm', text: ' mov eax\n'.repeat(1000) });
    expect(errors.length).toBe(101);
    expect(errors.at(-1)!.message).toBe('giving up after 100 errors');
  });
});

describe('what cannot work here is refused by name', () => {
  for (const [text, message] of [
    ['common buffer 4', "this directive is not supported, got `buffer'"],
    ['bits 16\n nop', '16-bit code: the machine runs 32-bit code'],
    ['bits 64', 'no 64-bit mode'],
    ['bnd jmp $', "prefix that the machine does not know, got `bnd'"],
    ['absolute 5\n db 1', "`absolute' space has no bytes"],
    ['section .bss\n db 1', 'section .bss has no bytes of its own'],
    [' dt 5', 'no integer has 80 bits'],
  ] as const)
    it(text.replace('\n', ';'), () => {
      expect(ours(text).errors.map((error) => error.message)).toEqual([message]);
    });
});
