/** Generators of addresses, numbers and packets for the tests of src/net. */
import fc from 'fast-check';
import { readIpv4, readMac } from '../../src/net/address.ts';

const bytesOf = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

export const mac = bytesOf(6).map((bytes) => readMac(bytes, 0));
export const ip = bytesOf(4).map((bytes) => readIpv4(bytes, 0));
export const u8 = fc.integer({ min: 0, max: 0xff });
export const u16 = fc.integer({ min: 0, max: 0xffff });
export const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
export const payload = fc.uint8Array({ maxLength: 100 });
export const options = fc.integer({ min: 0, max: 10 }).chain((words) => bytesOf(words * 4));
export const anyBytes = fc.uint8Array({ maxLength: 120 });
