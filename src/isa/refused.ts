/**
 * What the instruction table leaves out, by name: the bytes that decode as no instruction (#UD)
 * although some processor has, had or reserves a meaning for them.
 *
 * A line is `cells  name  reason`, separated by two blanks or more. Cells are an opcode or a range,
 * two-byte ones with their 0F; `/d` or `/d-d` the values of ModRM.reg; `reg` or `mem` only that
 * form of ModRM.rm.
 */
import { assert } from '../base/assert.ts';

/** One refused stretch of an opcode map. */
export interface Refusal {
  /** First and last opcode as {@link Row.opcode} writes them (0F00 + second byte). */
  readonly first: number;
  readonly last: number;
  /** Values of ModRM.reg that are refused; 0 … 7 where it does not matter. */
  readonly digits: readonly [number, number];
  /** Forms of ModRM.rm that are refused. */
  readonly mod: 'any' | 'reg' | 'mem';
  /** What a manual calls it. */
  readonly name: string;
  /** Why vmft has not got it. */
  readonly reason: string;
}

const LINES = `
62 reg         EVEX prefix                      AVX-512
63             arpl                             privilege rings come later
8C/6-7         mov from segment register 6, 7   there is none
8D reg         lea of a register                has no address
8E/1           mov cs                           cs is loaded by far jumps only
8E/6-7         mov to segment register 6, 7     there is none
8F/1-7         XOP prefix                       AMD XOP
9B             fwait                            no floating-point unit
C4-C5 reg      VEX prefix                       AVX
C6/1-7         xabort, reserved                 transactional memory
C7/1-7         xbegin, reserved                 transactional memory
D8-DF          x87                              no floating-point unit
FE/2-7         group 4                          reserved
FF/3 reg       call far of a register           has no far pointer
FF/5 reg       jmp far of a register            has no far pointer
FF/7           group 5                          reserved
0F00/4-5       verr, verw                       privilege rings come later
0F00/6-7       group 6                          reserved
0F01/0 reg     vmcall, vmlaunch, …              VMX
0F01/1 reg     monitor, mwait, clac, stac, …    not in a 486
0F01/2 reg     xgetbv, xsetbv, vmfunc, …        not in a 486
0F01/3 reg     vmrun, vmmcall, clgi, …          AMD SVM
0F01/5         rdpkru, rstorssp, …              not in a 486
0F01/7 reg     swapgs, rdtscp, monitorx, …      not in a 486
0F02           lar                              privilege rings come later
0F03           lsl                              privilege rings come later
0F04           reserved                         reserved
0F05           syscall                          64-bit mode
0F07           sysret                           64-bit mode
0F0A           reserved                         reserved
0F0C           reserved                         reserved
0F0D           prefetch, prefetchw              3DNow!
0F0E           femms                            3DNow!
0F0F           3DNow! map                       3DNow!
0F10-0F17      movups, movss, movlps, …         SSE
0F21           mov from debug register          no debug registers
0F23           mov to debug register            no debug registers
0F24           mov from test register           386 and 486 only
0F25           reserved                         reserved
0F26           mov to test register             386 and 486 only
0F27           reserved                         reserved
0F28-0F2F      movaps, cvtsi2ss, comiss, …      SSE
0F20/1         mov from cr1                     there is none
0F20/5-7       mov from cr5, cr6, cr7           there is none
0F22/1         mov to cr1                       there is none
0F22/5-7       mov to cr5, cr6, cr7             there is none
0F30           wrmsr                            no model-specific registers
0F32           rdmsr                            no model-specific registers
0F33           rdpmc                            no performance counters
0F34           sysenter                         no model-specific registers
0F35           sysexit                          no model-specific registers
0F36           reserved                         reserved
0F37           getsec                           SMX
0F38           three-byte map 0F 38             SSSE3 and later
0F39           reserved                         reserved
0F3A           three-byte map 0F 3A             SSSE3 and later
0F3B-0F3F      reserved                         reserved
0F50-0F5F      sqrtps, andps, addps, …          SSE
0F60-0F76      punpcklbw, movq, pshufw, …       MMX
0F77           emms                             MMX
0F78           vmread                           VMX
0F79           vmwrite                          VMX
0F7A-0F7B      reserved                         reserved
0F7C-0F7D      haddpd, hsubpd                   SSE3
0F7E-0F7F      movd, movq                       MMX
0FA6-0FA7      cmpxchg of the first 486         later ones have it at 0F B0
0FAA           rsm                              no system management mode
0FAE           fxsave, ldmxcsr, lfence, …       SSE
0FB2 reg       lss of a register                has no far pointer
0FB4-0FB5 reg  lfs, lgs of a register           have no far pointer
0FB8           popcnt, jmpe                     not in a 486
0FBA/0-3       group 8                          reserved
0FC2           cmpps                            SSE
0FC3           movnti                           SSE2
0FC4-0FC6      pinsrw, pextrw, shufps           SSE
0FC7/0         group 9                          reserved
0FC7/1 reg     group 9                          reserved
0FC7/2-5       xrstors, xsavec, xsaves          not in a 486
0FC7/6 mem     vmptrld                          VMX
0FC7/7         vmptrst, rdseed, rdpid           not in a 486
0FD0-0FFE      psrlw, paddq, movntq, …          MMX
`;

const CELLS =
  /^(0F)?([0-9A-F]{2})(?:-(?:0F)?([0-9A-F]{2}))?(?:\/([0-7])(?:-([0-7]))?)?(?: (reg|mem))?$/;

function parse(line: string): Refusal {
  const [field, name, reason] = line.split(/ {2,}/);
  const match = CELLS.exec(field!);
  assert(match && name && reason, () => `refused instructions: cannot read "${line}"`);
  const [, two, first, last, low, high, mod] = match;
  const map = two ? 0x0f00 : 0;
  return {
    first: map + Number.parseInt(first!, 16),
    last: map + Number.parseInt(last ?? first!, 16),
    digits: low ? [Number(low), Number(high ?? low)] : [0, 7],
    mod: (mod ?? 'any') as Refusal['mod'],
    name,
    reason,
  };
}

/** Everything that is left out, in the order of the opcode maps. */
export const REFUSED: readonly Refusal[] = LINES.trim().split('\n').map(parse);
