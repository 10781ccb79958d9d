/**
 * Runs a random guest without a hypervisor: inputs from outside come at counts that are fixed
 * beforehand (earlier where the guest sleeps), readings follow from the count. So however a run is
 * cut into pieces, the same happens at the same counts.
 */
import fc from 'fast-check';
import { Prng } from '../../src/base/prng.ts';
import type { Need, Reading } from '../../src/cpu/bus.ts';
import { X86Machine } from '../../src/machine/machine.ts';
import type { Output } from '../../src/machine/output.ts';
import type { Snapshot } from '../../src/machine/types.ts';
import { hasher } from './hasher.ts';
import { imageOf, RANDOM_CONFIG, type RandomProgram, randomProgram } from './random-program.ts';

/** Something happens outside: what, follows from the seed and from what the machine accepts. */
export interface Happening {
  readonly count: number;
  readonly seed: number;
}

export interface RandomRun {
  readonly program: RandomProgram;
  /** In ascending order of their counts. */
  readonly happenings: readonly Happening[];
}

/** Runs of `length` instructions. */
export function randomRun(length: number): fc.Arbitrary<RandomRun> {
  const happening = fc.record({ count: fc.nat(length), seed: fc.integer() });
  return fc.record({
    program: randomProgram,
    happenings: fc
      .array(happening, { maxLength: 40, size: 'max' })
      .map((list) => list.sort((a, b) => a.count - b.count)),
  });
}

export function newRandomMachine(program: RandomProgram): X86Machine {
  return new X86Machine(RANDOM_CONFIG, imageOf(program), hasher);
}

function readingAt(count: number, need: Need): Reading {
  const prng = new Prng(count);
  if (need.kind === 'entropy') return { kind: 'entropy', bytes: prng.bytes(need.size) };
  return { kind: need.kind, value: BigInt(count * 1000 + prng.below(1000)) };
}

/** Bytes that also make sense as code, should they land there: inc and dec of registers. */
function codeBytes(prng: Prng, size: number): Uint8Array {
  return prng.bytes(size).map((byte) => ((byte & 7) === 4 ? 0x90 : 0x40 | (byte & 15)));
}

function happen(machine: X86Machine, seed: number): void {
  const prng = new Prng(seed);
  const kind = prng.below(5);
  if (kind === 0 && machine.timers().length > 0) machine.apply({ kind: 'tick', timer: 0 });
  else if ((kind === 1 || kind === 4) && machine.accepts('packet')) {
    machine.apply({ kind: 'packet', bytes: codeBytes(prng, 14 + prng.below(80)) });
  } else if (kind === 2 && machine.accepts('console')) {
    machine.apply({ kind: 'console', bytes: prng.bytes(1 + prng.below(4)) });
  } else if (kind === 3) {
    const request = machine.pendingIo()[0];
    if (!request) return;
    const ok = prng.chance(0.8);
    const data =
      ok && request.op === 'read' ? { data: codeBytes(prng, 512 * request.sectors) } : {};
    machine.apply({ kind: 'disk', id: request.id, ok, ...data });
  }
}

/** A machine under way. */
export class RandomExecution {
  readonly machine: X86Machine;
  readonly outputs: Output[] = [];
  /** Why the guest has ended, if it has. */
  ended: string | undefined;
  readonly #happenings: readonly Happening[];
  #next = 0;

  constructor(run: RandomRun, machine = newRandomMachine(run.program)) {
    this.machine = machine;
    this.#happenings = run.happenings;
  }

  /** Runs until the count is `until`, the guest ends, or sleeps with nothing more to come. */
  run(until: number): void {
    const { machine } = this;
    while (this.ended === undefined) {
      const next = this.#happenings[this.#next];
      if (next && machine.count >= next.count) {
        this.#happen();
        continue;
      }
      const stop = machine.run(Math.min(until, next?.count ?? until));
      this.outputs.push(...machine.takeOutputs());
      if (stop.why === 'needs-input') machine.apply(readingAt(machine.count, stop.need));
      else if (stop.why === 'halted' && next) this.#happen();
      else if (stop.why === 'halted') this.ended = 'halted';
      else if (stop.why === 'exit') this.ended = `exit ${stop.status}`;
      else if (stop.why === 'fault') this.ended = `fault ${stop.vector}`;
      else if (machine.count >= until) return;
    }
  }

  #happen(): void {
    happen(this.machine, this.#happenings[this.#next++]!.seed);
  }

  /** Everything of it at this moment. */
  snapshot(): { machine: Snapshot; next: number } {
    return { machine: this.machine.snapshot(), next: this.#next };
  }

  /** Goes on from a snapshot of the same run. */
  restore({ machine, next }: ReturnType<RandomExecution['snapshot']>): void {
    this.machine.restore(machine);
    this.#next = next;
    this.ended = undefined;
  }

  /** What two executions must agree on. */
  get place(): { count: number; digest: string; ended: string | undefined } {
    const { machine, ended } = this;
    return { count: machine.count, digest: machine.digest(), ended };
  }
}
