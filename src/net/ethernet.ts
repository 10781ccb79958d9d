/**
 * Ethernet II frames without checksum: destination (6 bytes), source (6), EtherType (2), payload.
 * A payload may be followed by padding; the protocol in it knows its own length.
 */
import { type MacAddress, readMac, writeMac } from './address.ts';

/** What a payload may be, as {@link EthernetFrame.etherType}. */
export const ETHERTYPE_IPV4 = 0x0800;
export const ETHERTYPE_ARP = 0x0806;

const HEADER_BYTES = 14;

/** A frame without its check sequence. */
export interface EthernetFrame {
  readonly destination: MacAddress;
  readonly source: MacAddress;
  /** 0 … 0xFFFF. */
  readonly etherType: number;
  readonly payload: Uint8Array;
}

/** The frame in `bytes` (its payload is a view of them); undefined if they are too short. */
export function parseEthernet(bytes: Uint8Array): EthernetFrame | undefined {
  if (bytes.length < HEADER_BYTES) return undefined;
  return {
    destination: readMac(bytes, 0),
    source: readMac(bytes, 6),
    etherType: bytes[12]! * 256 + bytes[13]!,
    payload: bytes.subarray(HEADER_BYTES),
  };
}

/** The bytes of `frame`, without padding. */
export function emitEthernet(frame: EthernetFrame): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + frame.payload.length);
  writeMac(bytes, 0, frame.destination);
  writeMac(bytes, 6, frame.source);
  bytes[12] = frame.etherType >> 8;
  bytes[13] = frame.etherType;
  bytes.set(frame.payload, HEADER_BYTES);
  return bytes;
}
