/**
 * Disk, arbiter, gateway and console sink keep their part of protocol.md §4; numbers are its rules.
 */
import { describe, expect, it } from 'vitest';
import type { DiskRequest } from '../../src/machine/output.ts';
import { wakeDisk } from '../../src/sim/disk.ts';
import type { SimEvent } from '../../src/sim/events.ts';
import { newWorld } from '../../src/sim/run.ts';
import type { World } from '../../src/sim/world.ts';
import { toyParts, toyScenario } from './toy-scenario.ts';

/** A world in which nothing happens by itself. */
function stillWorld(): World {
  const world = newWorld({ ...toyScenario(1), typing: [] }, toyParts());
  world.state.queue = [];
  return world;
}

/** Lets everything happen that has been scheduled; what hosts would be told, in order. */
function settle(world: World): string[] {
  const told: string[] = [];
  while (world.state.queue.length > 0) {
    const { event } = world.state.queue[0]!;
    const inner = event.kind === 'arrival' ? event.payload : event;
    if (inner.kind === 'host') {
      told.push(`${inner.host}: ${inner.event.kind}`);
      world.host(inner.host).state.status = 'halted';
    }
    world.next();
  }
  return told;
}

const write = (id: number, byte: number): DiskRequest => ({
  id,
  disk: 0,
  op: 'write',
  sector: 5,
  sectors: 1,
  data: new Uint8Array(512).fill(byte),
});

const request = (host: string, token: number, what: DiskRequest): SimEvent => ({
  kind: 'disk-request',
  host,
  life: 1,
  token,
  ordinal: what.id,
  request: what,
});

const sector = (world: World): number | undefined => world.state.disk.sectors['0:5']?.[0];

describe('the disk', () => {
  it('compares a request with the fence when it applies it, not when it accepts it (8)', () => {
    const world = stillWorld();
    world.schedule(0, request('alpha', 2, write(1, 0xaa)));
    world.schedule(1, { kind: 'disk-fence', host: 'beta', life: 1, token: 3 });
    expect(settle(world)).toEqual(['beta: fenced', 'alpha: refused']);
    expect(sector(world)).toBeUndefined();
  });

  it('never lowers its fence (8)', () => {
    const world = stillWorld();
    world.schedule(0, { kind: 'disk-fence', host: 'beta', life: 1, token: 3 });
    world.schedule(1, { kind: 'disk-fence', host: 'alpha', life: 1, token: 2 });
    settle(world);
    expect(world.state.disk.fence).toBe(3);
  });

  it('tells winner and loser of one generation apart (2)', () => {
    const world = stillWorld();
    world.state.disk.fence = 3;
    world.schedule(0, request('beta', 3, write(1, 0xbb)));
    world.schedule(0, request('alpha', 2, write(1, 0xaa)));
    settle(world);
    expect(sector(world)).toBe(0xbb);
  });

  it('carries out a request that comes again under the same token once (20)', () => {
    const world = stillWorld();
    world.schedule(0, request('alpha', 2, write(1, 0xaa)));
    settle(world);
    world.schedule(0, request('alpha', 2, write(2, 0xbb)));
    settle(world);
    world.schedule(0, request('alpha', 2, write(1, 0xaa)));
    expect(settle(world)).toEqual(['alpha: input']);
    expect(sector(world)).toBe(0xbb);
  });

  it('serves what came while it was down, and keeps its fence (8)', () => {
    const world = stillWorld();
    world.state.disk.fence = 3;
    world.state.disk.mode = 'down';
    world.schedule(0, request('beta', 3, write(1, 0xbb)));
    expect(settle(world)).toEqual([]);
    world.state.disk.mode = 'ok';
    wakeDisk(world, world.state.disk);
    settle(world);
    expect([sector(world), world.state.disk.fence]).toEqual([0xbb, 3]);
  });
});

describe('the arbiter', () => {
  const claim = (owner: string) => ({ machine: 'toy', generation: 1, owner });
  const ask = (host: string): SimEvent => ({
    kind: 'arbiter-ask',
    host,
    claim: claim(`${host}.1`),
  });

  it('sets its register once, and tells a winner again that it won (1)', () => {
    const world = stillWorld();
    world.schedule(0, ask('beta'));
    world.schedule(1, ask('alpha'));
    world.schedule(2, ask('beta'));
    settle(world);
    expect(world.state.arbiter.registers).toEqual({ 'toy:1': 'beta.1' });
    const answers = world.state.trace.filter(({ column }) => column === 'arbiter');
    expect(answers.map(({ text }) => text.split(': ')[1])).toEqual(['won', 'lost', 'won']);
  });

  it('has set its register although the answer was lost (6)', () => {
    const world = stillWorld();
    world.state.arbiter.losesAnswers = true;
    world.schedule(0, ask('beta'));
    expect(settle(world)).toEqual([]);
    expect(world.state.arbiter.registers).toEqual({ 'toy:1': 'beta.1' });
  });
});

describe('gateway and console sink', () => {
  const bytes = new TextEncoder().encode('hello');
  const print = (host: string, token: number, offset: number): SimEvent => ({
    kind: 'console-out',
    host,
    life: 1,
    token,
    ordinal: 0,
    offset,
    bytes: bytes.subarray(offset),
  });
  const text = (world: World): string => String.fromCharCode(...world.state.gateway.console);

  it('admit the highest token only (2, 17)', () => {
    const world = stillWorld();
    world.schedule(0, { kind: 'announce', host: 'beta', token: 3 });
    world.schedule(1, print('alpha', 2, 0));
    expect(settle(world)).toEqual(['alpha: refused']);
    expect([world.state.gateway.owner, text(world)]).toEqual(['beta', '']);
  });

  it('give no link to another host with the same token (17)', () => {
    const world = stillWorld();
    world.schedule(0, { kind: 'announce', host: 'beta', token: 2 });
    settle(world);
    expect(world.state.gateway.owner).toBe('alpha');
  });

  it('take every console byte once, by its offset', () => {
    const world = stillWorld();
    world.schedule(0, print('alpha', 2, 0));
    world.schedule(1, print('beta', 3, 2));
    settle(world);
    expect(text(world)).toBe('hello');
    expect(world.state.violations).toEqual([]);
  });

  it('report a gap', () => {
    const world = stillWorld();
    world.schedule(0, print('alpha', 2, 3));
    settle(world);
    expect(world.state.violations).toMatchObject([{ checker: 'console' }]);
  });
});
