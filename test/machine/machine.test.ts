/** The machine through its doors: run, apply, outputs, snapshot and digest. */
import { beforeEach, expect, test } from 'vitest';
import { BugError } from '../../src/base/assert.ts';
import { VmftError } from '../../src/base/errors.ts';
import type { Input } from '../../src/machine/input.ts';
import { X86Machine } from '../../src/machine/machine.ts';
import type { Output } from '../../src/machine/output.ts';
import type { MachineConfig, Stop } from '../../src/machine/types.ts';
import { hasher } from '../support/hasher.ts';
import { assembleFlat } from '../support/nasm.ts';
import { describeWithTool } from '../support/tools.ts';

const CONFIG: MachineConfig = {
  ramBytes: 2 * 1024 * 1024,
  commandLine: '',
  slots: [],
  strict: false,
};

function newMachine(source: string, config: Partial<MachineConfig> = {}): X86Machine {
  return new X86Machine({ ...CONFIG, ...config }, assembleFlat(source), hasher);
}

/** Runs to the end, or to `until`; all outputs, and the last stop. */
function runOut(machine: X86Machine, until = 1e6): { outputs: Output[]; stop: Stop } {
  const outputs: Output[] = [];
  for (;;) {
    const stop = machine.run(until);
    const taken = machine.takeOutputs();
    outputs.push(...taken);
    if (stop.why !== 'output') return { outputs, stop };
  }
}

/** The console's text, each output checked to begin where the one before ended. */
function consoleText(outputs: readonly Output[]): string {
  let text = '';
  for (const output of outputs) {
    if (output.kind !== 'console') continue;
    expect(output.offset).toBe(text.length);
    text += Buffer.from(output.bytes).toString('latin1');
  }
  return text;
}

const PUT = `%macro put 1
  mov dx, 0x3f8
  mov al, %1
  out dx, al
%endmacro
%macro exit 1
  mov dx, 0xf4
  mov al, %1
  out dx, al
%endmacro
`;

describeWithTool('nasm', 'the machine', () => {
  test('begins in the state of "Loading": EBX at start_info, count 0', () => {
    const machine = newMachine(`${PUT}
      cmp dword [ebx], 0x336ec578
      sete al
      out 0xf4, al
    `);
    expect(machine.count).toBe(0);
    expect(machine.run(1000)).toEqual({ why: 'exit', status: 1 });
    expect(machine.count).toBe(3);
  });

  test('an exit is an output, after the console bytes before it, and nothing runs after it', () => {
    const machine = newMachine(`${PUT}
      put 'a'
      exit 7
      exit 8
    `);
    expect(machine.run(1000)).toEqual({ why: 'exit', status: 7 });
    expect(machine.takeOutputs()).toEqual([
      { kind: 'console', offset: 0, bytes: Uint8Array.of(0x61) },
      { kind: 'exit', status: 7 },
    ]);
    const { count } = machine;
    expect(machine.run(1000)).toEqual({ why: 'exit', status: 7 });
    expect(machine.count).toBe(count);
  });

  test('console bytes go at a newline, at 256 bytes and at an idle HLT', () => {
    const machine = newMachine(`${PUT}
      put 'x'
      put 10
      mov ecx, 300
      mov al, 'y'
      again: out dx, al
      loop again
      hlt
    `);
    const { outputs, stop } = runOut(machine);
    expect(stop).toEqual({ why: 'halted' });
    const sizes = outputs.map((output) => (output.kind === 'console' ? output.bytes.length : 0));
    expect(sizes).toEqual([2, 256, 44]);
    expect(consoleText(outputs)).toBe(`x\n${'y'.repeat(300)}`);
  });

  test('run returns at once while outputs wait to be taken', () => {
    const machine = newMachine(`${PUT}
      put 10
      put 10
      hlt
    `);
    expect(machine.run(1000)).toEqual({ why: 'output' });
    const { count } = machine;
    expect(machine.run(1000)).toEqual({ why: 'output' });
    expect(machine.count).toBe(count);
    expect(() => machine.snapshot()).toThrow(BugError);
  });

  test('a triple fault ends the guest for good', () => {
    const machine = newMachine('ud2');
    const stop = machine.run(1000);
    expect(stop).toMatchObject({ why: 'fault', vector: 6 });
    expect(machine.run(1000)).toEqual(stop);
  });

  test('holes read ones; on a strict board touching one is a machine check', () => {
    const source = `
      mov dx, 0x1234
      in eax, dx
      and eax, [0xd0000000]
      mov dword [0xd0000000], 5
      cmp eax, -1
      sete al
      out 0xf4, al
    `;
    expect(newMachine(source).run(1000)).toEqual({ why: 'exit', status: 1 });
    const strict = newMachine(source, { strict: true });
    expect(strict.run(1000)).toMatchObject({ why: 'fault', vector: 18 });
    expect(strict.count).toBe(2);
    expect(strict.run(1000)).toMatchObject({ detail: expect.stringContaining('0x1234') });
  });

  test.each([
    {
      asm: 'nop\nmov [0xd0000000], ax',
      says: 'write to address 0xd0000000 (2 bytes), where there is nothing',
      eip: 0x100001,
      count: 1,
    },
    {
      asm: 'in al, 0x99',
      says: 'read of port 0x99 (1 byte), where there is nothing',
      eip: 0x100000,
      count: 0,
    },
    {
      asm: 'mov ecx, 3\nmov edi, 0x1fffff\nrep stosb',
      says: 'write to address 0x200000 (1 byte), where there is nothing',
      eip: 0x10000a,
      count: 3,
    },
    {
      asm: 'mov eax, 0x40000000\njmp eax',
      says: 'fetch from address 0x40000000, where there is no RAM',
      eip: 0x40000000,
      count: 2,
    },
    {
      asm: 'mov byte [0x1fffff], 0x66\nmov eax, 0x1fffff\njmp eax',
      says: 'fetch from address 0x200000, where there is no RAM',
      eip: 0x1fffff,
      count: 3,
    },
  ])('on a strict board $asm is a $says', ({ asm, says, eip, count }) => {
    const place = `by the instruction at eip 0x${eip.toString(16)}, count ${count}`;
    const stop = { why: 'fault', vector: 18, detail: `${says}, ${place}` };
    const machine = newMachine(asm, { strict: true });
    expect(machine.run(1000)).toEqual(stop);
    const { count: stopped } = machine;
    // An access has retired by then, a fetch has not: nothing of it is an exception of the guest.
    expect(stopped).toBe(says.startsWith('fetch') ? count : count + 1);
    expect(machine.run(1000)).toEqual(stop);
    expect(newMachine(asm).run(count + 1)).not.toMatchObject({ vector: 18 });
  });

  test('readMemory sees what the guest has stored', () => {
    const machine = newMachine('mov dword [0x150000], 0x11223344\nhlt');
    runOut(machine);
    expect(machine.readMemory(0x150000, 4)).toEqual(Uint8Array.of(0x44, 0x33, 0x22, 0x11));
  });
});

/** Prints a letter for each tick and each key, reads all clocks, and stores what it gets. */
const BUSY = `${PUT}
  lgdt [gdtr]
  lidt [idtr]
  mov al, 0x11
  out 0x20, al
  out 0xa0, al
  mov al, 0x20
  out 0x21, al
  mov al, 0x28
  out 0xa1, al
  mov al, 4
  out 0x21, al
  mov al, 2
  out 0xa1, al
  mov al, 1
  out 0x21, al
  out 0xa1, al
  mov al, 0xee
  out 0x21, al
  mov al, 0x34
  out 0x43, al
  mov al, 0xff
  out 0x40, al
  out 0x40, al
  mov dx, 0x3f9
  mov al, 1
  out dx, al
  mov esp, 0x180000
  mov edi, 0x140000
main:
  sti
  hlt
  rdtsc
  stosd
  in al, 0x40
  stosb
  xor al, al
  out 0x70, al
  in al, 0x71
  stosb
  put '.'
  jmp main
tick:
  push eax
  push edx
  put 't'
  jmp eoi
key:
  push eax
  push edx
  mov dx, 0x3f8
  in al, dx
  stosb
  out dx, al
  mov al, 10
  out dx, al
eoi:
  mov al, 0x20
  out 0x20, al
  pop edx
  pop eax
  iret
%macro gate 1
  dw (%1 - $$ + 0x100000) & 0xffff, 8, 0x8e00, (%1 - $$ + 0x100000) >> 16
%endmacro
align 8
gdt: dq 0, 0x00cf9b000000ffff, 0x00cf93000000ffff
gdtr: dw $ - gdt - 1
  dd gdt
align 8
idt:
  times 0x20 dq 0
  gate tick
  times 3 dq 0
  gate key
idtr: dw $ - idt - 1
  dd idt
`;

type Logged = { at: number; input: Input };

describeWithTool('nasm', 'a machine is a function of image and inputs', () => {
  let image: Uint8Array;
  beforeEach(() => {
    image = assembleFlat(BUSY);
  });

  const newBusy = () => new X86Machine(CONFIG, image, hasher);

  /** Runs live for `rounds` stops; a tick or key now and then, readings made up from the count. */
  function record(rounds: number): { log: Logged[]; outputs: Output[]; machine: X86Machine } {
    const machine = newBusy();
    const log: Logged[] = [];
    const outputs: Output[] = [];
    const apply = (input: Input): void => {
      log.push({ at: machine.count, input });
      machine.apply(input);
    };
    for (let round = 0; round < rounds; round++) {
      const stop = machine.run(machine.count + 50);
      outputs.push(...machine.takeOutputs());
      if (stop.why === 'needs-input' && stop.need.kind !== 'entropy')
        apply({ kind: stop.need.kind, value: BigInt(machine.count) * 1_000_003n });
      else if (stop.why === 'halted' && machine.accepts('tick'))
        apply(
          round % 3 === 0 && machine.accepts('console')
            ? { kind: 'console', bytes: Uint8Array.of(0x41 + (round % 26)) }
            : { kind: 'tick', timer: 0 },
        );
    }
    return { log, outputs, machine };
  }

  /** Replays in pieces of `step` boundaries; `visit` sees the machine between pieces. */
  function replay(
    log: readonly Logged[],
    end: number,
    step: number,
    visit: (machine: X86Machine) => X86Machine = (machine) => machine,
  ): { outputs: Output[]; machine: X86Machine } {
    let machine = newBusy();
    const outputs: Output[] = [];
    const runTo = (count: number): void => {
      while (machine.count < count) {
        machine.run(Math.min(count, machine.count + step));
        outputs.push(...machine.takeOutputs());
        machine = visit(machine);
      }
    };
    for (const { at, input } of log) {
      runTo(at);
      machine.apply(input);
    }
    runTo(end);
    return { outputs, machine };
  }

  test('how runs are cut shows neither in outputs nor in the digest', () => {
    const { log, outputs, machine } = record(120);
    expect(log.some(({ input }) => input.kind === 'tick')).toBe(true);
    expect(log.some(({ input }) => input.kind === 'timeOfDay')).toBe(true);
    expect(consoleText(outputs)).toMatch(/^[t.]*A\n/m);
    for (const step of [1, 7, 1e9]) {
      const again = replay(log, machine.count, step);
      expect(again.machine.digest()).toBe(machine.digest());
      expect(again.outputs).toEqual(outputs);
    }
  });

  test('a machine restored in the middle goes on as the original', () => {
    const { log, outputs, machine } = record(60);
    const other = newBusy();
    let next: X86Machine = other;
    const again = replay(log, machine.count, 11, (current) => {
      const snapshot = current.snapshot();
      const heir = next;
      heir.restore(snapshot);
      expect(heir.digest()).toBe(current.digest());
      next = current;
      return heir;
    });
    expect(again.machine.digest()).toBe(machine.digest());
    expect(again.outputs).toEqual(outputs);
  });

  test('restore goes back: the same inputs lead to the same place', () => {
    const { log, machine } = record(60);
    const middle = log[Math.floor(log.length / 2)]!.at;
    const { machine: replica } = replay(
      log.filter(({ at }) => at < middle),
      middle,
      1e9,
    );
    const snapshot = replica.snapshot();
    const goOn = (): string => {
      for (const { at, input } of log.filter((entry) => entry.at >= middle)) {
        while (replica.count < at) {
          replica.run(at);
          replica.takeOutputs();
        }
        replica.apply(input);
      }
      replica.run(machine.count);
      replica.takeOutputs();
      return replica.digest();
    };
    const first = goOn();
    replica.restore(snapshot);
    expect(goOn()).toBe(first);
    expect(first).toBe(machine.digest());
  });

  test('the timer’s deadline is a pure query, in guest time', () => {
    const { machine } = record(30);
    const [timer] = machine.timers();
    expect(timer).toMatchObject({ timer: 0 });
    expect(timer!.deadlineNs).toBeGreaterThan(0);
    expect(machine.timers()).toEqual([timer]);
  });
});

describeWithTool('nasm', 'configurations', () => {
  test.each<[string, Partial<MachineConfig>]>([
    ['memory of no whole pages', { ramBytes: 1024 * 1024 + 1 }],
    ['too little memory', { ramBytes: 4096 }],
    ['memory that is no number', { ramBytes: Number.NaN }],
    ['a bad MAC', { slots: [{ kind: 'net', mac: '52:54:00:12:34' }] }],
    ['a group MAC', { slots: [{ kind: 'net', mac: '53:54:00:12:34:56' }] }],
    ['an empty disk', { slots: [{ kind: 'block', sectors: 0 }] }],
    ['nine slots', { slots: new Array(9).fill({ kind: 'empty' }) }],
    [
      'two network devices',
      { slots: new Array(2).fill({ kind: 'net', mac: '52:54:00:12:34:56' }) },
    ],
    ['a load address beyond 32 bits', { loadAddress: 2 ** 32 }],
    ['a fractional entry', { entry: 0.5 }],
    ['a command line with a zero byte', { commandLine: 'a\0b' }],
    ['a command line that does not fit', { commandLine: 'x'.repeat(4000) }],
  ])('%s is a usage error', (_title, config) => {
    let thrown: unknown;
    try {
      newMachine('hlt', config);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(VmftError);
    expect((thrown as VmftError).code).toBe('usage');
  });
});
