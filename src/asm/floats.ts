/**
 * Floating-point constants in the formats that data can have (IEEE 754, Intel's 80-bit format, and
 * the short formats of nasm), rounded to nearest, ties to even, with exact arithmetic.
 *
 *     1.5   1e10   1_000.25   0x1.8p-4   0b1.1p3   0o7.4p0   __?Infinity?__   __?NaN?__
 */

/** A format: its parts in bits, sign aside. */
export interface FloatFormat {
  readonly bytes: number;
  readonly exponent: number;
  /** Of the fraction, without a leading one that is not stored. */
  readonly fraction: number;
  /** Whether the leading one is stored, as in the 80-bit format. */
  readonly explicit?: boolean;
}

/** The formats by the names of nasm's functions. */
export const FLOAT_FORMATS: Readonly<Record<string, FloatFormat>> = {
  float8: { bytes: 1, exponent: 4, fraction: 3 },
  float16: { bytes: 2, exponent: 5, fraction: 10 },
  bfloat16: { bytes: 2, exponent: 8, fraction: 7 },
  float32: { bytes: 4, exponent: 8, fraction: 23 },
  float64: { bytes: 8, exponent: 11, fraction: 52 },
  float80: { bytes: 10, exponent: 15, fraction: 63, explicit: true },
  float128: { bytes: 16, exponent: 15, fraction: 112 },
};

/** The format of a unit of `size` bytes in data, or undefined. */
export function formatOfSize(size: number): FloatFormat | undefined {
  const names = { 1: 'float8', 2: 'float16', 4: 'float32', 8: 'float64', 10: 'float80' };
  const name = size === 16 ? 'float128' : names[size as keyof typeof names];
  return name === undefined ? undefined : FLOAT_FORMATS[name];
}

/** A number as numerator / denominator, or a special value. */
type Exact =
  | { readonly over: bigint; readonly under: bigint }
  | 'infinity'
  | 'quiet'
  | 'signalling';

/** Longest exponent that is worth computing; beyond it all formats overflow or vanish. */
const MAX_EXPONENT = 20_000n;

const SPECIAL: Readonly<Record<string, Exact>> = {
  infinity: 'infinity',
  nan: 'quiet',
  qnan: 'quiet',
  snan: 'signalling',
};

/** Whether `name` stands for infinity or for no number: `__?Infinity?__`, `__NaN__` … */
export function isSpecialFloat(name: string): boolean {
  return /^__\??(?:infinity|[qs]?nan)\??__$/i.test(name);
}

const PREFIX: Readonly<Record<string, readonly [string, bigint]>> = {
  x: ['0x', 4n],
  h: ['0x', 4n],
  o: ['0o', 3n],
  q: ['0o', 3n],
  b: ['0b', 1n],
  y: ['0b', 1n],
};

function clamp(exponent: bigint): bigint {
  if (exponent > MAX_EXPONENT) return MAX_EXPONENT;
  return exponent < -MAX_EXPONENT ? -MAX_EXPONENT : exponent;
}

function exact(text: string): Exact {
  const plain = text.toLowerCase().replaceAll('_', '');
  const special = SPECIAL[plain.replaceAll('?', '')];
  if (special) return special;
  const based = /^0([xhoqby])([0-9a-f]*)\.?([0-9a-f]*)(?:p([-+]?\d+))?$/.exec(plain);
  if (based) {
    const [, letter, whole, part, power = '0'] = based as unknown as string[];
    const [prefix, bits] = PREFIX[letter!]!;
    const exponent = clamp(BigInt(power) - bits * BigInt(part!.length));
    return shifted(BigInt(`${prefix}${whole}${part}` || '0'), exponent, 2n);
  }
  const [, whole, part = '', power = '0'] = /^(\d*)\.?(\d*)(?:e([-+]?\d+))?$/.exec(plain)!;
  return shifted(BigInt(`0${whole}${part}`), clamp(BigInt(power)) - BigInt(part.length), 10n);
}

function shifted(digits: bigint, exponent: bigint, base: bigint): Exact {
  if (exponent >= 0n) return { over: digits * base ** exponent, under: 1n };
  return { over: digits, under: base ** -exponent };
}

/** The bytes of a constant as the source spells it; `overflow` if it has become infinite. */
export function floatBytes(text: string, format: FloatFormat, negative: boolean) {
  const { bytes: size, exponent, fraction, explicit = false } = format;
  const value = exact(text);
  const top = (1n << BigInt(exponent)) - 1n;
  const one = 1n << BigInt(fraction);
  let bits: bigint;
  let overflow = false;
  if (value === 'infinity') bits = top * one;
  else if (value === 'quiet') bits = top * one + one / 2n;
  else if (value === 'signalling') bits = top * one + 1n;
  else {
    bits = rounded(value, format);
    overflow = bits >= top * one;
    if (overflow) bits = top * one;
  }
  if (explicit) bits = withLeadingOne(bits, fraction);
  if (negative) bits |= 1n << BigInt(8 * size - 1);
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; i++, bits >>= 8n) bytes[i] = Number(bits & 0xffn);
  return { bytes, overflow };
}

/** Exponent and fraction as one number, so that a carry out of the fraction is right by itself. */
function rounded(value: { over: bigint; under: bigint }, format: FloatFormat): bigint {
  const { over, under } = value;
  if (over === 0n) return 0n;
  const fraction = BigInt(format.fraction);
  const bias = (1n << BigInt(format.exponent - 1)) - 1n;
  let power = BigInt(over.toString(2).length - under.toString(2).length);
  if (power >= 0n ? over < under << power : over << -power < under) power--;
  const normal = power > -bias;
  const scale = fraction - (normal ? power : 1n - bias);
  const dividend = scale >= 0n ? over << scale : over;
  const divisor = scale >= 0n ? under : under << -scale;
  let quotient = dividend / divisor;
  const twice = 2n * (dividend % divisor);
  if (twice > divisor || (twice === divisor && (quotient & 1n) === 1n)) quotient++;
  return normal ? ((power + bias - 1n) << fraction) + quotient : quotient;
}

/** The 80-bit format keeps the one before the point, and so needs a bit more. */
function withLeadingOne(bits: bigint, fraction: number): bigint {
  const low = bits & ((1n << BigInt(fraction)) - 1n);
  const exponent = bits >> BigInt(fraction);
  const leading = exponent === 0n ? 0n : 1n << BigInt(fraction);
  return (exponent << BigInt(fraction + 1)) | leading | low;
}
