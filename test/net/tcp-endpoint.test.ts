/** One TCP endpoint, mostly against another one of its kind over a simulated wire. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHex } from '../../src/base/digest.ts';
import { Prng } from '../../src/base/prng.ts';
import { TCP_ACK, TCP_FIN, TCP_RST, TCP_SYN, type TcpSegment } from '../../src/net/tcp.ts';
import { isCall, refuse, TcpEndpoint } from '../../src/net/tcp-endpoint.ts';
import { runs } from '../support/runs.ts';
import { FAIR, TcpLink } from './tcp-link.ts';

const text = (s: string) => new TextEncoder().encode(s);
const plain = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** A link with an established connection. */
function established(config = {}): TcpLink & { called: TcpEndpoint } {
  const link = new TcpLink(1, FAIR, config);
  link.runUntil(() => link.caller.phase === 'established' && link.called?.phase === 'established');
  return link as TcpLink & { called: TcpEndpoint };
}

describe('opening', () => {
  it('takes three segments and tells both sizes of segments', () => {
    const link = established();
    expect(link.arrived.map(({ flags }) => flags)).toEqual([TCP_SYN, TCP_SYN | TCP_ACK, TCP_ACK]);
    expect(link.caller.state.maxSegment).toBe(1460);
    expect(link.called.state.maxSegment).toBe(1460);
  });

  it('repeats an unanswered call with growing pauses and gives up', () => {
    const end = TcpEndpoint.connect({ localPort: 1, remotePort: 2 }, 5, { maxRetries: 3 });
    const times: number[] = [];
    for (let now = 0; end.phase !== 'closed'; now = end.deadlineNs ?? now)
      if (end.poll(now).length > 0) times.push(now / 1e9);
    expect(times).toEqual([0, 1, 3, 7]);
    expect(end.failure).toBe('timeout');
    expect(end.deadlineNs).toBeUndefined();
  });

  it('ends as refused where nobody listens', () => {
    const end = TcpEndpoint.connect({ localPort: 1, remotePort: 2 }, 5);
    const [call] = end.poll(0);
    expect(isCall(call!)).toBe(true);
    end.onSegment(refuse(call!)!, 0);
    expect(end.failure).toBe('refused');
  });

  it('works when both sides call at once', () => {
    const a = TcpEndpoint.connect({ localPort: 1, remotePort: 2 }, 100);
    const b = TcpEndpoint.connect({ localPort: 2, remotePort: 1 }, 900);
    let forA = b.poll(0);
    let forB = a.poll(0);
    for (let round = 1; round < 4; round++) {
      for (const segment of forA) a.onSegment(segment, round);
      for (const segment of forB) b.onSegment(segment, round);
      forA = b.poll(round);
      forB = a.poll(round);
    }
    expect([a.phase, b.phase]).toEqual(['established', 'established']);
  });

  it('sends what was queued before it, even when closed already', () => {
    const link = new TcpLink(3, FAIR);
    link.caller.send(text('hello'));
    link.caller.close();
    link.runUntil(() => link.called?.phase === 'close-wait');
    expect(plain(link.called!.read())).toBe('hello');
    expect(link.called!.atEnd).toBe(true);
  });
});

describe('signs of life', () => {
  const patience = { keepAliveNs: 30e9, maxRetransmitNs: 10e9, maxRetries: 3 };

  it('are not asked for unless that is wanted', () => {
    const link = established();
    expect([link.caller.deadlineNs, link.called.deadlineNs]).toEqual([undefined, undefined]);
  });

  it('are asked for after a silence, and keep a connection open on which nothing is sent', () => {
    const link = established(patience);
    link.runUntil(() => link.nowNs > 1000e9);
    expect([link.caller.phase, link.called.phase]).toEqual(['established', 'established']);
    const asked = link.arrived.slice(3);
    expect(asked.every(({ flags, payload }) => flags === TCP_ACK && payload.length === 0)).toBe(
      true,
    );
    expect(asked.length).toBeGreaterThan(30);
    expect(asked.length).toBeLessThan(140);
    expect([link.caller.readable, link.called.readable]).toEqual([0, 0]);
  });

  it('that do not come end the connection', () => {
    const { caller, nowNs } = established(patience);
    const times: number[] = [];
    for (let now = nowNs; caller.phase !== 'closed'; now = caller.deadlineNs ?? now)
      if (caller.poll(now).length > 0) times.push(Math.round((now - nowNs) / 1e9));
    expect(times).toEqual([30, 40, 50]);
    expect([caller.failure, caller.deadlineNs]).toEqual(['timeout', undefined]);
  });

  it('are waited for anew when the other side has moved', () => {
    const { caller, nowNs } = established(patience);
    for (let now = nowNs; now < nowNs + 300e9; now = caller.deadlineNs!) {
      caller.poll(now);
      caller.hurry(now);
    }
    expect(caller.phase).toBe('established');
  });
});

describe('closing', () => {
  it('leaves the other direction open until that side closes too', () => {
    const link = established();
    link.caller.close();
    link.runUntil(() => link.caller.phase === 'fin-wait-2');
    expect(link.called.phase).toBe('close-wait');
    link.called.send(text('still here'));
    link.called.close();
    link.runUntil(() => link.called.phase === 'closed');
    expect(plain(link.caller.read())).toBe('still here');
    expect(link.caller.phase).toBe('time-wait');
    link.runUntil(() => false);
    expect(link.caller.phase).toBe('closed');
    expect([link.caller.failure, link.called.failure]).toEqual([undefined, undefined]);
  });

  it('works when both sides close at once', () => {
    const link = established();
    link.caller.close();
    link.called.close();
    link.runUntil(() => false);
    expect([link.caller.phase, link.called.phase]).toEqual(['closed', 'closed']);
  });

  it('answers a repeated FIN while it waits', () => {
    const link = established();
    link.called.close();
    link.caller.close();
    link.runUntil(() => link.caller.phase === 'time-wait');
    link.caller.poll(link.nowNs);
    expect(link.caller.poll(link.nowNs)).toEqual([]);
    const fin = link.arrived.findLast(
      ({ flags, sourcePort }) => flags & TCP_FIN && sourcePort === 7,
    )!;
    link.caller.onSegment(fin, link.nowNs);
    expect(link.caller.poll(link.nowNs)).toMatchObject([{ flags: TCP_ACK }]);
  });
});

describe('a reset', () => {
  it('ends the connection when its number is exact', () => {
    const link = established();
    link.caller.abort();
    link.runUntil(() => link.called.phase === 'closed');
    expect([link.caller.failure, link.called.failure]).toEqual(['aborted', 'reset']);
  });

  const reset = (end: TcpEndpoint, offset: number): TcpSegment => ({
    sourcePort: 1000,
    destinationPort: 7,
    sequence: (end.state.expected! + offset) >>> 0,
    acknowledgement: 0,
    flags: TCP_RST,
    window: 0,
    payload: new Uint8Array(0),
  });

  it('is challenged when its number is in the window only, and ignored outside', () => {
    const { called } = established();
    called.onSegment(reset(called, 1), 1e9);
    expect(called.poll(1e9)).toMatchObject([{ flags: TCP_ACK }]);
    called.onSegment(reset(called, -1), 2e9);
    called.onSegment(reset(called, 70_000), 3e9);
    expect(called.poll(3e9)).toEqual([]);
    expect(called.phase).toBe('established');
  });

  it('answers a segment of no connection, but never another reset', () => {
    const { called } = established();
    const stray = { ...reset(called, 0), flags: TCP_ACK, acknowledgement: 77 };
    expect(refuse(stray)).toMatchObject({ flags: TCP_RST, sequence: 77, destinationPort: 1000 });
    expect(refuse(reset(called, 0))).toBeUndefined();
  });
});

describe('flow control', () => {
  it('stops at a full window, probes it, and goes on when it opens', () => {
    const link = established({ bufferBytes: 1000 });
    const bytes = new Prng(9).bytes(3000);
    let sent = link.caller.send(bytes);
    link.runUntil(() => link.nowNs > 5e9);
    expect(link.called.readable).toBe(1000);
    sent += link.caller.send(bytes.subarray(sent));
    const before = link.arrived.length;
    link.runUntil(() => link.nowNs > 60e9);
    expect(link.arrived.length - before).toBeGreaterThan(4);
    expect(link.arrived.length - before).toBeLessThan(40);
    expect(link.caller.phase).toBe('established');

    const got: number[] = [];
    link.runUntil(() => {
      got.push(...link.called.read());
      sent += link.caller.send(bytes.subarray(sent));
      return got.length === bytes.length;
    });
    expect(new Uint8Array(got)).toEqual(bytes);
  });

  it('never exceeds the window that the other side has told', () => {
    const link = established({ bufferBytes: 700, maxSegment: 200 });
    link.caller.send(new Uint8Array(700));
    for (const segment of link.caller.poll(link.nowNs)) link.called.onSegment(segment, link.nowNs);
    expect(link.called.poll(link.nowNs).at(-1)!.window).toBe(0);
  });
});

describe('an acknowledgement', () => {
  const delayed = { delayedAckNs: 20e6, maxSegment: 100 };

  /** The caller's segments arrive at once. */
  function hand(link: ReturnType<typeof established>, bytes: number): TcpSegment[] {
    link.caller.send(new Uint8Array(bytes));
    const sent = link.caller.poll(link.nowNs);
    for (const segment of sent) link.called.onSegment(segment, link.nowNs);
    return sent;
  }

  it('waits for an answer to go with, but no longer than it may', () => {
    const link = established(delayed);
    hand(link, 10);
    expect(link.called.poll(link.nowNs)).toEqual([]);
    expect(link.called.deadlineNs).toBe(link.nowNs + 20e6);
    expect(link.called.poll(link.nowNs + 20e6 - 1)).toEqual([]);
    const { highest: acknowledgement } = link.caller.state;
    expect(link.called.poll(link.nowNs + 20e6)).toMatchObject([{ acknowledgement }]);
    expect(link.called.deadlineNs).toBeUndefined();
  });

  it('goes with an answer', () => {
    const link = established(delayed);
    hand(link, 10);
    link.called.send(text('answer'));
    const { highest: acknowledgement } = link.caller.state;
    const answer = link.called.poll(link.nowNs);
    expect(answer).toMatchObject([{ acknowledgement, payload: text('answer') }]);
    link.caller.onSegment(answer[0]!, link.nowNs);
    link.called.onSegment(link.caller.poll(link.nowNs + 20e6)[0]!, link.nowNs);
    expect([link.caller.deadlineNs, link.called.deadlineNs]).toEqual([undefined, undefined]);
  });

  it('of every second segment, of the last, and of one behind a gap is sent at once', () => {
    const link = established(delayed);
    hand(link, 200);
    expect(link.called.poll(link.nowNs)).toHaveLength(1);
    link.caller.send(new Uint8Array(100));
    link.caller.poll(link.nowNs);
    hand(link, 10);
    expect(link.called.poll(link.nowNs)).toHaveLength(1);
    const other = established(delayed);
    other.caller.close();
    hand(other, 0);
    expect(other.called.poll(other.nowNs)).toHaveLength(1);
  });

  it('of bytes for which there is no room is sent at once', () => {
    const link = established({ ...delayed, bufferBytes: 20 });
    const [segment] = hand(link, 20);
    link.called.poll(link.nowNs + 20e6);
    link.called.onSegment({ ...segment!, sequence: link.called.state.expected! }, link.nowNs);
    expect(link.called.poll(link.nowNs)).toHaveLength(1);
  });
});

describe('loss', () => {
  it('is mended after three repeated acknowledgements, before any timer', () => {
    const link = established({ maxSegment: 100 });
    link.caller.send(new Uint8Array(600).fill(1));
    const [lost, ...rest] = link.caller.poll(link.nowNs);
    const acknowledgements = rest.flatMap((segment) => {
      link.called.onSegment(segment, link.nowNs);
      return link.called.poll(link.nowNs);
    });
    for (const each of acknowledgements) link.caller.onSegment(each, link.nowNs);
    const [again] = link.caller.poll(link.nowNs);
    expect(again).toMatchObject({ sequence: lost!.sequence });
    link.called.onSegment(again!, link.nowNs);
    expect(link.called.readable).toBe(600);
  });

  it('is mended at once when the path is known to have changed', () => {
    const link = established();
    link.caller.send(text('lost'));
    expect(link.caller.poll(link.nowNs)).toHaveLength(1);
    link.caller.hurry(link.nowNs);
    expect(link.caller.poll(link.nowNs)).toMatchObject([{ payload: text('lost') }]);
  });

  it('of everything ends the connection after the last retry', () => {
    const link = established({ maxRetries: 4 });
    link.weather = { ...FAIR, drop: 1 };
    link.caller.send(text('anybody?'));
    link.runUntil(() => link.caller.phase === 'closed');
    expect(link.caller.failure).toBe('timeout');
  });
});

describe('over any wire', () => {
  const weather = fc.record({
    drop: fc.double({ min: 0, max: 0.3, noNaN: true }),
    duplicate: fc.double({ min: 0, max: 0.3, noNaN: true }),
    delayNs: fc.integer({ min: 1, max: 50e6 }),
  });
  const config = fc.record({
    bufferBytes: fc.integer({ min: 1, max: 3000 }),
    maxSegment: fc.integer({ min: 1, max: 1460 }),
    minRetransmitNs: fc.constantFrom(1e6, 200e6),
    maxRetransmitNs: fc.constant(1e9),
    maxRetries: fc.constant(100),
    delayedAckNs: fc.constantFrom(0, 20e6, 400e6),
  });

  /** One direction: sends `bytes` piece by piece, reads with pauses, closes at the end. */
  function direction(link: TcpLink, bytes: Uint8Array) {
    const got: number[] = [];
    let sent = 0;
    return {
      got,
      turn(from: TcpEndpoint | undefined, to: TcpEndpoint | undefined): void {
        if (from && sent < bytes.length)
          sent += from.send(bytes.subarray(sent, sent + link.below(2000)));
        if (from && sent === bytes.length) from.close();
        if (to && link.below(4) === 0) got.push(...to.read(1 + link.below(1500)));
        if (to && to.phase !== 'syn-received' && to.deadlineNs === undefined)
          got.push(...to.read());
      },
    };
  }

  it('both sides receive exactly what the other sent, in order, and close', () => {
    const property = fc.property(
      fc.integer(),
      weather,
      config,
      fc.nat(6000),
      fc.nat(6000),
      (seed, sky, options, there, back) => {
        const link = new TcpLink(seed, sky, options);
        const prng = new Prng(seed ^ 1);
        // A tiny buffer makes each byte a round trip of its own.
        const scale = options.bufferBytes < 50 || options.maxSegment < 50 ? 20 : 1;
        const [up, down] = [prng.bytes(there / scale), prng.bytes(back / scale)];
        const upward = direction(link, up);
        const downward = direction(link, down);
        const over = (end?: TcpEndpoint) => end?.phase === 'closed' && end.readable === 0;
        link.runUntil(() => {
          upward.turn(link.caller, link.called);
          downward.turn(link.called, link.caller);
          return over(link.caller) && over(link.called);
        });
        expect(toHex(new Uint8Array(upward.got))).toBe(toHex(up));
        expect(toHex(new Uint8Array(downward.got))).toBe(toHex(down));
        expect(link.caller.phase).toBe('closed');
        expect([link.caller.failure, link.called!.failure]).toEqual([undefined, undefined]);
      },
    );
    fc.assert(property, { numRuns: runs(200) });
  });

  it('any segment is survived, at any time', () => {
    const near = fc.integer({ min: -3000, max: 3000 });
    const stray = fc.record({
      sequence: near,
      acknowledgement: near,
      flags: fc.integer({ min: 0, max: 0x1f }),
      window: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff })),
      size: fc.integer({ min: 0, max: 1500 }),
      action: fc.constantFrom('send', 'read', 'close', 'abort', 'wait', 'hurry', 'nothing'),
    });
    const property = fc.property(fc.boolean(), fc.array(stray, { maxLength: 40 }), (calls, all) => {
      const { caller, called } = established({ bufferBytes: 2000 });
      const end = calls ? caller : called;
      let now = 10e9;
      for (const { action, size, ...rest } of all) {
        if (action === 'send') end.send(new Uint8Array(size));
        if (action === 'read') end.read(size);
        if (action === 'close') end.close();
        if (action === 'abort' && size < 50) end.abort();
        if (action === 'wait') now = end.deadlineNs ?? now;
        if (action === 'hurry') end.hurry(now);
        const { expected, unacknowledged } = end.state;
        const segment: TcpSegment = {
          ...rest,
          sourcePort: 1,
          destinationPort: 2,
          sequence: (expected! + rest.sequence) >>> 0,
          acknowledgement: (unacknowledged + rest.acknowledgement) >>> 0,
          payload: new Uint8Array(size),
        };
        end.onSegment(segment, now);
        for (const out of end.poll(now)) expect(out.payload.length).toBeLessThanOrEqual(1460);
        const { next, highest } = end.state;
        expect((next - end.state.unacknowledged) | 0).toBeGreaterThanOrEqual(0);
        expect((highest - next) | 0).toBeGreaterThanOrEqual(0);
      }
    });
    fc.assert(property, { numRuns: runs(1000) });
  });

  it('a fork of an endpoint does what the original does', () => {
    const link = established({ bufferBytes: 1000 });
    link.caller.send(text('hello'));
    const fork = new TcpEndpoint(structuredClone(link.caller.state));
    expect(fork.poll(link.nowNs)).toEqual(link.caller.poll(link.nowNs));
    expect(fork.state).toEqual(link.caller.state);
  });
});
