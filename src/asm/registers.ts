/** The registers that an operand can name, and their numbers in encodings. */

/** One register. Registers are compared by identity. */
export interface Register {
  readonly unit: 'register';
  /** Lower case. */
  readonly name: string;
  readonly kind: 'general' | 'segment' | 'control';
  /** In bytes. */
  readonly size: 1 | 2 | 4;
  /** As in Intel's encodings. */
  readonly number: number;
}

const table = new Map<string, Register>();

function add(kind: Register['kind'], size: Register['size'], names: string): void {
  names.split(' ').forEach((name, number) => {
    if (name !== '-') table.set(name, { unit: 'register', name, kind, size, number });
  });
}

add('general', 4, 'eax ecx edx ebx esp ebp esi edi');
add('general', 2, 'ax cx dx bx sp bp si di');
add('general', 1, 'al cl dl bl ah ch dh bh');
add('segment', 2, 'es cs ss ds fs gs');
add('control', 4, 'cr0 - cr2 cr3 cr4');

/** The register called `name` in any case, or undefined. */
export function registerNamed(name: string): Register | undefined {
  return name.length > 3 ? undefined : table.get(name.toLowerCase());
}
