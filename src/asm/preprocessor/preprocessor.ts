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
import { isPunct, Kind, spellings, type Token } from '../token.ts';
import { Conditionals } from './conditionals.ts';
import { DEFINITIONS, messageText } from './definitions.ts';
import { Environment, numberTokens, takeName } from './environment.ts';
import { type Frame, nextLine, originOf } from './frames.ts';
import {
  type Bound,
  bind,
  fillIn,
  type MultiMacro,
  parseBounds,
  parseSignature,
  usesLabel,
} from './multi-macros.ts';
import { packageLines } from './packages.ts';
import { bothNames, predefinedMacros } from './predefined.ts';
import { StackFrames } from './stack-frames.ts';
import { standardMacros } from './standard-macros.ts';
import { quoted } from './strings.ts';

/** What a preprocessor is given. */
export interface PreprocessorOptions {
  readonly lines: readonly SourceLine[];
  /** Lines of an included file; undefined if there is none. Asked once a file and pass. */
  readonly include: (path: string, from: string) => IncludedFile | undefined;
  /** The name of the format of the file that is made. */
  readonly format: string;
  /** Macros without parameters, by name. */
  readonly defines: Readonly<Record<string, string>>;
  readonly scope: Scope;
  readonly diagnostics: Diagnostics;
  /** Told of %error and %warning: they count only if addresses are final. */
  readonly onMessage: (message: Message) => void;
  /** Told of each line read from a file, and of each one handed out. */
  readonly onLine: (origin: Origin) => void;
}

/** A file that `%include` or `%pathsearch` found. */
export interface IncludedFile {
  readonly name: string;
  readonly lines: readonly SourceLine[];
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
  readonly end: RegExp;
  readonly endName: string;
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
  readonly #stackFrames = new StackFrames();
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
    this.#environment = new Environment(options.scope, (column, name, message) =>
      options.diagnostics.warning(this.#origin, column, name, message),
    );
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
    const { singles } = this.#environment;
    const at: Token = { kind: Kind.Name, text: '', column: 1, space: false };
    const define = (name: string, body: readonly Token[]): void =>
      this.#environment.define({ ...at, text: name }, body);
    for (const [name, body] of predefinedMacros()) define(name, body);
    for (const name of bothNames('OUTPUT_FORMAT')) define(name, lexLine(this.#options.format));
    for (const [name, text] of Object.entries(this.#options.defines)) define(name, lexLine(text));
    const line = (): Token[] => numberTokens(BigInt(this.#origin.place.number), at);
    const file = (): Token[] => [quoted(this.#origin.place.file, at)];
    for (const name of bothNames('LINE')) singles.defineChanging(name, line);
    for (const name of bothNames('FILE')) singles.defineChanging(name, file);
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
    const { call, kind } = frame;
    if (kind === 'macro')
      call!.macro.active = this.#frames.some((open) => open.call?.macro === call!.macro);
    if (frame.kind !== 'file') return;
    const recording = this.#recording;
    this.#recording = undefined;
    if (recording)
      this.#error(recording.origin, recording.column, `no \`%${recording.endName}' ends this`);
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

  /** Opens the multi-line macro that `tokens` call, alone or behind a label. */
  #call(tokens: readonly Token[]): boolean {
    if (tokens[0]?.kind !== Kind.Name) return false;
    const behind = isPunct(tokens[1], ':') ? 2 : 1;
    return this.#callAt(0, tokens) || this.#callAt(behind, tokens);
  }

  #callAt(at: number, tokens: readonly Token[]): boolean {
    const name = tokens[at];
    const macros = name?.kind === Kind.Name ? this.#environment.multis.named(name.text) : [];
    if (!name || macros.length === 0) return false;
    const bound = bind(macros, tokens.slice(at + 1), name.column);
    if (!bound) {
      if (!macros.some(({ active }) => active)) this.#warnOfCount(name);
      return false;
    }
    if (bound.dropped) {
      const message = `empty last parameter of \`${name.text}' is dropped`;
      this.#environment.warn(name.column, 'pp-macro-params-legacy', message);
    }
    const label = at > 0 ? tokens[0] : undefined;
    if (label && !usesLabel(bound.macro)) this.#handOut([label, COLON], this.#origin);
    this.#enter(bound, name, label);
    return true;
  }

  #warnOfCount({ text, column }: Token): void {
    const message = `there is a macro \`${text}', but it does not take that many parameters`;
    this.#environment.warn(column, 'pp-macro-params-multi', message);
  }

  /** Opens the body of a macro for the call at hand. */
  #enter(bound: Bound, name: Token, label: Token | undefined): void {
    const origin = this.#origin;
    const { macro, given } = bound;
    const shownAt = origin.shownAt ?? (macro.unlisted ? origin : undefined);
    const { column } = name;
    const number = ++this.#calls;
    const call = { macro, given, rotation: 0, number, label, name, origin, column, shownAt };
    if (shownAt === origin && origin.depth > 0) this.#options.onLine(origin);
    this.#push({ kind: 'macro', lines: macro.lines, times: 1, call });
    macro.active = true;
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
      case 'rmacro':
      case 'irmacro':
        this.#macro(cursor, token, name);
        break;
      case 'unmacro':
      case 'unimacro':
        this.#unmacro(cursor);
        break;
      case 'clear':
        this.#clear(cursor);
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
      case 'line':
        this.#renumber(cursor);
        break;
      case 'push':
      case 'pop':
      case 'repl':
        this.#context(name, cursor, token);
        break;
      case 'error':
      case 'fatal':
      case 'warning':
        this.#message(cursor, token, name);
        break;
      case 'endmacro':
      case 'endm':
      case 'endrep':
        throw new Failure(token.column, `\`%${token.text}' without \`%${name.slice(3)}'`);
      default:
        this.#obeyRare(name, token, cursor);
    }
  }

  #obeyRare(name: string, token: Token, cursor: Cursor): void {
    const environment = this.#environment;
    switch (name) {
      case 'include':
        this.#open(this.#find(cursor).lines);
        break;
      case 'pathsearch':
        this.#pathSearch(cursor);
        break;
      case 'use':
        this.#use(cursor);
        break;
      case 'stacksize':
        this.#stackFrames.choose(cursor);
        break;
      case 'arg':
        this.#stackFrames.arguments(cursor, environment);
        break;
      case 'local':
        this.#stackFrames.locals(cursor, environment);
        break;
      case 'depend':
      case 'pragma':
        break;
      default:
        throw new Failure(token.column, `unknown preprocessor directive \`%${token.text}'`);
    }
  }

  #beginRecording(recording: Pick<Recording, 'begin' | 'end' | 'endName' | 'finish'>, at: Token) {
    const lines: SourceLine[] = [];
    this.#recording = { ...recording, lines, origin: this.#origin, column: at.column, nesting: 0 };
    return lines;
  }

  #record(recording: Recording, line: SourceLine): void {
    const first = line.tokens[0];
    const name = first?.kind === Kind.Directive ? first.text.toLowerCase() : '';
    if (recording.begin.test(name)) recording.nesting++;
    else if (recording.end.test(name) && recording.nesting-- === 0) {
      this.#recording = undefined;
      recording.finish();
      return;
    }
    recording.lines.push(line);
  }

  #macro(cursor: Cursor, token: Token, name: string): void {
    const { multis, warn } = this.#environment;
    const { column } = token;
    const rest = this.#environment.expanded(cursor);
    if (rest.token?.kind !== Kind.Name) rest.fail('name of the macro expected');
    const form = { begin: /^i?r?macro$/, end: /^endm(acro)?$/, endName: 'endmacro' };
    const parse = (): MultiMacro => parseSignature(rest, name.startsWith('i'));
    const origin = this.#origin;
    const signature = this.#options.diagnostics.guard(origin, parse);
    if (!signature) {
      // The lines are still its body, and not to be assembled.
      this.#beginRecording({ ...form, finish: () => {} }, token);
      return;
    }
    const { least, most, defaults } = signature;
    if (defaults.length > most - least)
      warn(column, 'pp-macro-defaults', `\`${signature.name}' has more defaults than it can use`);
    const recursive = name.endsWith('rmacro');
    const finish = (): void => {
      if (!multis.define({ ...signature, lines, recursive })) return;
      const message = `macro \`${signature.name}' hides one that takes as many parameters`;
      this.#options.diagnostics.warning(origin, column, 'pp-macro-redef-multi', message);
    };
    const lines = this.#beginRecording({ ...form, finish }, token);
  }

  #unmacro(cursor: Cursor): void {
    const { text } = takeName(cursor);
    const { least, most } = parseBounds(cursor);
    this.#environment.trailing(cursor, 'the macro');
    this.#environment.multis.undefine(text, least, most);
  }

  /** `%clear` forgets all macros of one line; `%clear global macro` those of several. */
  #clear(cursor: Cursor): void {
    const words = new Set<string>();
    for (; !cursor.done; cursor.skip()) words.add(cursor.word());
    const everything = words.has('all');
    const { singles, multis } = this.#environment;
    if (words.size === 0 || everything || words.has('define') || words.has('defalias'))
      singles.clear();
    if (words.size === 0 || everything || words.has('macro')) multis.clear();
  }

  #repeat(cursor: Cursor, token: Token): void {
    const environment = this.#environment;
    const rest = environment.expanded(cursor);
    const form = { begin: /^rep$/, end: /^endrep$/, endName: 'endrep' };
    takeNolist(rest);
    if (rest.done) {
      this.#error(this.#origin, rest.column, 'count of the repetition expected');
      this.#beginRecording({ ...form, finish: () => {} }, token);
      return;
    }
    const count = environment.number(rest, 'the count of %rep');
    takeNolist(rest);
    environment.trailing(rest, 'the count');
    if (count < 0n) environment.warn(token.column, 'pp-rep-negative', `%rep of ${count}: none`);
    if (count > MAX_REPEAT)
      throw new Failure(token.column, `%rep of ${count}; ${MAX_REPEAT} is the most`);
    const call = this.#frames.at(-1)!.call;
    const finish = (): void => {
      if (count > 0n) this.#push({ kind: 'repeat', lines, times: Number(count), call });
    };
    const lines = this.#beginRecording({ ...form, finish }, token);
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

  /** The file that a directive names. */
  #find(cursor: Cursor): IncludedFile {
    const rest = this.#environment.expanded(cursor);
    const token = rest.token;
    if (token?.kind !== Kind.Text) throw rest.failure('file name in quotes expected');
    const path = token.text.slice(1, -1);
    const found = this.#options.include(path, this.#origin.line.file);
    if (found) return found;
    throw new Failure(token.column, `cannot read the file \`${path}' to include`);
  }

  #pathSearch(cursor: Cursor): void {
    const name = takeName(cursor);
    this.#environment.define(name, [quoted(this.#find(cursor).name, name)]);
  }

  #use(cursor: Cursor): void {
    const { packages } = this.#environment;
    const { text, column } = takeName(cursor);
    const name = text.toLowerCase();
    const lines = packageLines(name);
    if (!lines) throw new Failure(column, `there is no package \`${text}'`);
    if (!packages.has(name)) this.#open(lines);
    packages.add(name);
  }

  /** `%line number+step file` */
  #renumber(cursor: Cursor): void {
    const rest = this.#environment.expanded(cursor);
    const number = Number(this.#environment.number(new Cursor([takeNumber(rest)]), 'a line'));
    const step = rest.take('+') ? Number(takeNumber(rest).text) : 1;
    const name = spellings(rest.rest());
    const frame = this.#frames.findLast(({ kind }) => kind === 'file')!;
    const file = name || this.#origin.place.file;
    frame.renumbered = { from: frame.next - 1, number, step, file };
  }

  #context(name: 'push' | 'pop' | 'repl', cursor: Cursor, { column }: Token): void {
    const { contexts } = this.#environment;
    const given = cursor.done ? '' : takeName(cursor).text;
    this.#environment.trailing(cursor, `%${name}`);
    if (name === 'push') contexts.push(given);
    else if (name === 'repl') {
      if (!contexts.rename(given)) throw new Failure(column, "`%repl' without a context");
    } else if ((given && given !== contexts.innermost) || !contexts.pop())
      throw new Failure(column, "`%pop' of a context that is not the innermost");
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

/** Takes the word that keeps a repetition out of a listing; ours shows no repetition anyway. */
function takeNolist(cursor: Cursor): void {
  if (/^\.?nolist$/.test(cursor.word())) cursor.skip();
}

function takeNumber(cursor: Cursor): Token {
  const token = cursor.token;
  if (token?.kind !== Kind.Number) return cursor.fail('number expected');
  cursor.skip();
  return token;
}
