/**
 * Exceptions: which, with what error code, at which address, and that nothing else has happened.
 */
import { describe, expect, it } from 'vitest';
import { CODE, DATA, execute, HANDLERS, IDT, Rig, Sel, STACK } from './rig.ts';

interface Row {
  readonly asm: string;
  readonly before?: Parameters<typeof execute>[1];
  readonly vector: number;
  readonly error?: number;
}

const min = -0x80000000;
const RF = 0x10000;
const VM = 0x20000;

/** Instructions that fault, the first of the program. */
const FAULTS: readonly Row[] = [
  { asm: 'div cl', before: { eax: 5 }, vector: 0 },
  { asm: 'div cl', before: { eax: 0x500, ecx: 5 }, vector: 0 },
  { asm: 'div cx', before: { edx: 5, ecx: 5 }, vector: 0 },
  { asm: 'div ecx', before: { eax: 1 }, vector: 0 },
  { asm: 'div ecx', before: { edx: 7, ecx: 7 }, vector: 0 },
  { asm: 'div dword [DATA]', before: { eax: 1 }, vector: 0 },
  { asm: 'idiv cl', before: { eax: 0x80, ecx: 1 }, vector: 0 },
  { asm: 'idiv cl', before: { eax: 0x8000, ecx: 0xff }, vector: 0 },
  { asm: 'idiv cx', before: { eax: 0x8000, edx: 0xffff, ecx: 0xffff }, vector: 0 },
  { asm: 'idiv ecx', before: { eax: min, edx: -1, ecx: -1 }, vector: 0 },
  { asm: 'idiv ecx', before: { edx: 1, ecx: 1 }, vector: 0 },
  { asm: 'idiv ecx', before: { edx: min, ecx: -1 }, vector: 0 },
  { asm: 'aam 0', before: { eax: 5 }, vector: 0 },
  { asm: 'bound eax, [DATA]', before: { eax: -1 }, vector: 5 },
  { asm: 'bound eax, [DATA]', before: { eax: 1 }, vector: 5 },
  { asm: 'bound ax, [DATA]', before: { eax: 0x8000 }, vector: 5 },
  { asm: 'ud2', vector: 6 },
  { asm: 'db 0x0f, 0xff, 0xc0', vector: 6 },
  { asm: 'db 0xf0, 0x90', vector: 6 },
  { asm: 'lock mov [DATA], eax', vector: 6 },
  { asm: 'lock add eax, ecx', vector: 6 },
  { asm: 'db 0x8e, 0xc8', vector: 6 },
  { asm: 'db 0x8d, 0xc0', vector: 6 },
  { asm: 'db 0xd9, 0xc0', vector: 6 },
  { asm: 'db 0x63, 0xc0', vector: 6 },
  { asm: 'db 0x0f, 0x20, 0xc8', vector: 6 },
  { asm: 'times 15 db 0x66\nnop', vector: 13, error: 0 },
  { asm: 'mov cr4, eax', before: { eax: 0x20 }, vector: 13, error: 0 },
  { asm: 'mov cr0, eax', before: { eax: 0x80000011 }, vector: 13, error: 0 },
  { asm: 'mov cr0, eax', before: { eax: 0x10 }, vector: 13, error: 0 },
  { asm: 'mov ds, ax', before: { eax: Sel.absentData }, vector: 11, error: Sel.absentData },
  { asm: 'mov ds, ax', before: { eax: Sel.smallData }, vector: 13, error: Sel.smallData },
  { asm: 'mov ds, ax', before: { eax: Sel.system }, vector: 13, error: Sel.system },
  { asm: 'mov ds, ax', before: { eax: Sel.executeOnly }, vector: 13, error: Sel.executeOnly },
  { asm: 'mov ds, ax', before: { eax: Sel.beyond }, vector: 13, error: Sel.beyond },
  { asm: 'mov ds, ax', before: { eax: Sel.data | 4 }, vector: 13, error: Sel.data | 4 },
  { asm: 'mov ds, ax', before: { eax: Sel.data | 3 }, vector: 13, error: Sel.data },
  { asm: 'mov ss, ax', before: { eax: 0 }, vector: 13, error: 0 },
  { asm: 'mov ss, ax', before: { eax: Sel.code }, vector: 13, error: Sel.code },
  { asm: 'mov ss, ax', before: { eax: Sel.readOnly }, vector: 13, error: Sel.readOnly },
  { asm: 'mov ss, ax', before: { eax: Sel.data | 1 }, vector: 13, error: Sel.data },
  { asm: 'mov ss, ax', before: { eax: Sel.absentData }, vector: 12, error: Sel.absentData },
  { asm: 'mov ss, ax', before: { eax: Sel.absentCode }, vector: 13, error: Sel.absentCode },
  { asm: 'jmp 0:0x1234', vector: 13, error: 0 },
  { asm: `jmp ${Sel.data}:0x1234`, vector: 13, error: Sel.data },
  { asm: `jmp ${Sel.code16}:0x1234`, vector: 13, error: Sel.code16 },
  { asm: `jmp ${Sel.absentCode}:0x1234`, vector: 11, error: Sel.absentCode },
  { asm: `jmp ${Sel.absentData}:0x1234`, vector: 13, error: Sel.absentData },
  { asm: `jmp ${Sel.code | 3}:0x1234`, vector: 13, error: Sel.code },
  { asm: `jmp ${Sel.beyond}:0x1234`, vector: 13, error: Sel.beyond },
  { asm: `call ${Sel.data}:0x1234`, vector: 13, error: Sel.data },
  { asm: `call ${Sel.code | 3}:0x1234`, vector: 13, error: Sel.code },
  { asm: 'les eax, [bad]\nbad: dd 5\ndw 0x28', vector: 13, error: 0x28 },
  { asm: 'lss esp, [bad]\nbad: dd 5\ndw 0', vector: 13, error: 0 },
  { asm: 'lgs ax, [bad]\nbad: dw 5, 0x18', vector: 11, error: 0x18 },
  { asm: 'jmp far [bad]\nbad: dd 5\ndw 0x10', vector: 13, error: 0x10 },
  { asm: 'call far [bad]\nbad: dd 5\ndw 0x20', vector: 11, error: 0x20 },
  { asm: 'iret', before: { eflags: 0x4002 }, vector: 13, error: 0 },
];

const NAMES = ['eax', 'ecx', 'edx', 'ebx', 'ebp', 'esi', 'edi'] as const;
/** Recognisable values for what a row does not set. */
const FILLING = {
  ebp: 0x66666666,
  esi: 0x77777777,
  edi: 0x11223344,
  ebx: 0x55555555,
  eflags: 0xad7,
};

describe('a faulting instruction', () => {
  it.each(FAULTS)('$asm with $before raises $vector', ({ asm, before = {}, vector, error }) => {
    const start = { ...FILLING, ...before };
    const rig = new Rig(asm, start);
    const { registers: was } = rig;
    const ram = rig.ram.slice();
    rig.run();
    const now = rig.registers;
    expect(rig.vector).toBe(vector);
    // Its delivery counts one, the HLT another; the faulting instruction itself none.
    expect(rig.count).toBe(2);
    const frame = error === undefined ? 12 : 16;
    expect(now.esp).toBe(STACK - frame);
    if (error !== undefined) expect(rig.stacked(0)).toBe(error);
    const at = error === undefined ? 0 : 1;
    expect(rig.stacked(at)).toBe(CODE);
    expect(rig.stacked(at + 1)).toBe(Sel.code);
    expect(rig.stacked(at + 2)).toBe(was.eflags! | RF);
    for (const name of [...NAMES, 'es', 'ss', 'ds', 'fs', 'gs', 'cr0', 'cr4'])
      expect([name, now[name]]).toEqual([name, was[name]]);
    rig.ram.fill(0, STACK - frame, STACK);
    expect(Buffer.compare(rig.ram, ram)).toBe(0);
  });

  it('in the middle of a block has the registers and flags of the instructions before it', () => {
    const rig = execute('mov eax, 7\nxor edx, edx\nstc\ninc ebx\ndiv ecx\nmov eax, 9');
    expect(rig.vector).toBe(0);
    expect(rig.count).toBe(6);
    expect(rig.registers).toMatchObject({ eax: 7, ebx: 1 });
    expect(rig.stacked(0)).toBe(CODE + rig.code.length - 7);
    expect(rig.stacked(2) & 0x8d5).toBe(0x001);
  });

  it('pops nothing when the selector on the stack is bad', () => {
    for (const asm of ['pop ds', 'pop ss', 'pop es', 'pop fs', 'pop gs']) {
      const rig = execute(`push dword ${Sel.smallData}\n${asm}`);
      expect(rig.vector).toBe(13);
      expect(rig.stacked(0)).toBe(Sel.smallData);
      expect(rig.stacked(1)).toBe(CODE + 2);
      expect(rig.registers.esp).toBe(STACK - 4 - 16);
    }
    for (const asm of ['retf', 'retf 8', 'iret']) {
      const rig = execute(`push dword 2\npush dword ${Sel.absentCode}\npush dword 5\n${asm}`);
      expect(rig.vector).toBe(11);
      expect(rig.registers.esp).toBe(STACK - 12 - 16);
    }
  });

  it('is refused a return to an outer ring', () => {
    for (const asm of ['retf', 'iret']) {
      const rig = execute(`push dword 2\npush dword ${Sel.code | 3}\npush dword ${CODE}\n${asm}`);
      expect(rig.vector).toBe(13);
      expect(rig.stacked(0)).toBe(Sel.code);
    }
  });
});

describe('execution outside of RAM', () => {
  it('is an invalid opcode, as the ones that a hole reads are', () => {
    for (const target of [0x200000, 0xfeb00000, 0xfffffff0]) {
      const rig = execute('jmp eax', { eax: target });
      expect(rig.vector).toBe(6);
      expect(rig.stacked(0)).toBe(target);
    }
  });

  it('begins with the instruction that does not end in RAM', () => {
    const rig = new Rig('jmp eax', { eax: 0x200000 - 3 });
    rig.ram.set([0x90, 0xb8, 1], 0x200000 - 3);
    rig.run();
    expect(rig.vector).toBe(6);
    expect(rig.stacked(0)).toBe(0x200000 - 2);
    expect(rig.count).toBe(4);
  });
});

describe('a trap', () => {
  it.each([
    { asm: 'int3', vector: 3 },
    { asm: 'int 3', vector: 3 },
    { asm: 'int 0x80', vector: 0x80 },
    { asm: 'int 13', vector: 13 },
    { asm: 'int1', vector: 1 },
    { asm: 'into', vector: 4 },
  ])('$asm counts once, saves the next address and no error code', ({ asm, vector }) => {
    const rig = execute(asm, { eflags: 0x802 });
    expect(rig.vector).toBe(vector);
    expect(rig.count).toBe(2);
    expect(rig.registers.esp).toBe(STACK - 12);
    expect(rig.stacked(0)).toBe(CODE + rig.code.length);
  });

  it('into without OF, and bound within bounds, do nothing and count one', () => {
    const rig = execute('into\nbound eax, [DATA]\nbound ax, [DATA]\nhlt', { eflags: 0x0f7 });
    expect(rig.count).toBe(4);
    expect(rig.registers).toMatchObject({ eip: CODE + rig.code.length, eflags: 0x0d7, halted: 1 });
  });

  it('bound compares signed numbers and includes both bounds', () => {
    const bounds = 'bound eax, [pair]\nhlt\npair: dd -2, 3';
    for (const [eax, vector] of [
      [-3, 5],
      [-2, -1],
      [3, -1],
      [4, 5],
    ] as const)
      expect(execute(bounds, { eax }).vector).toBe(vector);
  });

  it('bound with a 16-bit address goes round behind its lower bound', () => {
    const store = 'mov word [0xfffe], -1\nmov word [0], 1\nmov word [0x10000], -1';
    expect(execute(`${store}\nbound ax, [word 0xfffe]\nhlt`).vector).toBe(-1);
  });
});

describe('delivery', () => {
  const IF = 0x200;
  const all = 0xad7 | IF | 0x4000;

  it.each([
    { type: 0x8e00, title: '32-bit interrupt gate', size: 4, left: 0x8d7 & ~IF },
    { type: 0x8f00, title: '32-bit trap gate', size: 4, left: 0x8d7 | IF },
    { type: 0x8600, title: '16-bit interrupt gate', size: 2, left: 0x8d7 & ~IF },
    { type: 0x8700, title: '16-bit trap gate', size: 2, left: 0x8d7 | IF },
    { type: 0xee00, title: 'gate of ring 3', size: 4, left: 0x8d7 & ~IF },
  ])('through a $title pushes $size bytes each and leaves flags', ({ type, size, left }) => {
    const rig = new Rig('int 0x40', { eflags: all & ~0x400, esp: STACK });
    rig.gate(0x40, type, HANDLERS + 0x40);
    rig.run();
    expect(rig.vector).toBe(0x40);
    expect(rig.registers.esp).toBe(STACK - 3 * size);
    expect(rig.registers.eflags).toBe(left);
    const words = [0, 1, 2].map((n) =>
      size === 4 ? rig.u32(STACK - 12 + 4 * n) : rig.view.getUint16(STACK - 6 + 2 * n, true),
    );
    const mask = 2 ** (8 * size) - 1;
    expect(words).toEqual([(CODE + 2) & mask, Sel.code, all & ~0x400]);
  });

  it('pushes a 16-bit error code through a 16-bit gate', () => {
    const rig = new Rig('mov ds, ax', { eax: Sel.smallData });
    rig.gate(13, 0x8600, HANDLERS + 13);
    rig.run();
    expect(rig.registers.esp).toBe(STACK - 8);
    expect(rig.view.getUint16(STACK - 8, true)).toBe(Sel.smallData);
    expect(rig.view.getUint16(STACK - 6, true)).toBe(CODE & 0xffff);
  });

  it.each([
    {
      title: 'beyond the limit of the IDT',
      spoil: (rig: Rig) => void rig.gate(0, 0x8e00, 0),
      int: 0x81,
      error: 0x81 * 8 + 2,
      vector: 13,
    },
    {
      title: 'that is not present',
      spoil: (rig: Rig) => void rig.gate(0x40, 0x0e00, 0),
      int: 0x40,
      error: 0x40 * 8 + 2,
      vector: 11,
    },
    {
      title: 'that is a task gate',
      spoil: (rig: Rig) => void rig.gate(0x40, 0x8500, 0),
      int: 0x40,
      error: 0x40 * 8 + 2,
      vector: 13,
    },
    {
      title: 'that is no gate',
      spoil: (rig: Rig) => void rig.gate(0x40, 0x9e00, 0),
      int: 0x40,
      error: 0x40 * 8 + 2,
      vector: 13,
    },
    {
      title: 'with a null selector',
      spoil: (rig: Rig) => void rig.gate(0x40, 0x8e00, 0, 0),
      int: 0x40,
      error: 0,
      vector: 13,
    },
    {
      title: 'with a data selector',
      spoil: (rig: Rig) => void rig.gate(0x40, 0x8e00, 0, Sel.data),
      int: 0x40,
      error: Sel.data,
      vector: 13,
    },
    {
      title: 'whose code is not present',
      spoil: (rig: Rig) => void rig.gate(0x40, 0x8e00, 0, Sel.absentCode),
      int: 0x40,
      error: Sel.absentCode,
      vector: 11,
    },
    {
      title: 'whose selector lies beyond the GDT',
      spoil: (rig: Rig) => void rig.gate(0x40, 0x8e00, 0, Sel.beyond),
      int: 0x40,
      error: Sel.beyond,
      vector: 13,
    },
  ])('through a gate $title raises $vector at the int itself', ({ spoil, int, error, vector }) => {
    const rig = new Rig(`nop\nlidt [table]\nint ${int}\ntable: dw 0x407\ndd ${IDT}`);
    spoil(rig);
    rig.run();
    expect(rig.vector).toBe(vector);
    expect(rig.stacked(0)).toBe(error);
    expect(rig.stacked(1)).toBe(CODE + 8);
    expect(rig.count).toBe(4);
  });

  it('sets the EXT bit in the error of a fault that no program asked for', () => {
    const rig = new Rig('ud2');
    rig.gate(6, 0x0e00, 0);
    rig.run();
    expect(rig.vector).toBe(11);
    expect(rig.stacked(0)).toBe(6 * 8 + 3);
    expect(rig.stacked(1)).toBe(CODE);
  });

  it('enters ring 0 whatever the selector asks for', () => {
    const rig = new Rig('int 0x40');
    rig.gate(0x40, 0x8e00, HANDLERS + 0x40, Sel.code | 3);
    rig.run();
    expect(rig.vector).toBe(0x40);
    expect(rig.registers.cs).toBe(Sel.code);
  });

  it('that fails turns two contributory faults into a double fault, with error code 0', () => {
    for (const [asm, first] of [
      ['div ecx', 0],
      ['mov ds, ax', 13],
      ['mov ss, cx', 13],
    ] as const) {
      const rig = new Rig(asm, { eax: Sel.smallData });
      rig.gate(first, 0x0e00, 0);
      rig.run();
      expect(rig.vector).toBe(8);
      expect(rig.count).toBe(2);
      expect(rig.stacked(0)).toBe(0);
      expect(rig.stacked(1)).toBe(CODE);
    }
  });

  it('that fails twice, then at the double fault too, stops with the first vector', () => {
    const rig = new Rig('nop\ndiv ecx', { eflags: 0x257 });
    for (const vector of [0, 8]) rig.gate(vector, 0x0e00, 0);
    expect(rig.run()).toMatchObject({ why: 'fault', vector: 0 });
    expect(rig.count).toBe(1);
    expect(rig.registers).toMatchObject({ eip: CODE + 1, esp: STACK, eflags: 0x257 });
  });

  it('of a benign fault that fails is the second fault, not a double one', () => {
    const rig = new Rig('ud2');
    rig.gate(6, 0x0e00, 0);
    rig.gate(11, 0x0e00, 0);
    rig.run();
    expect(rig.vector).toBe(8);
    const empty = new Rig('lidt [table]\nud2\ntable: dw 0\ndd 0');
    expect(empty.run()).toMatchObject({ why: 'fault', vector: 6 });
  });

  it('counts one for each fault of a handler that faults forever', () => {
    const rig = new Rig('ud2');
    rig.gate(6, 0x8e00, CODE);
    expect(rig.run(1000)).toEqual({ why: 'budget' });
    expect(rig.count).toBe(1000);
    expect(rig.registers.esp).toBe(STACK - 12 * 1000);
  });
});

describe('iret', () => {
  it('takes back eip, cs and flags, and counts one', () => {
    const rig = execute(
      `mov esp, frame\niret\nland: hlt\nframe: dd land, ${Sel.code}, 0xad7\nend:`,
      { eflags: 2 },
    );
    expect(rig.count).toBe(3);
    expect(rig.registers.eflags).toBe(0xad7);
    expect(rig.registers.esp).toBe(CODE + rig.code.length);
  });

  it('changes none of the reserved flags; RF for one instruction', () => {
    const rig = new Rig(
      `push dword -1 & ~${VM | 0x4100}\npush dword ${Sel.code}\npush dword next\niret\nnext: hlt`,
    );
    rig.run(4);
    expect(rig.registers.eflags).toBe(0x243ed7 | RF);
    rig.run();
    expect(rig.registers.eflags).toBe(0x243ed7);
  });

  it('refuses to go to virtual-8086 mode', () => {
    const rig = execute(`push dword ${VM | 2}\npush dword ${Sel.code}\npush dword ${CODE}\niret`);
    expect(rig.vector).toBe(13);
    expect(rig.stacked(0)).toBe(0);
  });

  it('of 16 bits keeps the upper half of the flags and takes a 16-bit eip', () => {
    const rig = new Rig(
      'push dword 0x200000\npopf\n' +
        `push word 0x8d7\npush word ${Sel.code}\npush word 0x3010\niretw`,
    );
    rig.run();
    expect(rig.vector).toBe(0x10);
    expect(rig.registers.eflags).toBe(0x2008d7);
    expect(rig.registers.esp).toBe(STACK);
  });

  it('returns from a fault to the instruction that faulted, once its cause is gone', () => {
    const rig = new Rig('div ecx\nhlt\nfix: mov ecx, 2\niret', { eax: 10 });
    rig.gate(0, 0x8e00, CODE + 3);
    rig.run();
    expect(rig.registers).toMatchObject({ eax: 5, ecx: 2, esp: STACK, eip: CODE + 3 });
    expect(rig.count).toBe(5);
  });
});

describe('the rig', () => {
  it('keeps operands, stack and code apart', () => {
    expect(DATA + 0x1000).toBeLessThan(STACK);
    expect(IDT + 0x800).toBeLessThanOrEqual(HANDLERS);
  });
});
