/**
 * What the processes of this computer know of those that run on others: who is whose peer, who is
 * connected, who speaks for the machine. It is as old as their last message from there, so it is
 * told as what it is, and nobody is called dead for it.
 */
import type { HostId } from '../ft/ports.ts';
import type { MachineStatus, ReplicaStatusReport } from './machine-status.ts';

/** Those who can be asked. */
type Witnesses = Pick<MachineStatus, 'replicas' | 'gateway' | 'disk'>;

/** What is known of the replica `name`, in words; empty where nobody here can tell. */
export function knownOfReplica(name: HostId, { replicas, gateway, disk }: Witnesses): string[] {
  const known = replicas.flatMap((witness) => saidBy(witness, name));
  if (gateway.isReady) {
    const isThere = gateway.replicas?.some((owner) => hostOf(owner) === name) ?? false;
    const speaks = gateway.linked === true && hostOf(gateway.owner ?? '') === name;
    if (speaks) known.push(`speaks at the gateway with token ${gateway.token}`);
    else known.push(connected(isThere, 'the gateway'));
  }
  if (disk?.isReady) known.push(connected(disk.hosts?.includes(name) ?? false, 'the disk server'));
  return known;
}

/** The same of the gateway or the disk server. */
export function knownOfServer(server: 'gateway' | 'disk', { replicas }: Witnesses): string[] {
  return replicas.flatMap(({ name, [server]: isUp }) =>
    isUp === undefined ? [] : [connected(isUp, name)],
  );
}

/** What a replica knows of its peer. */
function saidBy({ name, role, peer, generation, ...rest }: ReplicaStatusReport, of: HostId) {
  if (peer !== of) return [];
  if (role === 'primary') return [rest.protected ? `backup of ${name}` : `joins ${name}`];
  if (role === 'backup') return [`primary of generation ${generation}, whose backup is ${name}`];
  return role === 'joining' ? [`primary, which ${name} joins`] : [];
}

const connected = (isUp: boolean, whom: string): string =>
  `${isUp ? 'connected' : 'not connected'} with ${whom}`;

/** The host of a process of which the owner name is known: HOST.RANDOM. */
const hostOf = (owner: string): HostId => owner.slice(0, Math.max(0, owner.lastIndexOf('.')));
