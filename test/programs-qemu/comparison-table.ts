/** What `npm run compare:qemu` prints: a row for each run of a guest on both machines. */
import type { CatalogueRun } from '../support/catalogue.ts';
import type { Outcome } from './two-machines.ts';

const HEAD = ['guest', 'run', 'console', 'exit', 'replies', 'disk', 'instructions', 'note'];
const ABSENT = '-';

function verdict(same: boolean): string {
  return same ? 'same' : 'DIFFERS';
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
    const sameConsole = ours.console === theirs.console;
    const mayDiffer = run.varies !== undefined && !sameConsole;
    const disks = ours.disk && verdict(Buffer.compare(ours.disk, theirs.disk!) === 0);
    const replies = `${ours.replies.length} ${verdict(`${ours.replies}` === `${theirs.replies}`)}`;
    this.#rows.push([
      guest,
      run.commandLine ?? '',
      mayDiffer ? 'not compared' : verdict(sameConsole),
      ours.status === theirs.status ? `${ours.status} same` : verdict(false),
      ours.replies.length > 0 ? replies : ABSENT,
      disks ?? ABSENT,
      instructions.toLocaleString('en'),
      mayDiffer ? run.varies! : '',
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
