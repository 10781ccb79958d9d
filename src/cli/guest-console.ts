/**
 * The console of a guest as its user sees it: shown as it is written, kept for --json, and watched
 * for the texts of --expect-text and --fail-text.
 */

/** Console text that is kept, in characters; of a longer one the end. */
const MAX_KEPT = 16 * 1024 * 1024;

/** What to do with the bytes. */
export interface GuestConsoleOptions {
  /** Passes the bytes on to stdout. */
  readonly show: boolean;
  /** Keeps the text in {@link GuestConsole.text}. */
  readonly keep: boolean;
  /** Texts to look for; empty ones are found at once. */
  readonly watched?: readonly string[];
  /** Called with the first of them that appears. */
  readonly onFound?: (text: string) => void;
}

/** Takes console bytes by their offsets, so that what comes twice is shown once. */
export class GuestConsole {
  text = '';
  readonly #options: GuestConsoleOptions;
  readonly #decoder = new TextDecoder();
  /** Bytes taken so far. */
  #taken = 0;
  /** End of the text, as much as may begin a watched one. */
  #tail = '';
  #atLineStart = true;

  constructor(options: GuestConsoleOptions) {
    this.#options = options;
    this.#look();
  }

  /** Console bytes whose first is the `offset`-th of all. */
  write(offset: number, bytes: Uint8Array): void {
    const fresh = bytes.subarray(Math.max(0, this.#taken - offset));
    if (fresh.length === 0) return;
    this.#taken = offset + bytes.length;
    this.#atLineStart = fresh.at(-1) === 0x0a;
    const { show, keep } = this.#options;
    if (show) process.stdout.write(fresh);
    const text = this.#decoder.decode(fresh, { stream: true });
    if (keep) this.text = (this.text + text).slice(-MAX_KEPT);
    this.#tail += text;
    this.#look();
  }

  #look(): void {
    const { watched = [], onFound } = this.#options;
    const found = watched.find((text) => this.#tail.includes(text));
    if (found !== undefined) onFound?.(found);
    const longest = Math.max(1, ...watched.map(({ length }) => length));
    this.#tail = this.#tail.slice(this.#tail.length - longest + 1);
  }

  /** The run is over: on a terminal, what follows begins a line of its own. */
  end(): void {
    if (this.#options.show && process.stdout.isTTY && !this.#atLineStart)
      process.stdout.write('\n');
  }
}
