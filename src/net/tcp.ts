/**
 * TCP segments (RFC 9293 §3.1). Of the options only the maximum segment size is read and written;
 * others are skipped. The urgent pointer is ignored and written as zero.
 */
import type { Ipv4Address } from './address.ts';
import { checksum, onesSum, pseudoHeaderSum } from './checksum.ts';
import { PROTOCOL_TCP } from './ipv4.ts';

/** Control bits of a segment. */
export const TCP_FIN = 0x01;
export const TCP_SYN = 0x02;
export const TCP_RST = 0x04;
export const TCP_PSH = 0x08;
export const TCP_ACK = 0x10;

const KNOWN_FLAGS = 0x1f;
const HEADER_BYTES = 20;
const OPTION_END = 0;
const OPTION_NOTHING = 1;
const OPTION_MAX_SEGMENT = 2;

/** A segment, its options read. */
export interface TcpSegment {
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** Number of the first byte, or of SYN or FIN: 0 … 2^32 − 1. */
  readonly sequence: number;
  /** Number expected next from the other side; means something with TCP_ACK only. */
  readonly acknowledgement: number;
  /** Some of TCP_… */
  readonly flags: number;
  /** Bytes that the sender has room for, 0 … 0xFFFF; not scaled. */
  readonly window: number;
  /** Largest payload that the sender takes, in bytes; only in segments with SYN. */
  readonly maxSegment?: number;
  readonly payload: Uint8Array;
}

/** Sequence numbers that `segment` takes up: its bytes, and one each for SYN and FIN. */
export function segmentLength(segment: TcpSegment): number {
  const { flags, payload } = segment;
  return payload.length + (flags & TCP_SYN ? 1 : 0) + (flags & TCP_FIN ? 1 : 0);
}

/** The maximum segment size among the options in `bytes`; false if they are malformed. */
function readMaxSegment(bytes: Uint8Array): number | undefined | false {
  for (let at = 0; at < bytes.length; ) {
    const kind = bytes[at]!;
    if (kind === OPTION_END) return undefined;
    if (kind === OPTION_NOTHING) {
      at++;
      continue;
    }
    const length = bytes[at + 1] ?? 0;
    if (length < 2 || at + length > bytes.length) return false;
    if (kind === OPTION_MAX_SEGMENT && length === 4) return bytes[at + 2]! * 256 + bytes[at + 3]!;
    at += length;
  }
  return undefined;
}

/**
 * The segment that `bytes` are (its payload is a view of them), sent between two addresses;
 * undefined if lengths, options or checksum are wrong.
 */
export function parseTcp(
  bytes: Uint8Array,
  source: Ipv4Address,
  destination: Ipv4Address,
): TcpSegment | undefined {
  if (bytes.length < HEADER_BYTES) return undefined;
  const headerBytes = (bytes[12]! >> 4) * 4;
  if (headerBytes < HEADER_BYTES || headerBytes > bytes.length) return undefined;
  const pseudo = pseudoHeaderSum(source, destination, PROTOCOL_TCP, bytes.length);
  if (onesSum(bytes, pseudo) !== 0xffff) return undefined;
  const maxSegment = readMaxSegment(bytes.subarray(HEADER_BYTES, headerBytes));
  if (maxSegment === false) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return {
    sourcePort: view.getUint16(0),
    destinationPort: view.getUint16(2),
    sequence: view.getUint32(4),
    acknowledgement: view.getUint32(8),
    flags: bytes[13]! & KNOWN_FLAGS,
    window: view.getUint16(14),
    ...(maxSegment !== undefined && { maxSegment }),
    payload: bytes.subarray(headerBytes),
  };
}

/** The bytes of `segment`, with its checksum, to be sent between two addresses. */
export function emitTcp(
  segment: TcpSegment,
  source: Ipv4Address,
  destination: Ipv4Address,
): Uint8Array {
  const headerBytes = HEADER_BYTES + (segment.maxSegment === undefined ? 0 : 4);
  const bytes = new Uint8Array(headerBytes + segment.payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, segment.sourcePort);
  view.setUint16(2, segment.destinationPort);
  view.setUint32(4, segment.sequence);
  view.setUint32(8, segment.acknowledgement);
  bytes[12] = (headerBytes / 4) << 4;
  bytes[13] = segment.flags;
  view.setUint16(14, segment.window);
  if (segment.maxSegment !== undefined) {
    bytes[20] = OPTION_MAX_SEGMENT;
    bytes[21] = 4;
    view.setUint16(22, segment.maxSegment);
  }
  bytes.set(segment.payload, headerBytes);
  const pseudo = pseudoHeaderSum(source, destination, PROTOCOL_TCP, bytes.length);
  view.setUint16(16, checksum(bytes, pseudo));
  return bytes;
}
