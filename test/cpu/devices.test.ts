/** Accesses outside RAM: which, how many, in what order, and what they may be part of. */
import { describe, expect, it } from 'vitest';
import { CODE, DEVICE, execute, RAM_BYTES, Rig } from './rig.ts';

describe('an access to a device', () => {
  it('in the middle of a block comes once and in order', () => {
    const rig = execute(`mov eax, 1
      mov [DEVICE], eax
      inc eax
      mov [DEVICE + 4], ax
      mov bl, [DEVICE + 8]
      inc eax
      mov [DEVICE + 12], al
      add eax, [DEVICE + 16]
      hlt`);
    expect(rig.bus.log).toEqual([
      'w4 dev+0 1',
      'w2 dev+4 2',
      'r1 dev+8',
      'w1 dev+c 3',
      'r4 dev+10',
    ]);
    expect(rig.registers).toMatchObject({ eax: 2, ebx: 0xff });
    expect(rig.count).toBe(9);
  });

  it.each([
    { asm: 'add dword [DEVICE], 2', log: ['r4 dev+0', 'w4 dev+0 7'] },
    { asm: 'inc byte [DEVICE]', log: ['r1 dev+0', 'w1 dev+0 6'] },
    { asm: 'xchg [DEVICE], ax', log: ['r2 dev+0', 'w2 dev+0 0'] },
    { asm: 'shl word [DEVICE], 1', log: ['r2 dev+0', 'w2 dev+0 a'] },
    { asm: 'cmpxchg [DEVICE], ecx', log: ['r4 dev+0', 'w4 dev+0 5'] },
    { asm: 'cmpxchg8b [DEVICE]', log: ['r4 dev+0', 'r4 dev+4', 'w4 dev+0 5', 'w4 dev+4 5'] },
    { asm: 'bts dword [DEVICE], 33', log: ['r4 dev+0', 'w4 dev+0 7'] },
    { asm: 'btc [DEVICE], edx', log: ['r4 dev+8', 'w4 dev+8 d'] },
    { asm: 'cmp dword [DEVICE], 5', log: ['r4 dev+0'] },
    { asm: 'test [DEVICE], al', log: ['r1 dev+0'] },
    { asm: 'bt [DEVICE], edx', log: ['r4 dev+8'] },
    { asm: 'movzx eax, word [DEVICE]', log: ['r2 dev+0'] },
    { asm: 'cmovc eax, [DEVICE]', log: ['r4 dev+0'] },
    { asm: 'setz [DEVICE]', log: ['w1 dev+0 0'] },
    { asm: 'push dword [DEVICE]', log: ['r4 dev+0'] },
    { asm: 'pop word [DEVICE]', log: ['w2 dev+0 0'] },
    { asm: 'movsd', log: ['r4 dev+40', 'w4 dev+80 5'] },
    { asm: 'cmpsb', log: ['r1 dev+40', 'r1 dev+80'] },
    { asm: 'xlatb', log: ['r1 dev+20'] },
    { asm: 'bound eax, [DEVICE]', log: ['r4 dev+0', 'r4 dev+4'] },
    { asm: 'lgdt [DEVICE]', log: ['r2 dev+0', 'r4 dev+2'] },
    { asm: 'sidt [DEVICE]', log: ['w2 dev+0 7ff', 'w4 dev+2 2000'] },
    { asm: 'mov [DEVICE], ds', log: ['w2 dev+0 10'] },
    { asm: 'in al, dx', log: ['in1 43'] },
    { asm: 'out dx, ax', log: ['out2 43 0'] },
    { asm: 'in eax, 0x80', log: ['in4 80'] },
  ])('by $asm is $log', ({ asm, log }) => {
    const before = { edx: 0x43, esi: DEVICE + 0x40, edi: DEVICE + 0x80, ebx: DEVICE + 0x20 };
    const rig = new Rig(`${asm}\nhlt`, before);
    rig.bus.answer = () => 5;
    rig.run();
    expect(rig.bus.log).toEqual(log);
  });

  it('may be a push, a call and the frame of an exception', () => {
    const rig = execute('push ebp\npusha\ncall next\nnext: mov eax, [esp]\nhlt', {
      esp: DEVICE + 0x100,
      ebp: 0x77,
    });
    expect(rig.bus.log[0]).toBe('w4 dev+fc 77');
    expect(rig.bus.log[5]).toBe('w4 dev+e8 feb000fc');
    expect(rig.bus.log.length).toBe(11);
    expect(rig.bus.log[9]).toBe(`w4 dev+d8 ${(CODE + 7).toString(16)}`);
    const frame = execute('ud2', { esp: DEVICE + 0x100 });
    expect(frame.vector).toBe(6);
    expect(frame.bus.log).toEqual(['w4 dev+fc 10002', 'w4 dev+f8 8', 'w4 dev+f4 100000']);
  });

  it('ends the run when the bus asks for it, after the instruction', () => {
    const rig = new Rig('mov [DEVICE], eax\ninc eax\nhlt');
    rig.bus.after = () => {
      rig.bus.stopRequested = true;
    };
    expect(rig.run()).toEqual({ why: 'stop-requested' });
    expect(rig.count).toBe(1);
    expect(rig.run()).toEqual({ why: 'stop-requested' });
    expect(rig.count).toBe(1);
    rig.bus.stopRequested = false;
    expect(rig.run()).toEqual({ why: 'halted' });
    expect(rig.count).toBe(3);
  });

  it('is the same wherever the run is cut', () => {
    const source = `mov ecx, 5
      again: mov [DEVICE], ecx
      add [DEVICE + 4], ecx
      push ecx
      loop again
      hlt`;
    const whole = execute(source);
    const rig = new Rig(source);
    while (rig.run(rig.count + 1).why === 'budget');
    expect(rig.bus.log).toEqual(whole.bus.log);
    expect(rig.cpu.state()).toEqual(whole.cpu.state());
  });
});

describe('an access over the end of RAM', () => {
  it('is done byte by byte: those inside in RAM, the others on the bus', () => {
    const rig = execute('mov [edi], eax\nmov ebx, [edi]\nadd word [edi + 1], 1\nhlt', {
      edi: RAM_BYTES - 2,
      eax: 0x44332211,
    });
    expect(rig.bus.log).toEqual([
      'w1 200000 33',
      'w1 200001 44',
      'r1 200000',
      'r1 200001',
      'r1 200000',
      'w1 200000 ff',
    ]);
    expect(rig.registers.ebx).toBe(0xffff2211);
    expect([...rig.ram.subarray(RAM_BYTES - 2)]).toEqual([0x11, 0x23]);
  });

  it('also wraps from the last address to the first', () => {
    const rig = execute('mov [edi], eax\nmov bx, [edi + 1]\nhlt', { edi: -2, eax: 0x44332211 });
    expect(rig.bus.log).toEqual(['w1 fffffffe 11', 'w1 ffffffff 22', 'r1 ffffffff']);
    expect([rig.ram[0], rig.ram[1]]).toEqual([0x33, 0x44]);
    expect(rig.registers.ebx).toBe(0x33ff);
  });

  it('reads a pointer, a frame and a descriptor table as well', () => {
    const rig = new Rig('les eax, [edi]\nhlt', { edi: RAM_BYTES - 4 });
    rig.bus.answer = () => 0;
    rig.run();
    expect(rig.registers).toMatchObject({ eax: 0, es: 0 });
    const popped = new Rig('popa\nhlt', { esp: RAM_BYTES - 16 });
    popped.bus.answer = (address) => address & 0xff;
    popped.run();
    expect(popped.registers).toMatchObject({ ebx: 0, edx: 4, ecx: 8, eax: 12 });
    expect(popped.registers.esp).toBe(RAM_BYTES + 16);
  });
});
