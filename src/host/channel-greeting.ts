/**
 * How two replicas greet each other on a connection of the channel, each in its first frame; only
 * then do messages of the protocol core follow. Whoever connects says who he is and what he has
 * come for; the other says welcome, or why not.
 *
 *   greeting = u8 version, texts machine, from, to, configuration, varint generation
 *   answer   = u8 version, u8 1 for welcome or 0, text why not
 *
 * Decoders survive any bytes: they throw BytesError and nothing else.
 */
import { ByteReader, BytesError, ByteWriter } from '../base/bytes.ts';
import type { Digest } from '../base/digest.ts';
import type { HostId } from '../ft/ports.ts';

/** Grows with every change of the format. */
const VERSION = 1;

/** The greeting of another version. */
export class GreetingVersionError extends BytesError {
  constructor(version: number) {
    super(`expected version ${VERSION}, got ${version}`, 0);
  }
}

/** What a connection is for. */
export interface ChannelGreeting {
  readonly machine: string;
  readonly from: HostId;
  readonly to: HostId;
  /** Of image and machine. */
  readonly configuration: Digest;
  /** The generation that the first message is about. */
  readonly generation: number;
}

/** A greeting as bytes. */
export function encodeGreeting(greeting: ChannelGreeting): Uint8Array {
  const { machine, from, to, configuration, generation } = greeting;
  const writer = new ByteWriter().u8(VERSION).text(machine).text(from).text(to);
  return writer.text(configuration).varint(generation).take();
}

/** The greeting that `bytes` are. */
export function decodeGreeting(bytes: Uint8Array): ChannelGreeting {
  const reader = new ByteReader(bytes);
  checkVersion(reader);
  const [machine, from, to] = [reader.text(), reader.text(), reader.text()];
  return { machine, from, to, configuration: reader.text(), generation: reader.varint() };
}

/** An answer as bytes: welcome where there is no reason to refuse. */
export const encodeAnswer = (refusal: string | undefined): Uint8Array =>
  new ByteWriter()
    .u8(VERSION)
    .u8(refusal === undefined ? 1 : 0)
    .text(refusal ?? '')
    .take();

/** Why the answer refuses; undefined for a welcome. */
export function decodeAnswer(bytes: Uint8Array): string | undefined {
  const reader = new ByteReader(bytes);
  checkVersion(reader);
  const welcome = reader.u8() === 1;
  const reason = reader.text();
  return welcome ? undefined : reason;
}

function checkVersion(reader: ByteReader): void {
  const version = reader.u8();
  if (version !== VERSION) throw new GreetingVersionError(version);
}
