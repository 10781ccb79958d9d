/** What `npm run compare:qemu` prints: a row for each run of a guest on both machines. */
import type { CatalogueRun } from '../support/catalogue.ts';
import { type Outcome, sameDisk } from './two-machines.ts';

const HEAD = ['guest', 'run', 'console', 'exit', 'replies', 'disk', 'instructions', 'note'];
const ABSENT = '-';

/** `reason`: why what differs is not compared. */
function verdict(same: boolean, reason?: string): string {
  if (same) return 'same';
  return reason === undefined ? 'DIFFERS' : 'not compared';
}

/** Collects rows. */
export class ComparisonTable {
  readonly #rows: string[][] = [];

  /** A run has ended on both machines; `instructions` are those of vmft. */
  add(
    guest: string,
    run: CatalogueRun,
    theirs: Outcome,
    ours: Outcome,
    instructions: number,
  ): void {
    const { console: consoleReason, disk: diskReason } = run.varies ?? {};
    const console = verdict(ours.console === theirs.console, consoleReason);
    const disk = verdict(sameDisk(ours, theirs), diskReason);
    const replies = verdict(`${ours.replies}` === `${theirs.replies}`);
    const exit = verdict(ours.status === theirs.status);
    this.#rows.push([
      guest,
      run.commandLine ?? '',
      console,
      `${ours.status} ${exit}`,
      ours.replies.length > 0 ? `${ours.replies.length} ${replies}` : ABSENT,
      ours.disk ? disk : ABSENT,
      instructions.toLocaleString('en'),
      [consoleReason, diskReason].filter((reason) => reason !== undefined).join(', '),
    ]);
  }

  /** The table, in columns. */
  text(): string {
    const rows = [HEAD, ...this.#rows];
    const widths = HEAD.map((_, n) => Math.max(...rows.map((row) => row[n]!.length)));
    const numbers = HEAD.indexOf('instructions');
    const cell = (text: string, n: number): string =>
      n === numbers ? text.padStart(widths[n]!) : text.padEnd(widths[n]!);
    return `\n${rows.map((row) => row.map(cell).join('  ').trimEnd()).join('\n')}\n`;
  }
}
