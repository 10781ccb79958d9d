/** Prefixes as the source names them, sorted into groups; an instruction has one of each. */
import { Seg } from './instruction.ts';
import type { AsmPrefix, EncodingError } from './request.ts';

/** At most one prefix of each group. */
export interface PrefixGroups {
  readonly lock: boolean;
  readonly repeat: 0 | 0xf2 | 0xf3;
  readonly segment: Seg | undefined;
  readonly operandSize: 2 | 4 | undefined;
  readonly addressSize: 2 | 4 | undefined;
}

const MEANINGS: Readonly<Record<AsmPrefix, Partial<PrefixGroups>>> = {
  lock: { lock: true },
  rep: { repeat: 0xf3 },
  repe: { repeat: 0xf3 },
  repz: { repeat: 0xf3 },
  repne: { repeat: 0xf2 },
  repnz: { repeat: 0xf2 },
  o16: { operandSize: 2 },
  o32: { operandSize: 4 },
  a16: { addressSize: 2 },
  a32: { addressSize: 4 },
  es: { segment: Seg.Es },
  cs: { segment: Seg.Cs },
  ss: { segment: Seg.Ss },
  ds: { segment: Seg.Ds },
  fs: { segment: Seg.Fs },
  gs: { segment: Seg.Gs },
};

/** The byte of each segment override, by {@link Seg}. */
export const SEGMENT_PREFIX = [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65] as const;

/** Sorts `prefixes`; an error when two different ones are of one group. */
export function groupPrefixes(prefixes: readonly AsmPrefix[]): PrefixGroups | EncodingError {
  const groups: Partial<PrefixGroups> = {};
  for (const prefix of prefixes) {
    const meaning = MEANINGS[prefix];
    for (const [group, value] of Object.entries(meaning)) {
      const before = groups[group as keyof PrefixGroups];
      if (before !== undefined && before !== value) {
        return {
          error: 'instruction has conflicting prefixes',
          hint: `${prefix} is the second one of its group`,
        };
      }
    }
    Object.assign(groups, meaning);
  }
  return {
    lock: groups.lock ?? false,
    repeat: groups.repeat ?? 0,
    segment: groups.segment,
    operandSize: groups.operandSize,
    addressSize: groups.addressSize,
  };
}
