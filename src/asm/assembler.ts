/**
 * The assembler: NASM syntax in, a flat binary or an ELF executable out. Pure: files come through
 * resolvers that the caller hands in, errors go out as data.
 *
 * It makes passes until one changes nothing. The first takes every symbol that it has not met for
 * near and small, later ones correct that; jumps take the short form where the addresses of the
 * pass before allow it, so that sizes come out as nasm's do. The preprocessor runs in each pass,
 * unless it would be told the same of symbols and addresses as in its last run.
 */

import { elfImage } from './elf.ts';
import { Abandoned, type AsmError, Diagnostics, Failure } from './errors.ts';
import { type Format, flatImage } from './layout.ts';
import { MAX_PASSES } from './limits.ts';
import { formatListing } from './listing.ts';
import { parseLine } from './parser.ts';
import { type IncludedFile, type Message, Preprocessor } from './preprocessor/preprocessor.ts';
import { type BytesResolver, Program } from './program.ts';
import type { SectionKind } from './sections.ts';
import { type Origin, SourceLine, splitLines } from './source.ts';
import type { Statement } from './statement.ts';
import { sameValue, type Value } from './value.ts';
import { WarningSwitches } from './warnings.ts';

export type { AsmError } from './errors.ts';
export { formatError } from './errors.ts';
export type { Format } from './layout.ts';

/** A file that a resolver found, under the name that errors and the listing show. */
export interface SourceFile {
  readonly name: string;
  readonly text: string;
}

/** What is assembled, and how. */
export interface AssemblyOptions {
  /** Name of the source, as errors show it. */
  readonly file: string;
  readonly text: string;
  /** Default elf. */
  readonly format?: Format;
  /** Macros without parameters, as `-D` gives them. */
  readonly defines?: Readonly<Record<string, string>>;
  /** Warnings to switch, as `-w` names them: `+all`, `-zeroing`, `error=user`. */
  readonly warnings?: readonly string[];
  /** Finds `path` for an `%include` in the file named `from`. Without it there are none. */
  readonly resolve?: (path: string, from: string) => SourceFile | undefined;
  /** The same for `incbin`. */
  readonly resolveBytes?: BytesResolver;
}

/** A label or constant of the program. */
export interface AsmSymbol {
  /** In full: a local label carries its parent's name, `main.loop`. */
  readonly name: string;
  /** Address of a label; value of a constant, as a signed 64-bit number that may be rounded. */
  readonly value: number;
  readonly kind: 'label' | 'constant';
  /** Name of the section of a label; none under `absolute` and for plain numbers. */
  readonly section: string | undefined;
}

/** A section of the program, in its place. */
export interface AsmSection {
  readonly name: string;
  readonly kind: SectionKind;
  /** Address of its first byte. */
  readonly base: number;
  /** In bytes. */
  readonly length: number;
}

/** The file that came of it, or the errors. */
export interface AssemblyResult {
  /** The file; empty if there are errors. */
  readonly image: Uint8Array;
  /** Address at which to begin: `_start`, `start`, or the first byte of .text. */
  readonly entry: number;
  /** Address of the first byte of a flat image, or of the first segment. */
  readonly origin: number;
  readonly symbols: readonly AsmSymbol[];
  /** In the order in which the program first names them. */
  readonly sections: readonly AsmSection[];
  /** Made when it is asked for. */
  readonly listing: string;
  readonly errors: readonly AsmError[];
  readonly warnings: readonly AsmError[];
}

/** Assembles a source text. Never throws: what is wrong with the text is in `errors`. */
export function assemble(options: AssemblyOptions): AssemblyResult {
  return new Assembly(options).run();
}

class Assembly {
  readonly #options: AssemblyOptions;
  readonly #format: Format;
  readonly #lines: readonly SourceLine[];
  readonly #included = new Map<string, IncludedFile>();
  readonly #program: Program;
  readonly #switches: WarningSwitches;
  /** Complaints that do not depend on addresses. */
  readonly #diagnostics: Diagnostics;
  /** Of the last run of the preprocessor. */
  #visited: Origin[] = [];
  #messages: Message[] = [];
  /** What it asked for, and what it was told; `$` it must not ask for again. */
  #asked = new Map<string, Value>();
  #askedForPlace = false;
  #statements: Statement[] | undefined;

  constructor(options: AssemblyOptions) {
    this.#options = options;
    this.#format = options.format ?? 'elf';
    this.#lines = splitLines(options.file, options.text);
    this.#switches = new WarningSwitches(options.warnings);
    this.#diagnostics = new Diagnostics(this.#switches);
    const bytesOf: BytesResolver = (path, from) => options.resolveBytes?.(path, from);
    this.#program = new Program(this.#format, this.#switches, bytesOf);
  }

  run(): AssemblyResult {
    try {
      this.#passes();
    } catch (error) {
      if (!(error instanceof Abandoned)) throw error;
    }
    return this.#result();
  }

  #passes(): void {
    for (let pass = 1; pass <= MAX_PASSES; pass++) {
      this.#switches.restart();
      this.#program.startPass();
      if (this.#statements && this.#wouldReadTheSame()) this.#again(this.#statements);
      else this.#read();
      const settled = this.#guardWhole(() => this.#program.endPass());
      if (settled === undefined) return;
      if (settled) {
        this.#finish();
        return;
      }
    }
    const moving = this.#program.symbols.changed!;
    const message = `\`${moving.name}' still moves after ${MAX_PASSES} passes`;
    this.#diagnostics.error(moving.origin, moving.column, message, 'does it depend on itself?');
  }

  /** Whether the preprocessor would now be told the same as in its last run. */
  #wouldReadTheSame(): boolean {
    if (this.#askedForPlace) return false;
    const { symbols } = this.#program;
    return [...this.#asked].every(([name, value]) => {
      const now = symbols.find(name);
      return now !== undefined && sameValue(now.value, value);
    });
  }

  #again(statements: readonly Statement[]): void {
    for (const statement of statements) this.#program.execute(statement);
  }

  /** Reads the source anew, assembling each line before the next is read. */
  #read(): void {
    this.#visited = [];
    this.#messages = [];
    this.#asked.clear();
    this.#askedForPlace = false;
    const statements: Statement[] = [];
    const preprocessor = this.#preprocessor();
    for (let line = preprocessor.next(); line; line = preprocessor.next()) {
      const { tokens, origin } = line;
      const parsed = this.#diagnostics.guard(origin, () => parseLine(tokens, origin));
      if (!parsed) continue;
      const { statement, failure, warnings } = parsed;
      if (failure) this.#diagnostics.error(origin, failure.column, failure.message, failure.hint);
      for (const { column, name, message } of warnings)
        this.#diagnostics.warning(origin, column, name, message);
      statements.push(statement);
      this.#program.execute(statement);
    }
    this.#statements = statements;
  }

  #preprocessor(): Preprocessor {
    return new Preprocessor({
      lines: this.#lines,
      include: (path, from) => this.#include(path, from),
      format: this.#format,
      defines: this.#options.defines ?? {},
      scope: {
        symbol: (name, column) => {
          const found = this.#program.symbols.find(name);
          if (!found) throw this.#program.undefinedSymbol(name, column);
          this.#asked.set(found.name, found.value);
          return found.value;
        },
        here: () => {
          this.#askedForPlace = true;
          return this.#program.here();
        },
        base: () => this.#program.base(),
      },
      diagnostics: this.#diagnostics,
      onMessage: (message) => this.#note(message),
      onLine: (origin) => this.#visited.push(origin),
    });
  }

  /** Messages of the user count when the last pass is over, but are switched where they stand. */
  #note(message: Message): void {
    const state = message.severity === 'error' ? 'error' : this.#switches.stateOf('user');
    if (state !== 'off') this.#messages.push({ ...message, severity: severityOf(state) });
  }

  #include(path: string, from: string): IncludedFile | undefined {
    const key = `${from}\n${path}`;
    const known = this.#included.get(key);
    if (known) return known;
    const file = this.#options.resolve?.(path, from);
    if (!file) return undefined;
    const included = { name: file.name, lines: splitLines(file.name, file.text) };
    this.#included.set(key, included);
    return included;
  }

  /** What %error and %warning said in the last pass now counts, and so do addresses. */
  #finish(): void {
    for (const { name, base, length } of this.#program.output.sections)
      if (base + length > 2 ** 32)
        this.#guardWhole(() => {
          throw new Failure(1, `section ${name} ends above the last 32-bit address`);
        });
    for (const { severity, origin, column, text } of this.#messages) {
      if (severity === 'error') this.#diagnostics.error(origin, column, text);
      else this.#diagnostics.warning(origin, column, 'user', text);
    }
  }

  /** Complains about the whole program, at its first line. */
  #guardWhole<T>(work: () => T): T | undefined {
    const line = this.#lines[0] ?? new SourceLine(this.#options.file, 1, '');
    return this.#diagnostics.guard({ place: line, line, depth: 0 }, work);
  }

  #result(): AssemblyResult {
    const { output } = this.#program;
    this.#diagnostics.addAll(this.#program.diagnostics);
    const visited = this.#visited;
    const format = this.#format;
    const image = this.#diagnostics.failed ? undefined : this.#guardWhole(() => this.#image());
    const failed = this.#diagnostics.failed;
    return {
      image: image ?? new Uint8Array(0),
      entry: this.#entry(),
      origin: output.origin,
      symbols: failed ? [] : this.#symbols(),
      sections: failed ? [] : output.sections.filter(({ length }) => length > 0),
      get listing() {
        return formatListing(visited, output.emissions, format);
      },
      errors: this.#diagnostics.errors(),
      warnings: this.#diagnostics.warnings(),
    };
  }

  #entry(): number {
    const { symbols, output } = this.#program;
    for (const { name, label, value } of symbols.entries()) {
      const section = value.terms[0]?.of;
      if (label && (name === '_start' || name === 'start') && section?.unit === 'section')
        return section.base + Number(value.constant);
    }
    return output.sections[0]!.base;
  }

  #image(): Uint8Array {
    const { sections, origin } = this.#program.output;
    if (this.#format === 'bin') return flatImage(sections, origin);
    const labels = this.#program.symbols.entries().flatMap(({ name, label, value }) => {
      const section = value.terms[0]?.of;
      if (!label || section?.unit !== 'section' || name.startsWith('..@')) return [];
      return [{ name, address: section.base + Number(value.constant), section }];
    });
    return elfImage(sections, labels, this.#entry());
  }

  #symbols(): AsmSymbol[] {
    return this.#program.symbols.entries().map(({ name, label, value }) => {
      const unit = value.terms[0]?.of;
      const section = unit?.unit === 'section' ? unit : undefined;
      const address = Number(value.constant) + (section?.base ?? 0);
      const kind = label ? 'label' : 'constant';
      return { name, value: address, kind, section: section?.name };
    });
  }
}

function severityOf(state: 'on' | 'error'): Message['severity'] {
  return state === 'on' ? 'warning' : 'error';
}
