/**
 * The world outside one recorded guest, in virtual time: a clock that follows the instruction
 * count, a console, disks in memory, and one client on the wire that sends requests to UDP port 7.
 * It plays a run of the catalogue (programs/README.md) and keeps what the recorder wrote.
 */
import { Prng } from '../../src/base/prng.ts';
import type { Reading } from '../../src/cpu/bus.ts';
import type { LogEntry, Sources } from '../../src/hypervisor/entry.ts';
import type { Recorder } from '../../src/hypervisor/recorder.ts';
import type { Input } from '../../src/machine/input.ts';
import type { DiskRequest, Output } from '../../src/machine/output.ts';
import type { MachineConfig, Stop } from '../../src/machine/types.ts';
import { HostStack, udpOf } from '../../src/net/host-stack.ts';
import type { CatalogueDevice, CatalogueProgram, CatalogueRun, Step } from './catalogue.ts';

const NS_PER_INSTRUCTION = 10;
const DISK_NS = 80_000;
const MAX_SLICE = 1_000_000;
const MAX_SLICES = 100_000;
const GUEST_MAC = '52:54:00:12:34:56';
const GUEST_IP = '10.0.2.15';
/** 2024-02-29 12:34:56 UTC, in seconds. */
const START_OF_DAY = 1_709_210_096n;

/** The machine that a guest of the catalogue runs on. */
export function configOf(program: CatalogueProgram, run: CatalogueRun): MachineConfig {
  const slot = (device: CatalogueDevice) =>
    device.kind === 'net' ? { ...device, mac: GUEST_MAC } : device;
  return {
    ramBytes: 16 * 1024 * 1024,
    commandLine: run.commandLine ?? '',
    slots: program.devices.map(slot),
    strict: true,
  };
}

/** Disks by slot; a run leaves them for the next. */
export function newDisks(program: CatalogueProgram): Map<number, Uint8Array> {
  const disks = new Map<number, Uint8Array>();
  program.devices.forEach((device, slot) => {
    if (device.kind === 'block') disks.set(slot, new Uint8Array(512 * device.sectors));
  });
  return disks;
}

/** Virtual time and what follows from it and a seed. */
export class VirtualClock implements Sources {
  #idleNs = 0;
  readonly #prng: Prng;

  constructor(seed: number) {
    this.#prng = new Prng(seed);
  }

  nowNs(count: number): number {
    return count * NS_PER_INSTRUCTION + this.#idleNs;
  }

  /** Nothing happens until `ns` at a machine that sleeps at `count`. */
  sleepUntil(ns: number, count: number): void {
    this.#idleNs += Math.max(0, ns - this.nowNs(count));
  }

  read(need: Parameters<Sources['read']>[0], count: number): Reading {
    if (need.kind === 'entropy') return { kind: 'entropy', bytes: this.#prng.bytes(need.size) };
    const now = BigInt(this.nowNs(count));
    const value = need.kind === 'timeOfDay' ? START_OF_DAY * 1_000_000_000n + now : now;
    return { kind: need.kind, value };
  }
}

export class GuestWorld {
  console = '';
  /** What the guest has answered to requests. */
  readonly replies: string[] = [];
  readonly entries: LogEntry[] = [];
  readonly outputs: Output[] = [];
  readonly #recorder: Recorder;
  readonly #clock: VirtualClock;
  readonly #disks: Map<number, Uint8Array>;
  readonly #client = new HostStack({ mac: '52:54:00:00:00:02', ip: '10.0.2.2' });
  readonly #ready: string | undefined;
  #steps: readonly Step[];
  /** The present step has been begun, and is over at this time if it is a wait. */
  #begun: number | undefined;
  #requests = 0;
  #completions: { atNs: number; input: Input }[] = [];

  constructor(
    recorder: Recorder,
    clock: VirtualClock,
    disks: Map<number, Uint8Array>,
    run: CatalogueRun,
  ) {
    this.#recorder = recorder;
    this.#clock = clock;
    this.#disks = disks;
    this.#ready = run.ready;
    this.#steps = run.steps ?? [];
    for (const request of recorder.machine.pendingIo()) this.#serve(request, 0);
  }

  /** Plays until the guest ends, or for `slices` slices. */
  play(slices = MAX_SLICES): Stop {
    let stop: Stop = { why: 'budget' };
    for (let i = 0; i < slices; i++) {
      stop = this.#slice();
      if (stop.why === 'exit' || stop.why === 'fault') break;
    }
    return stop;
  }

  #slice(): Stop {
    const { machine } = this.#recorder;
    const now = this.#clock.nowNs(machine.count);
    this.#complete(now);
    this.#step(now);
    const next = this.#nextNs(machine.timers().map(({ deadlineNs }) => deadlineNs));
    const toNext = Math.ceil((next - now) / NS_PER_INSTRUCTION);
    const until = machine.count + Math.min(MAX_SLICE, Math.max(1, toNext));
    const slice = this.#recorder.slice(until, now);
    this.entries.push(...slice.entries);
    const after = this.#clock.nowNs(machine.count);
    for (const output of slice.outputs) this.#take(output, after);
    if (slice.stop.why === 'halted') {
      const wake = this.#nextNs(slice.deadlineNs === undefined ? [] : [slice.deadlineNs]);
      const stuck = wake === Number.POSITIVE_INFINITY && this.#steps.length === 0;
      if (stuck) throw new Error(`the guest sleeps for ever; its console:\n${this.console}`);
      if (wake < Number.POSITIVE_INFINITY) this.#clock.sleepUntil(wake, machine.count);
    }
    return slice.stop;
  }

  #nextNs(deadlines: readonly number[]): number {
    const times = [...deadlines, ...this.#completions.map(({ atNs }) => atNs)];
    if (this.#begun) times.push(this.#begun);
    return Math.min(...times);
  }

  #complete(now: number): void {
    const due = this.#completions.filter(({ atNs }) => atNs <= now);
    this.#completions = this.#completions.filter(({ atNs }) => atNs > now);
    for (const { input } of due) this.#recorder.offer(input);
  }

  #step(now: number): void {
    const step = this.#steps[0];
    if (!step || !this.console.includes(this.#ready ?? '')) return;
    if (this.#begun === undefined) this.#begin(step, now);
    const over = 'type' in step || ('waitMs' in step && now >= this.#begun!);
    if (over) this.#next();
  }

  #next(): void {
    this.#steps = this.#steps.slice(1);
    this.#begun = undefined;
  }

  #begin(step: Step, now: number): void {
    this.#begun = 'waitMs' in step ? now + step.waitMs * 1e6 : Number.POSITIVE_INFINITY;
    if ('type' in step) {
      this.#recorder.offer({ kind: 'console', bytes: new TextEncoder().encode(step.type) });
    } else if ('send' in step) {
      const payload = new TextEncoder().encode(`#${++this.#requests} ${step.send}`);
      const datagram = { sourcePort: 5000, destinationPort: 7, payload };
      this.#send(this.#client.sendUdp(GUEST_IP, datagram));
    }
  }

  #send(frames: readonly Uint8Array[]): void {
    for (const bytes of frames) this.#recorder.offer({ kind: 'packet', bytes });
  }

  #take(output: Output, now: number): void {
    this.outputs.push(output);
    if (output.kind === 'console') {
      this.console += new TextDecoder('latin1').decode(output.bytes);
    } else if (output.kind === 'disk') {
      this.#serve(output.request, now);
    } else if (output.kind === 'frame') {
      const { frames, packet } = this.#client.receive(output.bytes);
      this.#send(frames);
      const datagram = packet && udpOf(packet);
      if (datagram) this.#answered(new TextDecoder().decode(datagram.payload));
    }
  }

  #answered(reply: string): void {
    this.replies.push(reply);
    const step = this.#steps[0];
    const expected = step && 'reply' in step ? `#${this.#requests} ${step.reply}` : 'nothing';
    if (reply !== expected) throw new Error(`reply "${expected}" expected, got "${reply}"`);
    this.#next();
  }

  #serve(request: DiskRequest, now: number): void {
    const { id, disk, op, sector, sectors } = request;
    const bytes = this.#disks.get(disk)!;
    if (op === 'write') bytes.set(request.data!, 512 * sector);
    const data = op === 'read' ? bytes.slice(512 * sector, 512 * (sector + sectors)) : undefined;
    const input: Input = { kind: 'disk', id, ok: true, ...(data ? { data } : {}) };
    this.#completions.push({ atNs: now + DISK_NS, input });
  }
}
