/**
 * The checksum of the internet protocols (RFC 1071): the ones' complement of the ones' complement
 * sum of 16-bit big-endian words, an odd last byte padded with zero. A block that contains its own
 * correct checksum sums to 0xFFFF.
 */
import { type Ipv4Address, writeIpv4 } from './address.ts';

/** Sum of `bytes` with carries folded in (0 … 0xFFFF), going on from the sum `initial`. */
export function onesSum(bytes: Uint8Array, initial = 0): number {
  let sum = initial;
  for (let i = 0; i + 1 < bytes.length; i += 2) sum += bytes[i]! * 256 + bytes[i + 1]!;
  if (bytes.length % 2 === 1) sum += bytes[bytes.length - 1]! * 256;
  while (sum > 0xffff) sum = (sum % 0x10000) + Math.floor(sum / 0x10000);
  return sum;
}

/** The checksum to put into `bytes`, whose checksum field is zero now. */
export function checksum(bytes: Uint8Array, initial = 0): number {
  return ~onesSum(bytes, initial) & 0xffff;
}

/**
 * Sum of the pseudo header that UDP and TCP include in their checksums (RFC 768, RFC 9293 §3.1),
 * for `length` bytes of `protocol` between two addresses.
 */
export function pseudoHeaderSum(
  source: Ipv4Address,
  destination: Ipv4Address,
  protocol: number,
  length: number,
): number {
  const header = new Uint8Array(12);
  writeIpv4(header, 0, source);
  writeIpv4(header, 4, destination);
  header[9] = protocol;
  header[10] = length >> 8;
  header[11] = length;
  return onesSum(header);
}
