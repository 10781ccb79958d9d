/** A log entry as JSON: bytes in hexadecimal, 64-bit numbers in decimal digits. */
import { toHex } from '../base/digest.ts';
import type { LogEntry } from '../hypervisor/entry.ts';

/** Plain data that JSON.stringify takes. */
export function jsonEntry(entry: LogEntry): object {
  return JSON.parse(
    JSON.stringify(entry, (_key, value: unknown) => {
      if (value instanceof Uint8Array) return toHex(value);
      return typeof value === 'bigint' ? value.toString() : value;
    }),
  ) as object;
}
