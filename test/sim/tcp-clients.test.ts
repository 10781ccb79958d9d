/**
 * TCP clients in the simulated world: the gateway that real clients come through, on the wire of a
 * replicated guest whose primary dies at any of its outputs.
 */
import { expect, it } from 'vitest';
import { Gateway } from '../../src/net/gateway.ts';
import type { FaultSpec } from '../../src/sim/faults.ts';
import { newWorld } from '../../src/sim/run.ts';
import { parseScenario } from '../../src/sim/scenario.ts';
import type { World } from '../../src/sim/world.ts';
import { runs } from '../support/runs.ts';
import { guestParts } from './guests.ts';

const COMMANDS = 8;
const EXPECTED = Array.from({ length: COMMANDS }, (_, i) => `:${i + 1}\r\n`).join('');
const MAX_EVENTS = 100_000;

const SCENARIO = parseScenario(
  `{ name: redis, guest: { image: redis, memory: 16M, ns-per-instruction: 20 }, safety: 60s,
     timing: { heartbeat: 5ms, failure-timeout: 20ms } }`,
  'redis.yaml',
);
const scenario = {
  ...SCENARIO,
  guest: { ...SCENARIO.guest, devices: [{ kind: 'net' as const, mac: '52:54:00:12:34:56' }] },
};

/** One client, which counts up a number of the guest, each time when it has the answer before. */
class RedisClient {
  readonly #gateway = new Gateway();
  readonly #world: World;
  readonly #id: number;
  #asked = 0;
  #token: number;
  answers = '';
  failures = 0;
  /** Frames that the guest has sent. */
  frames = 0;

  constructor(world: World) {
    this.#world = world;
    this.#token = world.state.gateway.token;
    this.#id = this.#gateway.connect(6379, 0)!;
    const observe = world.observe.bind(world);
    world.observe = (sent, where, output) => {
      observe(sent, where, output);
      if (output.kind !== 'frame') return;
      this.frames++;
      this.#gateway.receive(output.bytes, world.state.nowNs);
    };
  }

  /** Lets the world go on until all is answered. */
  run(): void {
    for (let events = 0; this.answers.length < EXPECTED.length && this.failures === 0; events++) {
      if (events === MAX_EVENTS) throw new Error(`${MAX_EVENTS} events, and only ${this.answers}`);
      this.#world.next();
      this.#work();
    }
  }

  #work(): void {
    const {
      state,
      scenario: { network },
    } = this.#world;
    if (state.gateway.token !== this.#token) {
      this.#token = state.gateway.token;
      this.#gateway.hurry(state.nowNs);
    }
    const answered = this.answers.split('\n').length - 1;
    if (answered === this.#asked && this.#asked < COMMANDS) {
      this.#gateway.write(this.#id, new TextEncoder().encode('INCR n\r\n'));
      this.#asked++;
    }
    this.answers += new TextDecoder().decode(this.#gateway.read(this.#id));
    const { frames, failed } = this.#gateway.poll(state.nowNs);
    this.failures += failed.length;
    for (const bytes of frames) this.#world.schedule(network.clientNs, { kind: 'frame-in', bytes });
  }
}

function play(faults: readonly FaultSpec[]): { client: RedisClient; world: World } {
  const world = newWorld({ ...scenario, faults }, guestParts);
  const client = new RedisClient(world);
  client.run();
  return { client, world };
}

it('a connection lives through a crash of the primary at any output, and loses nothing', () => {
  const { client: undisturbed } = play([]);
  expect(undisturbed.answers).toBe(EXPECTED);
  const crashes = runs(3);
  for (let i = 0; i < crashes; i++) {
    const number = 1 + Math.floor(((undisturbed.frames - 1) * i) / Math.max(1, crashes - 1));
    const at = { on: 'output', host: 'alpha', number } as const;
    const crash: FaultSpec = { at, action: { do: 'crash', host: 'alpha', losing: 'outputs-too' } };
    const { client, world } = play([crash]);
    expect(client.answers).toBe(EXPECTED);
    expect(world.state.violations).toEqual([]);
    expect(world.state.gateway.owner).toBe('beta');
  }
});
