/** Conditions: every jcc, setcc and cmovcc, after any flags, alone or fused with a comparison. */
import { describe, expect, it } from 'vitest';
import { carryOf, condition, materialise, resultOf } from '../../src/cpu/flags.ts';
import { CONDITIONS } from '../../src/isa/conditions.ts';
import { CODE, DATA, execute, Rig } from './rig.ts';

const CF = 0x001;
const PF = 0x004;
const AF = 0x010;
const ZF = 0x040;
const SF = 0x080;
const OF = 0x800;
const BITS = [CF, PF, AF, ZF, SF, OF];
const ALL = Array.from({ length: 64 }, (_, n) =>
  BITS.reduce((flags, bit, i) => (n & (1 << i) ? flags | bit : flags), 0),
);

/** The manual's definition (volume 1, appendix B), on eflags. */
const MEANING: readonly ((f: number) => boolean)[] = [
  (f) => (f & OF) !== 0,
  (f) => (f & CF) !== 0,
  (f) => (f & ZF) !== 0,
  (f) => (f & (CF | ZF)) !== 0,
  (f) => (f & SF) !== 0,
  (f) => (f & PF) !== 0,
  (f) => ((f & SF) !== 0) !== ((f & OF) !== 0),
  (f) => (f & ZF) !== 0 || ((f & SF) !== 0) !== ((f & OF) !== 0),
];
const holds = (cc: number, flags: number): boolean => MEANING[cc >> 1]!(flags) !== ((cc & 1) === 1);

describe('the lazy flags', () => {
  it('can stand for every combination of the six', () => {
    for (const flags of ALL) expect(materialise(resultOf(flags), carryOf(flags))).toBe(flags);
  });

  it('decide every condition as the manual does', () => {
    for (const flags of ALL)
      for (let cc = 0; cc < 16; cc++)
        expect([cc, flags, condition(cc, resultOf(flags), carryOf(flags))]).toEqual([
          cc,
          flags,
          holds(cc, flags),
        ]);
  });
});

describe('after popf', () => {
  const source = (name: string): string =>
    `set${name} cl\ncmov${name} edx, ebx\nj${name} taken\nmov eax, 2\nhlt\ntaken: mov eax, 1\nhlt`;

  it.each(CONDITIONS.map(({ name }, cc) => ({ name, cc })))('j, set and cmov $name', (row) => {
    const rig = new Rig(source(row.name));
    for (const flags of ALL) {
      rig.begin({ eflags: flags, ebx: 5, ecx: -1 });
      rig.run();
      const yes = holds(row.cc, flags);
      expect(rig.registers).toMatchObject({
        eax: yes ? 1 : 2,
        ecx: yes ? 0xffffff01 : 0xffffff00,
        edx: yes ? 5 : 0,
        eflags: flags | 2,
      });
    }
  });
});

const EDGES = [0, 1, 2, 0x7fffffff, -0x80000000, -0x7fffffff, -1, -2, 0x80, 0xff];

describe('a comparison and the branch on it', () => {
  /** Jumps one by one with the comparison before each; bit cc of edi is set where it was taken. */
  const program = (compare: string): string =>
    CONDITIONS.map(
      ({ name }, cc) => `${compare}
        j${name} yes${cc}
        jmp no${cc}
        yes${cc}: or edi, ${1 << cc}
        no${cc}:`,
    ).join('\n');

  it.each([
    { compare: 'cmp eax, ebx', operands: EDGES },
    { compare: 'test eax, ebx', operands: EDGES },
    { compare: 'test eax, eax', operands: [0] },
    { compare: 'cmp eax, -1', operands: [0] },
    { compare: 'cmp eax, 0x7f', operands: [0] },
    { compare: 'cmp eax, 0x80000000', operands: [0] },
    { compare: 'cmp [DATA], ebx', operands: EDGES },
    { compare: 'cmp eax, [DATA + 4]', operands: EDGES },
    { compare: 'cmp dword [DATA], -2', operands: [0] },
    { compare: 'cmp al, bl', operands: EDGES },
    { compare: 'cmp ax, bx', operands: EDGES },
    { compare: 'sub eax, 0\nsub ecx, ebx\nmov ecx, eax', operands: EDGES },
    { compare: 'inc ecx\ndec ecx', operands: EDGES },
  ])('$compare: together as apart', ({ compare, operands }) => {
    // Apart: a jump between them keeps them in different blocks.
    const fused = `${program(compare)}\n${compare}\nhlt`;
    const single = compare.split('\n');
    const apart = `${program(`${single.join('\n')}\njmp $ + 2`)}\n${compare}\nhlt`;
    const rigs = [new Rig(fused), new Rig(apart)] as const;
    for (const a of EDGES)
      for (const b of operands) {
        for (const rig of rigs) {
          rig.begin({ eax: a, ebx: b, ecx: a });
          rig.view.setInt32(DATA, a, true);
          rig.view.setInt32(DATA + 4, b, true);
          rig.run();
        }
        const [together, separate] = rigs.map(({ registers }) => registers);
        expect(together!.edi).toBe(separate!.edi);
        expect(together!.eflags).toBe(separate!.eflags);
        if (!compare.includes('\n')) {
          const expected = CONDITIONS.reduce(
            (bits, _, cc) => (holds(cc, together!.eflags! & 0x8d5) ? bits | (1 << cc) : bits),
            0,
          );
          // `or edi` between them changes the flags, but each has its own comparison.
          expect(together!.edi).toBe(expected);
        }
        expect(rigs[1].count - rigs[0].count).toBe(16);
      }
  });

  it('leaves the flags of the comparison on both ways', () => {
    for (const eax of [1, 2, 3]) {
      const rig = execute('cmp eax, 2\njb out\nnop\nout: pushf\npop ecx\nhlt', { eax });
      const flags = { 1: 0x95, 2: 0x44, 3: 0x00 }[eax]!;
      expect(rig.registers.ecx! & 0x8d5).toBe(flags);
    }
  });

  it('counts two, and stops between them when the run ends there', () => {
    const rig = new Rig('cmp eax, ebx\njz out\nout: hlt');
    rig.run(1);
    expect(rig.registers).toMatchObject({ eip: CODE + 2, eflags: 0x46 });
    rig.run(2);
    expect(rig.registers.eip).toBe(CODE + 4);
  });
});

describe('loops', () => {
  it.each([
    { asm: 'loop', ecx: 3, flags: 0, turns: 3 },
    { asm: 'loop', ecx: 1, flags: ZF, turns: 1 },
    { asm: 'loope', ecx: 3, flags: ZF, turns: 3 },
    { asm: 'loope', ecx: 3, flags: 0, turns: 1 },
    { asm: 'loopne', ecx: 3, flags: 0, turns: 3 },
    { asm: 'loopne', ecx: 3, flags: ZF, turns: 1 },
  ])('$asm with ecx = $ecx and flags $flags turns $turns times', ({ asm, ecx, flags, turns }) => {
    const rig = execute(`again: lea eax, [eax + 1]\n${asm} again\nhlt`, { ecx, eflags: flags });
    expect(rig.registers).toMatchObject({ eax: turns, ecx: ecx - turns, eflags: flags | 2 });
    expect(rig.count).toBe(2 * turns + 1);
  });

  it('loop from 0 goes round 2^32 times, and with cx 2^16 times', () => {
    const rig = new Rig('again: loop again\nhlt');
    rig.run(70_000);
    expect(rig.registers.ecx).toBe(2 ** 32 - 70_000);
    const narrow = execute('again: loop again, cx\nhlt', { ecx: 0x50000 });
    expect(narrow.registers.ecx).toBe(0x50000);
    expect(narrow.count).toBe(65_537);
  });

  it('jecxz looks at ecx, jcxz at cx; neither changes a flag', () => {
    const source = (jump: string): string => `${jump} yes\nhlt\nyes: inc eax\nhlt`;
    for (const [jump, ecx, eax] of [
      ['jecxz', 0, 1],
      ['jecxz', 0x10000, 0],
      ['jcxz', 0x10000, 1],
      ['jcxz', 1, 0],
    ] as const)
      expect(execute(source(jump), { ecx }).registers.eax).toBe(eax);
  });
});

describe('a jump of 16 bits', () => {
  it('goes to the lower half of its target', () => {
    for (const asm of ['o16 jmp near over', 'o16 jz near over', 'o16 jmp ax', 'o16 loop over']) {
      const rig = new Rig(`${asm}\ntimes 0x40 nop\nover: hlt`, {
        eflags: ZF,
        eax: 0xffff0000 | 0x44,
        ecx: 5,
      });
      const target = asm.includes('ax') ? 0x44 : rig.code.length - 1;
      rig.ram[target] = 0xf4;
      rig.run();
      expect([asm, rig.registers.eip]).toEqual([asm, target + 1]);
    }
  });
});
