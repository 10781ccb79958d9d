/**
 * The clone of a machine, as simulated hosts carry it: the source's rounds, and the pieces that a
 * joining host has been given. Reading and installing take no time; the channel does.
 *
 * With the machine its history changes hosts too, for the checkers: what it has let out before it
 * came here.
 */
import { BytesError } from '../base/bytes.ts';
import type { Effect, HostEvent, HostId, ProtectionNews } from '../ft/ports.ts';
import {
  beginRound,
  type CloneRound,
  type CloneStage,
  newStage,
  nextPiece,
  roundBytes,
  type Sector,
  takePiece,
} from '../hypervisor/clone.ts';
import type { Snapshot } from '../machine/types.ts';
import type { DiskState } from './disk.ts';
import type { SimHost } from './host.ts';
import { sectorName } from './sectors.ts';

/** What a host keeps of a clone, at either end. */
export interface CloneState {
  /** At the source: what the standby has after the round, and what of the round is to be sent. */
  sent: Snapshot | undefined;
  sentSectors: Readonly<DiskState['sectors']>;
  round: CloneRound | undefined;
  stage: CloneStage;
}

/** No clone. */
export const newClone = (): CloneState => ({
  sent: undefined,
  sentSectors: {},
  round: undefined,
  stage: newStage(),
});

/** A copy that does not change with the original. */
export function copyClone(clone: CloneState): CloneState {
  const { round, stage } = clone;
  const pages = [...stage.pages];
  const sectors = [...stage.sectors];
  return { ...clone, round: round && { ...round }, stage: { ...stage, pages, sectors } };
}

/** A machine's way to its next backup. */
export interface ProtectionRecord {
  readonly source: HostId;
  readonly standby: HostId;
  readonly beganNs: number;
  /** When and how it ended, unless it goes on or the source has died. */
  readonly end?: { readonly atNs: number; readonly news: ProtectionNews };
}

type Protection = Effect & { kind: 'protection' };

/** The effects of a clone. */
export type CloneEffect = Effect & {
  kind: 'capture' | 'read-piece' | 'clear' | 'install' | 'assemble' | 'protection';
};

/** Performs an effect of a clone. */
export function performClone(host: SimHost, effect: CloneEffect): void {
  const { clone } = host.state;
  switch (effect.kind) {
    case 'capture':
      capture(host, effect);
      break;
    case 'read-piece': {
      if (!clone.round) break;
      const { attempt } = effect;
      answer(host, { kind: 'piece', attempt, ...nextPiece(clone.round, effect.bytes) });
      break;
    }
    case 'clear':
      host.state.clone = newClone();
      break;
    case 'install':
      install(clone.stage, effect.bytes);
      break;
    case 'assemble':
      assemble(host, effect.attempt);
      break;
    case 'protection':
      host.world.trace(host.id, describeProtection(effect));
      noteProtection(host, effect);
      if (effect.news.what !== 'begins') host.state.clone = newClone();
  }
}

function noteProtection({ id, world }: SimHost, { peer, news }: Protection): void {
  const { nowNs, protections } = world.state;
  if (news.what === 'begins') {
    protections.push({ source: id, standby: peer, beganNs: nowNs });
    return;
  }
  const at = protections.findLastIndex(({ source, end }) => source === id && !end);
  if (at >= 0) protections[at] = { ...protections[at]!, end: { atNs: nowNs, news } };
}

function describeProtection({ peer, news }: Protection): string {
  switch (news.what) {
    case 'begins':
      return `offers generation ${news.generation} to ${peer}`;
    case 'given-up':
      return `gives up the clone to ${peer}: ${news.reason}`;
    case 'protected': {
      const { rounds, bytes, pauseNs } = news;
      const size = `${rounds} rounds, ${bytes} bytes`;
      return `is protected by ${peer}: ${size}, outputs waited ${(pauseNs / 1e6).toFixed(3)} ms`;
    }
  }
}

function answer(host: SimHost, event: HostEvent): void {
  const { id, state, world } = host;
  world.schedule(0, { kind: 'host', host: id, life: state.life, event });
}

function capture(host: SimHost, { attempt, round, final }: Effect & { kind: 'capture' }): void {
  const { state, engine, world } = host;
  if (engine.mode !== 'record') return;
  const checkpoint = engine.log.checkpoint();
  const before = round === 1 ? undefined : state.clone.sent;
  const sectors = changedSectors(host, round === 1);
  state.clone.round = beginRound(checkpoint, before, final, sectors);
  state.clone.sent = checkpoint.machine;
  const bytes = roundBytes(state.clone.round);
  const event = { kind: 'captured', attempt, bytes } as const;
  if (!final) {
    answer(host, event);
    return;
  }
  const { count } = checkpoint.machine;
  const digest = engine.log.machine.digest();
  world.state.histories[attempt] = host.history();
  answer(host, { ...event, end: { entries: checkpoint.point.seq, count, digest } });
}

/** Sectors of the host's own disk that the standby has not. */
function changedSectors({ id, state, world }: SimHost, first: boolean): Sector[] {
  const disk = world.state.ownDisks[id];
  if (!disk || world.scenario.leftOut.includes('disk-copy')) return [];
  const before = first ? {} : state.clone.sentSectors;
  state.clone.sentSectors = { ...disk.sectors };
  return Object.entries(disk.sectors).flatMap(([name, bytes]) => {
    if (before[name] === bytes) return [];
    const [slot, sector] = name.split(':').map(Number);
    return [{ disk: slot!, sector: sector!, bytes }];
  });
}

/** The disk of a host that becomes a backup has what the clone brought, and nothing else. */
function replaceDisk({ id, world }: SimHost, sectors: readonly Sector[]): void {
  const disk = world.state.ownDisks[id];
  if (!disk || world.scenario.leftOut.includes('disk-copy')) return;
  disk.writes = {};
  disk.sectors = Object.fromEntries(
    sectors.map(({ disk: slot, sector, bytes }) => [sectorName(slot, sector), bytes]),
  );
}

/** A piece that is none leaves the machine incomplete, which shows when it is assembled. */
function install(stage: CloneStage, bytes: Uint8Array): void {
  try {
    takePiece(stage, bytes);
  } catch (error) {
    if (!(error instanceof BytesError)) throw error;
  }
}

function assemble(host: SimHost, attempt: number): void {
  const { state, world } = host;
  const { checkpoint, sectors } = state.clone.stage;
  state.clone = newClone();
  if (!checkpoint) {
    answer(host, { kind: 'assembled', attempt, digest: undefined });
    return;
  }
  const { machine } = host.engine.log;
  machine.restore(checkpoint.machine);
  replaceDisk(host, sectors);
  host.engine = world.makeEngine('replay', machine, host.sources(), checkpoint.point);
  host.takeHistory(world.state.histories[attempt]!);
  answer(host, { kind: 'assembled', attempt, digest: machine.digest() });
}
