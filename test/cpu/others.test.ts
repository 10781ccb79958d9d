/** Instructions whose operands depend on each other, on the address size, or on the system. */
import { describe, expect, it } from 'vitest';
import { CODE, DATA, execute, Rig, Sel, STACK } from './rig.ts';

describe('an address of 16 bits', () => {
  it.each([
    { asm: 'mov eax, [bx + si]', at: 0x5008 },
    { asm: 'mov eax, [bx + di + 2]', at: 0x500e },
    { asm: 'mov eax, [bp + si - 4]', at: 0x5104 },
    { asm: 'mov eax, [bp + di + 0x100]', at: 0x520c },
    { asm: 'mov eax, [si + 0x5000]', at: 0x5008 },
    { asm: 'mov eax, [di - 0x10 + 0x5000]', at: 0x4ffc },
    { asm: 'mov eax, [bp]', at: 0x5100 },
    { asm: 'mov eax, [word 0x5010]', at: 0x5010 },
    { asm: 'a16 mov eax, [0x5010]', at: 0x5010 },
    { asm: 'mov eax, [bx - 0x5010 + 0x10]', at: 0 },
    { asm: 'mov eax, [bx + 0xb008]', at: 8 },
  ])('$asm wraps at 64 KiB and ignores the upper halves', ({ asm, at }) => {
    const rig = new Rig(`${asm}\nhlt`, {
      ebx: 0x77775000,
      esi: 0x77770008,
      edi: 0x7777000c,
      ebp: 0x77775100,
    });
    rig.view.setUint32(at, 0x12345678, true);
    rig.run();
    expect(rig.registers.eax).toBe(0x12345678);
  });

  it('of lea gives 16 bits, extended or cut to the register', () => {
    const before = { ebx: 0x7777ffff, esi: 2, eax: 0x99999999 };
    expect(execute('lea eax, [bx + si]\nhlt', before).registers.eax).toBe(1);
    expect(execute('lea ax, [bx + si]\nhlt', before).registers.eax).toBe(0x99990001);
    expect(execute('lea ax, [ebx + esi]\nhlt', before).registers.eax).toBe(0x99990001);
  });

  it('of a bit string is wrapped after the bit offset was added', () => {
    const rig = execute('bts [bx], ecx\nhlt', { ebx: 0x7777fffc, ecx: 36 });
    expect(rig.ram[0]).toBe(0x10);
    expect(rig.ram[0x10000]).toBe(0);
  });

  it('of xlat is bx + al', () => {
    const rig = new Rig('a16 xlatb\nhlt', { ebx: 0x7777fff0, eax: 0x55555520 });
    rig.ram[0x10] = 0x42;
    rig.run();
    expect(rig.registers.eax).toBe(0x55555542);
  });
});

describe('operands that depend on each other', () => {
  it.each([
    { asm: 'cmpxchg [eax], ecx', equal: false },
    { asm: 'cmpxchg [eax + 4], ecx', equal: false },
    { asm: 'cmpxchg [ebx + eax - DATA], cx', equal: false },
    { asm: 'cmpxchg [eax], cl', equal: false },
    { asm: 'cmpxchg [eax], ecx', equal: true },
  ])('$asm, equal: $equal, writes where eax said before', ({ asm, equal }) => {
    const rig = new Rig(`${asm}\nhlt`, { eax: DATA, ebx: DATA, ecx: 0x11112222 });
    rig.view.setUint32(DATA, equal ? DATA : 0x77777777, true);
    rig.view.setUint32(DATA + 4, 0x66666666, true);
    const ram = rig.ram.slice();
    rig.run();
    if (equal) {
      expect(rig.u32(DATA)).toBe(0x11112222);
      expect(rig.registers).toMatchObject({ eax: DATA, eflags: 0x46 });
    } else {
      expect(Buffer.compare(rig.ram, ram)).toBe(0);
      const low = asm.includes('+ 4') ? 0x66666666 : 0x77777777;
      const mask = asm.includes('cl')
        ? 0xff
        : asm.includes('cx') && !asm.includes('ecx')
          ? 0xffff
          : -1;
      expect(rig.registers.eax).toBe(((DATA & ~mask) | (low & mask)) >>> 0);
    }
  });

  it.each([
    { asm: 'cmpxchg eax, ecx', eax: 2 },
    { asm: 'cmpxchg ecx, edx', eax: 2 },
    { asm: 'cmpxchg ah, al', eax: 0 },
    { asm: 'xadd eax, eax', eax: 2 },
    { asm: 'xchg eax, eax', eax: 1 },
    { asm: 'xchg al, ah', eax: 0x100 },
    { asm: 'xadd al, ah', eax: 0x101 },
    { asm: 'bswap eax', eax: 0x01000000 },
    { asm: 'imul eax, eax, -1', eax: 0xffffffff },
    { asm: 'sub eax, eax', eax: 0 },
    { asm: 'sbb eax, eax', eax: 0 },
    { asm: 'shld eax, eax, 4', eax: 0x10 },
    { asm: 'mov al, ah', eax: 0 },
    { asm: 'movzx eax, ah', eax: 0 },
    { asm: 'movsx ax, al', eax: 1 },
    { asm: 'lea eax, [eax + 8 * eax]', eax: 9 },
  ])('$asm', ({ asm, eax }) => {
    expect(execute(`${asm}\nhlt`, { eax: 1, ecx: 2, edx: 3 }).registers.eax).toBe(eax);
  });

  it('xchg and xadd of a register with memory that it addresses', () => {
    for (const [asm, memory] of [
      ['xchg [eax], eax', DATA],
      ['xadd [eax], eax', DATA + 5],
      ['add [eax], eax', DATA + 5],
    ] as const) {
      const rig = new Rig(`${asm}\nhlt`, { eax: DATA });
      rig.view.setUint32(DATA, 5, true);
      rig.run();
      expect(rig.u32(DATA)).toBe(memory);
      expect(rig.registers.eax).toBe(asm.startsWith('add') ? DATA : 5);
    }
  });

  it('cmpxchg8b compares edx:eax and stores ecx:ebx, changing ZF alone', () => {
    const before = { eax: 1, edx: 2, ebx: 3, ecx: 4, eflags: 0x8d7 };
    const equal = new Rig('cmpxchg8b [DATA]\nhlt', { ...before, eflags: 0x897 });
    equal.view.setUint32(DATA, 1, true);
    equal.view.setUint32(DATA + 4, 2, true);
    equal.run();
    expect([equal.u32(DATA), equal.u32(DATA + 4)]).toEqual([3, 4]);
    expect(equal.registers).toMatchObject({ eax: 1, edx: 2, eflags: 0x8d7 });
    const other = new Rig('lock cmpxchg8b [DATA]\nhlt', before);
    other.view.setUint32(DATA, 1, true);
    other.view.setUint32(DATA + 4, 9, true);
    other.run();
    expect([other.u32(DATA), other.u32(DATA + 4)]).toEqual([1, 9]);
    expect(other.registers).toMatchObject({ eax: 1, edx: 9, eflags: 0x897 });
  });

  it('les and its like load the pointer that was there before', () => {
    const rig = new Rig('les eax, [eax]\nlds ax, [ebx]\nlfs ecx, [ebx]\nhlt', {
      eax: DATA,
      ebx: DATA,
    });
    rig.view.setUint32(DATA, 0x00101234, true);
    rig.view.setUint32(DATA + 4, Sel.data, true);
    rig.run();
    expect(rig.registers).toMatchObject({
      eax: 0x00101234,
      ecx: 0x00101234,
      es: Sel.data,
      ds: Sel.data,
      fs: Sel.data,
    });
  });
});

describe('flags', () => {
  it('go to ah and come back, all but OF', () => {
    const rig = execute('lahf\nmov ecx, eax\nmov ah, 0xff\nsahf\nhlt', { eflags: 0x8d7, eax: 0 });
    expect(rig.registers).toMatchObject({ ecx: 0xd700, eflags: 0x8d7 });
    expect(execute('sahf\nhlt', { eax: 0, eflags: 0x8d7 }).registers.eflags).toBe(0x802);
  });

  it('are set one by one', () => {
    const rig = execute('stc\nstd\nsti\ncmc\nhlt', { eflags: 0x8d6 });
    expect(rig.registers.eflags).toBe(0x8d6 | 0x600);
    expect(execute('clc\ncld\ncli\ncmc\nhlt', { eflags: 0xed7 }).registers.eflags).toBe(0x8d7);
    expect(execute('salc\nhlt', { eflags: 3 }).registers.eax).toBe(0xff);
  });

  it('popf changes ID, AC, NT and IOPL, and nothing that does not exist', () => {
    const rig = execute('push dword -1 & ~0x100\npopf\nhlt');
    expect(rig.registers.eflags).toBe(0x247ed7);
  });
});

describe('segments', () => {
  it('load flat and null selectors; what was loaded reads back', () => {
    const rig = execute(
      `mov ax, ${Sel.data}\nmov ds, ax\nxor eax, eax\nmov es, ax\nmov gs, [word_]\nmov edx, gs
       mov [DATA], ss\nmov ecx, cs\nmov bx, ds\nhlt\nword_: dw ${Sel.readOnly}`,
      { ebx: 0x55555555 },
    );
    expect(rig.registers).toMatchObject({
      ds: Sel.data,
      es: 0,
      gs: Sel.readOnly,
      edx: Sel.readOnly,
      ecx: Sel.code,
      ebx: 0x55550010,
    });
    expect(rig.u32(DATA)).toBe(Sel.data);
  });

  it('conforming code may be jumped to with any requested level, and read as data', () => {
    const rig = execute(
      `jmp ${Sel.conforming | 3}:next\nnext: mov ax, ${Sel.conforming | 3}\nmov ds, ax\nhlt`,
    );
    expect(rig.registers).toMatchObject({ cs: Sel.conforming, ds: Sel.conforming | 3 });
  });

  it('a new GDT is in force for the next load, and lgdt of 16 bits has a base of 24', () => {
    const rig = execute(
      `lgdt [table]\nmov ax, 8\nmov ds, ax\nsgdt [DATA]\nhlt
       table: dw 15\ndd gdt\ngdt: dq 0, 0x00cf92000000ffff`,
    );
    expect(rig.registers).toMatchObject({ ds: 8, gdtLimit: 15 });
    expect(rig.view.getUint16(DATA, true)).toBe(15);
    expect(rig.u32(DATA + 2)).toBe(rig.registers.gdtBase);
    const narrow = execute('o16 lidt [table]\nhlt\ntable: dw 7\ndd 0x12345678');
    expect(narrow.registers).toMatchObject({ idtBase: 0x345678, idtLimit: 7 });
  });
});

describe('the system', () => {
  it('answers cpuid alike for ever, and ID in eflags can be toggled to find it', () => {
    const rig = execute(
      `pushf\nxor dword [esp], 0x200000\npopf\npushf\npop esi
       xor eax, eax\ncpuid\nmov edi, eax\nmov eax, 1\ncpuid\nhlt`,
    );
    expect(rig.registers).toMatchObject({ esi: 0x200002, edi: 1 });
    expect(rig.registers.edx! & 0x8110).toBe(0x8110);
    expect(rig.registers.ecx! >>> 30).toBe(1);
  });

  it('keeps what cr0, cr2 and cr3 are given, and what lmsw and clts do to cr0', () => {
    const rig = execute(
      `mov eax, 0x60010033\nmov cr0, eax\nmov ecx, cr0\nmov cr2, ebx\nmov cr3, edx
       mov ax, 0xfffa\nlmsw ax\nsmsw esi\nclts\nhlt`,
      { ebx: 0x12345678, edx: 0x5000 },
    );
    expect(rig.registers).toMatchObject({
      ecx: 0x60010033,
      cr2: 0x12345678,
      cr3: 0x5000,
      esi: 0x6001003b,
      cr0: 0x60010033,
    });
  });

  it('does nothing for invlpg, wbinvd, long nops, pause and endbr32, and counts each', () => {
    const rig = execute(
      'invlpg [eax]\nwbinvd\ninvd\nnop dword [eax + eax * 8 + 0x12345678]\npause\nendbr32\nhlt',
    );
    expect(rig.count).toBe(7);
    expect(rig.registers.eip).toBe(CODE + rig.code.length);
    expect(rig.registers.esp).toBe(STACK);
  });
});
