/** Channel and heartbeats, with somebody in between who means harm. */
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { encodeMessage } from '../../src/ft/messages.ts';
import type { HostEvent } from '../../src/ft/ports.ts';
import { Channel } from '../../src/host/channel.ts';
import { encodeGreeting } from '../../src/host/channel-greeting.ts';
import { frameBytes } from '../../src/host/framing.ts';
import { Heartbeats } from '../../src/host/heartbeats.ts';
import { connectSecure } from '../../src/host/secure-socket.ts';
import { freePorts } from '../support/ports.ts';
import { until } from './support.ts';

const KEY = new Uint8Array(randomBytes(32));
const CONFIGURATION = '00'.repeat(16);
const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

const address = (port: number) => ({ host: '127.0.0.1', port });
const hello = (generation: number) =>
  encodeMessage({
    kind: 'hello',
    generation,
    machine: 'm',
    owner: 'alpha.1',
    configuration: CONFIGURATION,
  });
const ack = encodeMessage({
  kind: 'ack',
  generation: 1,
  batch: 0,
  received: 0,
  executed: 0,
  count: 0,
});

/** A channel of `host`, which reaches the other by way of the port `via`. */
async function openChannel(host: 'alpha' | 'beta', port: number, via: number) {
  const events: HostEvent[] = [];
  const refused: string[] = [];
  const ports = host === 'alpha' ? [port, via] : [via, port];
  const channel = new Channel({
    machine: 'm',
    host,
    hosts: ['alpha', 'beta'].map((name, i) => ({ name, place: name, address: address(ports[i]!) })),
    key: KEY,
    configuration: CONFIGURATION,
    refusal: (_, generation) => (generation === 1 ? undefined : 'not awaited'),
    onEvent: (event) => events.push(event),
    onOpen: () => {},
    onRefusedBy: () => {},
    onRefused: (kind) => refused.push(kind),
  });
  await channel.listen();
  closers.push(() => void channel.end());
  const messages = () => events.filter(({ kind }) => kind === 'message').length;
  const lost = () => events.filter(({ kind }) => kind === 'channel-lost').length;
  return { channel, events, refused, messages, lost };
}

/** Two channels and somebody between them who may change what alpha sends. */
async function openPair() {
  const [a, b] = (await freePorts(2)) as [number, number];
  let tamper = (bytes: Buffer): Buffer => bytes;
  const relay: Server = createServer((socket) => {
    const onward = connect(b, '127.0.0.1');
    socket.on('data', (bytes) => onward.write(tamper(bytes)));
    onward.on('data', (bytes) => socket.write(bytes));
    for (const [end, other] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      end.on('error', () => {}).on('close', () => other.destroy());
    }
  });
  relay.listen(0, '127.0.0.1');
  await once(relay, 'listening');
  closers.push(() => relay.close());
  const alpha = await openChannel('alpha', a, (relay.address() as AddressInfo).port);
  const beta = await openChannel('beta', b, a);
  alpha.channel.send('beta', hello(1));
  await until('beta is greeted', () => beta.messages() === 1);
  const setTamper = (change: typeof tamper): void => {
    tamper = change;
  };
  return { alpha, beta, ports: { a, b }, setTamper };
}

describe('the channel', () => {
  it('carries messages both ways on the connection of whoever began', async () => {
    const { alpha, beta } = await openPair();
    beta.channel.send('alpha', ack);
    await until('alpha has the answer', () => alpha.messages() === 1);
    expect(alpha.events).toEqual([{ kind: 'message', from: 'beta', bytes: ack }]);
    beta.channel.close('alpha');
    await until('alpha hears of the end', () => alpha.lost() === 1);
    alpha.channel.send('beta', ack);
    expect(alpha.channel.peers, 'an answer begins nothing').toEqual([]);
    expect(beta.lost(), 'who closes is not told').toBe(0);
  });

  it('ends at the first byte that was altered, and both hear of it once', async () => {
    const { alpha, beta, setTamper } = await openPair();
    setTamper((bytes) => {
      const altered = Buffer.from(bytes);
      altered[altered.length - 20]! ^= 1;
      return altered;
    });
    alpha.channel.send('beta', ack);
    await until('both have noticed', () => alpha.lost() === 1 && beta.lost() === 1);
    expect(beta.messages(), 'the altered message is not delivered').toBe(1);
    expect(beta.refused).toEqual(['altered']);
  });

  it('ends where bytes are repeated', async () => {
    const { alpha, beta, setTamper } = await openPair();
    setTamper((bytes) => Buffer.concat([bytes, bytes]));
    alpha.channel.send('beta', ack);
    await until('both have noticed', () => alpha.lost() === 1 && beta.lost() === 1);
    expect(beta.messages(), 'the first copy at the most').toBeLessThanOrEqual(2);
  });

  it('turns away strangers and whoever is not awaited, and goes on', async () => {
    const { alpha, beta, ports } = await openPair();
    const stranger = connectSecure(address(ports.b), new Uint8Array(32), 'alpha');
    await until('the stranger is gone', () => stranger.destroyed);
    const greeting = {
      machine: 'm',
      from: 'alpha',
      to: 'beta',
      configuration: CONFIGURATION,
      generation: 1,
    };
    const greet = async (bytes: Uint8Array, identity = 'alpha'): Promise<void> => {
      const socket = connectSecure(address(ports.b), KEY, identity).resume();
      socket.once('secureConnect', () => socket.write(frameBytes(bytes)));
      await until('it is turned away', () => socket.destroyed);
    };
    await greet(encodeGreeting({ ...greeting, machine: 'another' }));
    await greet(encodeGreeting({ ...greeting, generation: 7 }));
    await greet(encodeGreeting({ ...greeting, configuration: '11'.repeat(16) }));
    await greet(encodeGreeting({ ...greeting, from: 'mallory' }), 'mallory');
    await greet(encodeGreeting(greeting), 'gamma');
    await greet(Uint8Array.of(0xee, ...randomBytes(40)));
    await greet(new Uint8Array(0));
    const [stranger0, ...others] = beta.refused;
    expect(stranger0).toBe('stranger');
    expect(others).toEqual([
      'machine',
      'generation',
      'configuration',
      'stranger',
      'stranger',
      'version',
      'malformed',
    ]);
    alpha.channel.send('beta', ack);
    await until('the real one is heard', () => beta.messages() === 2);
    expect(beta.lost()).toBe(0);
  });

  it('holds what is sent while it is cut, and loses nothing', async () => {
    const { alpha, beta } = await openPair();
    alpha.channel.isCut = true;
    beta.channel.send('alpha', ack);
    alpha.channel.send('beta', ack);
    alpha.channel.send('beta', ack);
    expect(beta.messages()).toBe(1);
    alpha.channel.isCut = false;
    await until('all has come', () => beta.messages() === 3 && alpha.messages() === 1);
  });
});

describe('heartbeats', () => {
  it('are heard once, from those who have the key', async () => {
    const [a, b] = (await freePorts(2)) as [number, number];
    const relay = createSocket('udp4').bind(0, '127.0.0.1');
    await once(relay, 'listening');
    const heard: number[] = [];
    const refused: string[] = [];
    const open = (host: string, ports: readonly [number, number], key = KEY) =>
      Heartbeats.open({
        key,
        host,
        hosts: ['alpha', 'beta'].map((name, i) => ({
          name,
          place: name,
          address: address(ports[i]!),
        })),
        life: 1,
        onHeartbeat: (_, bytes) => heard.push(bytes[0]!),
        onRefused: (kind) => refused.push(kind),
      });
    const alpha = await open('alpha', [a, relay.address().port]);
    const beta = await open('beta', [a, b]);
    closers.push(
      () => alpha.close(),
      () => beta.close(),
      () => relay.close(),
    );
    const caught: Buffer[] = [];
    relay.on('message', (bytes) => caught.push(bytes));
    alpha.send('beta', Uint8Array.of(1));
    alpha.send('beta', Uint8Array.of(2));
    await until('both are caught', () => caught.length === 2);
    const [first, second] = caught as [Buffer, Buffer];
    const deliver = async (bytes: Uint8Array): Promise<void> => {
      const before = heard.length + refused.length;
      relay.send(bytes, b, '127.0.0.1');
      await until('it is judged', () => heard.length + refused.length > before);
    };
    const altered = Buffer.from(first);
    altered[altered.length - 40]! ^= 1;
    for (const bytes of [altered, first, first, second, first, randomBytes(200), randomBytes(3)])
      await deliver(bytes);
    expect(heard).toEqual([1, 2]);
    expect(refused).toEqual(['stranger', 'repeated', 'repeated', 'stranger', 'stranger']);
  });
});
