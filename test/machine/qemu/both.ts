/**
 * One guest on two boards: scripts of accesses, one after the other, on QEMU and on vmft. What they
 * read is compared script by script. On both an instruction takes NS_PER_INSTRUCTION of the guest's
 * time (`-icount` on QEMU), so that even what timers show can be compared.
 *
 * Outside, both have the same: a disk of zeros, and a wire that sends every frame back.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { X86Machine } from '../../../src/machine/machine.ts';
import type { DiskRequest, Output } from '../../../src/machine/output.ts';
import { buildWithNasm, QemuGuest } from '../../programs-qemu/qemu.ts';
import { type Access, accessGuest, isRead, readings } from '../../support/access-guest.ts';
import { NS_PER_INSTRUCTION, START_OF_DAY } from '../../support/board-bench.ts';
import type { CatalogueDevice } from '../../support/catalogue.ts';
import { hasher } from '../../support/hasher.ts';
import { freePort } from '../../support/ports.ts';

/** Sectors of the disk. */
export const SECTORS = 64;

const MAC = '52:54:00:12:34:56';
/** -icount counts in powers of two. */
const SHIFT = Math.log2(NS_PER_INSTRUCTION);

/** A guest on vmft, with its time, its disk and its wire. */
class Here {
  console = '';
  readonly #machine: X86Machine;
  readonly #disk = new Uint8Array(512 * SECTORS);

  constructor(elf: Uint8Array, devices: readonly CatalogueDevice[]) {
    const slots = devices.map((device) =>
      device.kind === 'net' ? { ...device, mac: MAC } : device,
    );
    const config = { ramBytes: 16 << 20, commandLine: '', slots, strict: false };
    this.#machine = new X86Machine(config, elf, hasher);
  }

  get #nowNs(): number {
    return NS_PER_INSTRUCTION * this.#machine.count;
  }

  /** Runs to the guest's end. */
  run(): this {
    const machine = this.#machine;
    // The instruction that takes a reading may set a timer.
    for (let single = false; ; ) {
      const [timer] = machine.timers();
      if (timer && timer.deadlineNs <= this.#nowNs) machine.apply({ kind: 'tick', timer: 0 });
      const due = Math.ceil((timer?.deadlineNs ?? 1e12) / NS_PER_INSTRUCTION);
      const next = machine.count + 1;
      const stop = machine.run(single ? next : Math.max(next, due));
      single = stop.why === 'needs-input';
      for (const output of machine.takeOutputs()) this.#take(output);
      if (stop.why === 'exit') return this;
      if (stop.why !== 'needs-input') expect(['output', 'budget']).toContain(stop.why);
      else if (stop.need.kind === 'entropy')
        machine.apply({ kind: 'entropy', bytes: new Uint8Array(stop.need.size).fill(1) });
      else {
        const start = stop.need.kind === 'timeOfDay' ? START_OF_DAY : 0n;
        machine.apply({ kind: stop.need.kind, value: start + BigInt(this.#nowNs) });
      }
    }
  }

  #take(output: Output): void {
    const machine = this.#machine;
    if (output.kind === 'console') this.console += Buffer.from(output.bytes).toString('latin1');
    if (output.kind === 'disk') this.#serve(output.request);
    if (output.kind === 'frame' && machine.accepts('packet'))
      machine.apply({ kind: 'packet', bytes: output.bytes });
  }

  #serve({ id, op, sector, sectors, data }: DiskRequest): void {
    const at = 512 * sector;
    if (data) this.#disk.set(data, at);
    const read = op === 'read' ? { data: this.#disk.slice(at, at + 512 * sectors) } : {};
    this.#machine.apply({ kind: 'disk', id, ok: true, ...read });
  }
}

/** A wire that sends every frame back: QEMU's arguments for a card at its end, in slot `slot`. */
async function echoWire(slot: number) {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const port = await freePort();
  socket.on('message', (frame) => socket.send(frame, port, '127.0.0.1'));
  const end = (name: string, at: number) =>
    `${name}.type=inet,${name}.host=127.0.0.1,${name}.port=${at}`;
  const card = `virtio-net-device,netdev=n,bus=virtio-mmio-bus.${slot}`;
  const netdev = `dgram,id=n,${end('local', port)},${end('remote', socket.address().port)}`;
  return { socket, arguments: ['-netdev', netdev, '-device', card] };
}

/** What the guest reads on QEMU. */
async function runThere(elf: string, devices: readonly CatalogueDevice[], disk: string) {
  const more = ['-icount', `shift=${SHIFT}`, '-rtc', 'base=2024-02-29T12:34:56,clock=vm'];
  const net = devices.findIndex(({ kind }) => kind === 'net');
  const wire = net < 0 ? undefined : await echoWire(net);
  // The wire's card stands in a slot of its own; QemuGuest knows only cards on its own network.
  const others = net < 0 ? devices : devices.slice(0, net);
  const guest = await QemuGuest.start(elf, '', others, disk, [...more, ...(wire?.arguments ?? [])]);
  try {
    expect(await guest.end()).toBe(0);
    return guest.console;
  } finally {
    guest.kill();
    wire?.socket.close();
  }
}

/** How one script went on a board, for people: access by access, with what was read. */
function transcript(script: readonly Access[], values: readonly number[]): string[] {
  let next = 0;
  return script.map((access) => {
    const [kind, at, value] = access;
    const result = isRead(access) ? `→ ${values[next++]!.toString(16)}` : '';
    return `${kind} ${at.toString(16)} ${value?.toString(16) ?? ''} ${result}`.trimEnd();
  });
}

/**
 * Runs `scripts` on both boards; the first script that reads differently fails with both
 * transcripts. A network card comes after the other devices.
 */
export async function compare(
  scripts: readonly (readonly Access[])[],
  devices: readonly CatalogueDevice[] = [],
): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'vmft-qemu-'));
  try {
    const [source, elf, disk] = ['guest.asm', 'guest.elf', 'disk'].map((n) => join(directory, n));
    const accesses = scripts.flat();
    writeFileSync(source!, accessGuest(accesses));
    writeFileSync(disk!, new Uint8Array(512 * SECTORS));
    buildWithNasm(source!, elf!);
    const there = readings(accesses, await runThere(elf!, devices, disk!));
    const here = new Here(new Uint8Array(readFileSync(elf!)), devices).run();
    const values = readings(accesses, here.console);
    let from = 0;
    for (const [i, script] of scripts.entries()) {
      const to = from + script.filter(isRead).length;
      const ours = values.slice(from, to);
      const theirs = there.slice(from, to);
      if (ours.some((value, n) => value !== theirs[n]))
        expect(transcript(script, ours), `script ${i}`).toEqual(transcript(script, theirs));
      from = to;
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
}
