/** Options that `run`, `record` and, of the guest alone, `protect` share, and what follows. */
import { type Command, Option } from 'commander';
import { VmftError } from '../base/errors.ts';
import { DEFAULT_RAM_BYTES, VIRTIO_SLOTS } from '../base/limits.ts';
import { sizeText } from '../base/units.ts';
import type { DiskFile } from '../host/disk-file.ts';
import type { PublishSpec } from '../host/listen.ts';
import type { MachineConfig, VirtioSpec } from '../machine/types.ts';
import { GUEST_MAC } from '../net/address.ts';
import { positive, publish, repeated, size, tapOption, wholeNumber } from './arguments.ts';

/** What a guest's machine is made of. */
export interface MachineOptions {
  memory: number;
  append: string;
  disk?: string[];
  publish?: PublishSpec[];
  tap?: string;
  pcap?: string;
  loadAddress?: number;
  entry?: number;
  strict?: boolean;
}

export interface GuestOptions extends MachineOptions {
  maxInstructions?: number;
  time: 'real' | 'virtual';
  nsPerInstruction: number;
  seed: number;
  engine: 'auto' | 'interpret';
  guestExitCode?: boolean;
  json?: boolean;
}

/** Nanoseconds per instruction of virtual time. */
export const DEFAULT_NS_PER_INSTRUCTION = 4;

/** Adds the options of a guest's machine to a command. */
export function addMachineOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--memory <SIZE>', 'guest RAM')
        .argParser(size)
        .default(DEFAULT_RAM_BYTES, sizeText(DEFAULT_RAM_BYTES)),
    )
    .option('--append <WORDS>', 'command line for the guest', '')
    .option('--disk <FILE>', 'a disk, backed by FILE (repeatable)', repeated)
    .option(
      '--publish <[HOST:]PORT:GUESTPORT[/udp]>',
      'publish a port of the guest, TCP or UDP (repeatable)',
      publish,
    )
    .addOption(tapOption())
    .option('--pcap <FILE>', 'capture what the guest’s wire carries, for tcpdump and Wireshark')
    .option('--load-address <ADDRESS>', 'where a flat binary goes (default: 0x100000)', wholeNumber)
    .option('--entry <ADDRESS>', 'entry of a flat binary (default: its first byte)', wholeNumber)
    .option('--strict', 'an access to what is not there is a guest fault');
}

/** A capture wants a network; VmftError 'usage' where there is none. */
export function checkCapture(options: MachineOptions): void {
  if (options.pcap !== undefined && !hasNetwork(options))
    throw new VmftError('usage', '--pcap: the guest has a network with --publish or --tap only');
}

/** Whether the guest has a network: its wire leads somewhere. */
export const hasNetwork = ({ publish, tap }: Pick<MachineOptions, 'publish' | 'tap'>): boolean =>
  publish !== undefined || tap !== undefined;

/** Adds the options to a command. */
export function addGuestOptions(command: Command): Command {
  return addMachineOptions(command)
    .option('--max-instructions <N>', 'stop after so many, with status 124', wholeNumber)
    .addOption(
      new Option('--time <CLOCK>', 'the host’s clock, or a function of the instruction count')
        .choices(['real', 'virtual'])
        .default('real'),
    )
    .option(
      '--ns-per-instruction <NS>',
      'speed of virtual time',
      positive,
      DEFAULT_NS_PER_INSTRUCTION,
    )
    .option('--seed <N>', 'entropy of virtual time', wholeNumber, 1)
    .addOption(
      new Option('--engine <ENGINE>', 'how instructions are executed')
        .choices(['auto', 'interpret'])
        .default('auto'),
    )
    .option('--guest-exit-code', 'end with the guest’s own exit status')
    .option('--json', 'one JSON document instead of the console');
}

async function openDisks(paths: readonly string[]): Promise<DiskFile[]> {
  const [{ DiskFile }, { isSameFile }] = await Promise.all([
    import('../host/disk-file.ts'),
    import('../host/files.ts'),
  ]);
  const disks: DiskFile[] = [];
  try {
    for (const [index, path] of paths.entries()) {
      if (paths.slice(0, index).some((other) => isSameFile(other, path)))
        throw new VmftError('usage', `--disk ${path}: it is there twice; a guest would spoil it`);
      disks.push(new DiskFile(path));
    }
    return disks;
  } catch (error) {
    for (const disk of disks) disk.close();
    throw error;
  }
}

/** Opens the disks and lays out the virtio slots: disks, network if there is one, entropy. */
export async function openDevices(
  options: GuestOptions,
): Promise<{ config: MachineConfig; disks: DiskFile[] }> {
  const paths = options.disk ?? [];
  checkCapture(options);
  const network = hasNetwork(options);
  const wanted = paths.length + (network ? 1 : 0) + 1;
  if (wanted > VIRTIO_SLOTS)
    throw new VmftError(
      'usage',
      `${paths.length} disks: the board has ${VIRTIO_SLOTS} slots, one of them for entropy` +
        (network ? ' and one for the network' : ''),
    );
  const disks = paths.length > 0 ? await openDisks(paths) : [];
  const slots: VirtioSpec[] = disks.map(({ sectors }) => ({ kind: 'block', sectors }));
  if (network) slots.push({ kind: 'net', mac: GUEST_MAC });
  slots.push({ kind: 'entropy' });
  const { loadAddress, entry } = options;
  const config: MachineConfig = {
    ramBytes: options.memory,
    commandLine: options.append,
    slots,
    strict: options.strict ?? false,
    ...(loadAddress === undefined ? {} : { loadAddress }),
    ...(entry === undefined ? {} : { entry }),
  };
  return { config, disks };
}
