/**
 * `vmft vectors` without its pipe: text in, answers out. Lines may come in pieces; each is answered
 * in its turn. A line that cannot be read is answered with E, and so is one that is too long.
 */
import { formatAnswer, LineError, parseBackground, parseTest } from './vectors-line.ts';
import { VectorMachine } from './vectors-machine.ts';

/** What stands for the ID of a line that has none. */
const NO_ID = '-';

/** Characters of a line besides the bytes that it brings, at most. */
const MAX_LINE_OVERHEAD = 0x10000;

/** One conversation: background memory, and a line that may not have ended yet. */
export class VectorPort {
  readonly #machine: VectorMachine;
  readonly #maxLine: number;
  /** The beginning of a line whose end has not come. */
  #rest = '';
  /** The present line is too long: what comes up to its end is dropped. */
  #skipping = false;

  /** `ramBytes` is a number of whole pages. */
  constructor(ramBytes: number) {
    this.#machine = new VectorMachine(ramBytes);
    this.#maxLine = 3 * ramBytes + MAX_LINE_OVERHEAD;
  }

  /** Takes the next piece of the input; returns the answers to the lines that it completes. */
  feed(text: string): string {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop()!;
    let answers = '';
    for (const line of lines) {
      if (!this.#skipping) answers += this.#answer(line);
      this.#skipping = false;
    }
    if (this.#rest.length > this.#maxLine) {
      if (!this.#skipping)
        answers += `E ${NO_ID} a line of more than ${this.#maxLine} characters\n`;
      this.#skipping = true;
      this.#rest = '';
    }
    return answers;
  }

  /** The input has ended; returns the answer to a last line without a line feed. */
  end(): string {
    return this.#rest === '' || this.#skipping ? '' : this.feed('\n');
  }

  /** The answer to one line and a line feed, or nothing. */
  #answer(ended: string): string {
    const line = ended.endsWith('\r') ? ended.slice(0, -1) : ended;
    if (line === '') return '';
    const fields = line.split(' ');
    const id = (fields[0] === 'T' && fields[1]) || NO_ID;
    try {
      if (fields[0] === 'B') {
        this.#machine.setBackground(parseBackground(fields, this.#machine.ramBytes));
        return '';
      }
      if (id === NO_ID) throw new LineError('expected T ID ... or B mem=...');
      const test = parseTest(fields, this.#machine.ramBytes);
      return `${formatAnswer(id, this.#machine.run(test))}\n`;
    } catch (error) {
      if (!(error instanceof LineError)) throw error;
      return `E ${id} ${error.message}\n`;
    }
  }
}
