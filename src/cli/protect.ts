/** `vmft protect`: a guest with backup and gateway, as real processes on this computer. */
import { basename, resolve } from 'node:path';
import { type Command as Cmd, Command, Option } from 'commander';
import { VmftError } from '../base/errors.ts';
import { DEFAULT_TIMING } from '../ft/config.ts';
import type { ArbiterPlace } from '../host/arbiter.ts';
import type { LogFormat } from '../host/log.ts';
import { checkFirstMetrics } from '../host/part.ts';
import type { HostPort } from '../host/secure-socket.ts';
import { size, time, wholeNumber } from './arguments.ts';
import { addMachineOptions, checkCapture, type MachineOptions } from './guest-options.ts';
import { logFormatOption, metricsOption } from './serve.ts';

interface ProtectOptions extends MachineOptions {
  standbys: number;
  channelLimit: number;
  heartbeat: number;
  failureTimeout: number;
  uncertain: 'resend' | 'drop' | 'resend-tcp-drop-udp';
  arbiter?: string;
  arbiterCa?: string;
  arbiterUser?: string;
  dir?: string;
  detach?: boolean;
  restart?: boolean;
  guestExitCode?: boolean;
  logFormat: LogFormat;
  metrics?: HostPort;
}

const MS = 1_000_000;

async function protect(image: string, options: ProtectOptions): Promise<void> {
  checkOptions(options);
  const [{ protectGuest, measureDisks }, { readImage }, { watch }] = await Promise.all([
    import('../host/protection.ts'),
    import('./image.ts'),
    import('./protect-view.ts'),
  ]);
  const { memory, append, loadAddress, entry, strict = false } = options;
  const protection = await protectGuest({
    program: process.argv[1]!,
    dir: options.dir,
    supervised: options.restart ?? false,
    logFormat: options.logFormat,
    name: basename(image).replace(/\.[^.]*$/, ''),
    image: await readImage(image, loadAddress !== undefined),
    replicas: 2 + options.standbys,
    guest: {
      memory,
      append,
      strict,
      ...(loadAddress === undefined ? {} : { loadAddress }),
      ...(entry === undefined ? {} : { entry }),
    },
    disks: measureDisks(options.disk ?? []),
    publish: options.publish ?? [],
    tap: options.tap,
    arbiter: arbiterOf(options),
    firstMetrics: options.metrics,
    pcap: options.pcap && resolve(options.pcap),
    settings: {
      heartbeatMs: Math.ceil(options.heartbeat / MS),
      failureTimeoutMs: Math.ceil(options.failureTimeout / MS),
      channelBytes: options.channelLimit,
      uncertain: options.uncertain,
    },
  });
  process.exitCode = await watch(protection, {
    detach: options.detach ?? false,
    guestExitCode: options.guestExitCode ?? false,
  });
}

function arbiterOf({ arbiter, arbiterCa, arbiterUser }: ProtectOptions): ArbiterPlace | undefined {
  if (arbiter === undefined) return undefined;
  const path = arbiter.match(/^dir:(.+)$/s)?.[1];
  return {
    spec: path === undefined ? arbiter : `dir:${resolve(path)}`,
    ca: arbiterCa && resolve(arbiterCa),
    user: arbiterUser && resolve(arbiterUser),
  };
}

function checkOptions(options: ProtectOptions) {
  const { standbys, heartbeat, failureTimeout } = options;
  if (standbys > 6) throw new VmftError('usage', `--standbys ${standbys}: at most 6`);
  if (failureTimeout < 2 * heartbeat)
    throw new VmftError('usage', '--failure-timeout: give it twice the heartbeat at least');
  if (options.metrics) checkFirstMetrics(options.metrics, 2 + standbys);
  checkCapture(options);
}

/** Defines `vmft protect`. */
export function protectCommand(): Command {
  const command = new Command('protect')
    .description('run a guest on two hosts of this computer, so that it survives the death of one')
    .argument('IMAGE', '.asm, ELF32 or flat binary, or the name of a shipped guest');
  return addOptions(command)
    .addHelpText(
      'after',
      `
The guest's clients connect to the published ports, or come over the LAN; they need not know of
any of this.

Examples:
  vmft protect udp-counter --publish 7000:7/udp
  vmft protect kv --publish 7000:7/udp --standbys 1 --dir kv.d --detach --restart
  vmft protect kv --publish 7000:7/udp --arbiter etcd:http://10.0.0.1:2379
  vmft protect journal --disk disk.img --publish 7000:7/udp --restart
  vmft protect redis --tap tap0 --restart`,
    )
    .action(protect);
}

function addOptions(command: Cmd): Command {
  return addMachineOptions(command)
    .option('--standbys <N>', 'hosts that wait to become the next backup', wholeNumber, 0)
    .addOption(
      new Option('--channel-limit <SIZE>', 'log that may be under way to the backup')
        .argParser(size)
        .default(4 * 1024 * 1024, '4M'),
    )
    .addOption(
      new Option('--heartbeat <TIME>', 'time between two heartbeats')
        .argParser(time)
        .default(DEFAULT_TIMING.heartbeatNs, '10ms'),
    )
    .addOption(
      new Option('--failure-timeout <TIME>', 'silence after which a host counts as dead')
        .argParser(time)
        .default(DEFAULT_TIMING.failureTimeoutNs, '200ms'),
    )
    .addOption(
      new Option('--uncertain <POLICY>', 'what a new primary does with frames in doubt')
        .choices(['resend', 'drop', 'resend-tcp-drop-udp'])
        .default('resend'),
    )
    .option(
      '--arbiter <PLACE>',
      'who decides which host goes on: dir:PATH or etcd:URL[,URL]... (default: a folder in DIR)',
    )
    .option('--arbiter-ca <FILE>', 'certificate (PEM) of the authority that etcd’s are signed by')
    .option(
      '--arbiter-user <FILE>',
      'file with NAME:PASSWORD for etcd (default: VMFT_ARBITER_USER in the environment)',
    )
    .option('--dir <DIR>', 'folder of the machine (default: one of its own)')
    .addOption(logFormatOption())
    .addOption(metricsOption('metrics and health of all processes, each at a port from this on'))
    .option('--detach', 'return when clients can connect')
    .option('--restart', 'a supervisor starts processes that die anew; hosts become standbys')
    .option('--guest-exit-code', 'end with the guest’s own exit status');
}
