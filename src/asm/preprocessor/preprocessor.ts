/**
 * The preprocessor (NASM manual, 4): reads files line by line, obeys the percent directives,
 * expands macros, and hands out what is left, one line of tokens at a time. It runs hand in hand
 * with the assembler, so that a condition may ask for `$-$$` or for a label defined above it.
 *
 * Order of work on a line: parameters of the macro around it, then directives, then single-line
 * macros, then the call of a multi-line macro.
 */

import { Cursor } from '../cursor.ts';
import { Abandoned, type Diagnostics, Failure } from '../errors.ts';
import type { Scope } from '../evaluate.ts';
import { lexLine } from '../lexer.ts';
import { MAX_FRAMES, MAX_LINES, MAX_REPEAT } from '../limits.ts';
import type { Origin, SourceLine } from '../source.ts';
import { isPunct, Kind, type Token } from '../token.ts';
import { Conditionals } from './conditionals.ts';
import { DEFINITIONS, messageText, quoted } from './definitions.ts';
import { Environment, numberTokens, takeName } from './environment.ts';
import { type Frame, nextLine, originOf } from './frames.ts';
import { bind, fillIn, parseBounds, parseSignature, usesLabel } from './multi-macros.ts';
import { standardMacros } from './standard-macros.ts';

/** What a preprocessor is given. */
export interface PreprocessorOptions {
  readonly lines: readonly SourceLine[];
  /** Lines of an included file; undefined if there is none. Asked once a file and pass. */
  readonly include: (path: string, from: string) => readonly SourceLine[] | undefined;
  /** Macros without parameters, by name. */
  readonly defines: Readonly<Record<string, string>>;
  readonly scope: Scope;
  readonly diagnostics: Diagnostics;
  /** Told of %error and %warning: they count only if addresses are final. */
  readonly onMessage: (message: Message) => void;
  /** Told of each line read from a file, and of each one handed out. */
  readonly onLine: (origin: Origin) => void;
}

/** What `%error` or `%warning` says. */
export interface Message {
  readonly severity: 'error' | 'warning';
  readonly origin: Origin;
  readonly column: number;
  readonly text: string;
}

/** A line for the assembler. */
export interface Line {
  readonly tokens: readonly Token[];
  readonly origin: Origin;
}

/** Lines being put aside until their end: `%macro` … `%endmacro`, `%rep` … `%endrep`. */
interface Recording {
  readonly begin: RegExp;
  readonly end: string;
  readonly lines: SourceLine[];
  readonly origin: Origin;
  readonly column: number;
  nesting: number;
  readonly finish: () => void;
}

export class Preprocessor {
  readonly #options: PreprocessorOptions;
  readonly #environment: Environment;
  readonly #conditionals = new Conditionals();
  readonly #frames: Frame[] = [];
  /** Lines ready to be handed out before any more are read. */
  readonly #ready: Line[] = [];
  #recording: Recording | undefined;
  #origin: Origin;
  /** While the standard macros are read. */
  #quiet = true;
  #calls = 0;
  #lines = 0;

  constructor(options: PreprocessorOptions) {
    this.#options = options;
    this.#environment = new Environment(options.scope);
    this.#origin = { place: standardMacros()[0]!, line: standardMacros()[0]!, depth: 0 };
    this.#open(standardMacros());
    while (this.next()) {}
    this.#predefine();
    this.#open(options.lines);
    this.#quiet = false;
  }

  /** The next line for the assembler, or undefined at the end of the source. */
  next(): Line | undefined {
    for (;;) {
      const ready = this.#ready.shift();
      if (ready) return ready;
      const frame = this.#frames.at(-1);
      if (!frame) return undefined;
      const line = nextLine(frame);
      if (line) this.#read(frame, line);
      else this.#close(frame);
    }
  }

  #predefine(): void {
    const { defines } = this.#options;
    const at: Token = { kind: Kind.Name, text: '', column: 1, space: false };
    for (const [name, text] of Object.entries(defines))
      this.#environment.define({ ...at, text: name }, lexLine(text));
    const line = (): Token[] => numberTokens(BigInt(this.#origin.place.number), at);
    const file = (): Token[] => [quoted(this.#origin.place.file, at)];
    for (const name of ['__LINE__', '__?LINE?__']) this.#defineChanging(name, line);
    for (const name of ['__FILE__', '__?FILE?__']) this.#defineChanging(name, file);
  }

  /** Defines a macro whose body is made anew for each use. */
  #defineChanging(name: string, make: () => Token[]): void {
    this.#environment.singles.define({
      name,
      ignoreCase: false,
      parameters: undefined,
      active: false,
      get body() {
        return make();
      },
    });
  }

  #open(lines: readonly SourceLine[]): void {
    this.#push({ kind: 'file', lines, times: 1, call: undefined });
  }

  #push(frame: Pick<Frame, 'kind' | 'lines' | 'times' | 'call'>): void {
    if (this.#frames.length >= MAX_FRAMES)
      throw new Failure(1, `more than ${MAX_FRAMES} macros and files within each other`);
    const depth = (this.#frames.at(-1)?.depth ?? 0) + (frame.kind === 'file' ? 0 : 1);
    this.#frames.push({ ...frame, next: 0, depth, conditions: this.#conditionals.depth });
  }

  #close(frame: Frame): void {
    this.#frames.pop();
    if (frame.kind === 'macro') frame.call!.macro.active = false;
    if (frame.kind !== 'file') return;
    const recording = this.#recording;
    this.#recording = undefined;
    if (recording)
      this.#error(recording.origin, recording.column, `no \`%${recording.end}' ends this`);
    for (const { origin, column } of this.#conditionals.closeDownTo(frame.conditions))
      this.#error(origin, column, "no `%endif' ends this condition");
  }

  #error(origin: Origin, column: number, message: string): void {
    this.#options.diagnostics.error(origin, column, message);
  }

  #read(frame: Frame, line: SourceLine): void {
    if (++this.#lines > MAX_LINES) {
      this.#error(originOf(frame, line), 1, `more than ${MAX_LINES} lines after expansion`);
      throw new Abandoned();
    }
    const origin = originOf(frame, line);
    this.#origin = origin;
    if (frame.depth === 0 && !this.#quiet) this.#options.onLine(origin);
    this.#options.diagnostics.guard(origin, () => this.#line(frame, line, origin));
  }

  #line(frame: Frame, line: SourceLine, origin: Origin): void {
    if (this.#recording) {
      this.#record(this.#recording, line);
      return;
    }
    const bare = line.tokens;
    const first = bare[0];
    const directive = first?.kind === Kind.Directive;
    const counts = !this.#conditionals.skipping || (directive && /^elif/i.test(first.text));
    const tokens = frame.call && counts ? fillIn(bare, frame.call) : bare;
    if (directive) {
      this.#directive(tokens[0]!, new Cursor(tokens, 1));
    } else if (counts) {
      const expanded = this.#environment.expander.expand(tokens);
      if (!this.#call(expanded)) this.#handOut(expanded, origin);
    }
  }

  #handOut(tokens: readonly Token[], origin: Origin): void {
    if (tokens.length === 0) return;
    if (origin.depth > 0 && !origin.shownAt) this.#options.onLine(origin);
    this.#ready.push({ tokens, origin });
  }

  /** Opens the multi-line macro that `tokens` call, if they call one. */
  #call(tokens: readonly Token[]): boolean {
    const { multis } = this.#environment;
    if (tokens[0]?.kind !== Kind.Name) return false;
    let at = 0;
    if (multis.named(tokens[0].text).length === 0) {
      at = isPunct(tokens[1], ':') ? 2 : 1;
      if (tokens[at]?.kind !== Kind.Name || multis.named(tokens[at]!.text).length === 0)
        return false;
    }
    const name = tokens[at]!;
    const macros = multis.named(name.text);
    const bound = bind(macros, tokens.slice(at + 1), name.column);
    if (!bound) {
      if (macros.some(({ active }) => active)) return false;
      throw new Failure(name.column, `macro \`${name.text}' does not take that many parameters`);
    }
    const label = at > 0 ? tokens[0] : undefined;
    if (label && !usesLabel(bound.macro)) this.#handOut([label, COLON], this.#origin);
    const origin = this.#origin;
    const shownAt = origin.shownAt ?? (bound.macro.unlisted ? origin : undefined);
    const { column } = name;
    const number = ++this.#calls;
    const call = { ...bound, rotation: 0, number, label, origin, column, shownAt };
    if (shownAt === origin && origin.depth > 0) this.#options.onLine(origin);
    this.#push({ kind: 'macro', lines: bound.macro.lines, times: 1, call });
    bound.macro.active = true;
    return true;
  }

  #directive(token: Token, cursor: Cursor): void {
    const name = token.text.toLowerCase();
    const { column } = token;
    const environment = this.#environment;
    if (this.#conditionals.obey({ name, column, cursor }, this.#origin, environment)) return;
    if (this.#conditionals.skipping) return;
    const definition = DEFINITIONS.get(name);
    if (definition) definition(cursor, environment);
    else this.#obey(name, token, cursor);
  }

  #obey(name: string, token: Token, cursor: Cursor): void {
    switch (name) {
      case 'macro':
      case 'imacro':
        this.#macro(cursor, token, name === 'imacro');
        break;
      case 'unmacro':
        this.#unmacro(cursor);
        break;
      case 'rep':
        this.#repeat(cursor, token);
        break;
      case 'exitrep':
        this.#leave('repeat', token);
        break;
      case 'exitmacro':
        this.#leave('macro', token);
        break;
      case 'rotate':
        this.#rotate(cursor, token);
        break;
      case 'include':
        this.#include(cursor);
        break;
      case 'push':
        this.#environment.contexts.push(cursor.done ? '' : takeName(cursor).text);
        break;
      case 'pop':
        this.#pop(cursor, token);
        break;
      case 'error':
      case 'fatal':
      case 'warning':
        this.#message(cursor, token, name);
        break;
      case 'pragma':
        break;
      case 'endmacro':
      case 'endrep':
        throw new Failure(token.column, `\`%${token.text}' without \`%${name.slice(3)}'`);
      default:
        throw new Failure(token.column, `unknown preprocessor directive \`%${token.text}'`);
    }
  }

  #beginRecording(begin: RegExp, end: string, token: Token, finish: () => void): SourceLine[] {
    const lines: SourceLine[] = [];
    const { column } = token;
    this.#recording = { begin, end, lines, origin: this.#origin, column, nesting: 0, finish };
    return lines;
  }

  #record(recording: Recording, line: SourceLine): void {
    const first = line.tokens[0];
    const name = first?.kind === Kind.Directive ? first.text.toLowerCase() : '';
    if (recording.begin.test(name)) recording.nesting++;
    else if (name === recording.end && recording.nesting-- === 0) {
      this.#recording = undefined;
      recording.finish();
      return;
    }
    recording.lines.push(line);
  }

  #macro(cursor: Cursor, token: Token, ignoreCase: boolean): void {
    const signature = parseSignature(this.#environment.expanded(cursor), ignoreCase);
    const origin = this.#origin;
    const lines = this.#beginRecording(/^i?macro$/, 'endmacro', token, () => {
      if (!this.#environment.multis.define({ ...signature, lines })) return;
      const message = `macro \`${signature.name}' hides one that takes as many parameters`;
      this.#options.diagnostics.warning(origin, token.column, message);
    });
  }

  #unmacro(cursor: Cursor): void {
    const { text } = takeName(cursor);
    const { least, most } = parseBounds(cursor);
    this.#environment.multis.undefine(text, least, most);
  }

  #repeat(cursor: Cursor, token: Token): void {
    const rest = this.#environment.expanded(cursor);
    const count = this.#environment.number(rest, 'the count of %rep');
    rest.end('the count');
    if (count > MAX_REPEAT)
      throw new Failure(token.column, `%rep of ${count}; ${MAX_REPEAT} is the most`);
    const call = this.#frames.at(-1)!.call;
    const lines = this.#beginRecording(/^rep$/, 'endrep', token, () => {
      if (count > 0n) this.#push({ kind: 'repeat', lines, times: Number(count), call });
    });
  }

  /** Leaves the innermost frame of `kind`, and all that was opened within it. */
  #leave(kind: 'macro' | 'repeat', token: Token): void {
    const at = this.#frames.findLastIndex((frame) => frame.kind === kind);
    const file = this.#frames.findLastIndex((frame) => frame.kind === 'file');
    if (at < file) throw new Failure(token.column, `\`%${token.text}' outside of what it leaves`);
    const { conditions } = this.#frames[at]!;
    while (this.#frames.length > at) this.#close(this.#frames.at(-1)!);
    this.#conditionals.closeDownTo(conditions);
  }

  #rotate(cursor: Cursor, token: Token): void {
    const call = this.#frames.at(-1)!.call;
    if (!call) throw new Failure(token.column, '%rotate outside of a macro');
    const rest = this.#environment.expanded(cursor);
    const by = this.#environment.number(rest, 'the count of %rotate');
    const length = BigInt(call.given.length || 1);
    call.rotation = Number((((BigInt(call.rotation) + by) % length) + length) % length);
  }

  #include(cursor: Cursor): void {
    const rest = this.#environment.expanded(cursor);
    const token = rest.token;
    if (token?.kind !== Kind.Text) throw rest.failure('file name in quotes expected');
    const path = token.text.slice(1, -1);
    const lines = this.#options.include(path, this.#origin.line.file);
    if (!lines) throw new Failure(token.column, `cannot read the file \`${path}' to include`);
    this.#open(lines);
  }

  #pop(cursor: Cursor, token: Token): void {
    const { contexts } = this.#environment;
    const wanted = cursor.done ? contexts.innermost : takeName(cursor).text;
    if (wanted !== contexts.innermost || !contexts.pop())
      throw new Failure(token.column, "`%pop' of a context that is not the innermost");
  }

  #message(cursor: Cursor, token: Token, severity: 'error' | 'fatal' | 'warning'): void {
    const text = messageText(this.#environment.expanded(cursor)) || `%${severity}`;
    const { column } = token;
    const origin = this.#origin;
    if (severity === 'fatal') {
      this.#error(origin, column, text);
      throw new Abandoned();
    }
    this.#options.onMessage({ severity, origin, column, text });
  }
}

const COLON: Token = { kind: Kind.Punct, text: ':', column: 1, space: false };
