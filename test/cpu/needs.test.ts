/** Readings: the machine stops before the instruction that takes one, and nothing has changed. */
import { describe, expect, it } from 'vitest';
import type { Need, Reading } from '../../src/cpu/bus.ts';
import { CODE, DATA, DEVICE, HANDLERS, Rig } from './rig.ts';

const tsc: Reading = { kind: 'tsc', value: 0x1122334455667788n };
const time: Reading = { kind: 'timeNs', value: 77n };
const entropy = (...bytes: number[]): Reading => ({
  kind: 'entropy',
  bytes: Uint8Array.from(bytes),
});

/** Runs to the need, checks that it is `need` and that stopping there changed nothing. */
function expectNeed(rig: Rig, need: Need, count: number): void {
  const ram = rig.ram.slice();
  expect(rig.run()).toEqual({ why: 'needs-input', need });
  expect(rig.count).toBe(count);
  const state = rig.cpu.state();
  expect(rig.run()).toEqual({ why: 'needs-input', need });
  expect(rig.run(count + 1)).toEqual({ why: 'needs-input', need });
  expect(rig.cpu.state()).toEqual(state);
  expect(Buffer.compare(rig.ram, ram)).toBe(0);
}

describe('a reading', () => {
  it('of rdtsc goes to edx:eax and leaves flags alone', () => {
    const rig = new Rig('inc ecx\nstc\nrdtsc\nhlt');
    expectNeed(rig, { kind: 'tsc' }, 2);
    rig.cpu.give(tsc);
    expect(rig.run()).toEqual({ why: 'halted' });
    expect(rig.registers).toMatchObject({ eax: 0x55667788, edx: 0x11223344, eflags: 3 });
    expect(rig.count).toBe(4);
  });

  it('of rdrand has the size of its register and sets CF alone', () => {
    const wide = new Rig('rdrand esi\nhlt', { eflags: 0x8d6 });
    expectNeed(wide, { kind: 'entropy', size: 4 }, 0);
    wide.cpu.give(entropy(1, 2, 3, 0xf4));
    wide.run();
    expect(wide.registers).toMatchObject({ esi: 0xf4030201, eflags: 3 });
    const narrow = new Rig('rdrand bx\nhlt', { ebx: 0x55555555 });
    expectNeed(narrow, { kind: 'entropy', size: 2 }, 0);
    narrow.cpu.give(entropy(1, 2));
    narrow.run();
    expect(narrow.registers.ebx).toBe(0x55550201);
  });

  it('belongs to the state until the instruction has taken it', () => {
    for (const [asm, reading] of [
      ['rdtsc\nhlt', tsc],
      ['rdrand eax\nhlt', entropy(9, 8, 7, 6)],
    ] as const) {
      const rig = new Rig(asm);
      rig.run();
      const without = rig.cpu.state();
      rig.cpu.give(reading);
      const given = rig.cpu.state();
      expect(given).not.toEqual(without);
      expect(rig.run(0)).toEqual({ why: 'budget' });
      expect(rig.cpu.state()).toEqual(given);
      const other = new Rig(asm);
      other.cpu.restore(given);
      expect(other.run()).toEqual({ why: 'halted' });
      rig.run();
      expect(other.cpu.state()).toEqual(rig.cpu.state());
      const third = new Rig(asm);
      third.cpu.restore(without);
      expect(third.run()).toMatchObject({ why: 'needs-input' });
    }
  });

  it('of another kind or size than asked for is a bug of the hypervisor', () => {
    const rig = new Rig('rdtsc');
    rig.run();
    rig.cpu.give(time);
    expect(() => rig.run()).toThrow(/reading of tsc was needed, timeNs was given/);
    const random = new Rig('rdrand eax');
    random.cpu.give(entropy(1, 2));
    expect(() => random.run()).toThrow(/was needed/);
  });

  it.each(['in al, 0x40', 'in eax, dx', 'out 0x43, al', 'insb', 'outsd'])(
    'of a port stops before %s, and is handed to the bus with the access',
    (asm) => {
      const rig = new Rig(`inc ecx\n${asm}\nhlt`, { edi: DATA, esi: DATA });
      rig.bus.portNeed = { kind: 'timeNs' };
      expectNeed(rig, { kind: 'timeNs' }, 1);
      expect(rig.bus.log).toEqual([]);
      rig.cpu.give(time);
      expect(rig.run()).toEqual({ why: 'halted' });
      expect(rig.bus.given).toEqual([time]);
      expect(rig.bus.log.length).toBe(1);
      expect(rig.count).toBe(3);
    },
  );

  it('of a port is taken by each iteration of rep outsb', () => {
    const rig = new Rig('rep outsb\nhlt', { esi: DATA, ecx: 3 });
    rig.bus.portNeed = { kind: 'timeNs' };
    for (const ecx of [3, 2, 1]) {
      expectNeed(rig, { kind: 'timeNs' }, 3 - ecx);
      expect(rig.registers.ecx).toBe(ecx);
      rig.cpu.give(time);
    }
    expect(rig.run()).toEqual({ why: 'halted' });
    expect(rig.count).toBe(4);
  });

  it('that depends on the value to be written is asked for with that value', () => {
    const asked: (number | undefined)[] = [];
    const rig = new Rig('mov dword [DEVICE], 5\nmov word [DEVICE], -1\nhlt');
    rig.bus.wants = (_space, _address, write) => {
      asked.push(write);
      return undefined;
    };
    rig.run();
    expect(asked).toEqual([5, 0xffff]);
  });

  /** A device whose register takes a reading when it is written. */
  function register(asm: string, before: ConstructorParameters<typeof Rig>[1] = {}): Rig {
    const rig = new Rig(`${asm}\nhlt`, before);
    rig.bus.answer = () => 0x10;
    rig.bus.wants = (_space, address, write) =>
      address === DEVICE && write !== undefined ? { kind: 'entropy', size: 1 } : undefined;
    return rig;
  }

  it.each([
    { asm: 'adc dword [DEVICE], 0x80000000', wrote: '80000011', after: { eflags: 0x86 } },
    { asm: 'sbb dword [DEVICE], 0x20', wrote: 'ffffffef', after: { eflags: 0x93 } },
    { asm: 'rcl dword [DEVICE], 1', wrote: '21', after: { eflags: 0x02 } },
    { asm: 'neg dword [DEVICE]', wrote: 'fffffff0', after: { eflags: 0x87 } },
    { asm: 'xadd [DEVICE], ebx', wrote: '15', after: { ebx: 0x10 } },
    { asm: 'xchg [DEVICE], ebx', wrote: '5', after: { ebx: 0x10 } },
    { asm: 'cmpxchg [DEVICE], ebx', wrote: '10', after: { eax: 0x10 } },
    { asm: 'push dword [DEVICE + 4]\npop dword [DEVICE]', wrote: '10', after: { esp: 0x80000 } },
    { asm: 'mov esp, DEVICE + 4\npush ebx', wrote: '5', after: { esp: DEVICE } },
    { asm: 'mov esp, DEVICE + 4\ncall next\nnext:', wrote: '10000a', after: { esp: DEVICE } },
    { asm: 'bts dword [DEVICE], 0', wrote: '11', after: { eflags: 0x02 } },
  ])('of a store to a device stops $asm half way, and it begins anew', (row) => {
    const rig = register(row.asm, { eflags: 3, eax: 0x77, ebx: 5 });
    rig.run();
    const stopped = rig.registers;
    expect(stopped).toMatchObject({ eflags: 3, eax: 0x77, ebx: 5 });
    const { length } = row.asm
      .split('\n')
      .filter((line) => line.startsWith('mov') || line.startsWith('push d'));
    expect(rig.count).toBe(length);
    rig.cpu.give(entropy(1));
    expect(rig.run()).toEqual({ why: 'halted' });
    expect(rig.bus.log.filter((line) => line.startsWith('w'))).toEqual([`w4 dev+0 ${row.wrote}`]);
    expect(rig.registers).toMatchObject(row.after);
  });

  it('never stops the delivery of an exception: the stack counts as unusable', () => {
    // The instruction pointer, 0, would go to the register.
    const rig = register('jmp eax', { esp: DEVICE + 12 });
    rig.ram.set([0x0f, 0x0b], 0);
    rig.bus.wants = (_space, address, write) =>
      address === DEVICE && write === 0 ? { kind: 'entropy', size: 1 } : undefined;
    // A frame of halfwords puts it elsewhere.
    rig.gate(12, 0x8600, HANDLERS + 12);
    expect(rig.run()).toEqual({ why: 'halted' });
    expect(rig.vector).toBe(12);
    const always = register('ud2', { esp: DEVICE + 4 });
    expect(always.run()).toMatchObject({ why: 'fault', vector: 6 });
  });

  it('is never taken twice: ins from a device to a device drops the value', () => {
    const rig = register('insd', { edi: DEVICE });
    rig.bus.portNeed = { kind: 'timeNs' };
    rig.bus.wants = (space, _address, write) =>
      space === 'memory' && write !== undefined ? { kind: 'entropy', size: 1 } : undefined;
    expectNeed(rig, { kind: 'timeNs' }, 0);
    rig.cpu.give(time);
    expect(rig.run()).toEqual({ why: 'halted' });
    expect(rig.registers.edi).toBe(DEVICE + 4);
    expect(rig.bus.log).toEqual(['in4 0']);
  });

  it('waits under the trap flag and in the shadow of sti', () => {
    const rig = new Rig('sti\nrdtsc\nnop\nhlt', { eflags: 2 });
    rig.bus.vector = 0x21;
    expectNeed(rig, { kind: 'tsc' }, 1);
    rig.cpu.give(tsc);
    rig.run();
    expect(rig.vector).toBe(0x21);
    expect(rig.stacked(0)).toBe(CODE + 3);
    const traced = new Rig('rdtsc\nnop', { eflags: 0x102 });
    expectNeed(traced, { kind: 'tsc' }, 0);
    traced.cpu.give(tsc);
    traced.run();
    expect(traced.vector).toBe(1);
    expect(traced.count).toBe(3);
  });
});
