/**
 * Many recordings of two guests, each with a seed of its own, and every tenth replayed by a fresh
 * process. VMFT_RECORDINGS says how many; `npm run soak:recordings` makes a thousand.
 */
import { describe, expect, it } from 'vitest';
import { Prng } from '../../src/base/prng.ts';
import { LogWriter } from '../../src/hypervisor/log-file.ts';
import { Recorder } from '../../src/hypervisor/recorder.ts';
import { X86Machine } from '../../src/machine/machine.ts';
import { Folder } from '../cli/support.ts';
import {
  type CatalogueProgram,
  type CatalogueRun,
  consoleMatches,
  readCatalogue,
  type Step,
} from '../support/catalogue.ts';
import { guestImage } from '../support/guest-image.ts';
import { configOf, GuestWorld, VirtualClock } from '../support/guest-world.ts';
import { hasher } from '../support/hasher.ts';
import { runs } from '../support/runs.ts';

const RECORDINGS = Number(process.env.VMFT_RECORDINGS || runs(20));
/** Every so-many-th recording is replayed. */
const REPLAY_EVERY = 10;
const REQUESTS = 30;
const DIGEST_EVERY = 2000;

const folder = new Folder();
const catalogue = new Map(readCatalogue().map((program) => [program.name, program]));

/** Requests to kv and the answers of a store that keeps its promise, decided by a seed. */
function requestsOf(seed: number): Step[] {
  const prng = new Prng(seed);
  const store = new Map<string, string>();
  const steps = Array.from({ length: REQUESTS }, (): Step => {
    const key = `key${prng.below(8)}`;
    const value = `${prng.below(1_000_000)}`;
    const present = store.get(key);
    switch (prng.below(4)) {
      case 0:
        store.delete(key);
        return { send: `del ${key}`, reply: present === undefined ? 'none' : 'ok' };
      case 1:
        return { send: `get ${key}`, reply: present ?? 'none' };
      default:
        store.set(key, value);
        return { send: `set ${key} ${value}`, reply: 'ok' };
    }
  });
  return [...steps, { send: 'quit', reply: 'bye' }];
}

/** Records a run and writes it to a file, if asked to. */
function record(
  program: CatalogueProgram,
  run: CatalogueRun,
  seed: number,
  file: string | undefined,
): { digest: string; count: number } {
  const config = configOf(program, run);
  const image = guestImage(program.name);
  const clock = new VirtualClock(seed);
  const machine = new X86Machine(config, image, hasher);
  const recorder = new Recorder({ machine, sources: clock, hasher, digestEvery: DIGEST_EVERY });
  const world = new GuestWorld(recorder, clock, new Map(), run);
  const stop = world.play();
  expect(stop).toEqual({ why: 'exit', status: run.status });
  expect(consoleMatches(run, world.console), world.console).toBe(true);
  const { count } = machine;
  const digest = machine.digest();
  if (file !== undefined) {
    const writer = new LogWriter(hasher);
    const header = { machine: config, image, settings: { time: 'virtual', seed } };
    const end = { count, digest, reason: 'exit' as const, status: run.status };
    folder.write(
      file,
      Buffer.concat([writer.begin(header), writer.entries(world.entries), writer.end(end)]),
    );
  }
  return { digest, count };
}

describe('a recording replays in a fresh process to the same state, whatever the seed', () => {
  it.each(['dice', 'kv'])('%s', async (name) => {
    const program = catalogue.get(name)!;
    const usual = program.runs[0]!;
    const states = new Set<string>();
    let replayed = 0;
    for (let seed = 1; seed <= RECORDINGS / 2; seed++) {
      const run = name === 'kv' ? { ...usual, steps: requestsOf(seed) } : usual;
      const file = seed % REPLAY_EVERY === 1 ? `${name}-${seed}.vmlog` : undefined;
      const { digest, count } = record(program, run, seed, file);
      states.add(digest);
      if (file === undefined) continue;
      const { status, stdout, stderr } = await folder.vmft(['replay', file, '--json']);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      const result = JSON.parse(stdout);
      expect(result).toMatchObject({ stateDigest: digest, instructions: count, exit: 0 });
      expect(result.digests).toBeGreaterThan(0);
      replayed++;
    }
    expect(states.size).toBe(Math.floor(RECORDINGS / 2));
    console.info(`${name}: ${states.size} recordings, all different; ${replayed} replayed alike`);
  });
});
