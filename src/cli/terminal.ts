/**
 * The terminal as the line to a guest's console: every key goes to the guest as it is pressed, and
 * nothing is shown but what the guest sends back, as on a terminal at a serial port. Guests edit
 * lines themselves.
 *
 *     Enter     a newline, as a terminal's driver makes of it; all other keys pass as they are
 *     Ctrl-C    goes to the guest too; one that has not read what was typed before is ended
 *     Ctrl-]    ends the run
 */
import type { GuestRun } from '../host/guest-run.ts';
import { note } from './print.ts';

const CONTROL_C = 0x03;
const NEWLINE = 0x0a;
const RETURN = 0x0d;
const CONTROL_BRACKET = 0x1d;

/** Takes the keys of a terminal, in raw mode, to a run. */
export class Terminal {
  readonly #run: GuestRun;
  #told = false;

  constructor(run: GuestRun) {
    this.#run = run;
    process.stdin.setRawMode(true);
  }

  /** Keys have been pressed. */
  press(keys: Uint8Array): void {
    const unread = !this.#run.hasReadConsole;
    if (keys.includes(CONTROL_BRACKET) || (unread && keys.includes(CONTROL_C))) {
      this.#run.interrupt();
      return;
    }
    if (keys.includes(CONTROL_C) && !this.#told) {
      note('Ctrl-C went to the guest; Ctrl-] ends the run');
      this.#told = true;
    }
    const bytes = keys.map((key) => (key === RETURN ? NEWLINE : key));
    this.#run.offer({ kind: 'console', bytes });
  }

  /** Gives the terminal back to whoever started the program. */
  close(): void {
    process.stdin.setRawMode(false);
  }
}
