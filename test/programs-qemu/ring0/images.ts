/**
 * The images of ring 0: small guests, each a row of cases that print what they saw (rig.inc), and
 * how one is recorded on vmft.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { assembleOrThrow } from '../../../src/cli/assembly.ts';
import { Cpu } from '../../../src/cpu/cpu.ts';
import type { LogEntry } from '../../../src/hypervisor/entry.ts';
import { Recorder } from '../../../src/hypervisor/recorder.ts';
import { X86Machine } from '../../../src/machine/machine.ts';
import type { MachineConfig, Stop } from '../../../src/machine/types.ts';
import { GuestWorld, VirtualClock } from '../../support/guest-world.ts';
import { hasher } from '../../support/hasher.ts';

/** Where the sources lie. */
export const RING0 = dirname(fileURLToPath(import.meta.url));

/** The images by name, with the command lines that each is run with. */
export const IMAGES: readonly { readonly name: string; readonly commandLines: string[] }[] =
  readdirSync(RING0)
    .filter((file) => file.endsWith('.asm'))
    .sort()
    .map((file) => {
      const variants = /^; runs: (.*)$/m.exec(readFileSync(`${RING0}/${file}`, 'utf8'))?.[1];
      return { name: file.slice(0, -4), commandLines: variants?.split(' ') ?? [''] };
    });

/** The image as the product's own assembler makes it. */
export function assembleImage(name: string): Uint8Array {
  const file = `${RING0}/${name}.asm`;
  return assembleOrThrow(file, readFileSync(file), { format: 'elf' }).image;
}

/** A machine about to run `image`, as small as the images allow, and its processor. */
export function newMachine(image: Uint8Array, commandLine: string) {
  const config: MachineConfig = { ramBytes: 0x14_0000, commandLine, slots: [], strict: false };
  let cpu: Cpu | undefined;
  const machine = new X86Machine(config, image, hasher, (memory, ramBytes, bus) => {
    cpu = new Cpu(memory, ramBytes, bus);
    return cpu;
  });
  return { machine, cpu: cpu! };
}

/** A run of an image to its end. */
export interface Ring0Run {
  readonly console: string;
  readonly stop: Stop;
  readonly entries: readonly LogEntry[];
  readonly machine: X86Machine;
}

/** Runs `image` to its end in virtual time; a digest entry every `digestEvery` instructions. */
export function recordImage(image: Uint8Array, commandLine: string, digestEvery = 1e9): Ring0Run {
  const { machine } = newMachine(image, commandLine);
  const clock = new VirtualClock(1);
  const recorder = new Recorder({ machine, sources: clock, hasher, digestEvery });
  const nobody = { title: '', console: '', status: 0 };
  const world = new GuestWorld(recorder, clock, new Map(), nobody);
  const stop = world.play();
  return { console: world.console, stop, entries: world.entries, machine };
}
