/**
 * Errors of a source text. Inside the assembler a statement that makes no sense throws
 * {@link Failure}; whoever works through the lines catches it, notes an {@link AsmError}, and goes
 * on with the next line, so that one run shows several.
 */

import { MAX_ERRORS } from './limits.ts';
import type { Origin } from './source.ts';
import { type WarningClass, WarningSwitches } from './warnings.ts';

/** One error or warning, with all that is needed to print it. */
export interface AsmError {
  readonly file: string;
  /** Counted from 1. Within a macro it is the line of the outermost call. */
  readonly line: number;
  /** Counted from 1, in characters of `sourceLine`. */
  readonly column: number;
  readonly message: string;
  readonly sourceLine: string;
  /** A remedy, or where in a macro it happened. */
  readonly hint?: string;
}

/** Why a statement cannot be assembled; `column` is where. */
export class Failure extends Error {
  readonly column: number;
  readonly hint: string | undefined;

  constructor(column: number, message: string, hint?: string) {
    super(message);
    this.column = column;
    this.hint = hint;
  }
}

/** Thrown to give up: nothing after it can make sense. It has been noted already. */
export class Abandoned extends Error {}

/** Collects errors and warnings, each once, however many passes find it. */
export class Diagnostics {
  readonly #errors = new Map<string, AsmError>();
  readonly #warnings = new Map<string, AsmError>();
  readonly #switches: WarningSwitches;

  /** `switches` decide which warnings count, and which are errors. */
  constructor(switches = new WarningSwitches()) {
    this.#switches = switches;
  }

  get failed(): boolean {
    return this.#errors.size > 0;
  }

  /** Notes an error. Throws {@link Abandoned} when there are too many. */
  error(origin: Origin, column: number, message: string, hint?: string): void {
    note(this.#errors, origin, column, message, hint);
    if (this.#errors.size < MAX_ERRORS) return;
    note(this.#errors, origin, column, `giving up after ${MAX_ERRORS} errors`);
    throw new Abandoned();
  }

  /** Notes a warning of the class `name`, if such are on. */
  warning(origin: Origin, column: number, name: WarningClass, message: string): void {
    const state = this.#switches.stateOf(name);
    if (state === 'error') this.error(origin, column, `${message} [-w+error=${name}]`);
    else if (state === 'on' && this.#warnings.size < MAX_ERRORS)
      note(this.#warnings, origin, column, `${message} [-w+${name}]`);
  }

  /** Runs `work`; a {@link Failure} in it becomes an error of `origin`. */
  guard<T>(origin: Origin, work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      this.error(origin, error.column, error.message, error.hint);
      return undefined;
    }
  }

  /** Takes over what `other` has noted. */
  addAll(other: Diagnostics): void {
    for (const [key, error] of other.#errors) this.#errors.set(key, error);
    for (const [key, warning] of other.#warnings) this.#warnings.set(key, warning);
  }

  /** What was noted, file by file in the order of the lines. */
  errors(): AsmError[] {
    return inOrder(this.#errors);
  }

  warnings(): AsmError[] {
    return inOrder(this.#warnings);
  }
}

function note(
  into: Map<string, AsmError>,
  origin: Origin,
  column: number,
  message: string,
  hint?: string,
): void {
  const { file, number: line, text: sourceLine } = origin.place;
  const inside = origin.macro === undefined ? undefined : insideMacro(origin);
  const hints = [hint, inside].filter((text) => text !== undefined);
  const error = { file, line, column, message, sourceLine };
  const key = `${file}:${line}:${column}:${message}:${inside}`;
  if (into.has(key)) return;
  into.set(key, hints.length > 0 ? { ...error, hint: hints.join('; ') } : error);
}

function insideMacro({ line, macro }: Origin): string {
  return `in macro \`${macro}', ${line.file}:${line.number}: \`${line.text.trim()}'`;
}

function inOrder(notes: ReadonlyMap<string, AsmError>): AsmError[] {
  const files = new Map<string, number>();
  for (const { file } of notes.values()) if (!files.has(file)) files.set(file, files.size);
  return [...notes.values()].sort(
    (a, b) => files.get(a.file)! - files.get(b.file)! || a.line - b.line || a.column - b.column,
  );
}

/**
 * `error` for a person: `file:line:column: error: message`, the source line, and a caret below the
 * place; a hint follows on a line of its own. No newline at the end.
 */
export function formatError(error: AsmError, severity: 'error' | 'warning' = 'error'): string {
  const { file, line, column, message, sourceLine, hint } = error;
  const before = sourceLine.slice(0, column - 1).replace(/[^\t]/g, ' ');
  const padding = before.padEnd(column - 1, ' ');
  const shown = `${file}:${line}:${column}: ${severity}: ${message}\n${sourceLine}\n${padding}^`;
  return hint === undefined ? shown : `${shown}\n  ${hint}`;
}
