/** What an arbiter tells people of its troubles: a replica asks ten times a second, without end. */

/** Tells each trouble once, until there is an answer again. */
export class Troubles {
  readonly #report: (trouble: string) => void;
  readonly #told = new Set<string>();

  constructor(report: (trouble: string) => void) {
    this.#report = report;
  }

  /** Something keeps the arbiter from answering. */
  tell(trouble: string): void {
    if (this.#told.has(trouble)) return;
    this.#told.add(trouble);
    this.#report(trouble);
  }

  /** It has answered. */
  end(): void {
    this.#told.clear();
  }
}
