/** Interrupts, what holds them back, HLT, and the single-step trap. */
import { describe, expect, it } from 'vitest';
import { CODE, DEVICE, HANDLERS, Rig, Sel, STACK } from './rig.ts';

const IF = 0x200;
const TF = 0x100;
const IRQ = 0x21;

/** A rig with an interrupt requested. */
function requested(source: string, eflags: number): Rig {
  const rig = new Rig(source, { eflags });
  rig.bus.vector = IRQ;
  return rig;
}

describe('an interrupt', () => {
  it('is delivered before the next instruction and counts one', () => {
    const rig = requested('inc eax', IF | 3);
    expect(rig.run(1)).toEqual({ why: 'budget' });
    expect(rig.registers).toMatchObject({ eip: HANDLERS + IRQ, eax: 0, esp: STACK - 12 });
    expect(rig.stacked(0)).toBe(CODE);
    expect(rig.stacked(1)).toBe(Sel.code);
    expect(rig.stacked(2)).toBe(IF | 3);
    expect(rig.registers.eflags).toBe(3);
  });

  it('waits while IF is clear, and while there is nothing left to run', () => {
    const closed = requested('inc eax\ninc eax\nhlt', 2);
    closed.run();
    expect(closed.registers).toMatchObject({ eax: 2, halted: 1 });
    const none = requested('inc eax', IF);
    expect(none.run(0)).toEqual({ why: 'budget' });
    expect(none.bus.vector).toBe(IRQ);
  });

  it.each([
    { asm: 'sti\ninc eax\ninc eax', eax: 1, title: 'sti' },
    { asm: 'sti\nsti\ninc eax\ninc eax', eax: 0, title: 'the first of two sti' },
    { asm: 'push dword 0x202\npopf\ninc eax', eax: 0, title: 'nothing but popf' },
    { asm: 'sti\ncli\ninc eax\nhlt', eax: 1, title: 'sti; cli', vector: -1 },
  ])('set free by $title comes after $eax more', ({ asm, eax, vector }) => {
    const rig = requested(asm, 2);
    rig.run();
    expect(rig.vector).toBe(vector ?? IRQ);
    expect(rig.registers.eax).toBe(eax);
  });

  it.each(['mov ss, bx', 'push ss\npop ss'])('waits for the instruction after %s', (asm) => {
    const rig = new Rig(`${asm}\ninc eax\ninc eax`, { eflags: IF, ebx: Sel.data });
    const before = asm.split('\n').length;
    rig.run(before);
    rig.bus.vector = IRQ;
    rig.run();
    expect(rig.vector).toBe(IRQ);
    expect(rig.registers.eax).toBe(1);
  });

  it('is not held back by lss, nor by a second sti', () => {
    const rig = new Rig(`lss esp, [pair]\ninc eax\npair: dd ${STACK}\ndw ${Sel.data}`, {
      eflags: IF,
    });
    rig.run(1);
    rig.bus.vector = IRQ;
    rig.run();
    expect(rig.registers.eax).toBe(0);
    const twice = new Rig('sti\ninc eax', { eflags: IF });
    twice.run(1);
    twice.bus.vector = IRQ;
    twice.run();
    expect(twice.registers.eax).toBe(0);
  });

  it('held back is so at every way of cutting the run, and in the state', () => {
    const rig = requested('sti\ninc eax\ninc eax', 2);
    rig.run(1);
    expect(rig.registers.shadow).not.toBe(0);
    const again = requested('sti\ninc eax\ninc eax', 2);
    again.ram.set(rig.ram);
    again.cpu.restore(rig.cpu.state());
    expect(again.cpu.state()).toEqual(rig.cpu.state());
    again.run();
    expect(again.registers).toMatchObject({ eax: 1, shadow: 0 });
  });

  it('wakes from HLT, which has retired, and returns behind it', () => {
    const rig = new Rig('sti\nhlt\ninc eax\ncli\nhlt', { eflags: 2 });
    rig.gate(IRQ, 0x8e00, HANDLERS + 0x100);
    rig.ram[HANDLERS + 0x100] = 0xcf;
    expect(rig.run()).toEqual({ why: 'halted' });
    expect(rig.count).toBe(2);
    expect(rig.run()).toEqual({ why: 'halted' });
    expect(rig.count).toBe(2);
    rig.bus.vector = IRQ;
    expect(rig.run()).toEqual({ why: 'halted' });
    expect(rig.count).toBe(7);
    expect(rig.registers).toMatchObject({ eax: 1, halted: 1, esp: STACK });
    rig.bus.vector = IRQ;
    expect(rig.run()).toEqual({ why: 'halted' });
    expect(rig.count).toBe(7);
  });

  it('waiting at `sti; hlt` wakes the HLT instead of coming before it', () => {
    const rig = requested('sti\nhlt\ninc eax', 2);
    rig.run(3);
    expect(rig.registers.eip).toBe(HANDLERS + IRQ);
    expect(rig.stacked(0)).toBe(CODE + 2);
  });

  it('of a device comes right after the instruction that raised it', () => {
    for (const asm of ['out dx, al', 'mov [DEVICE], eax', 'in al, dx', 'test [DEVICE], eax']) {
      const rig = new Rig(`inc ecx\n${asm}\ninc ebx`, { eflags: IF });
      rig.bus.after = () => {
        rig.bus.vector = IRQ;
      };
      rig.run();
      expect(rig.vector).toBe(IRQ);
      expect(rig.registers.ebx).toBe(0);
      expect(rig.count).toBe(4);
    }
  });

  it('comes between two iterations of a repeated instruction, which then goes on', () => {
    const rig = new Rig('rep stosb\nhlt', { eflags: IF, ecx: 10, edi: DEVICE });
    rig.gate(IRQ, 0x8e00, HANDLERS + 0x100);
    rig.ram[HANDLERS + 0x100] = 0xcf;
    rig.bus.after = () => {
      if (rig.bus.log.length === 4) rig.bus.vector = IRQ;
    };
    rig.run(5);
    expect(rig.registers).toMatchObject({ eip: HANDLERS + 0x100, ecx: 6 });
    expect(rig.stacked(0)).toBe(CODE);
    rig.run();
    expect(rig.registers).toMatchObject({ ecx: 0, edi: DEVICE + 10, halted: 1 });
    expect(rig.count).toBe(10 + 2 + 1);
  });

  it('that cannot be delivered is a double fault only if a fault came first', () => {
    const rig = requested('nop', IF);
    rig.gate(IRQ, 0x0e00, 0);
    rig.run();
    expect(rig.vector).toBe(11);
    expect(rig.stacked(0)).toBe(IRQ * 8 + 3);
    const broken = requested('lidt [table]\nnop\ntable: dw 0\ndd 0', 2);
    broken.set({ eflags: IF });
    broken.bus.vector = -1;
    broken.run(1);
    broken.bus.vector = IRQ;
    expect(broken.run()).toMatchObject({ why: 'fault', vector: IRQ });
  });
});

describe('the trap flag', () => {
  /** Executes under TF to the end of the source: the offsets to which a handler returns. */
  function trapped(source: string, before: ConstructorParameters<typeof Rig>[1] = {}): number[] {
    const rig = new Rig(source, { eflags: TF | 2, ebx: Sel.data, ...before });
    rig.gate(1, 0x8e00, HANDLERS + 0x100);
    rig.ram[HANDLERS + 0x100] = 0xcf;
    const at: number[] = [];
    for (let n = 0; n < 100 && at.at(-1) !== rig.code.length; n++) {
      rig.run(rig.count + 1);
      if (rig.registers.eip === HANDLERS + 0x100) at.push(rig.stacked(0) - CODE);
    }
    return at;
  }

  it('traps after every instruction, with the address of the next', () => {
    expect(trapped('nop\ninc eax\njmp over\nnop\nover: nop\nhlt')).toEqual([1, 2, 5, 6, 7]);
  });

  it('traps after each iteration of a repeated instruction', () => {
    expect(trapped('rep lodsb\nnop', { ecx: 3 })).toEqual([0, 0, 2, 3]);
  });

  it('does not trap after the instruction that sets it, but after the one that clears it', () => {
    expect(trapped('push dword 0x102\npopf\nnop\npush dword 2\npopf\nnop', { eflags: 2 })).toEqual([
      7, 9, 10,
    ]);
  });

  it('is clear in a handler, and does not trap after int itself', () => {
    const rig = new Rig('int 0x40', { eflags: TF });
    rig.run();
    expect(rig.vector).toBe(0x40);
    expect(rig.stacked(2) & TF).toBe(TF);
    expect(rig.registers.eflags & TF).toBe(0);
    expect(rig.count).toBe(2);
  });

  it('does not trap after a fault', () => {
    const rig = new Rig('ud2', { eflags: TF });
    rig.run();
    expect(rig.vector).toBe(6);
    expect(rig.count).toBe(2);
  });

  it('does not trap after mov ss and pop ss', () => {
    expect(trapped('mov ss, bx\nnop\npush ss\npop ss\nnop')).toEqual([3, 4, 6]);
  });

  it('wakes the HLT after which it traps', () => {
    const rig = new Rig('hlt\nnop', { eflags: TF });
    rig.run(2);
    expect(rig.registers).toMatchObject({ eip: HANDLERS + 1, halted: 0 });
    expect(rig.stacked(0)).toBe(CODE + 1);
  });

  it('leaves a boundary between an instruction and its trap', () => {
    const rig = new Rig('inc eax\ninc eax', { eflags: TF });
    expect(rig.run(1)).toEqual({ why: 'budget' });
    expect(rig.count).toBe(1);
    expect(rig.registers).toMatchObject({ eax: 1, eip: CODE + 1 });
    const again = new Rig('inc eax\ninc eax');
    again.cpu.restore(rig.cpu.state());
    expect(again.run(2)).toEqual({ why: 'budget' });
    expect(again.registers).toMatchObject({ eax: 1, eip: HANDLERS + 1 });
  });

  it('goes before an interrupt that waits', () => {
    const rig = new Rig('inc eax', { eflags: TF });
    rig.gate(1, 0x8f00, HANDLERS + 1);
    rig.run(1);
    rig.set({ eflags: TF | IF });
    rig.bus.vector = IRQ;
    rig.run(2);
    expect(rig.registers.eip).toBe(HANDLERS + 1);
    rig.run(3);
    expect(rig.registers.eip).toBe(HANDLERS + IRQ);
  });
});
