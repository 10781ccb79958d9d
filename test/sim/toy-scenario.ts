/** A scenario for the toy machine, on which every kind of input and output happens often. */
import type { FaultSpec } from '../../src/sim/faults.ts';
import type { RunParts } from '../../src/sim/run.ts';
import { parseScenario, type Scenario } from '../../src/sim/scenario.ts';
import { hasher } from '../support/hasher.ts';
import { ToyMachine, type ToyProgram } from '../support/toy-machine.ts';

/** Sleeps now and then, and somebody or a timer wakes it. */
const RATES = { halt: 3, timer: 4 };

/** Runs of toy machines; each scenario's seed is the machine's program. */
export function toyParts(program: Partial<ToyProgram> = {}): RunParts {
  return {
    makeMachine: ({ seed }) =>
      new ToyMachine({ seed, exitAt: 5000, rates: RATES, ...program }, hasher),
    hasher,
  };
}

/** Two hosts, a toy that ends after 5000 instructions, somebody typing; and `faults`. */
export function toyScenario(seed: number, faults: readonly FaultSpec[] = []): Scenario {
  const scenario = parseScenario(
    `
name: toy
guest: { image: toy, ns-per-instruction: 1000, digest-every: 500 }
until-exit: on
`,
    'toy.yaml',
  );
  const typing = Array.from({ length: 500 }, (_, i) => ({
    atNs: i * 1e6,
    bytes: Uint8Array.of(i),
  }));
  return { ...scenario, seed, faults, typing };
}
