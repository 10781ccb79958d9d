/**
 * Captures of a wire in the format of libpcap, version 2.4, little endian, with nanoseconds: what
 * tcpdump and Wireshark read.
 *
 *   file    magic u32 0xA1B23C4D · version u16 2, u16 4 · zone u32 0 · accuracy u32 0 ·
 *           longest frame u32 · link type u32 1 (Ethernet) · records
 *   record  seconds u32 · nanoseconds u32 · bytes here u32 · bytes on the wire u32 · frame
 */
import { ByteReader, BytesError, ByteWriter } from '../base/bytes.ts';

const MAGIC = 0xa1b23c4d;
const LONGEST_FRAME = 65_535;
const ETHERNET = 1;
const NS_PER_SECOND = 1_000_000_000n;

/** Bytes of the header of a capture. */
export const PCAP_HEADER_BYTES = 24;

/** Bytes of a record, by the first 16 of them. */
export const recordBytes = (head: Uint8Array): number =>
  16 + new DataView(head.buffer, head.byteOffset).getUint32(8, true);

/** A frame and the time at which it passed, in ns since 1970. */
export interface CapturedFrame {
  readonly timeNs: bigint;
  readonly frame: Uint8Array;
}

/** What a file begins with. */
export function pcapHeader(): Uint8Array {
  const writer = new ByteWriter().u32(MAGIC).u16(2).u16(4).u32(0).u32(0);
  return writer.u32(LONGEST_FRAME).u32(ETHERNET).take();
}

/** The record of a frame of at most 65,535 bytes. */
export function pcapRecord({ timeNs, frame }: CapturedFrame): Uint8Array {
  return new ByteWriter(16 + frame.length)
    .u32(Number(timeNs / NS_PER_SECOND))
    .u32(Number(timeNs % NS_PER_SECOND))
    .u32(frame.length)
    .u32(frame.length)
    .raw(frame)
    .take();
}

/** The frames in a file that was made by the above; BytesError for anything else. */
export function readPcap(bytes: Uint8Array): CapturedFrame[] {
  const reader = new ByteReader(bytes);
  const header = pcapHeader();
  if (reader.raw(header.length).some((byte, i) => byte !== header[i]))
    throw new BytesError('no capture of Ethernet frames with nanoseconds', 0);
  const frames: CapturedFrame[] = [];
  while (reader.left > 0) {
    const timeNs = BigInt(reader.u32()) * NS_PER_SECOND + BigInt(reader.u32());
    const size = reader.u32();
    reader.u32();
    frames.push({ timeNs, frame: reader.raw(size) });
  }
  return frames;
}
