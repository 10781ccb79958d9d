/** From what a scenario says about its guest to the machine that runs it. */
import type { Hasher } from '../base/digest.ts';
import { X86Machine } from '../machine/machine.ts';
import type { Machine, MachineConfig } from '../machine/types.ts';
import type { RunParts } from './run.ts';
import type { GuestSpec } from './scenario.ts';

/** The configuration of a scenario's machine. */
export function machineConfig(guest: GuestSpec): MachineConfig {
  return {
    ramBytes: guest.memoryBytes,
    commandLine: guest.commandLine,
    slots: guest.devices,
    strict: false,
  };
}

/**
 * Parts for runs on the real machine. `image` finds the bytes of the image that a scenario names;
 * it is asked once for each machine.
 */
export function machineParts(image: (name: string) => Uint8Array, hasher: Hasher): RunParts {
  return {
    makeMachine: ({ guest }): Machine =>
      new X86Machine(machineConfig(guest), image(guest.image), hasher),
    hasher,
  };
}
