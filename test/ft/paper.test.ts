/**
 * One test per claim of Scales, Nelson, Venkitachalam, "The Design of a Practical System for
 * Fault-Tolerant Virtual Machines" (2010), by its sections: those on the design and on the channel.
 * A claim whose test has a better place is listed under `elsewhere`, with that place.
 */
import { describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../../src/ft/config.ts';
import type { Message } from '../../src/ft/messages.ts';
import type { Effect } from '../../src/ft/ports.ts';
import { decodeEntries } from '../../src/hypervisor/codec.ts';
import type { Output } from '../../src/machine/output.ts';
import { ETHERTYPE_IPV4, emitEthernet } from '../../src/net/ethernet.ts';
import { emitIpv4, IPV4_DEFAULTS, PROTOCOL_TCP, PROTOCOL_UDP } from '../../src/net/ipv4.ts';
import { emitTcp } from '../../src/net/tcp.ts';
import { emitUdp } from '../../src/net/udp.ts';
import { runScenario, runWorld } from '../../src/sim/run.ts';
import { guestParts, NOTHING, namedScenario } from '../sim/guests.ts';
import { toyGroup, toyParts, toyScenario } from '../sim/toy-scenario.ts';
import {
  ack,
  type Bench,
  batch,
  disk,
  frame,
  greetedBackup,
  greetedPrimary,
  kinds,
  MS,
  marker,
  released,
  sent,
  sliced,
  tick,
} from './bench.ts';
import { elsewhere } from './elsewhere.ts';

describe('§1 introduction: a state machine and its log', () => {
  it('needs far less bandwidth than the state that changes', () => {
    const scenario = namedScenario('crash-after-output');
    const guest = {
      ...scenario.guest,
      image: 'primes',
      commandLine: 'n=300000',
      memoryBytes: 16 << 20,
    };
    const world = runWorld(
      { ...scenario, guest, clients: [], faults: [], expect: NOTHING, untilExit: true },
      { ...guestParts, tracing: false },
    );
    const { pages } = world.host('alpha').engine.log.machine.snapshot();
    const changed = pages.filter((page) => page !== undefined).length * 4096;
    expect(changed).toBeGreaterThan(100_000);
    expect(world.state.sentBytes).toBeLessThan(changed / 10);
  });

  elsewhere([
    [
      'replicas that start alike and are given the same inputs in the same order stay alike',
      'hypervisor/replay',
      'gives the digests and outputs of the recording, in batches and slices of any size',
    ],
    [
      'what is not determined by state and inputs is sent along',
      'sim/scenarios',
      'capture-everything: its log has every kind there is',
    ],
    [
      'only fail-stop failures are masked: a bug is on both',
      'sim/scenarios',
      'same-bug: the backup says the last words of the primary, at the same instruction',
    ],
  ]);
});

describe('§2.1 deterministic replay', () => {
  it('takes the backup through the states of the primary, entry by entry', () => {
    const scenario = toyScenario(4);
    const guest = { ...scenario.guest, digestEvery: 1 };
    const { violations, stats } = runScenario({ ...scenario, guest }, toyParts());
    expect(violations).toEqual([]);
    expect(stats.entries).toBeGreaterThan(1000);
  });

  it('delivers each event when its entry is in hand, not in epochs', () => {
    const bench = greetedBackup();
    expect(kinds(bench.hear(batch(0, [tick(0, 40)])))).toEqual(['feed', 'send', 'run']);
  });

  elsewhere([
    [
      'a timer interrupt comes at the same instruction',
      'sim/scenarios',
      'lock-and-timer: both hosts are given the same inputs at the same instructions',
    ],
    [
      'the log can be kept in a file and replayed later',
      'hypervisor/log-file',
      'replays from its beginning and from each checkpoint to its end',
    ],
    [
      'the backup stops where the log ends',
      'hypervisor/replay',
      'never runs past the last entry in hand',
    ],
  ]);
});

describe('§2.2 the FT protocol: the Output Requirement', () => {
  it('holds when the backup takes over: it goes on consistently with all outputs sent', () => {
    const at = { on: 'output', host: 'alpha', number: 12 } as const;
    const action = { do: 'crash', host: 'alpha', losing: 'messages' } as const;
    const outcome = runScenario(toyScenario(4, [{ at, action }]), toyParts());
    expect(outcome.roles).toEqual({ alpha: 'crashed', beta: 'alone' });
    expect(outcome.violations).toEqual([]);
  });
});

describe('§2.2 the FT protocol: the Output Rule', () => {
  it('sends no output until the backup has acknowledged the entry of that output', () => {
    const bench = greetedPrimary();
    bench.give(sliced(100, [tick(0, 40), marker(1, 100, 0)], [frame(1)]));
    bench.give(sliced(200, [tick(2, 150), marker(3, 200, 1)], [frame(2)]));
    expect(released(bench.hear(ack(0, 2)))).toEqual([0]);
    expect(released(bench.hear(ack(1, 4)))).toEqual([1]);
  });

  it('asks for the entry of the output itself: having every earlier entry is not enough', () => {
    const bench = greetedPrimary();
    bench.give(sliced(50, [tick(0, 40)]));
    bench.after(2 * MS);
    bench.give(sliced(100, [marker(1, 100, 0)], [frame(1)]));
    expect(released(bench.hear(ack(0, 1)))).toEqual([]);
    expect(released(bench.hear(ack(1, 2)))).toEqual([0]);
  });

  it('delays the output only: the primary executes on', () => {
    const bench = greetedPrimary();
    const effects = bench.give(sliced(100, [marker(0, 100, 0)], [frame(1)]));
    expect(kinds(effects)).toEqual(['send', 'run']);
  });

  it('does not make outputs exactly-once: the backup cannot tell whether the last was sent', () => {
    const bench = greetedBackup();
    bench.hear(batch(0, [marker(0, 100, 0)]));
    bench.give(sliced(100, [marker(0, 100, 0)], [frame(1)]));
    bench.give({ kind: 'channel-lost', peer: 'alpha' });
    bench.answer('won');
    expect(released(bench.give({ kind: 'fenced', token: 3 }))).toEqual([0]);
  });

  it('lets a policy drop what is in doubt, as a network may', () => {
    const bench = greetedBackup({ uncertain: 'drop' });
    bench.hear(batch(0, [marker(0, 100, 0)]));
    bench.give(sliced(100, [marker(0, 100, 0)], [frame(1)]));
    bench.give({ kind: 'channel-lost', peer: 'alpha' });
    bench.answer('won');
    expect(released(bench.give({ kind: 'fenced', token: 3 }))).toEqual([]);
  });
});

describe('§2.2 the FT protocol: outputs in doubt', () => {
  const frameOf = (protocol: number, payload: Uint8Array): Output => {
    const [source, destination] = ['10.0.2.15', '10.0.2.2'];
    const packet = emitIpv4({ ...IPV4_DEFAULTS, source, destination, protocol, payload });
    const ends = { source: '52:54:00:12:34:56', destination: '52:54:00:12:34:02' };
    const bytes = emitEthernet({ ...ends, etherType: ETHERTYPE_IPV4, payload: packet });
    return { kind: 'frame', bytes };
  };
  const ports = { sourcePort: 7, destinationPort: 4000, payload: Uint8Array.of(1) };
  const tcp = { ...ports, sequence: 1, acknowledgement: 1, flags: 0x10, window: 100 };
  const outputs = [
    frameOf(PROTOCOL_TCP, emitTcp(tcp, '10.0.2.15', '10.0.2.2')),
    frameOf(PROTOCOL_UDP, emitUdp(ports, '10.0.2.15', '10.0.2.2')),
    frame(1),
    disk(1, 'write', 8),
  ];

  it.each([
    ['resend', [0, 1, 2, 3]],
    ['drop', [3]],
    ['resend-tcp-drop-udp', [0, 2, 3]],
  ] as const)('go again or not by the policy "%s"; TCP drops repetitions', (uncertain, again) => {
    const bench = greetedBackup({ uncertain });
    bench.hear(batch(0, [marker(0, 100, 3)]));
    bench.give(sliced(100, [marker(0, 100, 3)], outputs));
    bench.give({ kind: 'channel-lost', peer: 'alpha' });
    bench.answer('won');
    expect(released(bench.give({ kind: 'fenced', token: 3 }))).toEqual(again);
  });
});

describe('§2.3 detecting failure', () => {
  it('watches heartbeats', () => {
    const bench = greetedPrimary();
    for (let batches = 0; batches < 6; batches++) {
      expect(kinds(bench.after(10 * MS)).includes('test-and-set')).toBe(batches === 4);
      bench.hear(ack(batches, 0));
    }
  });

  it('watches the traffic of log and acknowledgements', () => {
    const bench = greetedPrimary();
    for (let beats = 0; beats < 6; beats++) {
      expect(kinds(bench.after(10 * MS)).includes('test-and-set')).toBe(beats === 4);
      bench.hearHeartbeat(2);
    }
  });

  it('is content while both go on, without any work for the guest', () => {
    const [primary, backup] = [greetedPrimary(), greetedBackup()];
    for (let i = 0; i < 50; i++) {
      for (const [from, to] of [
        [primary, backup],
        [backup, primary],
      ] as const) {
        for (const effect of from.after(10 * MS)) pass(effect, from, to);
      }
    }
    expect([primary.role, backup.role]).toEqual(['primary', 'backup']);
    expect(primary.lines.join()).not.toContain('test-and-set');
  });

  function pass(effect: Effect, from: Bench, to: Bench): void {
    if (effect.kind !== 'send' && effect.kind !== 'heartbeat') return;
    const kind = effect.kind === 'send' ? 'message' : 'heartbeat';
    for (const answer of to.give({ kind, from: from.host, bytes: effect.bytes })) {
      pass(answer, to, from);
    }
  }
});

describe('§2.3 responding to failure', () => {
  it('needs the test-and-set on shared storage, on either side', () => {
    for (const bench of [greetedPrimary(), greetedBackup()]) {
      bench.give(sliced(100, []));
      expect(kinds(bench.after(60 * MS))).toContain('test-and-set');
      expect(['alone', 'halted']).not.toContain(bench.role);
    }
  });

  it('waits while the storage cannot be reached', () => {
    const bench = greetedBackup();
    bench.after(60 * MS);
    for (let i = 0; i < 100; i++) bench.after(20 * MS);
    expect(bench.role).toBe('backup');
  });

  it('ends the side that lost: the other is live', () => {
    const bench = greetedPrimary();
    bench.give(sliced(100, [marker(0, 100, 0)], [frame(1)]));
    bench.after(60 * MS);
    expect(kinds(bench.answer('lost'))).toEqual(['halt']);
  });

  it('lets the backup consume its log, go live, announce itself and issue I/O again', () => {
    const bench = greetedBackup();
    bench.hear(batch(0, [tick(0, 40), marker(1, 100, 0)]));
    bench.after(60 * MS);
    bench.answer('won');
    bench.give({ kind: 'fenced', token: 3 });
    const entries = [tick(0, 40), marker(1, 100, 0)];
    const effects = kinds(bench.give(sliced(100, entries, [disk(1, 'write', 8)])));
    const order = effects.filter((kind) =>
      ['go-live', 'announce', 'release', 'run'].includes(kind),
    );
    expect(order).toEqual(['go-live', 'announce', 'release', 'run']);
  });

  elsewhere([
    [
      'a network that breaks between two live hosts makes no two live machines',
      'sim/scenarios',
      'test-and-set: both ask, one goes on, the other halts',
    ],
    [
      'the backup goes live only where the log ends, and acknowledges nothing after',
      'ft/rules',
      'goes live only when the last entry has been consumed',
    ],
  ]);
});

describe('§3.1 starting and restarting FT VMs', () => {
  const at = { on: 'time', timeNs: 2 * MS } as const;
  const crash = { do: 'crash', host: 'alpha', losing: 'messages' } as const;
  const outcome = runScenario(toyGroup(4, 1, [{ at, action: crash }]), toyParts());
  const protectedAgain = outcome.trace.find(({ text }) => text.startsWith('is protected by'))!;

  it('restores redundancy after a failure, on another host, without anyone asking', () => {
    expect(outcome.roles).toEqual({
      alpha: 'crashed',
      beta: 'primary',
      gamma: 'backup',
      delta: 'standby',
    });
    expect(protectedAgain.text).toMatch(/^is protected by gamma/);
  });

  it('clones the running machine: it goes on, and what it lets out is consistent', () => {
    expect(outcome.violations).toEqual([]);
    const offered = outcome.trace.find(({ text }) => text.startsWith('offers generation 2'))!;
    const ran = outcome.trace.filter(
      ({ timeNs, text }) =>
        timeNs > offered.timeNs && timeNs < protectedAgain.timeNs && text.includes('releases'),
    );
    expect(ran.length).toBeGreaterThan(0);
  });

  it('interrupts it for less than a second', () => {
    const [, waited] = /outputs waited ([\d.]+) ms/.exec(protectedAgain.text)!;
    expect(Number(waited)).toBeLessThan(1000);
  });

  elsewhere([
    [
      'another host is chosen, by what fails together',
      'ft/reprotection',
      'offers the next generation to the first standby of another place',
    ],
    [
      'the source goes over into logging and the destination into replay, at one point',
      'ft/reprotection',
      'in this order',
    ],
    [
      'the clone is the machine as it was at the end',
      'hypervisor/clone',
      'is the machine as it was at the last round, whatever it did between rounds',
    ],
  ]);
});

describe('§3.2 the logging channel', () => {
  it('stops the backup when its buffer is empty', () => {
    const bench = greetedBackup();
    expect(kinds(bench.hear(batch(0, [])))).not.toContain('run');
    expect(kinds(bench.hear(batch(1, [tick(0, 40)])))).toContain('run');
    expect(kinds(bench.give(sliced(40, [tick(0, 40)])))).not.toContain('run');
  });

  it('stops the primary when its buffer is full, until the backup has made room', () => {
    const limits = { ...DEFAULT_LIMITS, channelBytes: 4 };
    const bench = greetedPrimary({ limits });
    expect(kinds(bench.give(sliced(100, [marker(0, 100, 0)], [frame(1)])))).toEqual(['send']);
    expect(kinds(bench.hear(ack(0, 1)))).toEqual(['release', 'run']);
  });

  it('is acknowledged each time entries move from it into the buffer', () => {
    const bench = greetedBackup();
    for (let i = 0; i < 3; i++) {
      expect(sent(bench.hear(batch(i, [tick(i, 40)])))).toMatchObject([
        { kind: 'ack', batch: i, received: i + 1 },
      ]);
    }
  });

  it('is flushed at once when an output waits for it, and batched otherwise', () => {
    const bench = greetedPrimary();
    expect(sent(bench.give(sliced(50, [tick(0, 40)])))).toEqual([]);
    expect(sent(bench.give(sliced(90, [tick(1, 60)])))).toEqual([]);
    const effects = bench.give(sliced(100, [marker(2, 100, 0)], [frame(1)]));
    expect(sent(effects)).toMatchObject([{ kind: 'batch', batch: 0 }]);
    bench.give(sliced(150, [tick(3, 140)]));
    expect(sent(bench.after(2 * MS))).toMatchObject([{ kind: 'batch', batch: 1 }]);
  });

  it('tells the primary how far the backup has executed', () => {
    const bench = greetedPrimary();
    bench.give(sliced(100, [tick(0, 40), marker(1, 100, 0)], [frame(1)]));
    bench.hear(ack(0, 2, 1));
    expect(bench.state.window).toMatchObject({ acknowledged: 2, executed: 1 });
  });

  /** A primary whose guest runs for 20 ms at a time, and whose backup executes nothing of it. */
  function outpaced(): Bench {
    const bench = greetedPrimary({ limits: { ...DEFAULT_LIMITS, lagNs: 30 * MS } });
    for (let i = 0; i < 2; i++) runFor20Ms(bench, i);
    return bench;
  }

  function runFor20Ms(bench: Bench, i: number, executed = 0): Effect[] {
    const startedNs = bench.nowNs;
    bench.nowNs += 20 * MS;
    bench.hearHeartbeat(2);
    const { slice } = sliced(100 * i + 100, [tick(i, 100 * i + 40)]);
    bench.give({ kind: 'sliced', slice: { ...slice, startedNs } });
    bench.after(2 * MS);
    return bench.hear(ack(bench.state.window.nextBatch - 1, i + 1, executed));
  }

  it('slows the primary by a few percent when the execution lag is above the limit', () => {
    const bench = outpaced();
    expect(bench.state.lag).toMatchObject({ ns: 40 * MS, share: 98 });
    runFor20Ms(bench, 2);
    expect(bench.state.lag).toMatchObject({ ns: 60 * MS, share: 96 });
    expect(kinds(bench.give(sliced(400, [], [])))).toContain('run');
    const slice = { ...sliced(500, []).slice, startedNs: bench.nowNs - 24 * MS };
    expect(kinds(bench.give({ kind: 'sliced', slice }))).not.toContain('run');
    bench.hearHeartbeat(2);
    expect(kinds(bench.after(1 * MS))).toContain('run');
  });

  it('gives the primary its share back when the backup catches up', () => {
    const bench = outpaced();
    runFor20Ms(bench, 2, 3);
    expect(bench.state.lag).toMatchObject({ ns: 0, share: 100 });
  });

  elsewhere([
    [
      'the lag is bounded by it',
      'sim/timing',
      'stays near the limit: its primary executes about as slowly, by small steps',
    ],
    [
      'the time to go live is that to detect the failure and to execute the rest',
      'sim/timing',
      'or the time to execute what was acknowledged, exactly, where that is longer',
    ],
  ]);
});

describe('§3.3 operation on FT VMs', () => {
  it('a power-off stops the backup and does not make it go live', () => {
    const bench = greetedBackup();
    const effects = bench.hear({ kind: 'goodbye', generation: 1, reason: 'power-off' });
    expect(effects.at(-1)).toEqual({ kind: 'halt', reason: 'power-off' });
  });

  it('control operations are entries of the log, at an instruction', () => {
    const bench = greetedPrimary();
    const op = { op: 'power-off' } as const;
    expect(bench.give({ kind: 'power-off' })).toContainEqual({ kind: 'control', op });
    const effects = bench.give(sliced(100, [{ seq: 0, count: 100, kind: 'control', op }]));
    const [message] = sent(effects) as [Message & { kind: 'batch' }];
    expect(decodeEntries(message.entries)).toMatchObject([{ count: 100, kind: 'control', op }]);
  });

  elsewhere([
    ['a power-off waits like an output', 'ft/rules', 'until its entry is acknowledged'],
    [
      'a planned switch leaves nothing to detect',
      'ft/reprotection',
      'makes the backup claim at once',
    ],
  ]);
});
