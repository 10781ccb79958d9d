/** Code that is written while it runs, or read as data: what was decoded is never out of date. */
import { describe, expect, it } from 'vitest';
import { CODE, execute, Rig } from './rig.ts';

/** Runs twice, in one go and instruction by instruction (long ones in pieces); both must agree. */
function both(source: string, before: ConstructorParameters<typeof Rig>[1] = {}): Rig {
  const whole = execute(source, before);
  const stepped = new Rig(source, before);
  const piece = whole.count < 2000 ? 1 : 977;
  for (let n = 0; n < 5000 && stepped.run(stepped.count + piece).why === 'budget'; n++);
  expect(whole.registers.halted).toBe(1);
  expect(stepped.cpu.state()).toEqual(whole.cpu.state());
  expect(Buffer.compare(stepped.ram, whole.ram)).toBe(0);
  return whole;
}

/** `inc eax` and `dec eax` as bytes. */
const INC = 0x40;
const DEC = 0x48;

describe('a store to code', () => {
  it('changes the next instruction of its own block', () => {
    const rig = both(`mov byte [target], ${DEC}\ntarget: inc eax\ninc eax\nhlt`);
    expect(rig.registers.eax).toBe(0);
    expect(rig.count).toBe(4);
  });

  it('changes an instruction further on in its own block', () => {
    const rig = both(
      `nop\nnop\nmov word [target], 0x4848\nnop\ninc eax\ntarget: inc eax\ninc eax\nhlt`,
    );
    expect(rig.registers.eax).toBe(0xffffffff);
  });

  it('changes the instruction that stores, for the next time', () => {
    // The immediate of the second mov is the byte at target.
    const rig = both(
      `mov ecx, 3\nagain: add eax, 1\ntarget equ $ - 1\ninc byte [target]\nloop again\nhlt`,
    );
    expect(rig.registers.eax).toBe(1 + 2 + 3);
    const self = both('mov ecx, 2\nagain: mov byte [$ + 6], 0x90\nloop again\nhlt');
    expect(self.count).toBe(6);
  });

  it('changes code that was executed before and comes again through a link', () => {
    const rig = both(`mov ecx, 4
      again: call routine
      mov byte [routine], ${DEC}
      loop again
      hlt
      times 5000 nop
      routine: inc eax
      ret`);
    expect(rig.registers.eax).toBe(0xfffffffe);
  });

  it('in a loop alternates what the loop does', () => {
    const rig = both(`mov ecx, 9
      again:
      target: inc eax
      xor byte [target], ${INC ^ DEC}
      add edx, eax
      loop again
      hlt`);
    expect(rig.registers.eax).toBe(1);
  });

  it('by a string instruction over its own following code', () => {
    const rig = both(`mov esi, new
      mov edi, old
      mov ecx, end - new
      rep movsb
      old: mov eax, 1
      hlt
      new: mov eax, 2
      hlt
      end:`);
    expect(rig.registers.eax).toBe(2);
  });

  it('by a string instruction over itself ends what it was', () => {
    // The third element replaces `rep stosb` by two times `inc eax`.
    const rig = both('mov edi, here - 2\nmov ecx, 10\nnop\nnop\nhere: rep stosb\nhlt', {
      eax: INC,
    });
    expect(rig.registers.ecx).toBe(7);
    expect(rig.registers.eax).toBe(INC + 1);
  });

  it('by push, call, pusha, enter and the frame of an interrupt', () => {
    for (const store of ['push dword 0x48484848', 'sub esp, 0\npush dword 0x48484848']) {
      const rig = both(`mov esp, target + 4\n${store}\ntarget: times 4 inc eax\nhlt`);
      expect(rig.registers.eax).toBe(0xfffffffc);
    }
    const nops = { eax: 0x90909090, ebx: 0x90909090, ecx: 0x90909090, edx: 0x90909090 };
    const filled = { ...nops, ebp: 0x90909090, esi: 0x90909090, edi: 0x48484840 };
    const all = both('mov esp, target + 32\npusha\ntarget: times 40 hlt', filled);
    expect(all.registers.eip).toBe(CODE + 6 + 33);
    const frame = both('mov esp, target + 12\nint 0x40\nnop\ntarget: times 12 nop\nhlt');
    expect(frame.vector).toBe(0x40);
    const nested = both('mov esp, target + 8\nenter 0, 1\nhlt\nnop\ntarget: times 8 nop\nhlt');
    expect(nested.registers.esp).toBe(CODE + 11);
  });

  it('over the border of two pages, from either side', () => {
    for (const at of [1, 2, 3, 4]) {
      const rig = both(`mov byte [target + ${at}], 1
        jmp target
        times 0x1000 - 2 - ($ - $$) nop
        target: mov eax, 0
        hlt`);
      expect(rig.registers.eax).toBe(1 << (8 * (at - 1)));
    }
  });

  it('over the border of two pages is seen when that instruction was decoded before', () => {
    const rig = both(`mov ecx, 3
      jmp target
      times 0x1000 - 3 - ($ - $$) nop
      target: add eax, 0x01000000
      inc byte [target + 4]
      loop target
      hlt`);
    expect(rig.registers.eax).toBe(0x06000000);
  });

  it('that changes nothing, or data on a page of code, goes unseen', () => {
    const rig = both(`mov ecx, 100
      again: inc dword [counter]
      mov edx, [counter]
      mov byte [same], 0x90
      same: nop
      loop again
      hlt
      counter: dd 0`);
    expect(rig.registers.edx).toBe(100);
    expect(rig.count).toBe(1 + 500 + 1);
  });

  it('that is only written with the same data counts as code all the same', () => {
    const rig = both(`mov ecx, 20\nagain: mov eax, [again]\nmov [again], eax\nloop again\nhlt`);
    expect(rig.count).toBe(1 + 60 + 1);
  });

  it('makes an invalid instruction valid before it is reached', () => {
    const rig = both(`mov word [target], 0x9090\ntarget: ud2\ninc eax\nhlt`);
    expect(rig.registers.eax).toBe(1);
  });

  it('that an exception handler makes mends what faulted', () => {
    const rig = new Rig('target: ud2\ninc eax\nhlt\nfix: mov word [target], 0x9090\niret');
    rig.gate(6, 0x8e00, CODE + 4);
    rig.run();
    expect(rig.registers).toMatchObject({ eax: 1, halted: 1, eip: CODE + 4 });
  });
});

describe('code', () => {
  it('may be entered in the middle of an instruction', () => {
    // b8 40 40 40 f4 is mov eax, 0xf4404040, and from its second byte three times inc eax, hlt.
    const rig = both('jmp inside + 1\ninside: mov eax, 0xf4404040\nhlt');
    expect(rig.registers.eax).toBe(3);
    const again = both(`xor ebx, ebx
      inside: mov eax, 0xf4404040
      inc ebx
      cmp ebx, 2
      jb inside
      jmp inside + 1`);
    expect(again.registers).toMatchObject({ eax: 0xf4404043, ebx: 2 });
  });

  it('changed from outside is decoded anew once that has been said', () => {
    const rig = new Rig('again: inc eax\njmp again');
    rig.run(100);
    expect(rig.registers.eax).toBe(50);
    rig.ram[CODE] = DEC;
    rig.cpu.invalidate(CODE, 1);
    rig.run(200);
    expect(rig.registers.eax).toBe(0);
  });

  it('changed from outside between the blocks of a page or across its border', () => {
    const rig = new Rig(`jmp target
      times 0x1000 - 2 - ($ - $$) nop
      target: add eax, 0x01000000
      jmp target`);
    rig.run(1 + 200);
    rig.ram[CODE + 0x1000 + 2] = 2;
    rig.cpu.invalidate(CODE + 0x1000, 0x1000);
    rig.run(1 + 400);
    expect(rig.registers.eax).toBe(((100 + 200) * 0x1000000) % 2 ** 32);
  });

  it('stays right when so much of it was decoded that all is forgotten', () => {
    // Each routine is inc eax, add eax 2, sub eax 1, ret.
    const rig = both(`mov edx, 2
      all: mov ebx, routines
      mov ecx, 14000
      again: call ebx
      add ebx, 8
      loop again
      dec edx
      jnz all
      hlt
      align 8
      routines: times 14000 db 0x40, 0x83, 0xc0, 2, 0x83, 0xe8, 1, 0xc3`);
    expect(rig.registers.eax).toBe(2 * 14000 * 2);
  });

  it('on the same page as the stack and the data that it works on', () => {
    const rig = both(`mov esp, stack
      mov ecx, 50
      again: push ecx
      call routine
      pop edx
      loop again
      hlt
      routine: inc dword [counter]
      ret
      counter: dd 0
      times 64 db 0
      stack:`);
    expect(rig.registers.edx).toBe(1);
  });

  it('is the same after restore, whatever had been decoded before', () => {
    const cold = new Rig(`mov ecx, 50\nagain: add eax, ecx\nloop again\nhlt`);
    const snapshot = cold.cpu.state();
    cold.run();
    const warm = new Rig(`mov ecx, 70\nagain: sub eax, ecx\nloop again\nhlt`);
    warm.run(77);
    warm.cpu.restore(snapshot);
    warm.ram.set(cold.ram);
    warm.cpu.invalidate(0, warm.ram.length);
    warm.run();
    expect(warm.cpu.state()).toEqual(cold.cpu.state());
  });
});
