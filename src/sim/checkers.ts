/**
 * Who decides whether a run was right. The checkers see what clients, disk, gateway and console
 * saw, and the machine that went on; never the inside of a replica. Three more report while a world
 * runs: `output-rule` and `one-live` (world.ts) and `divergence` (the replayer, at every output and
 * digest).
 *
 * `requirement` is the Output Requirement [P §2.2] to the letter: the machine that lived on has
 * made every output that anyone outside has ever taken, under the same ordinal, byte for byte.
 * Repetition is allowed once for each token; a receiver that took one output twice under one token
 * is not.
 */
import { isDone } from './client.ts';
import { diskOf } from './disk.ts';
import type { SimHost } from './host.ts';
import { type Counterhistory, checkHistory, type Operation } from './linearizability.ts';
import { hasEnded, isLive, isLost, survivor } from './lives.ts';
import { MODELS } from './models.ts';
import { judgeDeliveries } from './report.ts';
import { sameSector, sectorNames } from './sectors.ts';
import type { Observation, Violation } from './trace.ts';
import type { World } from './world.ts';

type Found = Omit<Violation, 'timeNs'>;

/** Everything that the end of a run shows to be wrong. */
export function judge(world: World): Violation[] {
  const found = [...liveness(world), ...expected(world), ...judgeDeliveries(world)];
  return [...judgeSafety(world), ...dated(world, found)];
}

/** What is wrong already, whatever may come yet. */
export function judgeSafety(world: World): Violation[] {
  const found = [requirement, repetition, diskOrder, ownDisks].flatMap((check) => check(world));
  return dated(world, found);
}

const dated = ({ state }: World, found: readonly Found[]): Violation[] =>
  found.map((violation) => ({ ...violation, timeNs: state.nowNs }));

function requirement(world: World): Found[] {
  const { id, state } = survivor(world);
  const found = beforeColdStart(world);
  const first = world.state.coldStart?.observations ?? 0;
  for (const seen of world.state.observations.slice(first)) {
    const made = state.outputs[seen.ordinal];
    if (made === seen.hash) continue;
    const instead = made === undefined ? 'never made it' : 'made something else under that ordinal';
    const taken = `${seen.where} took ${describe(seen)}`;
    const evidence = `${taken}, but the machine that lived on (${id}) ${instead}`;
    found.push({ checker: 'requirement', evidence });
  }
  return found;
}

/** A machine that was begun anew has made nothing of what was taken before. */
function beforeColdStart({ state: { coldStart, observations } }: World): Found[] {
  if (!coldStart || coldStart.observations === 0) return [];
  const { host, observations: count } = coldStart;
  const what = `${describe(observations[0]!)} and ${count - 1} more`;
  const evidence = `receivers took ${what}, but the machine on ${host} was begun anew after that`;
  return [{ checker: 'requirement', evidence }];
}

const describe = ({ what, ordinal, host }: Observation): string =>
  `${what} (output ${ordinal}) from ${host}`;

function repetition(world: World): Found[] {
  const taken = new Set<string>();
  const found: Found[] = [];
  for (const seen of world.state.observations) {
    const key = `${seen.token}:${seen.ordinal}`;
    if (taken.has(key)) {
      const evidence = `${seen.where} took ${describe(seen)} twice under token ${seen.token}`;
      found.push({ checker: 'repetition', evidence });
    }
    taken.add(key);
  }
  return found;
}

/**
 * Every sector holds the last of the writes that the guest made to it, once the machine that lived
 * on has no request under way: an older write that comes late must not undo a newer one.
 */
function diskOrder(world: World): Found[] {
  const { host } = survivor(world);
  if (!host) return [];
  const { held, released } = host.replica.state().outputs;
  if ([...held, ...released].some(({ output }) => output.kind === 'disk')) return [];
  const found: Found[] = [];
  for (const [name, { latest, highest }] of Object.entries(diskOf(world, host.id).writes)) {
    if (latest === highest) continue;
    const evidence = `sector ${name} holds output ${latest}, older than output ${highest}`;
    found.push({ checker: 'disk-order', evidence });
  }
  return found;
}

/**
 * Where each host has disks of its own: those of primary, backup and alone replica are, byte for
 * byte, what their machine has written, but for sectors to which something is under way.
 */
function ownDisks(world: World): Found[] {
  const found: Found[] = [];
  for (const [id, { sectors }] of Object.entries(world.state.ownDisks)) {
    const host = world.host(id);
    if (!hasMachine(host)) continue;
    const { written } = host.state;
    const wanted = { ...world.parts.sectors, ...written.sectors };
    const mirror = host.replica.state().mirror.map(({ request }) => request);
    const open = new Set([...written.underWay, ...mirror].flatMap(sectorNames));
    const names = new Set([...Object.keys(wanted), ...Object.keys(sectors)]);
    const wrong = [...names].filter(
      (name) => !open.has(name) && !sameSector(wanted[name], sectors[name]),
    );
    if (wrong.length === 0) continue;
    const some = wrong.slice(0, MAX_NAMED).join(', ');
    const evidence = `the disk of ${id} is not what its machine has written: sectors ${some}`;
    found.push({ checker: 'own-disk', evidence });
  }
  return found;
}

/** Sectors that a violation names. */
const MAX_NAMED = 4;

/** Whether a host has the machine, or had it at a clean end. */
function hasMachine({ replica, state }: SimHost): boolean {
  const { role } = replica;
  if (state.reason === 'guest-exit' || state.reason === 'power-off') return true;
  if (state.status !== 'up') return false;
  return role === 'primary' || role === 'backup' || role === 'alone';
}

/** Once everything is healed, everything is answered, unless the machine is lost. */
function liveness(world: World): Found[] {
  const { state, scenario } = world;
  if (isLost(world)) return [];
  const found: Found[] = [];
  if (!hasEnded(world) && !isLive(world)) {
    found.push({ checker: 'liveness', evidence: 'no host goes on with the machine' });
  }
  for (const [index, spec] of scenario.clients.entries()) {
    const client = state.clients[index]!;
    if (isDone(spec, client)) continue;
    const evidence = `${spec.name} has no answer to "${spec.requests[client.next]!.text}"`;
    found.push({ checker: 'liveness', evidence });
  }
  if (scenario.untilExit && state.exitStatus === undefined) {
    found.push({ checker: 'liveness', evidence: 'the guest has not ended' });
  }
  return found;
}

/** The answers that a client was told, in order, repetitions left out. */
export function answersOf(world: World, index: number): string[] {
  const { saw } = world.state.clients[index]!;
  return saw.filter(({ repetition }) => !repetition).map(({ text }) => text);
}

/** What all clients asked and were told. */
function historyOf({ scenario, state }: World): Operation[] {
  return scenario.clients.flatMap(({ name, requests }, index) => {
    const { calls, saw } = state.clients[index]!;
    const told = saw.filter(({ repetition }) => !repetition);
    return calls.map((calledNs, n) => ({
      client: name,
      request: requests[n]!.text,
      answer: told[n]?.text,
      calledNs,
      returnedNs: told[n]?.atNs ?? state.nowNs,
    }));
  });
}

/** Parts of the clients' history that cannot be, where the scenario wants to know; see there. */
export function failingHistories(world: World): Counterhistory[] {
  const { linearizable } = world.scenario.expect;
  return linearizable ? checkHistory(historyOf(world), MODELS[linearizable]) : [];
}

/** A history that cannot be: a line for each operation. */
function describeHistory({ key, operations }: Counterhistory): string {
  const ms = (ns: number): string => (ns / 1e6).toFixed(3);
  const lines = operations.map(({ client, request, answer, calledNs, returnedNs }) => {
    const end = answer === undefined ? '…' : `${ms(returnedNs)} ms`;
    return `  ${ms(calledNs)} to ${end}: ${client} asks ${request}, is told ${answer ?? 'nothing'}`;
  });
  return [`no single machine can have answered so about ${key}:`, ...lines].join('\n');
}

/** Everything that the guest has printed, as the console sink has it. */
export function consoleOf(world: World): string {
  return new TextDecoder().decode(Uint8Array.from(world.state.gateway.console));
}

function expected(world: World): Found[] {
  const { expect, clients } = world.scenario;
  const found: Found[] = [];
  const compare = (checker: string, what: string, want: unknown, got: unknown): void => {
    if (JSON.stringify(want) === JSON.stringify(got)) return;
    const evidence = `expected ${what} ${JSON.stringify(want)}, got ${JSON.stringify(got)}`;
    found.push({ checker, evidence });
  };
  for (const [index, { name }] of clients.entries()) {
    const want = expect.answers[name];
    if (want) compare('answers', `${name} to be told`, want, answersOf(world, index));
  }
  if (expect.console !== undefined) {
    compare('console', 'the console', expect.console, consoleOf(world));
  }
  if (expect.exit !== undefined) {
    compare('exit', 'the exit status', expect.exit, world.state.exitStatus ?? null);
  }
  if (expect.diverged.length > 0) {
    compare('diverged', 'to leave the path', expect.diverged, world.state.diverged);
  }
  for (const [host, want] of Object.entries(expect.refused ?? {})) {
    const own = world.state.refusals.filter((refusal) => refusal.host === host);
    compare(
      'refused',
      `${host} to refuse`,
      want,
      own.map(({ why }) => why),
    );
  }
  for (const failing of failingHistories(world)) {
    found.push({ checker: 'linearizable', evidence: describeHistory(failing) });
  }
  if (expect.alone) compare('alone', 'to go on alone', expect.alone, world.state.alone);
  return found;
}

/** What a run must share with the same run without faults, where the scenario says so. */
export function compareRuns(world: World, reference: World): Violation[] {
  const found: Violation[] = [];
  const report = (evidence: string): void => {
    found.push({ checker: 'as-without-faults', timeNs: world.state.nowNs, evidence });
  };
  const differ = (part: string, want: unknown, got: unknown): void => {
    const [a, b] = [JSON.stringify(want), JSON.stringify(got)];
    if (a !== b) report(`${part} without faults: ${a}; in this run: ${b}`);
  };
  for (const part of world.scenario.expect.asWithoutFaults) {
    if (part === 'console') differ(part, consoleOf(reference), consoleOf(world));
    else if (part === 'disk') {
      const wrong = differingSectors(reference, world);
      if (wrong !== '') report(`the disk is another than without faults: ${wrong}`);
    } else {
      for (const [index, { name }] of world.scenario.clients.entries()) {
        differ(`answers to ${name}`, answersOf(reference, index), answersOf(world, index));
      }
    }
  }
  return found;
}

/** The sectors in which the disks of two worlds differ, a few of them by name. */
function differingSectors(a: World, b: World): string {
  const [one, other] = [a, b].map((world) => diskOf(world, survivor(world).id).sectors);
  const names = [...new Set([...Object.keys(one!), ...Object.keys(other!)])].sort();
  const wrong = names.filter((name) => !sameSector(one![name], other![name]));
  return wrong.length > 0 ? `${wrong.length} sectors, ${wrong.slice(0, MAX_NAMED).join(', ')}` : '';
}
