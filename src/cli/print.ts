/** Results to stdout, diagnostics to stderr. */

/** A result: one line of text. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** A result as one JSON document; bigints become decimal strings. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value, (_key, v: unknown) => (typeof v === 'bigint' ? v.toString() : v), 2));
}

/** A diagnostic: what went wrong or what was done, never a result. */
export function note(line: string): void {
  process.stderr.write(`vmft: ${line}\n`);
}

/** 1234567 → 1,234,567. */
export function grouped(value: number): string {
  return value.toString().replace(/\B(?=(\d{3})+$)/g, ',');
}
