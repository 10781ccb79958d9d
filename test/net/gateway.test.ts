/** The gateway between clients and a guest, over a wire that loses, repeats and reorders frames. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Prng } from '../../src/base/prng.ts';
import { ETHERTYPE_IPV4, emitEthernet } from '../../src/net/ethernet.ts';
import { GATEWAY_DEFAULTS, Gateway } from '../../src/net/gateway.ts';
import { HostStack, udpOf } from '../../src/net/host-stack.ts';
import { runs } from '../support/runs.ts';
import { GatewayWorld, GUEST_IP } from './gateway-world.ts';
import { FAIR } from './tcp-link.ts';

const bytes = (size: number, seed = size) => new Prng(seed).bytes(size);
const text = (words: string) => new TextEncoder().encode(words);

/** Runs until all clients are done, and expects that each got back what it sent. */
function expectEchoes(world: GatewayWorld): void {
  world.runUntil(() => world.clients.every(({ ended, failure }) => ended || failure));
  for (const { failure, got, toSend } of world.clients) {
    expect(failure).toBeUndefined();
    expect(Uint8Array.from(got)).toEqual(toSend);
  }
}

describe('connections through the gateway', () => {
  it('carry every byte both ways, in any weather', () => {
    const weather = fc.record({
      drop: fc.double({ min: 0, max: 0.2, noNaN: true }),
      duplicate: fc.double({ min: 0, max: 0.2, noNaN: true }),
      delayNs: fc.integer({ min: 1, max: 20e6 }),
    });
    const sizes = fc.array(fc.integer({ min: 0, max: 12_000 }), { minLength: 1, maxLength: 3 });
    const property = fc.property(fc.nat(), weather, sizes, (seed, bad, all) => {
      const world = new GatewayWorld(seed, bad);
      for (const size of all) world.call(bytes(size, seed));
      expectEchoes(world);
    });
    fc.assert(property, { numRuns: runs(6) });
  });

  it('live through a death: frames under way are lost, and another replica goes on', () => {
    const property = fc.property(fc.nat(), fc.integer({ min: 1, max: 60 }), (seed, steps) => {
      const world = new GatewayWorld(seed);
      for (let i = 0; i < 2; i++) world.call(bytes(40_000, seed + i));
      for (let i = 0; i < steps; i++) world.step();
      world.loseFrames();
      world.cut = true;
      world.runFor(3e9);
      world.cut = false;
      world.gateway.hurry(world.nowNs);
      expectEchoes(world);
    });
    fc.assert(property, { numRuns: runs(3) });
  });

  it('go on within a round trip after a go-live, not after a retransmission timer', () => {
    const world = new GatewayWorld(1);
    const client = world.call(text('hello'), { closes: false });
    world.runUntil(() => client.got.length === 5);
    world.cut = true;
    const more = world.gateway.write(client.id!, text('again'));
    world.runFor(5e9);
    world.cut = false;
    world.gateway.hurry(world.nowNs);
    const beganNs = world.nowNs;
    world.runUntil(() => client.got.length === 10);
    expect(more).toBe(5);
    expect(world.nowNs - beganNs).toBeLessThan(4 * FAIR.delayNs);
  });

  it('are many, and each has its own bytes', () => {
    const world = new GatewayWorld(2);
    for (let i = 0; i < 100; i++) world.call(text(`client ${i}`));
    expectEchoes(world);
    world.runFor(10e9);
    expect(world.gateway.connections).toEqual([]);
    expect(world.gateway.deadlineNs).toBeUndefined();
  });

  it('are no more than the gateway is made for', () => {
    const world = new GatewayWorld(3, FAIR, { maxConnections: 2 });
    const calls = [1, 2, 3].map(() => world.call(text('x')));
    expect(calls.map(({ failure }) => failure)).toEqual([undefined, undefined, 'full']);
    world.runUntil(() => calls[0]!.ended && calls[1]!.ended);
    world.runFor(10e9);
    expect(world.call(text('y')).failure).toBeUndefined();
  });

  it('have names that are not used again at once', () => {
    const world = new GatewayWorld(4);
    const first = world.call(text('x'));
    world.runUntil(() => first.ended);
    world.runFor(10e9);
    expect(world.call(text('y')).id).not.toBe(first.id);
  });

  it('go on alike from a copy of the state', () => {
    const world = new GatewayWorld(5);
    const client = world.call(bytes(50_000));
    for (let i = 0; i < 40; i++) world.step();
    world.gateway = new Gateway(world.config, structuredClone(world.gateway.state));
    expectEchoes(world);
    expect(client.ended).toBe(true);
  });
});

describe('back-pressure', () => {
  it('stops a guest whose client does not read', () => {
    const world = new GatewayWorld(6);
    const client = world.call(bytes(400_000));
    client.appetite = 0;
    world.runFor(60e9);
    expect(client.sent).toBeLessThan(400_000);
    expect(client.got).toEqual([]);
    client.appetite = Number.POSITIVE_INFINITY;
    expectEchoes(world);
  });

  it('stops a client whose guest does not read', () => {
    const world = new GatewayWorld(7);
    world.guest.reads = false;
    const client = world.call(bytes(200_000));
    world.runFor(60e9);
    expect(client.sent).toBeLessThanOrEqual(2 * 65_535);
    expect(world.gateway.room(client.id!)).toBe(0);
    world.guest.reads = true;
    expectEchoes(world);
  });
});

describe('endings', () => {
  it('a client that sends no more still gets the rest', () => {
    const world = new GatewayWorld(8);
    const client = world.call(bytes(100_000));
    world.runUntil(() => client.finished);
    expect(client.got.length).toBeLessThan(100_000);
    expectEchoes(world);
  });

  it('a port where nobody listens resets the client at once', () => {
    const world = new GatewayWorld(9);
    const client = world.call(text('x'), { port: 9 });
    const beganNs = world.nowNs;
    world.runUntil(() => client.failure !== undefined);
    expect(client.failure).toBe('refused');
    expect(world.nowNs - beganNs).toBeLessThan(10 * FAIR.delayNs);
  });

  it('a guest that is not there resets the client in bounded time', () => {
    const world = new GatewayWorld(10);
    world.cut = true;
    const client = world.call(text('x'));
    const beganNs = world.nowNs;
    world.runUntil(() => client.failure !== undefined);
    const waitedNs = world.nowNs - beganNs;
    expect(waitedNs).toBeGreaterThanOrEqual(GATEWAY_DEFAULTS.openNs);
    expect(waitedNs).toBeLessThan(1.1 * GATEWAY_DEFAULTS.openNs);
    expect(world.gateway.connections).toEqual([]);
  });

  it('a guest that falls silent resets its clients, after a minute or more', () => {
    const world = new GatewayWorld(11);
    const client = world.call(text('x'), { closes: false });
    world.runUntil(() => client.got.length === 1);
    world.cut = true;
    world.gateway.write(client.id!, text('y'));
    const beganNs = world.nowNs;
    world.runUntil(() => client.failure !== undefined);
    expect(client.failure).toBe('timeout');
    expect(world.nowNs - beganNs).toBeGreaterThan(60e9);
    expect(world.nowNs - beganNs).toBeLessThan(180e9);
  });

  it('a guest that is gone resets clients that wait for it, too', () => {
    const world = new GatewayWorld(14);
    const client = world.call(text('x'), { closes: false });
    world.runUntil(() => client.got.length === 1);
    world.cut = true;
    const beganNs = world.nowNs;
    world.runUntil(() => client.failure !== undefined);
    expect(client.failure).toBe('timeout');
    expect(world.nowNs - beganNs).toBeGreaterThan(60e9);
    expect(world.nowNs - beganNs).toBeLessThan(180e9);
  });

  it('a client that goes resets the guest', () => {
    const world = new GatewayWorld(12);
    const client = world.call(text('x'), { closes: false });
    world.runUntil(() => client.got.length === 1);
    world.gateway.abort(client.id!);
    world.runFor(1e9);
    const [end] = world.guest.ends.values();
    expect([end!.phase, end!.failure]).toEqual(['closed', 'reset']);
    expect(world.gateway.connections).toEqual([]);
  });

  it('a guest that has forgotten everything resets its old clients', () => {
    const world = new GatewayWorld(13);
    const client = world.call(text('x'), { closes: false });
    world.runUntil(() => client.got.length === 1);
    world.guest.ends.clear();
    world.gateway.write(client.id!, text('y'));
    world.runUntil(() => client.failure !== undefined);
    expect(client.failure).toBe('reset');
  });

  it('a guest that starts after its clients have called is reached when it first speaks', () => {
    const world = new GatewayWorld(14);
    world.cut = true;
    const client = world.call(text('x'));
    world.runFor(4e9);
    world.cut = false;
    const beganNs = world.nowNs;
    for (const frame of world.guest.stack.send('10.0.2.2', 17, new Uint8Array(8)))
      world.gateway.receive(frame, world.nowNs);
    world.runUntil(() => client.ended);
    expect(world.nowNs - beganNs).toBeLessThan(20 * FAIR.delayNs);
  });
});

describe('datagrams through the gateway', () => {
  /** A guest that has said where it is. */
  function met(): { gateway: Gateway; guest: HostStack } {
    const gateway = new Gateway({ maxUdpClients: 2 });
    const guest = new HostStack({ mac: '52:54:00:12:34:56', ip: GUEST_IP });
    for (const question of guest.send('10.0.2.2', 17, new Uint8Array(8)))
      gateway.receive(question, 0);
    for (const frame of gateway.poll(0).frames)
      for (const waited of guest.receive(frame).frames) gateway.receive(waited, 0);
    return { gateway, guest };
  }

  it('come back to the client that is asked by', () => {
    const { gateway, guest } = met();
    const ids = ['a', 'b', 'a'].map((name) => gateway.sendDatagram(name, 7, text(name)));
    expect(ids[2]).toBe(ids[0]);
    expect(ids[1]).not.toBe(ids[0]);
    const answers = gateway.poll(0).frames.flatMap((frame) => {
      const { sourcePort, payload } = udpOf(guest.receive(frame).packet!)!;
      const answer = { sourcePort: 7, destinationPort: sourcePort, payload };
      return guest.sendUdp('10.0.2.2', answer).map((reply) => gateway.receive(reply, 0));
    });
    const [a, b] = [text('a'), text('b')];
    expect(answers.map((each) => each!.payload)).toEqual([a, b, a]);
    expect(answers.map((each) => each!.id)).toEqual(ids);
  });

  it('of a client that was forgotten go nowhere', () => {
    const { gateway } = met();
    const [a, b, c] = ['a', 'b', 'c'].map((name) => gateway.sendDatagram(name, 7, text('')));
    expect([c === a, c === b, gateway.udpClients]).toEqual([true, false, 2]);
    expect(gateway.sendDatagram('a', 7, text(''))).toBe(b);
  });

  it('that fit in no frame are lost', () => {
    const { gateway } = met();
    gateway.sendDatagram('a', 7, new Uint8Array(1472));
    gateway.sendDatagram('a', 7, new Uint8Array(1473));
    expect(gateway.poll(0).frames.map(({ length }) => length)).toEqual([1514]);
  });
});

it('any frame at all leaves the gateway standing', () => {
  const world = new GatewayWorld(15);
  const client = world.call(text('x'), { closes: false });
  world.runUntil(() => client.got.length === 1);
  const { mac: destination } = GATEWAY_DEFAULTS;
  const property = fc.property(fc.uint8Array({ maxLength: 100 }), fc.boolean(), (any, framed) => {
    const source = '52:54:00:12:34:56';
    const frame = { destination, source, etherType: ETHERTYPE_IPV4, payload: any };
    world.gateway.receive(framed ? emitEthernet(frame) : any, world.nowNs);
    world.gateway.poll(world.nowNs);
  });
  fc.assert(property, { numRuns: runs(60) });
  expect(world.gateway.room(client.id!)).toBeGreaterThan(0);
});
