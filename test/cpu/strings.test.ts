/** String instructions: what counts, where a run may stop, and what the iterations do. */
import { describe, expect, it } from 'vitest';
import { CODE, DATA, DEVICE, execute, RAM_BYTES, Rig } from './rig.ts';

type Before = NonNullable<ConstructorParameters<typeof Rig>[1]>;

/** The state and memory after `source`, when the run is cut at every multiple of `piece`. */
function inPieces(source: string, before: Before, piece: number, fill?: (rig: Rig) => void) {
  const rig = new Rig(source, before);
  fill?.(rig);
  const stops: string[] = [];
  for (let n = 0; n < 5000; n++) {
    const target = rig.count + piece;
    const stop = rig.run(target);
    stops.push(stop.why);
    if (stop.why === 'halted') break;
    expect(rig.count).toBe(target);
  }
  return { state: rig.cpu.state(), ram: rig.ram, log: rig.bus.log, last: stops.at(-1) };
}

describe('a repeated string instruction', () => {
  it.each([
    { asm: 'rep movsb', ecx: 0, count: 1 },
    { asm: 'rep movsb', ecx: 1, count: 1 },
    { asm: 'rep movsb', ecx: 7, count: 7 },
    { asm: 'rep stosd', ecx: 1000, count: 1000 },
    { asm: 'rep lodsw', ecx: 100, count: 100 },
    { asm: 'repe cmpsb', ecx: 50, count: 50 },
    { asm: 'repne scasb', ecx: 50, count: 1 },
    { asm: 'repe scasb', ecx: 50, count: 50 },
    { asm: 'repne cmpsd', ecx: 0, count: 1 },
    { asm: 'a16 rep stosb', ecx: 0x50000, count: 1 },
    { asm: 'a16 rep stosb', ecx: 0x50003, count: 3 },
    { asm: 'rep outsb', ecx: 4, count: 4 },
    { asm: 'rep insd', ecx: 0, count: 1 },
  ])('$asm with ecx = $ecx counts $count', ({ asm, ecx, count }) => {
    const rig = execute(`${asm}\nhlt`, { ecx, esi: DATA, edi: DATA + 0x2000 });
    expect(rig.count).toBe(count + 1);
    expect(rig.registers.eip).toBe(CODE + rig.code.length);
  });

  const rows: { title: string; asm: string; before: Before }[] = [
    { title: 'a copy', asm: 'rep movsb', before: { ecx: 100, esi: DATA, edi: DATA + 0x800 } },
    {
      title: 'a copy over a page',
      asm: 'rep movsd',
      before: { ecx: 900, esi: 0x7f02, edi: 0x9f01 },
    },
    {
      title: 'a copy upon itself',
      asm: 'rep movsb',
      before: { ecx: 90, esi: DATA, edi: DATA + 3 },
    },
    {
      title: 'words upon themselves',
      asm: 'rep movsd',
      before: { ecx: 90, esi: DATA, edi: DATA + 34 },
    },
    { title: 'a copy downwards', asm: 'rep movsw', before: { ecx: 90, esi: DATA + 1, edi: DATA } },
    {
      title: 'a copy backwards',
      asm: 'std\nrep movsd',
      before: { ecx: 90, esi: 0x6100, edi: 0x6110 },
    },
    { title: 'a fill', asm: 'rep stosd', before: { ecx: 1500, eax: 0x12345678, edi: 0x5ffe } },
    {
      title: 'a fill of words',
      asm: 'rep stosw',
      before: { ecx: 300, eax: 0x12345678, edi: 0x5fff },
    },
    {
      title: 'a fill to the end of RAM',
      asm: 'rep stosd',
      before: { ecx: 40, edi: RAM_BYTES - 98 },
    },
    {
      title: 'a copy from the end of RAM',
      asm: 'rep movsd',
      before: { ecx: 40, esi: RAM_BYTES - 98, edi: DATA },
    },
    { title: 'a fill past address 0', asm: 'rep stosd', before: { ecx: 20, edi: -42 } },
    { title: 'a search', asm: 'repne scasb', before: { ecx: 300, eax: 0xfa, edi: DATA } },
    { title: 'a comparison', asm: 'repe cmpsw', before: { ecx: 300, esi: DATA, edi: DATA + 512 } },
    { title: 'a load', asm: 'rep lodsd', before: { ecx: 30, esi: DATA + 3 } },
    { title: 'a copy to a device', asm: 'rep movsb', before: { ecx: 20, esi: DATA, edi: DEVICE } },
    {
      title: 'a fill over its own code',
      asm: 'rep stosb\nnop\nnop',
      before: { ecx: 2, eax: 0x41, edi: CODE + 2 },
    },
    {
      title: 'a fill over itself',
      asm: 'rep stosb',
      before: { ecx: 20, eax: 0xf4, edi: CODE - 8 },
    },
  ];

  it.each(rows)('stops anywhere in $title and goes on exactly', ({ asm, before }) => {
    const fill = (rig: Rig): void => {
      for (let n = 0; n < 0x6000; n++) if (n < 0x3000) rig.ram[DATA + n] = n % 251;
    };
    const source = `${asm}\nhlt`;
    const whole = inPieces(source, before, 1e6, fill);
    expect(whole.last).toBe('halted');
    for (const piece of [1, 2, 9, 64, 1000]) {
      const cut = inPieces(source, before, piece, fill);
      expect(cut.state).toEqual(whole.state);
      expect(cut.log).toEqual(whole.log);
      expect(Buffer.compare(cut.ram, whole.ram)).toBe(0);
    }
  });

  it('does what the single instruction does, so many times', () => {
    for (const { asm, before } of rows) {
      const repeated = asm.split('\n').find((line) => line.startsWith('rep'))!;
      if (!repeated.startsWith('rep ') || before.edi! >= CODE - 8) continue;
      const single = repeated.slice(4);
      const prefix = asm.startsWith('std') ? 'std\n' : '';
      const loop = execute(`${prefix}again: ${single}\nloop again\nhlt`, before);
      const rep = execute(`${asm}\nhlt`, before);
      const { esi, edi, eax, ecx } = rep.registers;
      expect(loop.registers).toMatchObject({ esi, edi, eax, ecx });
      loop.ram.fill(0, CODE, CODE + 16);
      rep.ram.fill(0, CODE, CODE + 16);
      expect(Buffer.compare(loop.ram, rep.ram)).toBe(0);
    }
  });

  it('with 16-bit addresses wraps si, di and cx at 64 KiB and keeps their upper halves', () => {
    const before = { esi: 0x1fffe, edi: 0x3ffff, ecx: 0x70003, eax: 0x99 };
    const rig = new Rig('a16 rep movsb\nhlt', before);
    rig.ram[0xfffe] = 7;
    rig.run();
    expect(rig.registers).toMatchObject({ esi: 0x10001, edi: 0x30002, ecx: 0x70000 });
    expect([rig.ram[0xffff], rig.ram[0], rig.ram[1]]).toEqual([7, 7, 7]);
  });

  it('ends at the first mismatch, with the flags of that comparison', () => {
    const rig = execute('mov byte [DATA + 3], 1\nrepe scasb\nhlt', { ecx: 10, edi: DATA });
    expect(rig.registers).toMatchObject({ ecx: 6, edi: DATA + 4, eflags: 0x97 });
    const none = execute('xor eax, eax\nrepne cmpsb\nhlt', { ecx: 0, eflags: 0x8d7 });
    expect(none.registers.eflags).toBe(0x46);
  });

  it('raises a device access once for each element, in ascending order', () => {
    const rig = execute('rep movsd\nhlt', { ecx: 2, esi: DEVICE, edi: DEVICE + 0x100 });
    expect(rig.bus.log).toEqual([
      'r4 dev+0',
      'w4 dev+100 ffffffff',
      'r4 dev+4',
      'w4 dev+104 ffffffff',
    ]);
  });
});
