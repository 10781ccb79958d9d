/**
 * What can go wrong without being a bug: bad input and a failing environment. A divergence has its
 * own error in hypervisor/divergence.ts; a broken invariant is a BugError (assert.ts).
 */

/**
 * The closed set of codes. cli/exit-status.ts is the one place that maps them to exit statuses.
 * - `usage`: a command line that makes no sense (status 2)
 * - `guest`: the guest program broke the machine's rules (status 3)
 * - `image`, `assembly`, `log`, `scenario`, `input`: a file that cannot be used (status 4)
 * - `environment`: the host, its files or its network failed (status 5)
 */
export type ErrorCode =
  | 'usage'
  | 'guest'
  | 'image'
  | 'assembly'
  | 'log'
  | 'scenario'
  | 'input'
  | 'environment';

/**
 * An error that its reader can mend. `message` names the thing, the place and the remedy, and is
 * shown alone, without a stack trace.
 */
export class VmftError extends Error {
  override readonly name = 'VmftError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
