/**
 * Which of several exceptions an instruction raises, and what it leaves behind: what QEMU cannot
 * show, or does otherwise. Titles name the place in the SDM.
 */
import { describe, expect, it } from 'vitest';
import { Word } from '../../src/cpu/layout.ts';
import { CODE, DATA, DEVICE, execute, HANDLERS, IDT, Rig, Sel, STACK } from './rig.ts';

const TF = 0x100;

/** Vector and error code, if it has one, of the exception of the first instruction. */
function raised(asm: string, before: Parameters<typeof execute>[1] = {}): string {
  const rig = execute(asm, before);
  const bytes = STACK - rig.registers.esp!;
  return bytes === 16 ? `#${rig.vector}(${rig.stacked(0).toString(16)})` : `#${rig.vector}`;
}

describe('among exceptions of one instruction (SDM volume 3, table 6-2)', () => {
  it.each<[title: string, asm: string, expected: string, eflags?: number]>([
    ['a length over 15 before an opcode that is none', 'times 14 db 0x66\nud2', '#13(0)'],
    ['a length over 15 before LOCK', 'times 13 db 0xf0\nadd eax, 0x12345678', '#13(0)'],
    ['a length over 15 before what it does', 'times 14 db 0x66\ndiv cl', '#13(0)'],
    ['LOCK that is not legal before division by zero', 'db 0xf0\ndiv ecx', '#6'],
    ['LOCK that is not legal before a store through cs', 'db 0xf0\nmov [cs:DATA], eax', '#6'],
    ['an opcode that is none before a store through cs', 'db 0x2e, 0x0f, 0x0b', '#6'],
    ['a control register that is none before its value', 'mov eax, -1\ndb 0x0f, 0x22, 0xc8', '#6'],
    ['mov to cs before its selector', 'db 0x8e, 0x0d\ndd DATA', '#6'],
    ['a store through cs before a selector', 'pop word [cs:DATA]', '#13(0)'],
    ['a null selector before its RPL', 'mov ss, [three]\nthree: dw 3', '#13(0)'],
    ['the limit of the table before the RPL', `mov ax, ${Sel.beyond | 3}\nmov ds, ax`, '#13(60)'],
    ['the type before presence', `mov ax, ${Sel.absentCode}\nmov ss, ax`, '#13(20)'],
    ['the RPL before presence', `mov ax, ${Sel.absentData | 3}\nmov ds, ax`, '#13(18)'],
    ['the type of a gate before its presence', 'int 0x41', '#13(20a)'],
    ['the presence of a gate before its selector', 'int 0x42', '#11(212)'],
    ['NT before the frame of iret', 'iret', '#13(0)', 0x4002],
  ])('%s', (_title, asm, expected, eflags = 2) => {
    const rig = new Rig(asm, { eflags });
    rig.gate(0x41, 0x0c00, HANDLERS);
    rig.gate(0x42, 0x0e00, HANDLERS, Sel.data);
    rig.run();
    const bytes = STACK - rig.registers.esp!;
    const error = bytes === 16 ? `(${rig.stacked(0).toString(16)})` : '';
    expect(`#${rig.vector}${error}`).toBe(expected);
  });

  it('15 bytes are an instruction, whatever they do (SDM volume 2, 2.3.11)', () => {
    expect(raised('times 13 db 0x66\ndiv cl')).toBe('#0');
    expect(raised('times 13 db 0x66\nud2')).toBe('#6');
    expect(raised('times 11 db 0x3e\nmov bx, [DATA]\nud2')).toBe('#13(0)');
  });
});

describe('control registers (SDM volume 3, 2.5)', () => {
  it.each([
    ['PG without PE', 'cr0', 0x80000010],
    ['PG', 'cr0', 0x80000011],
    ['no PE', 'cr0', 0x10],
    ['NW without CD', 'cr0', 0x20000011],
    ['a reserved bit', 'cr0', 0x100011],
    ['any bit of cr4', 'cr4', 1],
  ] as const)('%s in %s is #GP(0), and nothing changes', (_title, register, eax) => {
    const rig = execute(`mov ${register}, eax`, { eax });
    expect([rig.vector, rig.stacked(0)]).toEqual([13, 0]);
    expect(rig.registers).toMatchObject({ cr0: 0x11, cr4: 0 });
  });

  it('cache bits that go together, and WP, TS, MP, EM, NE, AM, are kept', () => {
    for (const eax of [0x60000011, 0x40000011, 0x5003f]) {
      const rig = execute('mov cr0, eax\nmov ebx, cr0\nhlt', { eax });
      expect(rig.registers.ebx).toBe(eax);
    }
  });
});

describe('an exception leaves nothing half done (SDM volume 3, 6.5)', () => {
  /** Instructions whose last part fails, after others that would have changed something. */
  it.each([
    ['pop of a selector of the absent LDT', 'push word 5\npop ds'],
    ['pop of a segment register', `push dword ${Sel.smallData}\npop ds`],
    ['les with a bad selector', `les esp, [bad]\nbad: dd 5\ndw ${Sel.smallData}`],
    ['lss with a bad selector', 'lss esp, [bad]\nbad: dd 5\ndw 0'],
    ['call far through memory', `call far [bad]\nbad: dd 5\ndw ${Sel.data}`],
    ['retf 8', `push dword ${Sel.data}\npush dword 5\nretf 8`],
    ['iret with a bad selector', `push dword 0xad7\npush dword ${Sel.data}\npush dword 5\niret`],
    ['int with a bad gate', 'int 0x41'],
    ['bound', 'bound eax, [bad]\nbad: dd 1, 2'],
    ['div', 'mov edx, 7\ndiv ecx'],
    ['idiv of the smallest number', 'mov eax, 0x80000000\ncdq\nmov ecx, -1\nidiv ecx'],
    ['aam 0', 'mov eax, 0x1234\naam 0'],
  ])('%s', (_title, asm) => {
    const rig = new Rig(asm, { ebp: DATA + 64, ebx: 0x55555555, eflags: 0x8d7 });
    rig.gate(0x41, 0x0e00, HANDLERS);
    const lines = asm.split('\n').filter((line) => !/^(bad:|dw)/.test(line)).length;
    rig.run(lines - 1);
    const { registers: was } = rig;
    const ram = rig.ram.slice();
    const { count } = rig;
    rig.run();
    const now = rig.registers;
    expect(rig.vector).toBeGreaterThanOrEqual(0);
    expect(rig.count).toBe(count + 2);
    for (const name of Object.keys(was))
      if (!['eip', 'esp', 'eflags', 'halted'].includes(name))
        expect([name, now[name]]).toEqual([name, was[name]]);
    const frame = was.esp! - now.esp!;
    expect([12, 16]).toContain(frame);
    expect(rig.stacked(frame / 4 - 3)).toBe(was.eip);
    expect(rig.stacked(frame / 4 - 1)).toBe(was.eflags! | 0x10000);
    rig.ram.set(ram.subarray(now.esp!, was.esp!), now.esp!);
    expect(Buffer.compare(rig.ram, ram)).toBe(0);
  });

  it('an exception whose own frame cannot be delivered pushes nothing of it', () => {
    const rig = new Rig('ud2', { esp: STACK });
    rig.gate(6, 0x8e00, HANDLERS + 6, Sel.absentCode);
    rig.run();
    expect(rig.vector).toBe(11);
    expect(rig.registers.esp).toBe(STACK - 16);
    expect(rig.u32(STACK - 20)).toBe(0);
  });
});

describe('a repeated instruction that is stopped (SDM volume 2, REP)', () => {
  it('keeps the iterations that are done, and its own address', () => {
    const rig = new Rig('rep movsd\nhlt', { esi: DATA, edi: DEVICE - 8, ecx: 5 });
    rig.bus.after = () => {
      rig.bus.stopRequested = rig.bus.log.length === 3;
    };
    expect(rig.run()).toEqual({ why: 'stop-requested' });
    expect(rig.registers).toMatchObject({ ecx: 2, esi: DATA + 12, edi: DEVICE + 4, eip: CODE });
    expect(rig.count).toBe(3);
    rig.bus.after = undefined;
    rig.bus.stopRequested = false;
    rig.run();
    expect(rig.registers).toMatchObject({ ecx: 0, esi: DATA + 20, edi: DEVICE + 12 });
    expect(rig.count).toBe(6);
  });
});

describe('hlt under TF (SDM volume 2, HLT)', () => {
  it('is left by its single-step trap', () => {
    const rig = execute('hlt\nnop', { eflags: TF | 2 });
    expect(rig.vector).toBe(1);
    expect(rig.stacked(0)).toBe(CODE + 1);
  });
});

describe('int1 (SDM volume 2, INT)', () => {
  it('is an event of the processor where its gate is bad, int 1 is one of the software', () => {
    for (const [asm, error] of [
      ['int1', 1 * 8 + 3],
      ['int 1', 1 * 8 + 2],
    ] as const) {
      const rig = new Rig(asm);
      rig.gate(1, 0x0e00, HANDLERS);
      rig.run();
      expect([rig.vector, rig.stacked(0), rig.stacked(1)]).toEqual([11, error, CODE]);
    }
  });

  it('under TF is followed by no trap, and saves RF = 0', () => {
    const rig = execute('int1', { eflags: TF | 2 });
    expect([rig.vector, rig.count]).toEqual([1, 2]);
    expect([rig.stacked(0), rig.stacked(2)]).toEqual([CODE + 1, TF | 2]);
  });
});

describe('the table of interrupts', () => {
  it('is where lidt says, its limit the last byte (SDM volume 3, 6.10)', () => {
    for (const [limit, vector] of [
      [6 * 8 + 7, 6],
      [6 * 8 + 6, 13],
    ] as const) {
      const rig = new Rig('ud2');
      rig.cpu.core.r[Word.IdtLimit] = limit;
      const stop = rig.run();
      if (vector === 6) expect(rig.vector).toBe(6);
      else expect(stop).toMatchObject({ why: 'fault', vector: 6 });
    }
    expect(IDT).toBeLessThan(HANDLERS);
  });
});
