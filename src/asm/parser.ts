/**
 * One line of tokens to a statement (NASM manual, 3.1):
 *
 *     label:  times n  prefixes  mnemonic operand, operand …
 *
 * each part optional. A word at the start that is neither instruction nor directive is a label,
 * with or without its colon.
 */

import { Cursor } from './cursor.ts';
import { parseData } from './data.ts';
import { directiveNamed, parseBracketed } from './directives.ts';
import { Failure } from './errors.ts';
import { type Expression, isForeignRegister, parseExpression } from './expression.ts';
import { isSpecialFloat } from './floats.ts';
import { whyForeign } from './foreign-mnemonics.ts';
import { isMnemonic } from './instruction-set.ts';
import { isOperandWord, parseOperands } from './operands.ts';
import { registerNamed } from './registers.ts';
import type { Origin } from './source.ts';
import type { Body, Label, Statement } from './statement.ts';
import { isPunct, Kind, type Token } from './token.ts';
import type { WarningClass } from './warnings.ts';

/** Words that cannot be labels, even with a colon. */
const RESERVED = new Set('times seg wrt'.split(' '));

const PREFIXES = new Set('rep repe repz repne repnz lock a16 a32 o16 o32'.split(' '));
const PSEUDO = /^(?:equ|incbin|times|d[bwdqtoyz]|res[bwdqtoyz])$/;

/** Prefixes of nasm that the machine does not know. */
const FOREIGN_PREFIXES = new Set('bnd nobnd xacquire xrelease wait rep1 repn1'.split(' '));

/** What {@link parseLine} found: a statement, and remarks on it where it looks like a slip. */
export interface ParsedLine {
  readonly statement: Statement;
  /** What is wrong with the line behind its label, which counts all the same. */
  readonly failure?: Failure;
  readonly warnings: readonly {
    readonly column: number;
    readonly name: WarningClass;
    readonly message: string;
  }[];
}

/** Parses one line, which has at least one token. Throws a Failure if it is no statement. */
export function parseLine(tokens: readonly Token[], origin: Origin): ParsedLine {
  const first = tokens[0]!;
  const cursor = new Cursor(tokens);
  if (isPunct(first, '['))
    return { statement: { origin, body: parseBracketed(cursor) }, warnings: [] };
  if (first.kind !== Kind.Name) return cursor.fail('label or instruction expected');
  const directive = isPunct(tokens[1], ':') ? undefined : directiveNamed(cursor.word());
  if (directive) {
    cursor.skip();
    const body = directive(cursor, first.column, true);
    cursor.end('the directive');
    return { statement: { origin, body }, warnings: [] };
  }
  const label = takeLabel(cursor);
  if (label && cursor.done && !isPunct(tokens[1], ':')) {
    const message = `label \`${label.name}' alone on a line, without a colon: is it misspelt?`;
    const { column } = label;
    return { statement: { origin, label }, warnings: [{ column, name: 'label-orphan', message }] };
  }
  const colon = isPunct(tokens[1], ':');
  try {
    return { statement: restOfLine(cursor, origin, label, colon), warnings: [] };
  } catch (failure) {
    if (!(failure instanceof Failure) || !label || !colon) throw failure;
    return { statement: { origin, label }, failure, warnings: [] };
  }
}

function isKeyword(word: string): boolean {
  return PREFIXES.has(word) || FOREIGN_PREFIXES.has(word) || PSEUDO.test(word) || isMnemonic(word);
}

function takeLabel(cursor: Cursor): Label | undefined {
  const token = cursor.token!;
  const colon = isPunct(cursor.second, ':');
  if (!colon && (isKeyword(cursor.word()) || isSegment(token))) return undefined;
  cursor.skip();
  if (colon) cursor.skip();
  if (/^\.\.(?!@)/.test(token.text))
    throw new Failure(token.column, `\`${token.text}' is no special symbol of this format`);
  const name = token.text[0] === '$' ? token.text.slice(1) : token.text;
  const word = token.text.toLowerCase();
  const reserved = PREFIXES.has(word) || RESERVED.has(word);
  if ((colon && reserved) || isForeignRegister(word))
    throw new Failure(token.column, `\`${token.text}' cannot be a label`, `\`$${token.text}' can`);
  if (isSpecialFloat(word)) throw new Failure(token.column, 'label or instruction expected');
  const reason = colon ? undefined : whyForeign(word);
  if (reason) {
    const message = `instruction \`${token.text}' is not supported: ${reason}`;
    throw new Failure(token.column, message, `as a label it needs a colon`);
  }
  if (registerNamed(token.text) || isOperandWord(token.text.toLowerCase())) {
    const what = registerNamed(token.text) ? 'a register' : 'a word of its own';
    const message = `\`${token.text}' is ${what} and cannot be a label`;
    throw new Failure(token.column, message, `\`$${token.text}' can`);
  }
  return { name, column: token.column };
}

function isSegment(token: Token): boolean {
  return token.kind === Kind.Name && registerNamed(token.text)?.kind === 'segment';
}

function restOfLine(
  cursor: Cursor,
  origin: Origin,
  label: Label | undefined,
  colon: boolean,
): Statement {
  const directive = label && directiveNamed(cursor.word());
  if (directive) {
    const { column } = cursor;
    cursor.skip();
    const body = directive(cursor, column, true);
    cursor.end('the directive');
    return { origin, label, body };
  }
  const prefixes: string[] = [];
  let times: Expression | undefined;
  for (;;) {
    const word = cursor.word();
    if (word === 'times') {
      cursor.skip();
      times = parseExpression(cursor);
    } else if (PREFIXES.has(word) || (cursor.token && isSegment(cursor.token))) {
      prefixes.push(word);
      cursor.skip();
    } else if (FOREIGN_PREFIXES.has(word)) {
      cursor.fail('prefix that the machine does not know');
    } else {
      break;
    }
  }
  const start = { origin, ...(label && { label }), ...(times && { times }) };
  if (cursor.done && prefixes.length === 0 && !times) return start;
  const body = parseBody(cursor, prefixes, label, colon);
  cursor.end('the statement');
  return { ...start, body };
}

function parseBody(
  cursor: Cursor,
  prefixes: readonly string[],
  label: Label | undefined,
  colon: boolean,
): Body {
  const { column } = cursor;
  const mnemonic = cursor.word();
  if (cursor.done && prefixes.length > 0)
    return { kind: 'instruction', column, mnemonic: '', prefixes, operands: [] };
  if (PSEUDO.test(mnemonic)) {
    cursor.skip();
    return parseData(cursor, mnemonic, column);
  }
  if (isMnemonic(mnemonic)) {
    cursor.skip();
    const operands = parseOperands(cursor, mnemonic);
    return { kind: 'instruction', column, mnemonic, prefixes, operands };
  }
  if (label && !colon && prefixes.length === 0)
    throw new Failure(
      label.column,
      `unknown instruction \`${label.name}'`,
      'a label ends in a colon',
    );
  const reason = whyForeign(mnemonic);
  if (reason) cursor.fail(`instruction not supported: ${reason}`);
  return cursor.fail('instruction expected');
}
