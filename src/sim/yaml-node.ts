/**
 * Reading of a YAML document with errors that name the place: "faults[1].at.count: expected a whole
 * number, got "x"". A node is a value and its path; reading a mapping says which keys there are, so
 * that a misspelt one is refused with a suggestion.
 */
import { VmftError } from '../base/errors.ts';
import { nearest } from '../base/suggest.ts';
import { parseSize, parseTimeNs } from '../base/units.ts';

export class YamlNode {
  readonly value: unknown;
  readonly path: string;
  readonly #file: string;

  constructor(value: unknown, file: string, path = '') {
    this.value = value;
    this.path = path;
    this.#file = file;
  }

  /** Refuses this place of the file. @throws VmftError 'scenario', always */
  fail(message: string): never {
    const place = this.path === '' ? '' : `${this.path}: `;
    throw new VmftError('scenario', `${this.#file}: ${place}${message}`);
  }

  #expected(what: string): never {
    this.fail(`expected ${what}, got ${show(this.value)}`);
  }

  /** Whether there is anything here. */
  get given(): boolean {
    return this.value !== undefined && this.value !== null;
  }

  /** The entry of a mapping; one that is not given if there is none. */
  at(key: string): YamlNode {
    const path = this.path === '' ? key : `${this.path}.${key}`;
    const value = this.given ? (this.#mapping() as Record<string, unknown>)[key] : undefined;
    return new YamlNode(value, this.#file, path);
  }

  #mapping(): object {
    if (typeof this.value !== 'object' || this.value === null || Array.isArray(this.value)) {
      this.#expected('a mapping');
    }
    return this.value;
  }

  /** The keys of a mapping. */
  keys(): string[] {
    return this.given ? Object.keys(this.#mapping()) : [];
  }

  /** Refuses every key but these. */
  only(allowed: readonly string[]): this {
    for (const key of this.keys()) {
      if (!allowed.includes(key)) this.at(key).#unknown('field', key, allowed);
    }
    return this;
  }

  #unknown(what: string, word: string, allowed: readonly string[]): never {
    const near = nearest(word, allowed);
    const hint = near ? `did you mean ${near}?` : `known are ${allowed.join(', ') || 'none'}`;
    this.fail(`unknown ${what} ${JSON.stringify(word)}; ${hint}`);
  }

  /** The elements of a list; none if nothing is given. */
  list(): YamlNode[] {
    if (!this.given) return [];
    if (!Array.isArray(this.value)) this.#expected('a list');
    return this.value.map((item, i) => new YamlNode(item, this.#file, `${this.path}[${i}]`));
  }

  /** A text; numbers and truth values count as their texts. */
  text(fallback?: string): string {
    if (!this.given && fallback !== undefined) return fallback;
    const { value } = this;
    if (typeof value === 'number' || typeof value === 'boolean') return String(value);
    if (typeof value !== 'string') this.#expected('a text');
    return value;
  }

  /** A whole number ≥ least. */
  whole(fallback?: number, least = 0): number {
    if (!this.given && fallback !== undefined) return fallback;
    const { value } = this;
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least) {
      this.#expected(`a whole number ≥ ${least}`);
    }
    return value;
  }

  /** A number in [least, most]. */
  number(fallback: number, least: number, most: number): number {
    if (!this.given) return fallback;
    const { value } = this;
    if (typeof value !== 'number' || !(value >= least && value <= most)) {
      this.#expected(`a number from ${least} to ${most}`);
    }
    return value;
  }

  /** A time with its unit, such as 200us, 10ms or 1s, in ns. */
  timeNs(fallback?: number): number {
    if (!this.given && fallback !== undefined) return fallback;
    const ns = typeof this.value === 'string' ? parseTimeNs(this.value) : undefined;
    if (ns === undefined) this.#expected('a time such as 200us, 10ms or 1s');
    return ns;
  }

  /** A size such as 4096, 64K or 16M, in bytes. */
  size(fallback: number): number {
    if (!this.given) return fallback;
    const bytes = parseSize(String(this.value));
    if (bytes === undefined) this.#expected('a size such as 4096, 64K or 16M');
    return bytes;
  }

  /** A truth value; `on` and `off` count. */
  flag(fallback: boolean): boolean {
    if (!this.given) return fallback;
    if (this.value === true || this.value === 'on') return true;
    if (this.value === false || this.value === 'off') return false;
    return this.#expected('on or off');
  }

  /** One of some words. `what` names them in the error: "host", "fault". */
  oneOf<T extends string>(what: string, words: readonly T[], fallback?: T): T {
    if (!this.given && fallback !== undefined) return fallback;
    const word = this.text();
    if (!(words as readonly string[]).includes(word)) this.#unknown(what, word, words);
    return word as T;
  }
}

/** Characters of a wrong value that an error repeats. */
const MAX_SHOWN = 60;

function show(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  const text = JSON.stringify(value);
  return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)} …`;
}
