/**
 * ARP for IPv4 over Ethernet (RFC 826), 28 bytes: kinds and lengths of addresses (6 bytes),
 * operation (2), sender's MAC and IPv4 address (10), target's (10).
 */
import {
  type Ipv4Address,
  type MacAddress,
  readIpv4,
  readMac,
  writeIpv4,
  writeMac,
} from './address.ts';

/** Ethernet, IPv4, six and four bytes. */
const KINDS = [0, 1, 8, 0, 6, 4];
const PACKET_BYTES = 28;

/** A question or an answer about who has an address. */
export interface ArpPacket {
  readonly operation: 'request' | 'reply';
  readonly senderMac: MacAddress;
  readonly senderIp: Ipv4Address;
  /** Zero in a request: it is what the sender wants to know. */
  readonly targetMac: MacAddress;
  readonly targetIp: Ipv4Address;
}

/**
 * The packet at the start of `bytes`; undefined if they are too short, about other kinds of
 * addresses, or neither request nor reply.
 */
export function parseArp(bytes: Uint8Array): ArpPacket | undefined {
  if (bytes.length < PACKET_BYTES) return undefined;
  if (KINDS.some((byte, i) => bytes[i] !== byte)) return undefined;
  const operation = bytes[6]! * 256 + bytes[7]!;
  if (operation !== 1 && operation !== 2) return undefined;
  return {
    operation: operation === 1 ? 'request' : 'reply',
    senderMac: readMac(bytes, 8),
    senderIp: readIpv4(bytes, 14),
    targetMac: readMac(bytes, 18),
    targetIp: readIpv4(bytes, 24),
  };
}

/** The 28 bytes of `packet`. */
export function emitArp(packet: ArpPacket): Uint8Array {
  const bytes = new Uint8Array(PACKET_BYTES);
  bytes.set(KINDS);
  bytes[7] = packet.operation === 'request' ? 1 : 2;
  writeMac(bytes, 8, packet.senderMac);
  writeIpv4(bytes, 14, packet.senderIp);
  writeMac(bytes, 18, packet.targetMac);
  writeIpv4(bytes, 24, packet.targetIp);
  return bytes;
}
