/**
 * Classes of warnings, under nasm's names, and which of them are on: by default, by `-w`, and by
 * `[warning …]` in the source from that line on.
 *
 *     +name  on      -name  off      *name  as at the start
 *     error=name  on, and an error      -error=name  no error      error  every one that is on
 *
 * `all` and the first words of names (`pp`, `label`, …) stand for several classes.
 */

type State = 'off' | 'on' | 'error';

const CLASSES = {
  'db-empty': 'on',
  'ea-dispsize': 'on',
  'float-denorm': 'off',
  'float-overflow': 'on',
  'float-underflow': 'off',
  forward: 'on',
  'label-orphan': 'on',
  'label-redef': 'off',
  'number-overflow': 'on',
  'pp-else-elif': 'on',
  'pp-else-else': 'on',
  'pp-environment': 'on',
  'pp-macro-def-param-single': 'error',
  'pp-macro-defaults': 'on',
  'pp-macro-params-legacy': 'on',
  'pp-macro-params-multi': 'on',
  'pp-macro-params-single': 'on',
  'pp-macro-redef-multi': 'on',
  'pp-open-braces': 'on',
  'pp-rep-negative': 'on',
  'pp-sel-range': 'on',
  'pp-trailing': 'on',
  'prefix-lock': 'on',
  ptr: 'on',
  regsize: 'on',
  'unknown-warning': 'off',
  user: 'on',
  'warn-stack-empty': 'on',
  zeroing: 'on',
  other: 'on',
} as const satisfies Record<string, State>;

/** A class of warnings. */
export type WarningClass = keyof typeof CLASSES;

/** Classes of nasm that no warning of this assembler belongs to; they may be named all the same. */
const FOREIGN = new Set(
  [
    'ea-absolute float-toolong label-redef-late obsolete-nop obsolete-removed obsolete-valid phase',
    'pp-empty-braces pp-macro-def-case-single pp-macro-def-greedy-single pp-open-brackets',
    'pp-open-string pragma-bad pragma-empty pragma-na pragma-unknown prefix-bnd prefix-hle',
    'prefix-opsize prefix-seg zext-reloc',
    // Older names of classes above.
    'bnd hle lock macro-params macro-defaults orphan-labels not-my-pragma',
  ].flatMap((names) => names.split(' ')),
);

/** Which warnings are on. */
export class WarningSwitches {
  readonly #initial: Map<WarningClass, State>;
  #states: Map<WarningClass, State>;
  #saved: Map<WarningClass, State>[] = [];

  /** `words` as `-w` takes them; those that name no class have no effect. */
  constructor(words: readonly string[] = []) {
    this.#states = new Map(Object.entries(CLASSES) as [WarningClass, State][]);
    this.#initial = this.#states;
    for (const word of words) this.set(word);
    this.#initial = new Map(this.#states);
  }

  stateOf(name: WarningClass): State {
    return this.#states.get(name)!;
  }

  /** Back to the state at the start of the source. */
  restart(): void {
    this.#states = new Map(this.#initial);
    this.#saved = [];
  }

  /** Obeys `+name` and its like; false if there is no such class. */
  set(word: string): boolean {
    const match = /^([-+*]?)(error=?)?([-a-z]*)$/.exec(word.toLowerCase().replace(/^no-/, '-'));
    if (!match) return false;
    const [, sign = '', error, name = ''] = match;
    const classes = classesNamed(error && name === '' ? 'all' : name);
    for (const one of classes) this.#states.set(one, this.#changed(one, sign, error, name === ''));
    return classes.length > 0 || isForeign(name);
  }

  #changed(name: WarningClass, sign: string, error: string | undefined, every: boolean): State {
    const state = this.#states.get(name)!;
    if (sign === '*') return this.#initial.get(name)!;
    if (!error) return sign === '-' ? 'off' : state === 'error' ? 'error' : 'on';
    if (sign === '-') return state === 'error' ? 'on' : state;
    return every && state === 'off' ? 'off' : 'error';
  }

  /** Keeps the present state for {@link pop}. */
  push(): void {
    this.#saved.push(new Map(this.#states));
  }

  /** Back to the state of the last {@link push}; false if there was none. */
  pop(): boolean {
    const saved = this.#saved.pop();
    this.#states = new Map(saved ?? this.#initial);
    return saved !== undefined;
  }
}

function classesNamed(name: string): WarningClass[] {
  const all = Object.keys(CLASSES) as WarningClass[];
  if (name === 'all') return all;
  return all.filter((one) => one === name || one.startsWith(`${name}-`));
}

function isForeign(name: string): boolean {
  return [...FOREIGN].some((one) => one === name || one.startsWith(`${name}-`));
}
