/**
 * `cpu`: the processors that it can choose, and the instructions that each brought, as nasm has
 * them. Nothing older than the 386 can run 32-bit code.
 */

/** Every instruction is allowed, as it is without `cpu`. */
export const ANY_CPU = 100;

const LEVELS: readonly (readonly [level: number, names: string])[] = [
  [3, '386'],
  [4, '486'],
  [5, '586 pentium'],
  [6, '686 p6 pentium2 p2'],
  [7, 'pentium3 p3 katmai'],
  [8, 'pentium4 p4 willamette'],
  [9, 'prescott'],
  [10, 'x64 x86-64'],
  [11, 'ia64 ia-64 itanium'],
  [ANY_CPU, 'default all any'],
];

/** The names that {@link cpuLevel} knows, for hints. */
export const CPU_NAMES = LEVELS.map(([, names]) => names).join(' ');

/** How new the processor `name` is, or undefined if it is none. */
export function cpuLevel(name: string): number | undefined {
  return LEVELS.find(([, names]) => names.split(' ').includes(name))?.[0];
}

const BROUGHT = [
  [4, /^(?:invlpg|invd|wbinvd|xadd|bswap)$/],
  [5, /^(?:rdtsc|cpuid|cmpxchg|cmpxchg8b)$/],
  [6, /^cmov/],
  [ANY_CPU, /^(?:endbr32|rdrand)$/],
] as const;

/** The level of the first processor that has the instruction `mnemonic`, in lower case. */
export function levelOf(mnemonic: string): number {
  return BROUGHT.find(([, names]) => names.test(mnemonic))?.[0] ?? 0;
}
