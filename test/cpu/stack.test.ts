/** The stack: sizes, order, nesting, and what esp is when an operand depends on it. */
import { describe, expect, it } from 'vitest';
import { CODE, DATA, execute, Rig, Sel, STACK } from './rig.ts';

const REGISTERS = {
  eax: 0xa0a1a2a3,
  ecx: 0xc0c1c2c3,
  edx: 0xd0d1d2d3,
  ebx: 0xb0b1b2b3,
  ebp: 0xe0e1e2e3,
  esi: 0x51525354,
  edi: 0xd1d2d3d4,
};

/** The bytes between esp and where it was, as hexadecimal, lowest first. */
function pushed(rig: Rig): string {
  return Buffer.from(rig.ram.subarray(rig.registers.esp!, STACK)).toString('hex');
}

describe('push', () => {
  it.each([
    { asm: 'push eax', bytes: 'a3a2a1a0' },
    { asm: 'push ax', bytes: 'a3a2' },
    { asm: 'push byte -2', bytes: 'feffffff' },
    { asm: 'push dword 0x12345678', bytes: '78563412' },
    { asm: 'push word 0x1234', bytes: '3412' },
    { asm: 'push word -2', bytes: 'feff' },
    { asm: 'push dword [DATA]', bytes: '11223344' },
    { asm: 'push word [DATA + 1]', bytes: '2233' },
    { asm: 'push ds', bytes: '10000000' },
    { asm: 'push cs', bytes: '08000000' },
    { asm: 'o16 push fs', bytes: '1000' },
    { asm: 'pushf', bytes: 'd70a0000' },
    { asm: 'pushfw', bytes: 'd70a' },
    { asm: 'push esp', bytes: '00000800' },
    { asm: 'push sp', bytes: '0000' },
    { asm: 'push dword [esp - 4]', bytes: '00000000' },
    {
      asm: 'pusha',
      bytes: 'd4d3d2d1 54535251 e3e2e1e0 00000800 b3b2b1b0 d3d2d1d0 c3c2c1c0 a3a2a1a0',
    },
    { asm: 'pushaw', bytes: 'd4d3 5453 e3e2 0000 b3b2 d3d2 c3c2 a3a2' },
  ])('$asm', ({ asm, bytes }) => {
    const rig = new Rig(`${asm}\nhlt`, { ...REGISTERS, eflags: 0xad7 });
    rig.ram.set([0x11, 0x22, 0x33, 0x44], DATA);
    rig.run();
    expect(pushed(rig)).toBe(bytes.replaceAll(' ', ''));
    expect(rig.count).toBe(2);
  });
});

describe('pop', () => {
  it.each([
    { asm: 'pop eax', after: { eax: 0x44332211, esp: STACK - 28 } },
    { asm: 'pop ax', after: { eax: 0xa0a12211, esp: STACK - 30 } },
    { asm: 'pop esp', after: { esp: 0x44332211 } },
    { asm: 'pop sp', after: { esp: 0x72211 } },
    { asm: 'pop dword [DATA]', data: '11223344', after: { esp: STACK - 28 } },
    { asm: 'pop word [DATA + 1]', data: '00112200', after: { esp: STACK - 30 } },
    { asm: 'popf', after: { eflags: 0x202213, esp: STACK - 28 } },
    { asm: 'popfw', after: { eflags: 0x2213, esp: STACK - 30 } },
    {
      asm: 'popa',
      after: { edi: 0x44332211, esi: 0x48372615, eax: 0x604f3e2d, esp: STACK },
    },
    { asm: 'popaw', after: { edi: 0xd1d22211, esi: 0x51524433, ebp: 0xe0e12615, esp: STACK - 16 } },
  ])('$asm', ({ asm, data, after }) => {
    const rig = new Rig(`${asm}\nhlt`, { ...REGISTERS, esp: STACK - 32 });
    for (let n = 0; n < 8; n++) {
      rig.view.setUint32(STACK - 32 + 4 * n, 0x44332211 + 0x04040404 * n, true);
    }
    rig.run();
    expect(rig.registers).toMatchObject(after);
    if (data) expect(Buffer.from(rig.ram.subarray(DATA, DATA + 4)).toString('hex')).toBe(data);
    expect(rig.count).toBe(2);
  });

  it('to memory addresses with esp as it is afterwards', () => {
    const rig = execute('push dword 1\npush dword 7\npop dword [esp]\npop eax\nhlt');
    expect(rig.registers).toMatchObject({ eax: 7, esp: STACK });
    const scaled = execute('push dword 1\npush dword 7\npop dword [esp + 4 * eax]\nhlt', {
      eax: 0,
    });
    expect(scaled.stacked(0)).toBe(7);
  });

  it('of a segment register moves esp by the operand size and takes 16 bits', () => {
    const rig = execute(`push dword 0x77770010\npop es\npush word 0x10\no16 pop fs\nhlt`);
    expect(rig.registers).toMatchObject({ es: 0x10, fs: 0x10, esp: STACK });
  });
});

describe('enter and leave', () => {
  it.each([0, 1, 2, 3, 5, 31, 32, 34])('enter 8, %i copies the frame pointers above', (level) => {
    const rig = new Rig(`enter 8, ${level}\nhlt`, { ebp: DATA + 0x200 });
    for (let n = 0; n < 40; n++) rig.view.setUint32(DATA + 0x200 - 4 * n, 0x1000 + n, true);
    rig.run();
    const depth = level & 31;
    const frame = STACK - 4;
    const { esp, ebp } = rig.registers;
    expect(ebp).toBe(frame);
    expect(esp).toBe(frame - 4 * depth - 8);
    expect(rig.u32(frame)).toBe(DATA + 0x200);
    const links = Array.from({ length: depth }, (_, n) => rig.u32(frame - 4 * (n + 1)));
    const copied = Array.from({ length: Math.max(0, depth - 1) }, (_, n) => 0x1001 + n);
    expect(links).toEqual(depth > 0 ? [...copied, frame] : []);
    expect(rig.count).toBe(2);
  });

  it('undo each other, also with a frame of 0xffff bytes', () => {
    for (const enter of ['enter 0, 0', 'enter 0xffff, 0', 'enter 40, 4']) {
      const rig = execute(`${enter}\nleave\nhlt`, REGISTERS);
      expect(rig.registers).toMatchObject({ ...REGISTERS, esp: STACK });
    }
  });

  it('of 16 bits push and pop bp, and leave the upper half of ebp', () => {
    const rig = execute('o16 enter 4, 0\nhlt', REGISTERS);
    expect(rig.registers).toMatchObject({ ebp: 0xe0e1fffe, esp: STACK - 6 });
    const left = execute('push word 0x1234\nmov ebp, esp\no16 leave\nhlt', REGISTERS);
    expect(left.registers).toMatchObject({ esp: STACK, ebp: 0x71234 });
  });

  it('prepare their stores together: the overlap of old and new frame reads what was there', () => {
    // A page that was decoded from takes the second store; the first must not be seen twice.
    const source = `mov esp, target + 12
      mov ebp, target + 8
      enter 0, 4
      hlt
      target: times 16 nop`;
    const plain = execute(source);
    const decoded = execute(`call target\nmov esp, ${STACK}\n${source.replace('nop', 'nop\nret')}`);
    expect(plain.registers.halted).toBe(1);
    expect(decoded.registers.halted).toBe(1);
  });
});

describe('call and ret', () => {
  it.each([
    { asm: 'call next\nnext: hlt', top: CODE + 5, esp: STACK - 4 },
    { asm: 'mov eax, next\ncall eax\nnext: hlt', top: CODE + 7, esp: STACK - 4 },
    { asm: 'call [pointer]\nnext: hlt\npointer: dd next', top: CODE + 6, esp: STACK - 4 },
    { asm: `call ${Sel.code}:next\nnext: hlt`, top: CODE + 7, esp: STACK - 8 },
    {
      asm: `call far [pointer]\nnext: hlt\npointer: dd next\ndw ${Sel.code}`,
      top: CODE + 6,
      esp: STACK - 8,
    },
    { asm: `call ${Sel.conforming | 3}:next\nnext: hlt`, top: CODE + 7, esp: STACK - 8 },
  ])('$asm', ({ asm, top, esp }) => {
    const rig = execute(asm);
    expect(rig.registers.esp).toBe(esp);
    expect(rig.stacked(0)).toBe(top);
    if (esp === STACK - 8) expect(rig.stacked(1)).toBe(Sel.code);
    expect(rig.registers.cs! & 3).toBe(0);
  });

  it('call [esp] and call esp use esp as it was before the push', () => {
    const rig = execute('push dword target\ncall [esp]\ntarget: hlt');
    expect(rig.registers.eip).toBe(CODE + 9);
    const code = execute('mov esp, target\ncall esp\nhlt\ntimes 16 nop\ntarget: hlt');
    expect(code.registers.eip).toBe(CODE + 25);
  });

  it('return and drop what their operand says', () => {
    const near = execute('push dword 9\npush dword next\nret 4\nnext: hlt');
    expect(near.registers.esp).toBe(STACK);
    const far = execute(`push dword 9\npush dword ${Sel.code}\npush dword next\nretf 4\nnext: hlt`);
    expect(far.registers.esp).toBe(STACK);
    expect(far.count).toBe(5);
  });

  it('of 16 bits push and jump to halfwords', () => {
    const rig = new Rig('o16 call next\nnext: hlt');
    rig.ram[4] = 0xf4;
    rig.run();
    expect(rig.registers).toMatchObject({ eip: 5, esp: STACK - 2 });
    expect(pushed(rig)).toBe('0400');
    const back = new Rig('push word 0x3010\no16 ret');
    back.run();
    expect(back.vector).toBe(0x10);
  });
});
