/** Exit statuses of the command line, in the one place that knows them. */
import type { ErrorCode } from '../base/errors.ts';

/** The statuses, by what they mean. */
export const STATUS = {
  ok: 0,
  /** A property was violated, or a replay diverged. */
  violated: 1,
  usage: 2,
  guestFault: 3,
  badInput: 4,
  environment: 5,
  limit: 124,
} as const;

const BY_CODE: Readonly<Record<ErrorCode, number>> = {
  usage: STATUS.usage,
  guest: STATUS.guestFault,
  image: STATUS.badInput,
  assembly: STATUS.badInput,
  log: STATUS.badInput,
  scenario: STATUS.badInput,
  input: STATUS.badInput,
  environment: STATUS.environment,
};

/** The status with which an error of this code ends the program. */
export function statusOf(code: ErrorCode): number {
  return BY_CODE[code];
}
