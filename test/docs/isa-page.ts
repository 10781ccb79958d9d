/**
 * Writes docs/isa.md from the instruction table, the list of what is refused, and the heads of the
 * source files that name their deviations: the page says nothing that the code does not.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { faultsOf } from '../../src/isa/faults.ts';
import { hasModrm } from '../../src/isa/operand-code.ts';
import { REFUSED } from '../../src/isa/refused.ts';
import { opcodeIndex, rowsOfOpcode, TABLE } from '../../src/isa/table.ts';
import { UNDEFINED_RESULTS, UNDEFINED_VALUES } from '../../src/isa/undefined-flags.ts';

type Row = (typeof TABLE)[number];

const ROOT = new URL('../../', import.meta.url);

/** Opcodes that are no instruction by themselves. */
const PREFIXES: Readonly<Record<number, string>> = {
  15: '(two-byte)',
  38: '(es:)',
  46: '(cs:)',
  54: '(ss:)',
  62: '(ds:)',
  100: '(fs:)',
  101: '(gs:)',
  102: '(o16)',
  103: '(a16)',
  240: '(lock)',
  242: '(repne)',
  243: '(rep)',
};

const ABOUT = `Written by \`npm run docs\` from \`src/isa/\` and the heads of the files in
\`src/cpu/\`; a test compares the page with them. The processor is a 486 in flat 32-bit protected
mode, ring 0, without paging and without a floating-point unit, and some later instructions (cmov,
cpuid, rdtsc, cmpxchg8b, rdrand, endbr32, the long nops). Every opcode is an instruction below or
is refused by name; what is refused raises #UD.`;

const ABOUT_MAPS = `Rows are the high digit of the opcode, columns the low one. (Prefixes) are in
parentheses, *refused* opcodes in italics; where ModRM.reg or the form of ModRM.rm decides, a cell
holds both.`;

const ABOUT_UNDEFINED = `Where the manual leaves a flag undefined vmft gives it one value, because
a guest that looks at it must see the same on both replicas.`;

/** The page, in Markdown. */
export function isaPage(): string {
  return `${[
    '# The instruction set',
    ABOUT,
    '## One-byte opcodes',
    ABOUT_MAPS,
    map(0),
    '## Two-byte opcodes',
    'The second byte, after 0F.',
    map(0x100),
    '## Deviations',
    deviations(),
    '## Faults',
    faults(),
    '## Undefined flags',
    ABOUT_UNDEFINED,
    undefinedFlags(),
    'The same for results:',
    table(['instructions', 'when', 'result'], UNDEFINED_RESULTS),
    '## Forms',
    'In the notation of `src/isa/table.ts`:',
    notation(),
    forms(),
    '## What is refused',
    refused(),
  ].join('\n\n')}\n`;
}

const hex = (value: number, digits: number): string =>
  value.toString(16).toUpperCase().padStart(digits, '0');

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** One opcode map, 16 by 16; `first` is 0 or 0x100. */
function map(first: number): string {
  const columns = Array.from({ length: 16 }, (_, n) => n);
  const rows = columns.map((high) => [
    `**${hex(high, 1)}_**`,
    ...columns.map((low) => cell(first + high * 16 + low)),
  ]);
  return table(['', ...columns.map((n) => `_${hex(n, 1)}`)], rows);
}

function cell(index: number): string {
  const prefix = PREFIXES[index];
  if (prefix) return prefix;
  const names = [...new Set(rowsOfOpcode(index).map((row) => row.mnemonic))];
  const opcode = index > 0xff ? 0x0f00 + (index & 0xff) : index;
  const out = REFUSED.filter(({ first, last }) => first <= opcode && opcode <= last);
  const text = [...new Set([...names, ...out.map(({ name }) => `*${name}*`)])].join('<br>');
  if (text === '') throw new Error(`opcode ${hex(opcode, 2)} is neither implemented nor refused`);
  return text;
}

/** The paragraphs "Known deviations" of the heads of the processor's files. */
function deviations(): string {
  const found: string[] = [];
  for (const folder of ['src/cpu', 'src/cpu/ops']) {
    for (const file of readdirSync(new URL(`${folder}/`, ROOT)).sort()) {
      if (!file.endsWith('.ts')) continue;
      const text = paragraph(headOf(`${folder}/${file}`), 'Known deviations: ');
      if (text) found.push(`- \`${folder}/${file}\`: ${text}`);
    }
  }
  return found.join('\n');
}

/** The comment that opens a file, without its stars. */
function headOf(path: string): string {
  const text = readFileSync(new URL(path, ROOT), 'utf8');
  const end = text.indexOf('*/');
  return text
    .slice(0, end)
    .split('\n')
    .map((line) => line.replace(/^ *\/?\*+ ?/, ''))
    .join('\n');
}

/** What follows `title` in its paragraph, on one line; undefined where no paragraph has it. */
function paragraph(text: string, title: string): string | undefined {
  const start = text.indexOf(title);
  if (start < 0) return undefined;
  return text
    .slice(start + title.length)
    .split('\n\n')[0]!
    .trim()
    .replaceAll('\n', ' ');
}

function undefinedFlags(): string {
  const byValue = new Map<string, string[]>();
  for (const [mnemonic, value] of UNDEFINED_VALUES) {
    byValue.set(value, [...(byValue.get(value) ?? []), mnemonic]);
  }
  const flagsOf = (mnemonic: string) =>
    new Set(TABLE.filter((row) => row.mnemonic === mnemonic).flatMap((r) => [...r.undefinedFlags]));
  const rows = [...byValue].map(([value, mnemonics]) => {
    const flags = new Set(mnemonics.flatMap((mnemonic) => [...flagsOf(mnemonic)]));
    return [mnemonics.join(' '), [...'CPAZSO'].filter((f) => flags.has(f)).join(' '), value];
  });
  return table(['instructions', 'undefined', 'value'], rows);
}

/** The head of faults.ts. */
function faults(): string {
  const head = headOf('src/isa/faults.ts').trim();
  const rules = head.slice(head.indexOf('Beside these'));
  return `The table of forms names the exceptions of each row. ${rules}`.replace(
    /((?:^ {2}.*\n)+)/m,
    '```text\n$1```\n',
  );
}

/** The part of the head of table.ts that explains opcodes, operands, flags and attributes. */
function notation(): string {
  const head = headOf('src/isa/table.ts').trim();
  return `\`\`\`text\n${head.slice(head.indexOf('A row is'))}\n\`\`\``;
}

function forms(): string {
  const rows = [...TABLE]
    .sort((a, b) => opcodeIndex(a) - opcodeIndex(b) || a.id - b.id)
    .map((row) => [
      bytes(row),
      row.mnemonic,
      row.operands.join(','),
      flags(row),
      faultsOf(row).join(' '),
      attributes(row),
    ]);
  return table(['opcode', 'instruction', 'operands', 'CPAZSO', 'faults', ''], rows);
}

function bytes(row: Row): string {
  const mandatory = row.mandatory ? `${hex(row.mandatory, 2)} ` : '';
  const opcode = row.opcode > 0xff ? `0F ${hex(row.opcode & 0xff, 2)}` : hex(row.opcode, 2);
  const span = row.operands.some((code) => code.startsWith('Z')) ? '+r' : '';
  if (row.rm >= 0) return `${mandatory}${opcode} ${hex(0xc0 | (row.digit << 3) | row.rm, 2)}`;
  const modrm = row.digit >= 0 ? ` /${row.digit}` : hasModrm(row) ? ' /r' : '';
  return `${mandatory}${opcode}${span}${modrm}`;
}

function flags({ tests, writes, undefinedFlags }: Row): string {
  const letter = (flag: string): string => {
    if (undefinedFlags.includes(flag)) return 'u';
    if (writes.includes(flag)) return tests.includes(flag) ? 'b' : 'w';
    return tests.includes(flag) ? 't' : '.';
  };
  return `\`${[...'CPAZSO'].map(letter).join('')}\``;
}

function attributes({ lockable, repeatable, alias }: Row): string {
  const words = [lockable ? 'lock' : '', repeatable === 'none' ? '' : repeatable];
  return [...words, alias ? 'alias' : ''].filter(Boolean).join(' ');
}

function refused(): string {
  const opcode = (value: number) => (value > 0xff ? `0F ${hex(value & 0xff, 2)}` : hex(value, 2));
  const rows = REFUSED.map(({ first, last, digits: [low, high], mod, name, reason }) => {
    const range = first === last ? opcode(first) : `${opcode(first)} … ${opcode(last)}`;
    const digits = low === 0 && high === 7 ? '' : low === high ? ` /${low}` : ` /${low}–/${high}`;
    const form = mod === 'any' ? '' : mod === 'reg' ? ' register' : ' memory';
    return [`${range}${digits}${form}`, name, reason];
  });
  return table(['opcode', 'name', 'why not'], rows);
}
