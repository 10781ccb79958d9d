/**
 * The atomic test-and-set on storage that all members can reach [P §2.3], for real hosts: one
 * register for each machine and generation, set once and never cleared (protocol.md §4 rule 1).
 * Two kinds: a directory (arbiter-directory.ts) and etcd (arbiter-etcd.ts).
 *
 * Invariants:
 * - 'won' and 'lost' are said only of a register that has been read back: they never change
 * - whatever goes wrong, a time-out included, is 'unknown': the claim may or may not have been
 *   granted, and asking again with the same owner tells (rule 6)
 */
import { VmftError } from '../base/errors.ts';
import type { Claim } from '../ft/ports.ts';
import { DirectoryArbiter } from './arbiter-directory.ts';
import { EtcdArbiter } from './arbiter-etcd.ts';
import { readUserFile } from './files.ts';

/** What an arbiter says to a claim. */
export type ClaimAnswer = 'won' | 'lost' | 'unknown';

/** Who has won a generation; undefined in `owner` for nobody yet. */
export type OwnerAnswer = { readonly owner: string | undefined } | 'unknown';

/** Never throws and never rejects: trouble is 'unknown', and told to `report`. */
export interface Arbiter {
  /** Sets the register of the claim's generation, if nobody has. */
  claim(claim: Claim): Promise<ClaimAnswer>;
  /** Reads the register of a generation, claiming nothing. */
  ownerOf(machine: string, generation: number): Promise<OwnerAnswer>;
  /** Ends what is under way, as 'unknown'. */
  close(): void;
}

/** Secrets and patience of an arbiter that is reached over a network. */
export interface ArbiterOptions {
  /** Certificate of the authority that signed the servers', in PEM; the system's where absent. */
  readonly ca?: string;
  /** `name:password` of an etcd user. */
  readonly user?: string;
  /** After this many ms without an answer an endpoint counts as unreachable. */
  readonly timeoutMs?: number;
}

/** Where the arbiter of a machine is, and the files with what it takes to reach it. */
export interface ArbiterPlace {
  /** See `openArbiter`. */
  readonly spec: string;
  /** File with the certificate of the authority that signed the servers'. */
  readonly ca?: string | undefined;
  /** File with `name:password` of an etcd user. */
  readonly user?: string | undefined;
}

/** Where `name:password` of an etcd user is looked for when no file is named. */
export const USER_VARIABLE = 'VMFT_ARBITER_USER';

/**
 * The arbiter at `place`; `timeoutMs` as in ArbiterOptions. VmftError 'usage' for a spec that is
 * none, 'environment' for a file that cannot be read, 'input' for one that holds no name and
 * password.
 */
export function openArbiterAt(
  place: ArbiterPlace,
  report: (trouble: string) => void,
  timeoutMs?: number,
): Arbiter {
  const { spec, ca, user } = place;
  const read = (path: string, what: string): string =>
    new TextDecoder().decode(readUserFile(path, what, 'environment'));
  const credentials =
    user === undefined ? process.env[USER_VARIABLE] : read(user, 'arbiter user').trimEnd();
  if (credentials !== undefined && !/^[^:]+:./.test(credentials)) {
    const source = user ?? USER_VARIABLE;
    throw new VmftError('input', `arbiter user: ${source} must hold NAME:PASSWORD in one line`);
  }
  return openArbiter(spec, report, {
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(ca === undefined ? {} : { ca: read(ca, 'arbiter CA') }),
    ...(credentials === undefined ? {} : { user: credentials }),
  });
}

/**
 * The arbiter that `spec` names: `dir:PATH`, or `etcd:URL[,URL]...` with http or https URLs.
 * `report` is told, in a sentence, why an answer is unknown. VmftError 'usage' for any other spec.
 */
export function openArbiter(
  spec: string,
  report: (trouble: string) => void,
  options: ArbiterOptions = {},
): Arbiter {
  const [, kind, rest] = /^(dir|etcd):(.+)$/s.exec(spec) ?? [];
  if (kind === 'dir') return new DirectoryArbiter(rest!, report);
  if (kind === 'etcd') return new EtcdArbiter(rest!.split(',').map(endpoint), report, options);
  throw new VmftError(
    'usage',
    `arbiter "${spec}": expected dir:PATH or etcd:URL[,URL]..., as in etcd:http://127.0.0.1:2379`,
  );
}

function endpoint(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.username || url?.password) {
    throw new VmftError(
      'usage',
      `arbiter ${url.origin}: no password in its address, where others can read it; ` +
        `give a file (--arbiter-user FILE), or ${USER_VARIABLE} in the environment`,
    );
  }
  if (url && ['http:', 'https:'].includes(url.protocol) && url.pathname === '/') return url;
  throw new VmftError(
    'usage',
    `arbiter: "${text}" is no endpoint of etcd; give http://HOST:PORT or https://HOST:PORT`,
  );
}
