/**
 * What a process of a machine measures: one row for each metric, read from what the process says of
 * itself to `vmft status`. docs/metrics.md lists them; a test holds the page against this table.
 */
import type { TapStatus } from './guest-wire.ts';
import type { RefusalKind } from './log.ts';

/** What processes say of themselves, as far as it is measured; each kind has some of it. */
export interface Measured {
  readonly role?: string;
  readonly generation?: number;
  readonly token?: number;
  readonly protected?: boolean;
  readonly lagMs?: number;
  readonly roundTripMs?: number;
  readonly heldOutputs?: number;
  readonly unconfirmedOutputs?: number;
  readonly instructions?: number;
  readonly channel?: { readonly sentBytes: number; readonly receivedBytes: number };
  readonly failoverCount?: number;
  readonly refusals?: Partial<Record<RefusalKind, number>>;
  readonly gateway?: boolean;
  readonly disk?: boolean;
  readonly linked?: boolean;
  readonly connections?: number;
  readonly udpClients?: number;
  readonly framesIn?: number;
  readonly framesOut?: number;
  readonly tap?: Pick<TapStatus, 'attached' | 'framesIn' | 'framesOut' | 'framesIgnored'>;
  readonly console?: { readonly bytes: number };
  readonly fence?: number;
  readonly hosts?: readonly string[];
  readonly reads?: number;
  readonly writes?: number;
  readonly flushes?: number;
  readonly repetitions?: number;
  readonly stale?: number;
  readonly restarts?: number;
}

/** Values by the value of the metric's label; one value under '' where it has no label. */
type Values = Readonly<Record<string, number>>;

/** A metric. */
export interface Metric {
  readonly name: string;
  readonly help: string;
  readonly kind: 'gauge' | 'counter';
  readonly label?: string;
  /** Undefined where the process does not measure this. */
  readonly read: (measured: Measured) => Values | undefined;
}

const ROLES = ['standby', 'joining', 'primary', 'backup', 'alone', 'halted'];

const one = (value: number | boolean | undefined, scale = 1): Values | undefined =>
  value === undefined ? undefined : { '': Number(value) * scale };

/** All metrics; those of a replica, of the gateway, of the disk server, of the supervisor. */
export const METRICS: readonly Metric[] = [
  {
    name: 'vmft_role',
    help: '1 for the role that the replica has, 0 for the others',
    kind: 'gauge',
    label: 'role',
    read: ({ role }) =>
      role === undefined
        ? undefined
        : Object.fromEntries(ROLES.map((name) => [name, Number(name === role)])),
  },
  {
    name: 'vmft_generation',
    help: 'generation of the replica',
    kind: 'gauge',
    read: ({ generation }) => one(generation),
  },
  {
    name: 'vmft_protected',
    help: '1 for a primary that has a complete backup, else 0',
    kind: 'gauge',
    read: (measured) => one(measured.protected),
  },
  {
    name: 'vmft_lag_seconds',
    help: 'time for which the primary has executed beyond its backup',
    kind: 'gauge',
    read: ({ lagMs }) => one(lagMs, 1e-3),
  },
  {
    name: 'vmft_channel_round_trip_seconds',
    help: 'time from a batch of the log to its acknowledgement, smoothed; of a primary',
    kind: 'gauge',
    read: ({ roundTripMs }) => one(roundTripMs, 1e-3),
  },
  {
    name: 'vmft_held_outputs',
    help: 'outputs that wait for the backup to acknowledge their entries',
    kind: 'gauge',
    read: ({ heldOutputs }) => one(heldOutputs),
  },
  {
    name: 'vmft_unconfirmed_outputs',
    help: 'outputs that were released and that the gateway has not confirmed',
    kind: 'gauge',
    read: ({ unconfirmedOutputs }) => one(unconfirmedOutputs),
  },
  {
    name: 'vmft_instructions_total',
    help: 'instructions that the guest has executed on this replica',
    kind: 'counter',
    read: ({ instructions }) => one(instructions),
  },
  {
    name: 'vmft_channel_bytes_total',
    help: 'bytes on the channel: of a primary the log, of a backup what confirms it',
    kind: 'counter',
    label: 'direction',
    read: ({ channel }) => channel && { sent: channel.sentBytes, received: channel.receivedBytes },
  },
  {
    name: 'vmft_failovers_total',
    help: 'times that this replica went live after a failure',
    kind: 'counter',
    read: ({ failoverCount }) => one(failoverCount),
  },
  {
    name: 'vmft_refusals_total',
    help: 'who and what was refused, by kind',
    kind: 'counter',
    label: 'kind',
    read: ({ refusals }) => refusals as Values | undefined,
  },
  {
    name: 'vmft_gateway_up',
    help: '1 if the replica is connected with the gateway, else 0',
    kind: 'gauge',
    read: ({ gateway }) => one(gateway),
  },
  {
    name: 'vmft_disk_up',
    help: '1 if the replica is connected with the disk server, else 0',
    kind: 'gauge',
    read: ({ disk }) => one(disk),
  },
  {
    name: 'vmft_linked',
    help: '1 if a replica speaks for the machine at the gateway, else 0',
    kind: 'gauge',
    read: ({ linked }) => one(linked),
  },
  {
    name: 'vmft_token',
    help: 'highest token that has spoken at the gateway, or at which the fence of the disks stands',
    kind: 'gauge',
    read: ({ linked, token, fence }) => one(linked === undefined ? fence : token),
  },
  {
    name: 'vmft_connections',
    help: 'TCP connections of clients at the gateway',
    kind: 'gauge',
    read: ({ connections }) => one(connections),
  },
  {
    name: 'vmft_udp_clients',
    help: 'clients whose datagrams the gateway remembers',
    kind: 'gauge',
    read: ({ udpClients }) => one(udpClients),
  },
  {
    name: 'vmft_frames_total',
    help: 'frames on the guest’s wire, to the guest (in) and from it (out)',
    kind: 'counter',
    label: 'direction',
    read: ({ framesIn, framesOut }) =>
      framesIn === undefined || framesOut === undefined
        ? undefined
        : { in: framesIn, out: framesOut },
  },
  {
    name: 'vmft_tap_up',
    help: '1 if the gateway is attached to its TAP interface, else 0',
    kind: 'gauge',
    read: ({ tap }) => one(tap?.attached),
  },
  {
    name: 'vmft_tap_frames_total',
    help: 'frames from the LAN to the guest (in), from it (out), and of others (ignored)',
    kind: 'counter',
    label: 'direction',
    read: ({ tap }) => tap && { in: tap.framesIn, out: tap.framesOut, ignored: tap.framesIgnored },
  },
  {
    name: 'vmft_console_bytes_total',
    help: 'bytes that the guest has printed',
    kind: 'counter',
    read: ({ console }) => one(console?.bytes),
  },
  {
    name: 'vmft_disk_clients',
    help: 'replicas that are connected with the disk server',
    kind: 'gauge',
    read: ({ hosts }) => one(hosts?.length),
  },
  {
    name: 'vmft_disk_requests_total',
    help: 'requests that the disk server has carried out, by operation',
    kind: 'counter',
    label: 'operation',
    read: ({ reads, writes, flushes }) =>
      reads === undefined || writes === undefined || flushes === undefined
        ? undefined
        : { read: reads, write: writes, flush: flushes },
  },
  {
    name: 'vmft_disk_repetitions_total',
    help: 'requests that the disk server knew already, and answered without doing them again',
    kind: 'counter',
    read: ({ repetitions }) => one(repetitions),
  },
  {
    name: 'vmft_disk_stale_total',
    help: 'requests below the fence, which were refused',
    kind: 'counter',
    read: ({ stale }) => one(stale),
  },
  {
    name: 'vmft_restarts_total',
    help: 'processes that the supervisor has started anew',
    kind: 'counter',
    read: ({ restarts }) => one(restarts),
  },
];
