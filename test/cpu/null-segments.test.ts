/** Accesses through a null selector (SDM volume 3, 3.4.2): #GP(0), whatever was decoded before. */
import { describe, expect, it } from 'vitest';
import { CODE, DATA, execute, HANDLERS, Rig, Sel, STACK } from './rig.ts';

describe('an access through a null selector is #GP(0)', () => {
  it.each([
    'mov eax, [DATA]',
    'mov [DATA], eax',
    'add dword [DATA], 1',
    'cmp byte [ebx], 5',
    'xlatb',
    'lodsb',
    'movsd',
    'rep movsb',
    'rep outsb',
    'push dword [DATA]',
    'jmp [DATA]',
    'call far [DATA]',
    'lidt [DATA]',
    'sidt [DATA]',
    'bound eax, [DATA]',
    'mov ds, [DATA]',
    'cmpxchg8b [DATA]',
    'mov eax, [fs:DATA]',
    'mov eax, [es:ebp]',
    'stosb',
    'scasd',
    'insb',
  ])('%s', (asm) => {
    const before = { ebx: DATA, ecx: 3, esi: DATA, edi: DATA, ebp: DATA };
    const rig = execute(`xor eax, eax\nmov ds, ax\nmov es, ax\nmov fs, ax\n${asm}`, before);
    expect(rig.vector).toBe(13);
    expect([rig.stacked(0), rig.stacked(1)]).toEqual([0, CODE + 8]);
    expect(rig.registers).toMatchObject({ ecx: 3, esi: DATA, edi: DATA, esp: STACK - 16 });
  });

  it('also where the null selector has an RPL', () => {
    expect(execute('mov eax, 3\nmov gs, ax\nmov [gs:DATA], eax').vector).toBe(13);
  });

  it('but not one that accesses nothing, or through another register', () => {
    const quiet = `lea eax, [DATA]\nnop dword [DATA]\ninvlpg [DATA]\nrep movsb\nrepe cmpsd
      mov eax, [ss:DATA]\nmov eax, [ebp]\npush eax\npop eax
      mov eax, [cs:DATA]\nmov eax, [gs:DATA]`;
    const rig = execute(`mov ds, cx\nmov es, cx\nmov fs, cx\n${quiet}\nhlt`, { ebp: DATA });
    expect(rig.vector).toBe(-1);
    expect(rig.registers.halted).toBe(1);
  });
});

describe('code that was decoded before a register became null', () => {
  /** Goes through `read` with ds flat, null, and flat again. */
  const source = `
    call read
    push dword 0
    pop ds
    call read
    hlt
read: mov eax, [DATA]
    inc ebx
    ret`;

  function twice(): Rig {
    const rig = new Rig(source);
    // The handler makes ds flat again and tries once more.
    const handler = [0x6a, Sel.data, 0x1f, 0x83, 0xc4, 0x04, 0xcf];
    rig.gate(13, 0x8e00, HANDLERS + 0x200);
    rig.ram.set(handler, HANDLERS + 0x200);
    return rig;
  }

  it('faults, and does not when the register is flat again', () => {
    const rig = twice();
    rig.run();
    expect(rig.registers).toMatchObject({ ebx: 2, ds: Sel.data, halted: 1, esp: STACK });
    expect(rig.count).toBe(4 + 2 + 1 + 1 + 4 + 3 + 1);
  });

  it('wherever the run is cut, and in a machine that has run past the place', () => {
    const plain = twice();
    plain.run();
    const warm = twice();
    warm.run();
    for (let at = 0; at < plain.count; at++) {
      const cut = twice();
      cut.run(at);
      warm.ram.set(cut.ram);
      warm.cpu.restore(cut.cpu.state());
      warm.run();
      cut.run();
      expect(warm.cpu.state()).toEqual(plain.cpu.state());
      expect(cut.cpu.state()).toEqual(plain.cpu.state());
    }
  });
});
