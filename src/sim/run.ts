/** One scenario from beginning to end, judged. */
import { type Digest, type Hasher, toHex } from '../base/digest.ts';
import { Prng } from '../base/prng.ts';
import type { HostId, Role, Rules } from '../ft/ports.ts';
import type { Machine } from '../machine/types.ts';
import { answersOf, compareRuns, consoleOf, failingHistories, judge } from './checkers.ts';
import { describeAction } from './faults.ts';
import { LEFT_OUT } from './left-out.ts';
import type { Counterhistory } from './linearizability.ts';
import { survivor } from './lives.ts';
import { type Report, reportsOf } from './report.ts';
import { RULE_NAMES, type Scenario } from './scenario.ts';
import { SECTOR_BYTES, sectorName } from './sectors.ts';
import { runSweep } from './sweep.ts';
import type { TraceEvent, Violation } from './trace.ts';
import { World } from './world.ts';

/** What a run needs beside its scenario. */
export interface RunParts {
  /** The guest of a scenario, about to execute its first instruction. */
  readonly makeMachine: (scenario: Scenario) => Machine;
  readonly hasher: Hasher;
  /** What the disk holds at first, by "disk:sector"; zeros by default. */
  readonly sectors?: Readonly<Record<string, Uint8Array>>;
  /** What the command line calls the scenario; its name by default. */
  readonly file?: string;
  /** Keep a trace; true by default. */
  readonly tracing?: boolean;
}

/** What a run came to. */
export interface Outcome {
  readonly scenario: string;
  readonly verdict: 'ok' | 'violated';
  readonly violations: readonly Violation[];
  readonly trace: readonly TraceEvent[];
  /** What each client was told, in order, repetitions left out. */
  readonly answers: Readonly<Record<string, readonly string[]>>;
  readonly console: string;
  readonly exitStatus: number | undefined;
  readonly roles: Readonly<Record<HostId, Role | 'crashed'>>;
  readonly stats: RunStats;
  /** What the clients saw and no single machine can have shown, the shortest first. */
  readonly histories: readonly Counterhistory[];
  /** The tables that the scenario asks for. */
  readonly reports: readonly Report[];
  /** The command that repeats this run exactly. */
  readonly command: string;
}

/** Figures of a run. */
export interface RunStats {
  /** Virtual time of the whole run, in ns. */
  readonly timeNs: number;
  readonly events: number;
  /** Instructions of the machine that lived on, its outputs and its log entries. */
  readonly instructions: number;
  readonly outputs: number;
  readonly entries: number;
  /** Bytes that the replicas sent to each other on the channel. */
  readonly channelBytes: number;
  /** Faults that fired, and those that never found their moment. */
  readonly fired: readonly string[];
  readonly notFired: readonly string[];
  /** The most outputs that one receiver or another took twice. */
  readonly repetitions: number;
}

/** Runs `scenario` to its end and judges it. Pure: the same scenario gives the same outcome. */
export function runScenario(scenario: Scenario, parts: RunParts): Outcome {
  const world = runWorld(scenario, parts);
  return outcomeOf(world, parts);
}

/** The world of `scenario` before its first event. */
export function newWorld(scenario: Scenario, parts: RunParts): World {
  const { hasher, tracing, sectors } = parts;
  return new World(scenario, {
    makeMachine: () => parts.makeMachine(scenario),
    hasher,
    configuration: configurationOf(scenario, hasher),
    sectors: { ...filledSectors(scenario), ...sectors },
    tracing: tracing ?? true,
  });
}

/** What the first disk holds at its end from the beginning, where the scenario wants that. */
function filledSectors({ guest, disk, seed }: Scenario): Record<string, Uint8Array> {
  const slot = guest.devices.findIndex(({ kind }) => kind === 'block');
  const device = guest.devices[slot];
  if (device?.kind !== 'block') return {};
  const prng = new Prng(seed);
  const filled: Record<string, Uint8Array> = {};
  for (let sector = device.sectors - disk.filled; sector < device.sectors; sector++) {
    filled[sectorName(slot, sector)] = prng.bytes(SECTOR_BYTES);
  }
  return filled;
}

/** The world of `scenario` after its last event. */
export function runWorld(scenario: Scenario, parts: RunParts): World {
  const world = newWorld(scenario, parts);
  while (world.next());
  return world;
}

/** Two replicas must agree on everything that decides what their machine is. */
function configurationOf({ guest }: Scenario, hasher: Hasher): Digest {
  return toHex(hasher.hash(new TextEncoder().encode(JSON.stringify(guest))));
}

/** Judges a world that has ended. */
export function outcomeOf(world: World, parts: RunParts): Outcome {
  const { scenario, state } = world;
  const sweep = runSweep(scenario, (point) => {
    const varied = runWorld(point, { ...parts, tracing: false });
    return { world: varied, violations: [...varied.state.violations, ...judge(varied)] };
  });
  const violations = [
    ...state.violations,
    ...judge(world),
    ...compareToReference(world, parts),
    ...sweep.violations,
  ];
  const answers: Record<string, string[]> = {};
  for (const [index, { name }] of scenario.clients.entries())
    answers[name] = answersOf(world, index);
  return {
    scenario: scenario.name,
    verdict: violations.length === 0 ? 'ok' : 'violated',
    violations,
    trace: state.trace,
    answers,
    console: consoleOf(world),
    exitStatus: state.exitStatus,
    roles: rolesOf(world),
    stats: statsOf(world),
    histories: failingHistories(world),
    reports: [...reportsOf(world), ...sweep.reports],
    command: commandOf(scenario, parts.file ?? scenario.name),
  };
}

function compareToReference(world: World, parts: RunParts): Violation[] {
  const { scenario } = world;
  if (scenario.expect.asWithoutFaults.length === 0) return [];
  return compareRuns(world, runWorld(withoutFaults(scenario), { ...parts, tracing: false }));
}

/** The same run on one machine to which nothing happens. */
export function withoutFaults(scenario: Scenario): Scenario {
  return { ...scenario, faults: [], hosts: scenario.hosts.slice(0, 1) };
}

function rolesOf(world: World): Record<HostId, Role | 'crashed'> {
  const roles: Record<HostId, Role | 'crashed'> = {};
  for (const [id, host] of world.hosts) {
    roles[id] = host.state.status === 'crashed' ? 'crashed' : host.replica.role;
  }
  return roles;
}

function statsOf(world: World): RunStats {
  const { scenario, state } = world;
  const lived = survivor(world).state;
  const fired = scenario.faults.filter((_, index) => state.firedFaults[index]);
  const notFired = scenario.faults.filter((_, index) => !state.firedFaults[index]);
  const distinct = new Set(state.observations.map(({ ordinal }) => ordinal));
  return {
    timeNs: state.nowNs,
    events: state.events,
    instructions: lived.count,
    outputs: lived.outputs.length,
    entries: lived.entries,
    channelBytes: state.sentBytes,
    fired: fired.map(({ action }) => describeAction(action)),
    notFired: notFired.map(({ action }) => describeAction(action)),
    repetitions: state.observations.length - distinct.size,
  };
}

function commandOf({ seed, rules, leftOut }: Scenario, file: string): string {
  const off = Object.keys(RULE_NAMES).filter((name) => !rules[RULE_NAMES[name]!]);
  const without = [...off, ...leftOut].map((name) => ` --without ${name}`);
  return `vmft scenario ${file} --seed ${seed}${without.join('')}`;
}

/** The scenario without a rule or mechanism, one of OPTIONAL_NAMES, and without its sweep. */
export function withoutRule(shipped: Scenario, rule: string): Scenario {
  const scenario = { ...shipped, axes: [], points: [] };
  if (LEFT_OUT.includes(rule)) return { ...scenario, leftOut: [...scenario.leftOut, rule] };
  const rules: Rules = { ...scenario.rules, [RULE_NAMES[rule]!]: false };
  return { ...scenario, rules: Object.freeze(rules) };
}
