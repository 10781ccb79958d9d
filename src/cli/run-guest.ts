/** Runs a guest with the terminal as its console: what `run` and `record` share. */
import type { Hasher } from '../base/digest.ts';
import { VmftError } from '../base/errors.ts';
import { isFile, readUserFile } from '../host/files.ts';
import { GuestRun, type GuestRunOptions, type RunEnd } from '../host/guest-run.ts';
import type { GuestWire } from '../host/guest-wire.ts';
import { makeHasher } from '../host/hasher.ts';
import { RealTime, type RunTime, VirtualTime } from '../host/run-time.ts';
import {
  decodeSnapshotFile,
  isSnapshotFile,
  type SnapshotFile,
} from '../hypervisor/snapshot-file.ts';
import { X86Machine } from '../machine/machine.ts';
import type { MachineConfig } from '../machine/types.ts';
import { STATUS } from './exit-status.ts';
import { GuestConsole } from './guest-console.ts';
import type { GuestOptions } from './guest-options.ts';
import { hasNetwork, openDevices } from './guest-options.ts';
import { namingImage, readImage } from './image.ts';
import { grouped, note } from './print.ts';
import { Terminal } from './terminal.ts';

/** A guest that has been set up and not yet started. */
export interface Prepared {
  readonly config: MachineConfig;
  readonly image: Uint8Array;
  readonly machine: X86Machine;
  readonly run: GuestRun;
  readonly console: GuestConsole;
  /** Closes what was opened; no more input comes. */
  readonly finish: () => void;
}

/** What `run` and `record` do differently. */
export interface PrepareExtra extends Partial<Pick<GuestRunOptions, 'onSlice' | 'digestEvery'>> {
  /** Goes on with a snapshot where the image is one. */
  readonly takesSnapshots?: boolean;
  /** Texts to look for on the console; the first that appears ends the run. */
  readonly watched?: readonly string[];
  readonly onFound?: (text: string) => void;
}

/** What a finished run was. */
export interface Report {
  readonly end: RunEnd;
  readonly wallMs: number;
}

function timeOf(options: GuestOptions): RunTime {
  if (options.time === 'real') return new RealTime();
  return new VirtualTime(options.nsPerInstruction, options.seed);
}

/** Builds machine, devices and run from the command line. */
export async function prepare(
  imageName: string,
  options: GuestOptions,
  { watched = [], onFound, takesSnapshots = false, ...extra }: PrepareExtra = {},
): Promise<Prepared> {
  const hasher = await makeHasher();
  const snapshot = takesSnapshots ? readSnapshot(imageName, options, hasher) : undefined;
  const image =
    snapshot?.header.image ?? (await readImage(imageName, options.loadAddress !== undefined));
  const { config: wanted, disks } = await openDevices(options);
  const config = snapshot?.header.machine ?? wanted;
  const closers = disks.map((disk) => () => disk.close());
  const finish = (): void => {
    for (const close of closers) close();
  };
  try {
    const machine = namingImage(imageName, () => new X86Machine(config, image, hasher));
    if (snapshot) machine.restore(snapshot.checkpoint.machine);
    let wire: GuestWire | undefined;
    const run: GuestRun = new GuestRun({
      machine,
      hasher,
      time: timeOf(options),
      maxInstructions: options.maxInstructions ?? Number.POSITIVE_INFINITY,
      disks,
      onConsole: (offset, bytes) => console.write(offset, bytes),
      onFrame: (frame) => wire?.receive(frame),
      ...(snapshot && { point: snapshot.checkpoint.point }),
      ...extra,
    });
    const console = new GuestConsole({
      show: !options.json,
      keep: options.json === true,
      watched,
      onFound: (text) => {
        onFound?.(text);
        run.interrupt();
      },
    });
    if (hasNetwork(options)) {
      wire = await openWire(options, run, closers);
      run.source('opens');
    }
    closers.push(connectInput(run), () => console.end());
    return { config, image, machine, run, console, finish };
  } catch (error) {
    finish();
    throw error;
  }
}

/** The snapshot in the file of that name; undefined where it is something else. */
function readSnapshot(
  name: string,
  options: GuestOptions,
  hasher: Hasher,
): SnapshotFile | undefined {
  if (!isFile(name)) return undefined;
  const bytes = readUserFile(name, 'image', 'image');
  if (!isSnapshotFile(bytes)) return undefined;
  const snapshot = decodeSnapshotFile(bytes, hasher);
  const { slots } = snapshot.header.machine;
  if (options.disk)
    throw new VmftError('usage', `${name}: the machine of this snapshot has no disk`);
  if (hasNetwork(options) && !slots.some(({ kind }) => kind === 'net'))
    throw new VmftError('usage', `${name}: the machine of this snapshot has no network`);
  return snapshot;
}

/** Opens what the guest's wire leads to, and a file for what it carries. */
async function openWire(
  options: GuestOptions,
  run: GuestRun,
  closers: (() => void)[],
): Promise<GuestWire> {
  const [{ GuestWire }, { PcapFile }] = await Promise.all([
    import('../host/guest-wire.ts'),
    import('../host/pcap-file.ts'),
  ]);
  const { publish = [], tap, pcap } = options;
  const capture = pcap === undefined ? undefined : new PcapFile(pcap, note);
  if (capture) closers.push(() => capture.close());
  const wire = await GuestWire.open({
    publish,
    tap,
    capture,
    deliver: (bytes) => run.offer({ kind: 'packet', bytes }),
    info: note,
    warn: note,
  });
  // Before the capture is: its last frames are those of the wire's end.
  closers.unshift(() => wire.close());
  return wire;
}

/** End of transmission: what a terminal makes of the end of its input. */
const EOT = Uint8Array.of(4);

/** Standard input goes to the guest's console; its end becomes ^D. */
function connectInput(run: GuestRun): () => void {
  const { stdin } = process;
  const terminal = stdin.isTTY ? new Terminal(run) : undefined;
  run.source('opens');
  let open = true;
  const close = (): void => {
    if (open) run.source('closes');
    open = false;
  };
  stdin.on('data', (data: Buffer) => {
    const bytes = new Uint8Array(data);
    if (terminal) terminal.press(bytes);
    else run.offer({ kind: 'console', bytes });
  });
  stdin.on('end', () => {
    run.offer({ kind: 'console', bytes: EOT });
    close();
  });
  stdin.on('error', close);
  const interrupt = (): void => run.interrupt();
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  return () => {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
    terminal?.close();
    stdin.removeAllListeners('data');
    stdin.pause();
    // A terminal or pipe that stays open must not keep the process.
    (stdin as { unref?: () => void }).unref?.();
  };
}

/** Runs to the end and cleans up. */
export async function execute(prepared: Prepared): Promise<Report> {
  const started = process.hrtime.bigint();
  try {
    const end = await prepared.run.run();
    return { end, wallMs: Number(process.hrtime.bigint() - started) / 1e6 };
  } finally {
    prepared.finish();
  }
}

/** The exit status of a run, with a diagnostic where something is to be said. */
export function conclude(end: RunEnd, options: GuestOptions, count: number): number {
  switch (end.why) {
    case 'exit':
      if (options.guestExitCode) return end.status;
      if (end.status !== 0) note(`the guest ended with status ${end.status}`);
      return STATUS.ok;
    case 'fault':
      note(`guest fault: ${end.detail}`);
      return STATUS.guestFault;
    case 'stuck':
      note('guest fault: halted, and nothing is left that could wake it');
      return STATUS.guestFault;
    case 'limit':
      note(`stopped after ${grouped(count)} instructions, as --max-instructions asked`);
      return STATUS.limit;
    case 'interrupted':
      note('interrupted');
      return STATUS.limit;
  }
}

/** What --json prints of a run. */
export function describeRun({ machine, console }: Prepared, { end, wallMs }: Report): object {
  const { count } = machine;
  return {
    end: end.why,
    exit: end.why === 'exit' ? end.status : null,
    ...(end.why === 'fault' ? { fault: { vector: end.vector, detail: end.detail } } : {}),
    instructions: count,
    stateDigest: machine.digest(),
    console: console.text,
    wallMs,
    mips: count / wallMs / 1000,
  };
}
