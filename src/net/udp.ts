/**
 * UDP datagrams (RFC 768): source port, destination port, length, checksum (two bytes each), data.
 * The checksum covers the addresses too; a sender may leave it out by sending zero.
 */
import type { Ipv4Address } from './address.ts';
import { checksum, onesSum, pseudoHeaderSum } from './checksum.ts';
import { PROTOCOL_UDP } from './ipv4.ts';

const HEADER_BYTES = 8;

/** A datagram. */
export interface UdpDatagram {
  /** 0 … 0xFFFF; 0 where no answer is wanted. */
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** At most 65,507 bytes. */
  readonly payload: Uint8Array;
}

/**
 * The datagram at the start of `bytes` (its payload is a view of them), sent between two
 * addresses; undefined if its length or its checksum is wrong.
 */
export function parseUdp(
  bytes: Uint8Array,
  source: Ipv4Address,
  destination: Ipv4Address,
): UdpDatagram | undefined {
  if (bytes.length < HEADER_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const length = view.getUint16(4);
  if (length < HEADER_BYTES || length > bytes.length) return undefined;
  if (view.getUint16(6) !== 0) {
    const pseudo = pseudoHeaderSum(source, destination, PROTOCOL_UDP, length);
    if (onesSum(bytes.subarray(0, length), pseudo) !== 0xffff) return undefined;
  }
  return {
    sourcePort: view.getUint16(0),
    destinationPort: view.getUint16(2),
    payload: bytes.subarray(HEADER_BYTES, length),
  };
}

/** The bytes of `datagram`, with its checksum, to be sent between two addresses. */
export function emitUdp(
  datagram: UdpDatagram,
  source: Ipv4Address,
  destination: Ipv4Address,
): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + datagram.payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, datagram.sourcePort);
  view.setUint16(2, datagram.destinationPort);
  view.setUint16(4, bytes.length);
  bytes.set(datagram.payload, HEADER_BYTES);
  const pseudo = pseudoHeaderSum(source, destination, PROTOCOL_UDP, bytes.length);
  // Zero would mean "no checksum"; 0xFFFF is the same number in ones' complement.
  view.setUint16(6, checksum(bytes, pseudo) || 0xffff);
  return bytes;
}
