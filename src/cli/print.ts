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

/** A number and what it counts: 1 entry, 2 entries, 1,000 digests. */
export function counted(value: number, one: string): string {
  const many = one.endsWith('y') ? `${one.slice(0, -1)}ies` : `${one}s`;
  return `${grouped(value)} ${value === 1 ? one : many}`;
}

/** Whether stdout is to be coloured: a terminal, and NO_COLOR is not set. */
export function isColoured(): boolean {
  return process.stdout.isTTY && !process.env.NO_COLOR;
}

/** 1234567 → 1,234,567. */
export function grouped(value: number): string {
  return value.toString().replace(/\B(?=(\d{3})+$)/g, ',');
}
