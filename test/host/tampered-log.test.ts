/**
 * The channel of a real backup, and somebody who tampers with it:
 * whatever comes is refused, told and counted, and nothing of it reaches the guest.
 */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import type { TLSSocket } from 'node:tls';
import { beforeEach, describe, expect, it } from 'vitest';
import { toHex } from '../../src/base/digest.ts';
import { encodeMessage, MESSAGE_VERSION } from '../../src/ft/messages.ts';
import { encodeGreeting } from '../../src/host/channel-greeting.ts';
import { FrameReader, frameBytes } from '../../src/host/framing.ts';
import { makeHasher } from '../../src/host/hasher.ts';
import { connectSecure } from '../../src/host/secure-socket.ts';
import { guestImage } from '../support/guest-image.ts';
import { freePorts } from '../support/ports.ts';
import { isLong } from '../support/runs.ts';
import { Parts, until } from './support.ts';

interface Status {
  readonly role: string;
  readonly refused: number;
  readonly refusals: Readonly<Record<string, number>>;
}

const MACHINE = {
  ramBytes: 16 << 20,
  commandLine: '',
  slots: [{ kind: 'entropy' }],
  strict: false,
};

/** Where the version stands in a message. */
const VERSION_AT = 4;

const parts = Parts.forEachTest();
let port: number;
let configuration: string;

beforeEach(async () => {
  const image = guestImage('udp-counter');
  writeFileSync(parts.at('image'), image);
  const [a, b] = (await freePorts(2)) as [number, number];
  port = b;
  parts.configure({
    hosts: [
      { name: 'alpha', address: `127.0.0.1:${a}` },
      { name: 'beta', address: `127.0.0.1:${b}` },
    ],
    // Nothing here waits for a timeout.
    timing: { failureTimeoutMs: 600_000 },
  });
  const { hash } = await makeHasher();
  const description = new TextEncoder().encode(JSON.stringify(MACHINE));
  configuration = toHex(hash(Buffer.concat([hash(image), description])));
  parts.start('beta', ['host', 'beta', '--cold-start', '--log-format', 'json']);
  await until('beta waits', () => parts.status('beta'));
});

const greeting = (generation = 1) => ({
  machine: 'm',
  from: 'alpha',
  to: 'beta',
  configuration,
  generation,
});
const hello = () =>
  encodeMessage({ kind: 'hello', generation: 1, machine: 'm', owner: 'alpha.x', configuration });
const batch = (number: number, generation = 1) =>
  encodeMessage({
    kind: 'batch',
    generation,
    batch: number,
    releasedUpTo: 0,
    entries: Uint8Array.of(0),
  });

/** Connects as alpha, sends a frame, and collects the frames that come back. */
function connect(first: Uint8Array, key = parts.key): { socket: TLSSocket; frames: Uint8Array[] } {
  const socket = connectSecure({ host: '127.0.0.1', port }, key, 'alpha');
  const frames: Uint8Array[] = [];
  const reader = new FrameReader(1 << 20);
  socket.on('data', (bytes: Buffer) => frames.push(...reader.push(bytes)));
  socket.once('secureConnect', () => socket.write(frameBytes(first)));
  return { socket, frames };
}

/** The backup is greeted as by its primary, and the log has begun. */
async function openChannel() {
  const { socket, frames } = connect(encodeGreeting(greeting()));
  await until('beta welcomes alpha', () => frames.length > 0);
  const send = (bytes: Uint8Array): void => void socket.write(frameBytes(bytes));
  for (const bytes of [hello(), batch(0), batch(1)]) send(bytes);
  await until('the log is acknowledged', () => frames.length >= 4);
  return { socket, frames, send };
}

const statusWith = (kind: string) =>
  until(`beta has refused: ${kind}`, async () => {
    const status = await parts.status<Status>('beta');
    return status?.refusals[kind] ? status : undefined;
  });

/** What may happen to the bytes of a batch, and how it is refused. */
const TAMPERINGS: readonly (readonly [string, (bytes: Uint8Array) => unknown])[] = [
  ['altered', (bytes) => (bytes[bytes.length - 1]! ^= 1)],
  ['version', (bytes) => (bytes[VERSION_AT] = MESSAGE_VERSION - 1)],
  ['gap', (bytes) => bytes.set(batch(5))],
  ['malformed', (bytes) => bytes.fill(0)],
];

describe('a tampered log', () => {
  it('gets no further than the greeting: strangers, other generations, noise', async () => {
    const turnedAway = async (bytes: Uint8Array, kind: string, key?: Uint8Array): Promise<void> => {
      const { socket } = connect(bytes, key as Uint8Array<ArrayBuffer>);
      await statusWith(kind);
      await until('the connection is closed', () => socket.destroyed);
    };
    const sound = encodeGreeting(greeting());
    await turnedAway(sound, 'stranger', randomBytes(32));
    await turnedAway(encodeGreeting(greeting(9)), 'generation');
    await turnedAway(Uint8Array.of(sound[0]! + 1, ...sound.subarray(1)), 'version');
    await turnedAway(sound.subarray(0, 5), 'malformed');
    const status = await statusWith('malformed');
    expect(status).toMatchObject({
      role: 'backup',
      refused: 4,
      refusals: { stranger: 1, generation: 1, version: 1, malformed: 1 },
    });
    const { socket } = await openChannel();
    socket.destroy();
  });

  it('changes nothing where a batch comes again, or is of another generation', async () => {
    const { send, frames } = await openChannel();
    send(batch(0));
    send(batch(7, 2));
    const before = frames.length;
    send(batch(2));
    await until('the log goes on', () => frames.length > before);
    expect(await parts.status<Status>('beta')).toMatchObject({
      role: 'backup',
      refused: 2,
      refusals: { repeated: 1, generation: 1 },
    });
    const lines = parts.log('beta').trim().split('\n');
    const told = lines.map((line) => JSON.parse(line));
    expect(told.filter(({ message }) => message.startsWith('refuses'))).toMatchObject(
      [
        { level: 'warning', part: 'beta', machine: 'm', message: /\(repeated\) alpha/ },
        { level: 'warning', part: 'beta', machine: 'm', message: /\(generation\) alpha/ },
      ].map((line) => ({ ...line, message: expect.stringMatching(line.message) })),
    );
  });

  it.each(isLong ? TAMPERINGS : TAMPERINGS.slice(0, 1))(
    'ends the channel where bytes are not what was sent: %s',
    async (kind, tamper) => {
      const { socket, send } = await openChannel();
      const bytes = batch(2).slice();
      tamper(bytes);
      send(bytes);
      expect((await statusWith(kind)).refused).toBe(1);
      await until('the channel has ended', () => socket.destroyed);
      // Whoever tampers with a channel can cut it as well; the arbiter decides what follows.
      await until('beta goes on', async () => {
        const status = await parts.status<Status>('beta');
        return status?.role === 'alone';
      });
    },
  );
});
