/** Replicas and gateway on links that break: who is listened to, and what arrives. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Prng } from '../../src/base/prng.ts';
import {
  decodeGatewayMessage,
  type GatewayInput,
  type GatewayMessage,
  type GatewayOutput,
} from '../../src/ft/gateway-messages.ts';
import { GatewayClient, MAX_UNCONFIRMED_FRAMES } from '../../src/host/gateway-client.ts';
import { GatewayLinks } from '../../src/host/gateway-links.ts';
import { Log } from '../../src/host/log.ts';
import type { ReplicaEnd } from '../../src/host/replica-listener.ts';
import { runs } from '../support/runs.ts';

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const frame = (words: string): GatewayOutput => ({
  kind: 'frame',
  bytes: new TextEncoder().encode(words),
});

/** A gateway that writes down what it lets out. */
class Gateway {
  readonly frames: string[] = [];
  console = '';
  exits: number[] = [];
  speakers: string[] = [];
  news: string[] = [];
  /** What it does a little later. */
  #later: (() => void)[] = [];
  readonly links = new GatewayLinks({
    machine: 'bank',
    consoleBytes: 0,
    onFrame: (bytes) => this.frames.push(text(bytes)),
    onConsole: (bytes) => {
      this.console += text(bytes);
    },
    onExit: (status) => this.exits.push(status),
    onSpeaker: ({ owner, token }) => this.speakers.push(`${owner} ${token}`),
    log: new Log({
      format: 'text',
      part: 'gateway',
      machine: 'm',
      write: (line) => this.news.push(line),
    }),
    later: (act) => this.#later.push(act),
  });

  /** A little later. */
  passTime(): void {
    for (const act of this.#later.splice(0)) act();
  }
}

/** A replica and its connection, which carries messages when it is told to. */
class Replica {
  readonly released: number[] = [];
  readonly refusals: number[] = [];
  readonly inputs: GatewayInput[] = [];
  /** Bytes that its connection has not carried yet. */
  waitingBytes = 0;
  readonly client: GatewayClient;
  readonly #gateway: Gateway;
  #link: ReplicaEnd | undefined;
  readonly #owner: string;
  #out: Uint8Array[] = [];
  #in: Uint8Array[] = [];

  constructor(gateway: Gateway, owner: string) {
    this.#gateway = gateway;
    this.#owner = owner;
    this.client = new GatewayClient({
      machine: 'bank',
      owner,
      send: (bytes) => this.#link && this.#out.push(bytes),
      onReleased: (ordinal) => this.released.push(ordinal),
      onRefused: (token) => this.refusals.push(token),
      onInput: (input) => this.inputs.push(input),
    });
    this.connect();
  }

  connect(): void {
    if (this.#link) this.cut();
    const waiting = () => this.waitingBytes;
    const end = {
      send: (bytes: Uint8Array) => this.#in.push(bytes),
      get waitingBytes() {
        return waiting();
      },
      end: () => {},
    };
    expect(this.#gateway.links.greet(this.#owner, this.client.greeting, end)).toBe(true);
    this.#link = end;
    expect(this.client.isWelcome(this.#in.shift()!)).toBe(true);
    this.client.onUp();
  }

  /** Everything under way is lost. */
  cut(): void {
    if (this.#link) this.#gateway.links.leave(this.#owner, this.#link);
    this.#link = undefined;
    this.#out = [];
    this.#in = [];
  }

  /** Messages on their way to it. */
  get coming(): GatewayMessage['kind'][] {
    return this.#in.map((bytes) => decodeGatewayMessage(bytes).kind);
  }

  /** At most so many messages arrive, in each direction, and a little time passes in between. */
  carry(most = Number.POSITIVE_INFINITY): void {
    this.send(most);
    this.#gateway.passTime();
    this.receive(most);
  }

  send(most = Number.POSITIVE_INFINITY): void {
    const out = this.#out.splice(0, most);
    if (this.#link) this.#gateway.links.serve(this.#owner, out, this.#link);
  }

  receive(most = Number.POSITIVE_INFINITY): void {
    for (const bytes of this.#in.splice(0, most)) this.client.receive(bytes);
  }
}

describe('the gateway listens to the highest token', () => {
  it('and tells every other link so', () => {
    const gateway = new Gateway();
    const alpha = new Replica(gateway, 'alpha');
    const beta = new Replica(gateway, 'beta');
    alpha.client.release(2, 0, frame('one'));
    alpha.carry();
    beta.client.release(3, 1, frame('two'));
    beta.carry();
    alpha.client.release(2, 1, frame('late'));
    alpha.carry();
    expect(gateway.frames).toEqual(['one', 'two']);
    expect([alpha.released, alpha.refusals]).toEqual([[0], [3]]);
    expect([beta.released, beta.refusals]).toEqual([[1], []]);
    expect(gateway.speakers).toEqual(['alpha 2', 'beta 3']);
  });

  it('of two processes with one token to the first', () => {
    const gateway = new Gateway();
    const first = new Replica(gateway, 'alpha#1');
    const second = new Replica(gateway, 'alpha#2');
    for (const replica of [first, second]) replica.client.announce(4);
    first.carry();
    second.carry();
    expect(second.refusals).toEqual([4]);
    expect(gateway.links.speaker.owner).toBe('alpha#1');
  });

  it('and sends what comes from outside there, and nowhere else', () => {
    const gateway = new Gateway();
    const alpha = new Replica(gateway, 'alpha');
    const beta = new Replica(gateway, 'beta');
    const packet = { kind: 'packet', bytes: Uint8Array.of(7) } as const;
    gateway.links.offer(packet);
    alpha.client.announce(2);
    alpha.carry();
    gateway.links.offer(packet);
    alpha.carry();
    beta.carry();
    expect([alpha.inputs, beta.inputs]).toEqual([[packet], []]);
    alpha.cut();
    expect(gateway.links.isLinked).toBe(false);
    gateway.links.offer(packet);
    expect(alpha.inputs).toHaveLength(1);
  });

  it('loses frames, and no keys, for a replica that takes nothing', () => {
    const gateway = new Gateway();
    const alpha = new Replica(gateway, 'alpha');
    alpha.client.announce(2);
    alpha.carry();
    alpha.waitingBytes = 5 * 1024 * 1024;
    for (const kind of ['packet', 'console'] as const)
      gateway.links.offer({ kind, bytes: Uint8Array.of(7) });
    alpha.carry();
    expect(alpha.inputs.map(({ kind }) => kind)).toEqual(['console']);
  });

  it('lets one replica speak on with a higher token', () => {
    const gateway = new Gateway();
    const alpha = new Replica(gateway, 'alpha');
    alpha.client.release(2, 0, frame('protected'));
    alpha.client.release(3, 1, frame('alone'));
    alpha.carry();
    expect(alpha.released).toEqual([0, 1]);
    expect(gateway.speakers).toEqual(['alpha 2', 'alpha 3']);
  });

  it('refuses another machine, and says so', () => {
    const gateway = new Gateway();
    const stranger = new GatewayClient({
      machine: 'shop',
      owner: 'x',
      send: () => {},
      onReleased: () => {},
      onRefused: () => {},
      onInput: () => {},
    });
    const sent: Uint8Array[] = [];
    const send = (bytes: Uint8Array) => sent.push(bytes);
    const end = { send, waitingBytes: 0, end: () => {} };
    expect(gateway.links.greet('x', stranger.greeting, end)).toBe(false);
    const [news] = gateway.news;
    expect(news).toContain('refuses (machine) x: expected machine bank, got shop');
    expect(gateway.links.greet('y', Uint8Array.of(1, 2, 3), end)).toBe(false);
    expect(stranger.isWelcome(sent[0]!)).toBe(false);
  });
});

describe('the gateway confirms', () => {
  it('frames together, with the next input', () => {
    const gateway = new Gateway();
    const alpha = new Replica(gateway, 'alpha');
    for (const ordinal of [0, 1, 2]) alpha.client.release(2, ordinal, frame('x'));
    alpha.send();
    expect(alpha.coming).toEqual([]);
    gateway.links.offer({ kind: 'packet', bytes: Uint8Array.of(7) });
    expect(alpha.coming).toEqual(['released', 'input']);
    alpha.receive();
    expect(alpha.released).toEqual([0, 1, 2]);
    gateway.passTime();
    expect(alpha.coming).toEqual([]);
  });

  it('frames that no input comes after a little later', () => {
    const gateway = new Gateway();
    const alpha = new Replica(gateway, 'alpha');
    alpha.client.release(2, 0, frame('x'));
    alpha.send();
    gateway.passTime();
    expect(alpha.coming).toEqual(['released']);
  });

  it('console bytes and an exit at once', () => {
    const alpha = new Replica(new Gateway(), 'alpha');
    alpha.client.release(2, 0, frame('x'));
    alpha.client.release(2, 1, { kind: 'exit', status: 0 });
    alpha.send();
    alpha.receive();
    expect(alpha.released).toEqual([0, 1]);
  });
});

describe('a link that breaks', () => {
  it('carries again what was not confirmed, in order, with the present token', () => {
    const gateway = new Gateway();
    const alpha = new Replica(gateway, 'alpha');
    alpha.client.release(2, 0, frame('zero'));
    alpha.carry();
    alpha.client.release(2, 1, frame('one'));
    alpha.client.release(2, 2, frame('two'));
    alpha.cut();
    alpha.client.announce(3);
    alpha.connect();
    alpha.carry();
    expect(gateway.frames).toEqual(['zero', 'one', 'two']);
    expect(alpha.released).toEqual([0, 1, 2]);
    expect(alpha.client.unconfirmed).toBe(0);
  });

  it('loses no output and repeats no console byte, whenever it breaks', () => {
    const property = fc.property(fc.nat(), (seed) => {
      const prng = new Prng(seed);
      const gateway = new Gateway();
      const alpha = new Replica(gateway, 'alpha');
      const written = Array.from({ length: 20 }, (_, i) => `line ${i}\n`);
      let offset = 0;
      for (const [i, line] of written.entries()) {
        const bytes = new TextEncoder().encode(line);
        alpha.client.release(2, 2 * i, { kind: 'console', offset, bytes });
        alpha.client.release(2, 2 * i + 1, frame(String(i)));
        offset += bytes.length;
        alpha.carry(prng.below(4));
        if (prng.chance(0.3)) alpha.connect();
        if (prng.chance(0.1)) alpha.cut();
      }
      alpha.client.release(2, 40, { kind: 'exit', status: 5 });
      alpha.connect();
      alpha.carry();
      expect(gateway.console).toBe(written.join(''));
      const firsts = [...new Set(gateway.frames)];
      expect(firsts).toEqual(written.map((_, i) => String(i)));
      expect(gateway.exits.at(-1)).toBe(5);
      expect(alpha.released.toSorted((a, b) => a - b)).toEqual(
        Array.from({ length: 41 }, (_, i) => i),
      );
    });
    fc.assert(property, { numRuns: runs(50) });
  });

  it('keeps so many frames and no more; console bytes it keeps all', () => {
    const alpha = new Replica(new Gateway(), 'alpha');
    alpha.cut();
    const console = { kind: 'console', offset: 0, bytes: Uint8Array.of(65) } as const;
    alpha.client.release(2, 0, console);
    for (let i = 1; i <= MAX_UNCONFIRMED_FRAMES + 2; i++) alpha.client.release(2, i, frame('x'));
    expect(alpha.released).toEqual([1, 2]);
    expect(alpha.client.unconfirmed).toBe(MAX_UNCONFIRMED_FRAMES + 1);
  });
});
