/**
 * Text of one logical line to tokens (NASM manual, 3.1 and 4). Never fails: what makes no sense
 * becomes a `Bad` token, which is an error only if the line is used.
 *
 * Names start with a letter or one of `_ . ? @` and go on with those, digits and `$ # ~`; `$name`
 * is a name even where the bare word is a register. A semicolon opens a comment.
 */

import { Kind, type Token } from './token.ts';

const NAME = /[A-Za-z_.?@\u0080-\uffff][A-Za-z0-9_.?@$#~\u0080-\uffff]*/y;
const NUMBER = /[0-9][0-9_]*(?:\.[0-9_]*(?:[eE][+-]?[0-9_]+)?|[eE][+-][0-9_]+)|[0-9][0-9A-Za-z_]*/y;
const HEXADECIMAL = /(?:\$(?=[0-9])|0[xXhH])[0-9A-Fa-f_]+/y;
/** A fraction in base 16, 8 or 2, with a power of two. */
const BASED_FLOAT = new RegExp(
  `0(?:${[
    /[xXhH](?:[0-9A-Fa-f_]+\.?[0-9A-Fa-f_]*|\.[0-9A-Fa-f_]+)/,
    /[oOqQ][0-7_]*\.?[0-7_]*|[bByY][01_]*\.?[01_]*/,
  ]
    .map(({ source }) => source)
    .join('|')})(?:[pP][+-]?[0-9]+)?`,
  'y',
);
const FLOAT = /^[0-9][0-9_]*(?:\.[0-9_]*(?:[eE][+-]?[0-9_]+)?|[eE][+-]?[0-9_]+)$/;
const OPERATOR =
  /<=>|<<<|>>>|<<|>>|<=|>=|<>|==|!=|&&|\|\||\^\^|\/\/|%%|\$\$|[-+*/%&|^~!<>=()[\]{},:?$]/y;
const PERCENT = new RegExp(
  `%(?:${[
    /([+-]?\d+)|\{([^{}]*)\}|(%[\w.?@$#~]+)|(\$+[A-Za-z_.?@][\w.?@$#~]*)/,
    /([A-Za-z_][\w]*)|(\?\??|\+(?![\d])|\[)/,
  ]
    .map(({ source }) => source)
    .join('|')})`,
  'y',
);

class LineLexer {
  readonly #text: string;
  readonly #tokens: Token[] = [];
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  run(): Token[] {
    const text = this.#text;
    for (;;) {
      const start = this.#at;
      while (this.#at < text.length && text.charCodeAt(this.#at) <= 0x20) this.#at++;
      if (this.#at >= text.length || text[this.#at] === ';') return this.#tokens;
      this.#next(this.#at > start);
    }
  }

  #next(space: boolean): void {
    const first = this.#text[this.#at]!;
    if (first === '"' || first === "'" || first === '`') this.#string(first, space);
    else if (first === '%') this.#percent(space);
    else if (first === '?' && !/[\w.?@]/.test(this.#text[this.#at + 1] ?? ' '))
      this.#push(Kind.Punct, '?', 1, space);
    else this.#word(space);
  }

  #push(kind: Kind, text: string, length: number, space: boolean): void {
    this.#tokens.push({ kind, text, column: this.#at + 1, space });
    this.#at += length;
  }

  /** What `pattern` matches `ahead` characters from here. */
  #match(pattern: RegExp, ahead = 0): string | undefined {
    pattern.lastIndex = this.#at + ahead;
    return pattern.exec(this.#text)?.[0];
  }

  #word(space: boolean): void {
    const escaped = this.#text[this.#at] === '$';
    const name = this.#match(NAME, escaped ? 1 : 0);
    if (name !== undefined) {
      this.#push(Kind.Name, escaped ? `$${name}` : name, name.length + (escaped ? 1 : 0), space);
      return;
    }
    const based = this.#match(BASED_FLOAT);
    if (based !== undefined && /[.pP]/.test(based)) {
      this.#push(Kind.Float, based, based.length, space);
      return;
    }
    const number = this.#match(HEXADECIMAL) ?? this.#match(NUMBER);
    const operator = this.#match(OPERATOR);
    if (number !== undefined) this.#number(number, space);
    else if (operator !== undefined) this.#push(Kind.Punct, operator, operator.length, space);
    else this.#push(Kind.Bad, `unexpected character \`${this.#text[this.#at]}'`, 1, space);
  }

  #number(text: string, space: boolean): void {
    this.#push(FLOAT.test(text) ? Kind.Float : Kind.Number, text, text.length, space);
  }

  #string(quote: string, space: boolean): void {
    const text = this.#text;
    let end = this.#at + 1;
    while (end < text.length && text[end] !== quote) {
      if (quote === '`' && text[end] === '\\') end++;
      end++;
    }
    const literal = text.slice(this.#at, end + 1);
    if (end < text.length) this.#push(Kind.Text, literal, literal.length, space);
    else this.#push(Kind.Bad, `unterminated string (missing ${quote})`, literal.length, space);
  }

  #percent(space: boolean): void {
    PERCENT.lastIndex = this.#at;
    const match = PERCENT.exec(this.#text);
    if (!match) {
      const operator = this.#match(OPERATOR)!;
      this.#push(Kind.Punct, operator, operator.length, space);
      return;
    }
    const [whole, parameter, braced, local, context, directive, other] = match;
    const length = whole.length;
    if (parameter !== undefined) this.#push(Kind.Parameter, parameter, length, space);
    else if (braced !== undefined) this.#braced(braced.trim(), length, space);
    else if (local !== undefined) this.#push(Kind.MacroLocal, local.slice(1), length, space);
    else if (context !== undefined) this.#push(Kind.ContextLocal, context, length, space);
    else if (directive !== undefined) this.#push(Kind.Directive, directive, length, space);
    else this.#push(Kind.Punct, `%${other}`, length, space);
  }

  /** `%{…}` is the percent form of what the braces hold, set apart from the letters after it. */
  #braced(inside: string, length: number, space: boolean): void {
    if (/^[+-]?\d+(?::[+-]?\d+)?$/.test(inside)) this.#push(Kind.Parameter, inside, length, space);
    else if (/^%[\w.?@$#~]+$/.test(inside))
      this.#push(Kind.MacroLocal, inside.slice(1), length, space);
    else if (/^\$+[A-Za-z_.?@][\w.?@$#~]*$/.test(inside))
      this.#push(Kind.ContextLocal, inside, length, space);
    else if (/^[A-Za-z_]\w*$/.test(inside)) this.#push(Kind.Directive, inside, length, space);
    else if (/^\?\??$/.test(inside)) this.#push(Kind.Punct, `%${inside}`, length, space);
    else this.#push(Kind.Bad, `\`%{${inside}}' means nothing`, length, space);
  }
}

/** The tokens of `text`, one logical line, without its comment. */
export function lexLine(text: string): Token[] {
  return new LineLexer(text).run();
}
