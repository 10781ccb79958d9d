/**
 * When a process that dies is started anew: at once if it did its work, or was there for long. One
 * that dies at its birth again and again gets pauses that double, so that a cause which stays (a
 * port that somebody has, a full disk) costs next to nothing.
 */

/** The pause after the first death at birth, and the longest, in ms. */
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 30_000;

/** Who has lived as long as this was not dying at birth, in ms. */
const STEADY_MS = 10_000;

/** The deaths and births of one process; `nowMs` is of a monotonic clock, in ms. */
export class Revival {
  #deathsAtBirth = 0;
  #hasLived = true;
  #works = false;
  #bornMs = 0;
  /** Since when it is known to be dead. */
  #deadMs: number | undefined;

  /** Deaths at birth in a row. */
  get deathsAtBirth(): number {
    return this.#deathsAtBirth;
  }

  /** It was seen alive; `works` if it is of use. Seen once may be its only moment. */
  lives(works: boolean, nowMs: number): void {
    this.#deadMs = undefined;
    const goesOn = works && this.#works;
    this.#works = works;
    if (!goesOn && nowMs - this.#bornMs < STEADY_MS) return;
    this.#hasLived = true;
    this.#deathsAtBirth = 0;
  }

  /**
   * It was seen dead: for how long it stays so, in ms, 0 if it is to be started now. `isNews` if it
   * was alive at the look before.
   */
  isDead(nowMs: number): { isNews: boolean; pauseMs: number } {
    const isNews = this.#deadMs === undefined;
    if (isNews && !this.#hasLived) this.#deathsAtBirth++;
    this.#deadMs ??= nowMs;
    const deadForMs = nowMs - this.#deadMs;
    return { isNews, pauseMs: Math.max(0, pauseAfter(this.#deathsAtBirth) - deadForMs) };
  }

  /** It is started now. */
  isBorn(nowMs: number): void {
    this.#bornMs = nowMs;
    this.#hasLived = false;
    this.#works = false;
    this.#deadMs = undefined;
  }
}

const pauseAfter = (deaths: number): number =>
  deaths === 0 ? 0 : Math.min(FIRST_PAUSE_MS * 2 ** (deaths - 1), LONGEST_PAUSE_MS);
