/**
 * Statements: what one line says, with its expressions still open, so that the same statement can
 * be assembled again in every pass.
 */

import type { Expression } from './expression.ts';
import type { Register } from './registers.ts';
import type { Places } from './sections.ts';
import type { Origin } from './source.ts';

/** One line. */
export interface Statement {
  readonly origin: Origin;
  readonly label?: Label;
  /** `times` before the body. */
  readonly times?: Expression;
  readonly body?: Body;
}

/** A label, local ones in full. */
export interface Label {
  readonly name: string;
  readonly column: number;
}

/** What a line does, beside naming its place. */
export type Body = InstructionSyntax | DataSyntax | Directive;

/** An instruction as written. A line of prefixes alone has the empty mnemonic. */
export interface InstructionSyntax {
  readonly kind: 'instruction';
  readonly column: number;
  /** Lower case. */
  readonly mnemonic: string;
  /** `rep`, `lock`, `a16`, … and names of segment registers, lower case, as written. */
  readonly prefixes: readonly string[];
  readonly operands: readonly OperandSyntax[];
}

/** An operand as written. */
export interface OperandSyntax {
  readonly column: number;
  /** Bytes that a keyword (`byte` … ) asks for, or 0. */
  readonly size: number;
  readonly strict: boolean;
  readonly distance: '' | 'short' | 'near' | 'far';
  /** The value; in brackets the address; of a far pointer the selector. */
  readonly value: Expression;
  /** The offset of a far pointer `selector:offset`. */
  readonly offset?: Expression;
  /** Set for an operand in brackets. */
  readonly memory?: MemorySyntax;
}

/** What the brackets of an operand say beside the address. */
export interface MemorySyntax {
  readonly segment: Register | undefined;
  /** Bytes that `[byte …]`, `[word …]` or `[dword …]` ask for the displacement, or 0. */
  readonly displacementSize: number;
  /** `a16` or `a32` in the brackets: 2 or 4, else 0. */
  readonly addressSize: number;
  /** `nosplit`: [eax*2] stays an index without a base. */
  readonly nosplit: boolean;
}

/** `db` … `dz`. */
export interface DataSyntax {
  readonly kind: 'data';
  readonly column: number;
  /** Bytes of a unit: 1, 2, 4, 8, 10, 16, 32 or 64. */
  readonly size: number;
  readonly items: readonly DataItem[];
}

/** One item of a data line. */
export type DataItem =
  /** Bytes, filled up with zeros to a whole number of units. */
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'value'; readonly value: Expression }
  /** A floating-point number; `overflow` if it has become infinite. */
  | {
      readonly kind: 'float';
      readonly bytes: Uint8Array;
      readonly overflow: boolean;
      readonly column: number;
    }
  /** `?`: room of one unit. */
  | { readonly kind: 'reserve' }
  /** `count dup (items)`. */
  | { readonly kind: 'repeat'; readonly count: Expression; readonly items: readonly DataItem[] }
  /** `word (items)`: units of another size. */
  | { readonly kind: 'sized'; readonly size: number; readonly items: readonly DataItem[] };

/** A line that speaks to the assembler. */
export type Directive = { readonly column: number } & (
  | { readonly kind: 'reserve'; readonly size: number; readonly count: Expression }
  | { readonly kind: 'equ'; readonly value: Expression }
  | {
      readonly kind: 'incbin';
      readonly path: string;
      readonly skip?: Expression;
      readonly length?: Expression;
    }
  | {
      readonly kind: 'section';
      readonly name: string;
      readonly align?: Expression;
      /** Whether the program says that the section has bytes (progbits) or not (nobits). */
      readonly bits?: boolean;
      /** False in brackets: `__SECT__` goes back to the section chosen before. */
      readonly lasting: boolean;
      /** Attributes that nobody knows. */
      readonly ignored: readonly { readonly column: number; readonly text: string }[];
      readonly places: readonly {
        readonly attribute: keyof Places;
        readonly value: Expression | string;
        readonly column: number;
      }[];
    }
  | { readonly kind: 'absolute'; readonly value: Expression; readonly lasting: boolean }
  /** `__SECT__`: back to the section that was chosen last, other than in brackets. */
  | { readonly kind: 'return' }
  | { readonly kind: 'org' | 'sectalign' | 'bits'; readonly value: Expression }
  /** `global`, `static`, `extern`; `special` if a type stands behind a name. */
  | {
      readonly kind: 'symbols';
      readonly how: 'global' | 'extern';
      readonly names: readonly string[];
      readonly special: boolean;
    }
  /** `[warning …]` */
  | { readonly kind: 'warning'; readonly words: readonly string[] }
  /** `cpu`: of which processor instructions may be (cpu-levels.ts). */
  | { readonly kind: 'cpu'; readonly level: number }
  /** Accepted, and without effect here. */
  | { readonly kind: 'nothing' }
);
