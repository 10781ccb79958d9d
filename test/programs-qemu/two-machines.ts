/**
 * Plays one run of the catalogue with the same image on two machines, QEMU's microvm board and
 * vmft, and says what came out on each.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Recorder } from '../../src/hypervisor/recorder.ts';
import { X86Machine } from '../../src/machine/machine.ts';
import type { CatalogueProgram, CatalogueRun } from '../support/catalogue.ts';
import { guestImage } from '../support/guest-image.ts';
import { configOf, GuestWorld, newDisks, VirtualClock } from '../support/guest-world.ts';
import { hasher } from '../support/hasher.ts';
import { QemuGuest } from './qemu.ts';

/** What can be seen of a run from outside. */
export interface Outcome {
  readonly console: string;
  readonly status: number;
  /** Datagrams that the guest sent in answer to requests. */
  readonly replies: readonly string[];
  /** The disk afterwards, if there is one. */
  readonly disk: Uint8Array | undefined;
}

/** Whether the disks hold the same, or there is none. */
export function sameDisk(a: Outcome, b: Outcome): boolean {
  return a.disk === b.disk || Buffer.compare(a.disk!, b.disk!) === 0;
}

/** A guest with its image and its disks on both machines; a disk keeps what a run leaves on it. */
export class TwoMachines {
  readonly program: CatalogueProgram;
  readonly #image: Uint8Array;
  readonly #elf: string;
  readonly #disk: string;
  readonly #disks: Map<number, Uint8Array>;

  /** `directory` takes the image and the disk for QEMU. */
  constructor(program: CatalogueProgram, directory: string) {
    this.program = program;
    this.#image = guestImage(program.name);
    this.#elf = join(directory, `${program.name}.elf`);
    this.#disk = join(directory, `${program.name}.img`);
    this.#disks = newDisks(program);
    writeFileSync(this.#elf, this.#image);
    for (const disk of this.#disks.values()) writeFileSync(this.#disk, disk);
  }

  async onQemu(run: CatalogueRun): Promise<Outcome> {
    const { devices } = this.program;
    const guest = await QemuGuest.start(this.#elf, run.commandLine ?? '', devices, this.#disk);
    const replies: string[] = [];
    try {
      if (run.ready !== undefined) await guest.shows(run.ready);
      for (const step of run.steps ?? []) {
        if ('waitMs' in step) await sleep(step.waitMs);
        else if ('type' in step) guest.type(step.type);
        else replies.push(await guest.request(`#${replies.length + 1} ${step.send}`));
      }
      const status = await guest.end();
      const disk = existsSync(this.#disk) ? new Uint8Array(readFileSync(this.#disk)) : undefined;
      return { console: guest.console, status, replies, disk };
    } finally {
      guest.kill();
    }
  }

  /** With the instructions that the run took. */
  onVmft(run: CatalogueRun): Outcome & { readonly instructions: number } {
    const clock = new VirtualClock(1);
    const machine = new X86Machine(configOf(this.program, run), this.#image, hasher);
    const recorder = new Recorder({ machine, sources: clock, hasher });
    const world = new GuestWorld(recorder, clock, this.#disks, run);
    const stop = world.play();
    if (stop.why !== 'exit') throw new Error(`an exit expected, got ${stop.why}`);
    return {
      console: world.console,
      status: stop.status,
      replies: world.replies,
      disk: [...this.#disks.values()][0],
      instructions: machine.count,
    };
  }
}
