/** Sizes and times as people write them: 16M, 64K, 200us, 10ms, 1.5s, 10m. */

const SIZE = /^(\d+)([KMG]?)$/;
const SIZE_UNITS: Readonly<Record<string, number>> = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 };
const TIME = /^(\d+(?:\.\d+)?)(ns|us|ms|s|m|h)$/;
const TIME_UNITS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

/** Bytes in a text such as 4096, 64K, 16M or 1G (powers of 1024); undefined if it is none. */
export function parseSize(text: string): number | undefined {
  const [, digits, unit] = SIZE.exec(text) ?? [];
  if (digits === undefined) return undefined;
  const bytes = Number(digits) * SIZE_UNITS[unit!]!;
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** A number of bytes as {@link parseSize} reads it: 16777216 → 16M. */
export function sizeText(bytes: number): string {
  const unit = ['G', 'M', 'K'].find((name) => bytes > 0 && bytes % SIZE_UNITS[name]! === 0) ?? '';
  return `${bytes / SIZE_UNITS[unit]!}${unit}`;
}

/** Whole nanoseconds in a text such as 200us, 10ms, 1.5s or 10m; undefined if it is none. */
export function parseTimeNs(text: string): number | undefined {
  const [, digits, unit] = TIME.exec(text) ?? [];
  if (digits === undefined) return undefined;
  const ns = Math.round(Number(digits) * TIME_UNITS[unit!]!);
  return Number.isSafeInteger(ns) ? ns : undefined;
}

/** A number of ns ≥ 0 as {@link parseTimeNs} reads it: 20000000 → 20ms, 1500 → 1500ns. */
export function timeText(ns: number): string {
  const unit = ['s', 'ms', 'us'].find((name) => ns > 0 && ns % TIME_UNITS[name]! === 0) ?? 'ns';
  return `${ns / TIME_UNITS[unit]!}${unit}`;
}
