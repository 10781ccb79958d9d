/**
 * IPv4 packets (RFC 791). Fragments are parsed and emitted like other packets; nobody here
 * reassembles them.
 */
import { type Ipv4Address, readIpv4, writeIpv4 } from './address.ts';
import { checksum, onesSum } from './checksum.ts';

/** What a payload may be, as {@link Ipv4Packet.protocol}. */
export const PROTOCOL_ICMP = 1;
export const PROTOCOL_TCP = 6;
export const PROTOCOL_UDP = 17;

const HEADER_BYTES = 20;

/** A packet; its options are left out. */
export interface Ipv4Packet {
  readonly source: Ipv4Address;
  readonly destination: Ipv4Address;
  /** 0 … 255; PROTOCOL_… */
  readonly protocol: number;
  /** Hops that are left, 0 … 255. */
  readonly timeToLive: number;
  /** Type of service, 0 … 255. */
  readonly service: number;
  /** Number that the fragments of one packet share, 0 … 0xFFFF. */
  readonly identification: number;
  /** Flags (bit 14 do not fragment, bit 13 more follow) and offset in 8-byte units. */
  readonly fragment: number;
  /** A multiple of four bytes, at most 40. */
  readonly options: Uint8Array;
  /** At most 65,515 bytes less the options. */
  readonly payload: Uint8Array;
}

/** What most senders leave alone: 64 hops, never to be fragmented, no options. */
export const IPV4_DEFAULTS = Object.freeze({
  timeToLive: 64,
  service: 0,
  identification: 0,
  fragment: 0x4000,
  options: new Uint8Array(0),
});

/** Whether `packet` is only a part of what was sent. */
export function isFragment(packet: Ipv4Packet): boolean {
  return (packet.fragment & 0x3fff) !== 0;
}

/**
 * The packet at the start of `bytes` (options and payload are views of them; padding after it is
 * left out); undefined if lengths or checksum are wrong.
 */
export function parseIpv4(bytes: Uint8Array): Ipv4Packet | undefined {
  if (bytes.length < HEADER_BYTES || bytes[0]! >> 4 !== 4) return undefined;
  const headerBytes = (bytes[0]! & 15) * 4;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const totalBytes = view.getUint16(2);
  if (headerBytes < HEADER_BYTES || totalBytes < headerBytes || totalBytes > bytes.length)
    return undefined;
  if (onesSum(bytes.subarray(0, headerBytes)) !== 0xffff) return undefined;
  return {
    source: readIpv4(bytes, 12),
    destination: readIpv4(bytes, 16),
    protocol: bytes[9]!,
    timeToLive: bytes[8]!,
    service: bytes[1]!,
    identification: view.getUint16(4),
    fragment: view.getUint16(6),
    options: bytes.subarray(HEADER_BYTES, headerBytes),
    payload: bytes.subarray(headerBytes, totalBytes),
  };
}

/** The bytes of `packet`, with its checksum. */
export function emitIpv4(packet: Ipv4Packet): Uint8Array {
  const headerBytes = HEADER_BYTES + packet.options.length;
  const bytes = new Uint8Array(headerBytes + packet.payload.length);
  const view = new DataView(bytes.buffer);
  bytes[0] = 0x40 | (headerBytes / 4);
  bytes[1] = packet.service;
  view.setUint16(2, bytes.length);
  view.setUint16(4, packet.identification);
  view.setUint16(6, packet.fragment);
  bytes[8] = packet.timeToLive;
  bytes[9] = packet.protocol;
  writeIpv4(bytes, 12, packet.source);
  writeIpv4(bytes, 16, packet.destination);
  bytes.set(packet.options, HEADER_BYTES);
  view.setUint16(10, checksum(bytes.subarray(0, headerBytes)));
  bytes.set(packet.payload, headerBytes);
  return bytes;
}
