/**
 * Messages between two replicas. On the wire each is
 *   magic u32 "VMFT" · version u8 · type u8 · length u32 of the body · crc32 u32 of type and body ·
 * body little endian. A decoder survives any bytes: it throws {@link MessageError} and nothing
 * else. Everything but a heartbeat travels on the channel, in order.
 *
 * A machine moves to a standby (protocol.md §4 rules 11 to 15) with `offer`, `accept`, `piece`s
 * and their acknowledgements, and `last`; all of them carry the generation that is offered.
 */
import { ByteReader, BytesError, ByteWriter } from '../base/bytes.ts';
import { crc32 } from '../base/crc32.ts';
import { type Digest, fromHex, toHex } from '../base/digest.ts';
import { readOutput, writeOutput } from '../hypervisor/output-codec.ts';
import type { PendingOutput } from './output-rule.ts';
import type { Token } from './ports.ts';

/** Grows with every change of the format; a peer of another version is refused. */
export const MESSAGE_VERSION = 3;
const MAGIC = 0x54464d56;
/** Bytes before the body, and where in them the body's length and the checksum are. */
export const HEADER_BYTES = 14;
const LENGTH_AT = 6;
/** More than most messages have, but for their data. */
const FEW_BYTES = 64;
/** Longest body in bytes; a longer one is refused before it is read. */
export const MAX_BODY_BYTES = 64 * 1024 * 1024;

/** Why a peer leaves for good. */
export type Farewell =
  | 'guest-exit'
  | 'guest-fault'
  | 'power-off'
  | 'divergence'
  | 'refused'
  | 'switch-over';
const FAREWELLS: readonly Farewell[] = [
  'guest-exit',
  'guest-fault',
  'power-off',
  'divergence',
  'refused',
  'switch-over',
];

/** What two replicas say to each other on the channel. */
export type Message = {
  readonly generation: number;
} & (
  | {
      /** First on a channel, and its answer: two replicas of one machine that agree on it all. */
      readonly kind: 'hello' | 'hello-ack';
      readonly machine: string;
      readonly owner: string;
      readonly configuration: Digest;
    }
  /**
   * Entries of the log, in the codec of hypervisor/codec.ts; none in an empty batch, which only
   * says that the sender is alive (contracts.md 11). `batch` counts up from 0 on a channel.
   * All outputs with ordinals below `releasedUpTo`, disk requests aside, have reached their
   * receivers.
   */
  | {
      readonly kind: 'batch';
      readonly batch: number;
      readonly releasedUpTo: number;
      readonly entries: Uint8Array;
    }
  /**
   * `batch` and all before it are in the backup's buffer, which makes `received` entries of the
   * machine's life; `executed` of them have been consumed, up to instruction `count`.
   */
  | {
      readonly kind: 'ack';
      readonly batch: number;
      readonly received: number;
      readonly executed: number;
      readonly count: number;
    }
  /**
   * The sender ends and must not be replaced, except for 'divergence' and 'refused'; after
   * 'switch-over' the receiver takes its place.
   */
  | { readonly kind: 'goodbye'; readonly reason: Farewell }
  | { readonly kind: 'goodbye-ack' }
  /** The sender has won generation `won` as `owner`, and would make the receiver its backup. */
  | {
      readonly kind: 'offer';
      readonly machine: string;
      readonly owner: string;
      readonly configuration: Digest;
      readonly won: number;
    }
  /** The offer is taken: the arbiter has confirmed it. */
  | { readonly kind: 'accept' }
  /** Part of the machine's state (hypervisor/clone.ts). `number` counts up from 0 in an offer. */
  | { readonly kind: 'piece'; readonly number: number; readonly bytes: Uint8Array }
  | { readonly kind: 'piece-ack'; readonly number: number }
  /** With this message the generation begins: what the new backup knows at its beginning. */
  | ({ readonly kind: 'last' } & Handover)
  /** A datagram. `token` says what the sender is: 2g + 1 tells that it goes on alone (rule 18). */
  | { readonly kind: 'heartbeat'; readonly machine: string; readonly token: Token }
);

/** What a new backup has to know besides the state of the machine. */
export interface Handover {
  /** Of the machine as its last piece describes it. */
  readonly digest: Digest;
  /** Entries and outputs of the machine's life up to there, and the instruction count. */
  readonly entries: number;
  readonly outputs: number;
  readonly count: number;
  /** The operator's limit on the share of the CPU. */
  readonly percent: number;
  /** Outputs up to there that are not known to have arrived, oldest first. */
  readonly pending: readonly PendingOutput[];
}

const TYPES: readonly Message['kind'][] = [
  'hello',
  'hello-ack',
  'batch',
  'ack',
  'goodbye',
  'goodbye-ack',
  'heartbeat',
  'offer',
  'accept',
  'piece',
  'piece-ack',
  'last',
];

/** Bytes that are not a message of this version. */
export class MessageError extends Error {
  override readonly name = 'MessageError';
  /** What the bytes are instead. */
  readonly why: 'version' | 'altered' | 'malformed' | 'gap';

  constructor(message: string, why: MessageError['why'] = 'malformed') {
    super(message);
    this.why = why;
  }
}

/** One message as bytes. */
export function encodeMessage(message: Message): Uint8Array {
  const type = TYPES.indexOf(message.kind);
  const data = message.kind === 'batch' ? message.entries.length : 0;
  const writer = new ByteWriter(FEW_BYTES + data).u32(MAGIC).u8(MESSAGE_VERSION).u8(type);
  writeBody(writer.u32(0).u32(0), message);
  const bytes = writer.take();
  const view = new DataView(bytes.buffer, LENGTH_AT);
  view.setUint32(0, bytes.length - HEADER_BYTES, true);
  view.setUint32(4, checksum(type, bytes), true);
  return bytes;
}

/** The checksum of each type alone. */
const TYPE_CRC = Uint32Array.from({ length: 256 }, (_, type) => crc32(Uint8Array.of(type)));

/** The checksum of a whole message. */
const checksum = (type: number, bytes: Uint8Array): number =>
  crc32(bytes.subarray(HEADER_BYTES), TYPE_CRC[type]);

function writeBody(writer: ByteWriter, message: Message): void {
  writer.varint(message.generation);
  switch (message.kind) {
    case 'hello':
    case 'hello-ack':
      writer.text(message.machine).text(message.owner).blob(fromHex(message.configuration));
      break;
    case 'batch':
      writer.varint(message.batch).varint(message.releasedUpTo).blob(message.entries);
      break;
    case 'ack':
      writer.varint(message.batch).varint(message.received);
      writer.varint(message.executed).varint(message.count);
      break;
    case 'goodbye':
      writer.u8(FAREWELLS.indexOf(message.reason));
      break;
    case 'goodbye-ack':
    case 'accept':
      break;
    case 'offer':
      writer.text(message.machine).text(message.owner).blob(fromHex(message.configuration));
      writer.varint(message.won);
      break;
    case 'piece':
      writer.varint(message.number).blob(message.bytes);
      break;
    case 'piece-ack':
      writer.varint(message.number);
      break;
    case 'last':
      writeHandover(writer, message);
      break;
    case 'heartbeat':
      writer.text(message.machine).varint(message.token);
      break;
  }
}

function writeHandover(writer: ByteWriter, handover: Handover): void {
  const { digest, entries, outputs, count, percent, pending } = handover;
  writer.blob(fromHex(digest)).varint(entries).varint(outputs).varint(count);
  writer.u8(percent).varint(pending.length);
  for (const { ordinal, entry, output } of pending) {
    writeOutput(writer.varint(ordinal).varint(entry), output);
  }
}

function readHandover(reader: ByteReader): Handover {
  const digest = toHex(reader.blob());
  const [entries, outputs, count] = [reader.varint(), reader.varint(), reader.varint()];
  const percent = reader.u8();
  if (percent < 1 || percent > 100) throw new MessageError(`a share of ${percent} %`);
  const pending: PendingOutput[] = [];
  for (let left = reader.varint(); left > 0; left--) {
    const [ordinal, entry] = [reader.varint(), reader.varint()];
    pending.push({ ordinal, entry, output: readOutput(reader) });
  }
  return { digest, entries, outputs, count, percent, pending };
}

/**
 * The length in bytes of the message that begins `bytes`, or undefined when too few bytes have come
 * to tell. For a reader of a stream. @throws MessageError when no message begins here.
 */
export function messageLength(bytes: Uint8Array): number | undefined {
  if (bytes.length < HEADER_BYTES) return undefined;
  return HEADER_BYTES + readHeader(new ByteReader(bytes)).length;
}

function readHeader(reader: ByteReader): { type: number; length: number; crc: number } {
  const magic = reader.u32();
  if (magic !== MAGIC) throw new MessageError(`expected magic VMFT, got 0x${magic.toString(16)}`);
  const version = reader.u8();
  if (version !== MESSAGE_VERSION) {
    const text = `expected message version ${MESSAGE_VERSION}, got ${version}`;
    throw new MessageError(text, 'version');
  }
  const type = reader.u8();
  const length = reader.u32();
  if (length > MAX_BODY_BYTES) {
    throw new MessageError(`expected a body of at most ${MAX_BODY_BYTES} bytes, got ${length}`);
  }
  return { type, length, crc: reader.u32() };
}

/** The message that `bytes` are, exactly. @throws MessageError when they are not one. */
export function decodeMessage(bytes: Uint8Array): Message {
  try {
    const reader = new ByteReader(bytes);
    const { type, length, crc } = readHeader(reader);
    if (reader.left !== length) {
      throw new MessageError(`expected a body of ${length} bytes, got ${reader.left}`);
    }
    if (checksum(type, bytes) !== crc)
      throw new MessageError('the checksum does not match', 'altered');
    const message = decodeBody(type, reader);
    if (reader.left > 0) throw new MessageError(`${reader.left} bytes too many in the body`);
    return message;
  } catch (error) {
    if (error instanceof BytesError) throw new MessageError(error.message);
    throw error;
  }
}

function decodeBody(type: number, reader: ByteReader): Message {
  const kind = TYPES[type];
  const generation = reader.varint();
  switch (kind) {
    case 'hello':
    case 'hello-ack': {
      const [machine, owner] = [reader.text(), reader.text()];
      return { kind, generation, machine, owner, configuration: toHex(reader.blob()) };
    }
    case 'batch': {
      const [batch, releasedUpTo] = [reader.varint(), reader.varint()];
      return { kind, generation, batch, releasedUpTo, entries: reader.blob() };
    }
    case 'ack': {
      const [batch, received] = [reader.varint(), reader.varint()];
      return {
        kind,
        generation,
        batch,
        received,
        executed: reader.varint(),
        count: reader.varint(),
      };
    }
    case 'goodbye': {
      const reason = FAREWELLS[reader.u8()];
      if (!reason) throw new MessageError('an unknown reason for a goodbye');
      return { kind, generation, reason };
    }
    case 'goodbye-ack':
    case 'accept':
      return { kind, generation };
    case 'offer': {
      const [machine, owner] = [reader.text(), reader.text()];
      const configuration = toHex(reader.blob());
      return { kind, generation, machine, owner, configuration, won: reader.varint() };
    }
    case 'piece':
      return { kind, generation, number: reader.varint(), bytes: reader.blob() };
    case 'piece-ack':
      return { kind, generation, number: reader.varint() };
    case 'last':
      return { kind, generation, ...readHandover(reader) };
    case 'heartbeat':
      return { kind, generation, machine: reader.text(), token: reader.varint() };
    case undefined:
      throw new MessageError(`unknown message type ${type}`);
  }
}
