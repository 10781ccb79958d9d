/** Requests for the tests: every mnemonic with every combination of a few operands. */
import { allMnemonics } from '../../src/isa/mnemonics.ts';
import type { AsmImmediate, AsmMemory, AsmOperand, EncodeRequest } from '../../src/isa/request.ts';

export const general = (reg: number, size: 1 | 2 | 4): AsmOperand => ({ kind: 'reg', reg, size });

export const immediate = (value: number, more: Partial<AsmImmediate> = {}): AsmImmediate => ({
  kind: 'imm',
  value,
  basis: 'number',
  ...more,
});

/** `[ebx]`, with what `more` changes. */
export const memory = (more: Partial<AsmMemory> = {}): AsmMemory => ({
  kind: 'mem',
  registers: [{ reg: 3, size: 4, times: 1, scaled: false }],
  disp: { value: 0, basis: 'number' },
  ...more,
});

/** `[value]` */
export const absolute = (value: number, more: Partial<AsmMemory> = {}): AsmMemory =>
  memory({ registers: [], disp: { value, basis: 'number' }, ...more });

const REGISTERS: readonly AsmOperand[] = [
  general(0, 1),
  general(1, 1),
  general(7, 1),
  general(0, 2),
  general(2, 2),
  general(3, 2),
  general(0, 4),
  general(1, 4),
  general(6, 4),
  { kind: 'seg', reg: 0 },
  { kind: 'seg', reg: 4 },
  { kind: 'control', reg: 0 },
  { kind: 'control', reg: 3 },
];

const MEMORY: readonly AsmOperand[] = [
  memory(),
  memory({ size: 1 }),
  memory({ size: 2 }),
  memory({ size: 4 }),
  memory({ size: 8 }),
  absolute(0x1234),
];

const NUMBERS: readonly AsmOperand[] = [
  ...[1, 5, -1, 200, 0xffff, 70000].map((value) => immediate(value)),
  ...([1, 2, 4] as const).map((size) => immediate(5, { size })),
  immediate(5, { size: 4, strict: true }),
  immediate(4, { basis: 'here' }),
];

const FAR: readonly AsmOperand[] = [
  memory({ far: true }),
  memory({ far: true, size: 2 }),
  { kind: 'far', selector: immediate(8), offset: immediate(0x1234) },
];

const SEGMENT_REGISTERS = [1, 2, 3, 5].map((reg): AsmOperand => ({ kind: 'seg', reg }));

const POOL = [...REGISTERS, ...MEMORY, ...NUMBERS];

/** One condition stands for all in the larger combinations. */
const MANY = /^(j|set|cmov)/;
const IMMEDIATE_FIRST = ['out', 'enter', 'loop', 'jecxz'];
const THREE = ['imul', 'shld', 'shrd'];

function combinations(mnemonic: string): (readonly AsmOperand[])[] {
  const one = [...POOL, ...SEGMENT_REGISTERS, ...FAR].map((operand) => [operand]);
  if (MANY.test(mnemonic) && !['jmp', 'jz', 'setz', 'cmovz'].includes(mnemonic)) {
    return [...one, [general(0, 4), memory()]];
  }
  const first = IMMEDIATE_FIRST.includes(mnemonic) ? POOL : [...REGISTERS, ...MEMORY, NUMBERS[0]!];
  const two = first.flatMap((a) => POOL.map((b) => [a, b]));
  const three = THREE.includes(mnemonic) ? two.flatMap((ab) => POOL.map((c) => [...ab, c])) : [];
  return [[], ...one, ...two, ...three];
}

/** Everything; most of it is nonsense. */
export function allRequests(): EncodeRequest[] {
  return [...allMnemonics()].flatMap((mnemonic) =>
    combinations(mnemonic).map((operands) => ({ mnemonic, operands, prefixes: [], address: 0 })),
  );
}

/** Addresses of 32 and of 16 bits: base, index, factor, displacement, keywords. */
export function allAddresses(): AsmMemory[] {
  const out: AsmMemory[] = [];
  const displacements = [0, 1, -1, 127, 128, -128, -129, 0x12345678].map((value) => ({
    value,
    basis: 'number' as const,
  }));
  for (let first = 0; first < 8; first++) {
    for (const disp of displacements) {
      for (const times of [1, 2, 3, 4, 5, 8, 9]) {
        for (const nosplit of [false, true]) {
          const scaled = times !== 1 || nosplit;
          out.push(memory({ registers: [{ reg: first, size: 4, times, scaled }], disp, nosplit }));
        }
      }
    }
    for (let second = 0; second < 8; second++) {
      if (second === first) continue;
      displacements.forEach((disp, i) => {
        const times = [1, 1, 2, 4, 8, 1, 1, 2][i]!;
        const scaled = i % 2 === 1;
        const a = { reg: first, size: 4, times, scaled: scaled || times > 1 } as const;
        const b = { reg: second, size: 4, times: 1, scaled: false } as const;
        out.push(memory({ registers: [a, b], disp }), memory({ registers: [b, a], disp }));
      });
    }
  }
  for (const numbers of [[3, 6], [3, 7], [5, 6], [5, 7], [6], [7], [5], [3], [6, 3], [7, 5]]) {
    const registers = numbers.map((reg) => ({ reg, size: 2, times: 1, scaled: false }) as const);
    for (const disp of displacements.slice(0, 7)) out.push(memory({ registers, disp }));
  }
  for (const dispSize of [1, 2, 4] as const) {
    if (dispSize !== 2) out.push(memory({ dispSize, disp: { value: 5, basis: 'number' } }));
    if (dispSize !== 1) out.push(absolute(0x1234, { dispSize }));
  }
  for (const segment of [0, 1, 2, 3, 4, 5]) out.push(memory({ segment }), absolute(5, { segment }));
  out.push(
    memory({ disp: { value: 4, basis: 'here' } }),
    absolute(4, { disp: { value: 4, basis: 'here' } }),
  );
  return out;
}
