/**
 * What `vmft protect` and `vmft status` show of a machine: on a terminal a picture that is drawn
 * anew, otherwise a line for whatever has changed.
 */
import { Chalk } from 'chalk';
import { describePublished, describeTap } from '../host/listen.ts';
import {
  type MachineStatus,
  type PartStatus,
  type ReplicaStatusReport,
  workersOf,
} from '../host/machine-status.ts';
import type { Protection } from '../host/protection.ts';
import { STATUS } from './exit-status.ts';
import { counted, isColoured, note, print } from './print.ts';

const NEWLINE = 0x0a;

/** How to stay with a machine. */
export interface WatchOptions {
  readonly detach: boolean;
  readonly guestExitCode: boolean;
}

/** Stays with a machine until it ends, or leaves it alone at once; the exit status. */
export async function watch(protection: Protection, options: WatchOptions): Promise<number> {
  const { config } = protection;
  const { folder, publish, tap } = config;
  for (const spec of publish) note(describePublished(spec));
  if (tap !== undefined) note(describeTap(tap));
  if (options.detach && !protection.interrupted) {
    note(`the machine is in ${folder}; "vmft stop ${folder}" ends it`);
    print(folder);
    return STATUS.ok;
  }
  note(`the machine is in ${folder}; Ctrl-C ends it, "vmft crash ${folder} primary" hurts it`);
  const view = process.stdout.isTTY ? new Picture() : new Lines();
  const end = await protection.watch(
    (status) => view.show(status),
    (bytes) => view.console(bytes),
  );
  await protection.stop();
  if (protection.interrupted) return STATUS.ok;
  if (end === undefined) {
    note('all replicas have died, and the guest with them');
    return STATUS.environment;
  }
  if (end.reason === 'power-off') return STATUS.ok;
  if (end.reason === 'guest-fault') {
    note('guest fault, on all replicas alike');
    return STATUS.guestFault;
  }
  if (options.guestExitCode) return end.status ?? STATUS.ok;
  note(`the guest ended with status ${end.status}`);
  return STATUS.ok;
}

/** Tells in plain lines what is new; the guest's console is the result. */
class Lines {
  readonly #seen = new Map<string, string>();

  show(status: MachineStatus): void {
    for (const part of partsOf(status)) {
      const now = describePart(part);
      if (this.#seen.get(part.name) !== now) note(`${part.name}: ${now}`);
      this.#seen.set(part.name, now);
    }
  }

  console(bytes: Uint8Array): void {
    process.stdout.write(bytes);
  }
}

const partsOf = ({ replicas, gateway, disk, supervisor }: MachineStatus) => [
  ...replicas,
  { ...gateway, role: gateway.state },
  ...(disk ? [{ ...disk, role: disk.state }] : []),
  ...(supervisor ? [{ ...supervisor, role: standOf(supervisor) }] : []),
];

/** How a supervisor stands; nobody looks after it. */
const standOf = ({ state }: PartStatus): string =>
  state === 'dead' ? 'dead, so nobody starts anew who dies' : state;

function describePart({ role, pid, ...rest }: ReplicaStatusReport): string {
  const { generation = 0 } = rest;
  const guarded = role === 'primary' && rest.protected ? ', protected' : '';
  const age = generation > 0 ? ` of generation ${generation}${guarded}` : '';
  return `${role}${age}${pid === undefined ? '' : `, process ${pid}`}`;
}

/** Draws the machine, over the picture before; the guest's console scrolls above it. */
class Picture {
  readonly #rate = new Rate();
  #lines = 0;

  show(status: MachineStatus): void {
    const text = [...statusLines(status), this.#rate.line(status)].filter((line) => line !== '');
    this.#wipe();
    process.stdout.write(`${text.join('\n')}\n`);
    this.#lines = text.length;
  }

  console(bytes: Uint8Array): void {
    this.#wipe();
    process.stdout.write(bytes);
    if (bytes.at(-1) !== NEWLINE) process.stdout.write('\n');
  }

  #wipe(): void {
    if (this.#lines > 0) process.stdout.write(`\u001b[${this.#lines}A\u001b[J`);
    this.#lines = 0;
  }
}

/** The bandwidth of the log, from one look to the next. */
class Rate {
  #bytes = 0;
  #name = '';

  line({ replicas }: MachineStatus): string {
    const live = replicas.find(({ role }) => role === 'primary');
    const sent = live?.channel?.sentBytes ?? 0;
    const since = live?.name === this.#name ? sent - this.#bytes : 0;
    this.#bytes = sent;
    this.#name = live?.name ?? '';
    return live ? `log        ${((since * 4 * 8) / 1e6).toFixed(2)} Mbit/s` : '';
  }
}

/** What draws attention where it should. */
const COLOURS = { running: 'green', elsewhere: 'yellow', paused: 'red', dead: 'red' } as const;

/** The machine as lines of text. */
export function statusLines(status: MachineStatus): string[] {
  const chalk = new Chalk({ level: isColoured() ? 1 : 0 });
  const { replicas, gateway, disk, supervisor } = status;
  const lines = [`${chalk.bold(status.machine)}, generation ${status.generation}`];
  for (const replica of replicas) {
    const { name, role, state } = replica;
    const colour = COLOURS[state];
    lines.push(
      `${name.padEnd(10)} ${chalk[colour](role.padEnd(9))} ${replicaDetails(replica)}`.trimEnd(),
    );
  }
  lines.push(`gateway    ${gateway.state.padEnd(9)} ${gatewayDetails(gateway)}`.trimEnd());
  if (disk?.state === 'elsewhere') lines.push(`disk       elsewhere ${elsewhere(disk)}`);
  else if (disk) lines.push(`disk       ${disk.state}`);
  if (supervisor) lines.push(supervisorLine(supervisor));
  const measured = [...workersOf(status), ...(supervisor ? [supervisor] : [])];
  const metrics = measured.flatMap(({ name, metrics: at }) => (at ? [`${name} ${at}`] : []));
  if (metrics.length > 0) lines.push(`metrics    ${metrics.join(', ')}`);
  const failovers = replicas.flatMap(({ name, failovers: own = [] }) =>
    own.map((failover) => ({ ...failover, name })),
  );
  failovers.sort((a, b) => (a.at < b.at ? -1 : 1));
  for (const { at, name, generation, tookMs } of failovers.slice(-3)) {
    lines.push(`failover   ${at}: ${name} won generation ${generation}, live in ${tookMs} ms`);
  }
  return lines;
}

/** What is known here of a process on another computer. */
function elsewhere({ address, known = [] }: PartStatus): string {
  return `${address}, ${known.length > 0 ? known.join(', ') : 'not asked'}`;
}

function replicaDetails(replica: ReplicaStatusReport): string {
  if (replica.state === 'elsewhere') return elsewhere(replica);
  const { pid, role, ...rest } = replica;
  const { lagMs = 0, heldOutputs = 0, cpuPercent = 100, instructions } = rest;
  const details = pid === undefined ? [] : [`process ${pid}`];
  if (instructions !== undefined && instructions > 0) {
    details.push(`${(instructions / 1e6).toFixed(1)} M instructions`);
  }
  if (role === 'primary') {
    details.push(rest.protected ? 'protected' : 'not protected yet');
    details.push(`lag ${lagMs.toFixed(1)} ms`, `${heldOutputs} outputs held`);
    if (cpuPercent < 100) details.push(`at most ${cpuPercent} % of the CPU`);
  }
  return details.join(', ');
}

function supervisorLine(supervisor: NonNullable<MachineStatus['supervisor']>): string {
  const { pid, restarts, failing = [] } = supervisor;
  if (pid === undefined) return `supervisor ${standOf(supervisor)}`;
  const details = [`process ${pid}`];
  if (restarts !== undefined) details.push(counted(restarts, 'restart'));
  if (failing.length > 0) details.push(`at birth die again and again: ${failing.join(', ')}`);
  return `supervisor ${supervisor.state.padEnd(9)} ${details.join(', ')}`;
}

function gatewayDetails(gateway: MachineStatus['gateway']): string {
  if (gateway.state === 'elsewhere') return elsewhere(gateway);
  const { pid, connections, tap } = gateway;
  const details = pid === undefined ? [] : [`process ${pid}`];
  if (connections !== undefined) details.push(`${connections} client connections`);
  if (tap) details.push(`${tap.attached ? 'on' : 'not on'} ${tap.name}`);
  return details.join(', ');
}
