/**
 * The packages that `%use` brings in (NASM manual, 6), written in the assembler's own language,
 * reduced to what 32-bit code can use.
 */

import { type SourceLine, splitLines } from '../source.ts';

const REGISTERS = 'ax cx dx bx sp bp si di'.split(' ');
const BYTES = 'al cl dl bl'.split(' ');

/** r0d … r7d, r0w … r7w, r0l … r3l, and r0h … r3h. */
const ALTERNATIVE_NAMES = [
  ...REGISTERS.flatMap((name, i) => [`%idefine r${i}d e${name}`, `%idefine r${i}w ${name}`]),
  ...BYTES.flatMap((name, i) => [
    `%idefine r${i}l ${name}`,
    `%idefine r${i}h ${name.replace('l', 'h')}`,
  ]),
].join('\n');

/** Fillers of 1, 2, 3 … bytes by the modes of `alignmode`, and after how many a jump is better. */
const MODES = [
  { name: 'nop', threshold: 16, fillers: ['90'] },
  {
    name: 'generic',
    threshold: 8,
    fillers: '90 89f6 8d7600 8d742600 908d742600 8db600000000 8db42600000000'.split(' '),
  },
  { name: 'k8', threshold: 16, fillers: '90 6690 666690 66666690'.split(' ') },
  {
    name: 'k7',
    threshold: 16,
    fillers: '90 8bc0 8d0420 8d442000 8d44200090 8d8000000000 8d040500000000'.split(' '),
  },
  {
    name: 'p6',
    threshold: 16,
    fillers:
      '90 6690 0f1f00 0f1f4000 0f1f440000 660f1f440000 0f1f8000000000 0f1f840000000000'.split(' '),
  },
];

function modeLines({ name, threshold, fillers }: (typeof MODES)[number], i: number): string {
  const bytes = (hexadecimal: string) => hexadecimal.replace(/../g, '0x$&,').slice(0, -1);
  return [
    `${i === 0 ? '%if' : '%elif'}idni %1, ${name}`,
    `%define __ALIGN_JMP_THRESHOLD__ ${threshold}`,
    `%define __ALIGN_GROUP__ ${fillers.length}`,
    ...fillers.map((filler, n) => `%define __ALIGN_${n + 1}B__ ${bytes(filler)}`),
  ].join('\n');
}

const SMART_ALIGN = `
%imacro alignmode 1-2.nolist
${MODES.map(modeLines).join('\n')}
  %else
    %error unknown alignment mode: %1
  %endif
  %ifidni %2,nojmp
    %define __ALIGN_JMP_THRESHOLD__ 0x7fffffff
  %elifnempty %2
    %define __ALIGN_JMP_THRESHOLD__ %2
  %endif
%endmacro

%unimacro align 1-2+.nolist
%imacro align 1-2+.nolist
  [sectalign %1]
  %ifnempty %2
    times (((%1) - (($-$$) %% (%1))) %% (%1)) %2
  %else
    %push
    %assign %$pad (((%1) - (($-$$) %% (%1))) %% (%1))
    %if %$pad > __ALIGN_JMP_THRESHOLD__
      jmp %%end
      times (((%1) - (($-$$) %% (%1))) %% (%1)) nop
      %%end:
    %else
      times (%$pad / __ALIGN_GROUP__) db __ALIGN_%[__ALIGN_GROUP__]B__
      %assign %$pad %$pad %% __ALIGN_GROUP__
      %if %$pad > 0
        db __ALIGN_%[%$pad]B__
      %endif
    %endif
    %pop
  %endif
%endmacro
alignmode generic
`;

const FLOAT_NAMES = 'float8 float16 bfloat16 float32 float64 float80m float80e float128l float128h';

const FLOATS = [
  ...FLOAT_NAMES.split(' ').map((name) => `%idefine ${name}(x) __?${name}?__(x)`),
  ...['Inf', 'NaN', 'QNaN', 'SNaN'].map(
    (name) => `%idefine ${name} __?${name === 'Inf' ? 'Infinity' : name}?__`,
  ),
].join('\n');

const INTEGER_FUNCTIONS = 'ilog2 ilog2e ilog2w ilog2f ilog2c'
  .split(' ')
  .map((name) => `%idefine ${name}(x) __?${name === 'ilog2' ? 'ilog2e' : name}?__(x)`)
  .join('\n');

const PACKAGES: ReadonlyMap<string, string> = new Map([
  ['altreg', ALTERNATIVE_NAMES],
  ['fp', FLOATS],
  ['ifunc', INTEGER_FUNCTIONS],
  ['smartalign', SMART_ALIGN],
]);

/** Whether there is a package called `name`, in any case. */
export function isPackage(name: string): boolean {
  return PACKAGES.has(name.toLowerCase());
}

/** The lines of the package `name`, in lower case, or undefined. */
export function packageLines(name: string): readonly SourceLine[] | undefined {
  const text = PACKAGES.get(name);
  return text === undefined ? undefined : splitLines(`package ${name}`, text);
}
