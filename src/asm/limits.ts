/**
 * Every bound of the assembler. They exist so that no source text, however hostile, makes it run or
 * grow without end; honest programs stay far below them.
 */

/** Passes over the source before addresses that still move are an error. */
export const MAX_PASSES = 100;

/** Lines that one pass may produce, macros and repetitions expanded. */
export const MAX_LINES = 250_000;

/**
 * Bytes of one section that has bytes; room without them may be as large as the machine's memory.
 */
export const MAX_IMAGE_BYTES = 64 * 1024 * 1024;

/** Errors reported before the run is given up. */
export const MAX_ERRORS = 100;

/** Parentheses and unary operators within each other, and binary operators, of one expression. */
export const MAX_EXPRESSION_DEPTH = 200;
export const MAX_OPERATORS = 1000;

/** Multi-line macros, repetitions and included files open at the same time. */
export const MAX_FRAMES = 1000;

/** Iterations of one %rep, and of `times` before a jump. */
export const MAX_REPEAT = 1_000_000;

/** Tokens of one line after macro expansion, and expansions within each other. */
export const MAX_LINE_TOKENS = 50_000;
export const MAX_MACRO_DEPTH = 200;

/** Largest alignment of a section, in bytes. */
export const MAX_ALIGNMENT = 65_536;
