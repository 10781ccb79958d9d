/**
 * Interrupts and exceptions through the IDT (SDM volume 3, chapter 6), with the escalation from one
 * fault to a double fault and from there to shutdown.
 *
 * Known deviations: interrupt and trap gates only, of 16 and 32 bits, without change of ring; a
 * task gate raises #GP. Where a frame would be pushed to a device register that takes a reading,
 * the stack counts as unusable (#SS), because a delivery cannot be tried again.
 */
import { type Core, FAULT, NEEDS_INPUT, Vector } from './core.ts';
import { Eflags } from './flags.ts';
import { Word } from './layout.ts';
import { codeSelector } from './ops/segment.ts';

/**
 * Where an event comes from. It decides the EXT bit of error codes, and RF in the pushed eflags: a
 * fault sets it; a trap and an external interrupt push what it is, which an iret may have set, or a
 * repeated instruction that is not finished.
 */
export type Origin = 'software' | 'fault' | 'trap' | 'external';

const PRESENT = 0x8000;
/** Error codes that name a gate have the IDT bit set. */
const IN_IDT = 2;

/**
 * Enters the handler of `vector`; `eip` is the address to return to. Throws FAULT, with nothing
 * changed, when the IDT, the code segment or the stack does not allow it.
 */
export function enterHandler(
  core: Core,
  vector: number,
  error: number | undefined,
  origin: Origin,
  eip: number,
): void {
  const r = core.r;
  const external = origin === 'software' ? 0 : 1;
  const gateError = vector * 8 + IN_IDT + external;
  if (vector * 8 + 7 > r[Word.IdtLimit]!) core.fault(Vector.GP, gateError);
  const gate = r[Word.IdtBase]! + vector * 8;
  const low = core.load32(gate);
  const high = core.load32(gate + 4);
  const type = (high >>> 8) & 0x1f;
  const wide = type === 0x0e || type === 0x0f;
  if (!wide && type !== 0x06 && type !== 0x07) core.fault(Vector.GP, gateError);
  if (!(high & PRESENT)) core.fault(Vector.NP, gateError);
  const selector = codeSelector(core, low >>> 16, 'gate', external);
  const flags = core.eflags | (origin === 'fault' ? Eflags.RF : 0);
  const frame = [flags, r[Word.Cs]!, eip];
  if (error !== undefined) frame.push(error);
  pushFrame(core, wide ? 4 : 2, frame);
  const interruptGate = (type & 1) === 0;
  const cleared = Eflags.TF | Eflags.NT | Eflags.RF | (interruptGate ? Eflags.IF : 0);
  r[Word.SystemFlags]! &= ~cleared;
  r[Word.Cs] = selector;
  r[Word.Eip] = (low & 0xffff) | (wide ? high & 0xffff0000 : 0);
}

function pushFrame(core: Core, size: 2 | 4, values: readonly number[]): void {
  const r = core.r;
  let top = r[Word.Esp]!;
  const bytes = values.length * size;
  core.prepareStore((top - bytes) >>> 0, bytes);
  for (const value of values) {
    top = (top - size) | 0;
    if (size === 4) core.store32(top, value);
    else core.store16(top, value);
  }
  r[Word.Esp] = top;
}

/** Exceptions that turn a second one into a double fault (SDM volume 3, table 6-4). */
function contributory(vector: number): boolean {
  return vector === Vector.DE || (vector >= Vector.TS && vector <= Vector.GP);
}

/**
 * Delivers an exception or an external interrupt, through double fault if need be. Returns whether
 * some handler was entered; if not, the processor shuts down (triple fault).
 */
export function deliver(
  core: Core,
  vector: number,
  error: number | undefined,
  origin: Origin,
): boolean {
  let present = vector;
  let code = error;
  let from = origin;
  for (;;) {
    try {
      enterHandler(core, present, code, from, core.r[Word.Eip]!);
      return true;
    } catch (thrown) {
      if (thrown === NEEDS_INPUT) {
        core.faultVector = Vector.SS;
        core.faultError = 0;
      } else if (thrown !== FAULT) throw thrown;
    }
    if (present === Vector.DF && from === 'fault') return false;
    const second = core.faultVector;
    const first = from === 'fault' ? present : -1;
    const double =
      (contributory(first) && contributory(second)) ||
      (first === Vector.PF && (contributory(second) || second === Vector.PF));
    present = double ? Vector.DF : second;
    code = double ? 0 : core.faultError;
    from = 'fault';
  }
}
