/**
 * `%stacksize`, `%arg` and `%local` (NASM manual, 4.9): names for what a procedure finds on its
 * stack.
 *
 *     %stacksize flat          %arg count:dword, text:dword      [ebp+8], [ebp+12]
 *                              %local sum:dword                  [ebp-4]; adds 4 to %$localsize
 */

import { Cursor } from '../cursor.ts';
import { lexLine } from '../lexer.ts';
import type { Token } from '../token.ts';
import { type Environment, numberTokens, takeName } from './environment.ts';

interface Model {
  readonly pointer: string;
  /** Bytes of a slot of the stack. */
  readonly slot: number;
  /** Offset of the first argument: behind the saved pointer and the return address. */
  readonly first: number;
}

const MODELS: ReadonlyMap<string, Model> = new Map([
  ['flat', { pointer: 'ebp', slot: 4, first: 8 }],
  ['large', { pointer: 'bp', slot: 2, first: 4 }],
  ['small', { pointer: 'bp', slot: 2, first: 6 }],
]);

const SIZES: ReadonlyMap<string, number> = new Map([
  ['byte', 1],
  ['word', 2],
  ['dword', 4],
  ['qword', 8],
  ['tword', 10],
  ['oword', 16],
]);

/** The state of these directives, which lasts to the next `%stacksize`. */
export class StackFrames {
  #model: Model = { pointer: 'ebp', slot: 4, first: 8 };
  #argument = 8;
  #local = 0;

  /** `%stacksize MODEL` */
  choose(cursor: Cursor): void {
    const model = MODELS.get(cursor.word());
    if (!model) cursor.fail('stack model expected', `they are ${[...MODELS.keys()].join(', ')}`);
    cursor.skip();
    cursor.end('the stack model');
    this.#model = model!;
    this.#argument = model!.first;
    this.#local = 0;
  }

  /** `%arg name:type, …` */
  arguments(cursor: Cursor, environment: Environment): void {
    for (const { name, size } of takeTyped(cursor)) {
      const { pointer, slot } = this.#model;
      environment.define(name, lexLine(`(${pointer}+${this.#argument})`));
      this.#argument += Math.max(size, slot);
    }
  }

  /** `%local name:type, …` */
  locals(cursor: Cursor, environment: Environment): void {
    const before = this.#local;
    for (const { name, size } of takeTyped(cursor)) {
      const { pointer, slot } = this.#model;
      this.#local += Math.ceil(size / slot) * slot;
      environment.define(name, lexLine(`(${pointer}-${this.#local})`));
    }
    const [total] = lexLine('%$localsize') as [Token];
    const value = environment.number(environment.expanded(new Cursor([total])), '%$localsize');
    environment.define(total, numberTokens(value + BigInt(this.#local - before), total));
  }
}

function takeTyped(cursor: Cursor): { name: Token; size: number }[] {
  const all: { name: Token; size: number }[] = [];
  do {
    const name = takeName(cursor);
    cursor.expect(':', 'between the name and its size');
    const size = SIZES.get(cursor.word());
    if (size === undefined)
      cursor.fail('size expected', `they are ${[...SIZES.keys()].join(', ')}`);
    cursor.skip();
    all.push({ name, size: size! });
  } while (cursor.take(','));
  cursor.end('the names');
  return all;
}
