/**
 * The process of the gateway: between real clients and whichever replica speaks for the machine. It
 * outlives them all, and keeps the console in the file `console-MACHINE` of the machine's folder.
 */
import { join } from 'node:path';
import { VmftError } from '../base/errors.ts';
import { MAX_GATEWAY_MESSAGE_BYTES } from '../ft/gateway-messages.ts';
import { ConsoleFile } from './console-file.ts';
import type { Question } from './control.ts';
import { GatewayLinks } from './gateway-links.ts';
import { type GroupConfig, hasNetwork, readKey } from './group-config.ts';
import { GuestWire } from './guest-wire.ts';
import type { Log } from './log.ts';
import { GATEWAY, Part } from './part.ts';
import { PcapFile } from './pcap-file.ts';
import { listenForReplicas } from './replica-listener.ts';
import { removeSocket } from './secure-socket.ts';

/** What a gateway is told besides. */
export interface GatewayProcessOptions {
  /** A file for everything that the guest's wire carries, instead of the configuration's. */
  readonly pcap?: string | undefined;
  /** A TAP interface, instead of the configuration's. */
  readonly tap?: string | undefined;
}

/** Where the console of a machine is kept. */
export const consolePath = ({ folder, machine }: Pick<GroupConfig, 'folder' | 'machine'>): string =>
  join(folder, `console-${encodeURIComponent(machine)}`);

/** Carries a machine's network and console until it is told to end; settles when it listens. */
export async function runGateway(
  config: GroupConfig,
  log: Log,
  { pcap, tap = config.tap }: GatewayProcessOptions = {},
): Promise<void> {
  checkNetwork(config, tap);
  const part = Part.claim(config, GATEWAY);
  const console = new ConsoleFile(consolePath(config), log.warn);
  const path = pcap ?? config.pcap;
  // That of the configuration goes on when a gateway takes the place of one that has died.
  const capture = path === undefined ? undefined : new PcapFile(path, log.warn, pcap === undefined);
  let wire: GuestWire | undefined;
  const links = new GatewayLinks({
    machine: config.machine,
    consoleBytes: console.bytes,
    onFrame: (frame) => wire?.receive(frame),
    onConsole: (bytes) => console.append(bytes),
    onExit: (status) => log.info(`the guest has ended with status ${status}`),
    onSpeaker: () => wire?.hurry(),
    log,
  });
  const status = () => ({
    ...links.speaker,
    linked: links.isLinked,
    replicas: links.owners,
    exitStatus: links.exitStatus ?? null,
    console: { path: console.path, bytes: console.bytes },
    refused: log.refused,
    refusals: log.refusals,
    ...wire?.status,
  });
  const close = (): void => {
    part.end();
    wire?.close();
    capture?.close();
    console.close();
  };
  const end = (): void => {
    close();
    log.info('ends');
    process.exit();
  };
  try {
    wire = await GuestWire.open({
      publish: config.publish,
      tap,
      capture,
      deliver: (bytes) => links.offer({ kind: 'packet', bytes }),
      info: log.info,
      warn: log.warn,
    });
    await listen(links, config);
    await part.serve({ status, answer: (question) => type(question, links), onEnd: end });
  } catch (error) {
    // Nothing that is open keeps a process which has failed.
    close();
    throw error;
  }
  log.info('waits for replicas');
}

/** VmftError 'usage' for a way to a network that the guest, by the configuration, has not. */
function checkNetwork(config: GroupConfig, tap: string | undefined): void {
  if (tap === undefined || hasNetwork(config)) return;
  throw new VmftError(
    'usage',
    `--tap ${tap}: the guest has no network; put "tap" into the configuration, of its hosts too`,
  );
}

async function listen(links: GatewayLinks, config: GroupConfig): Promise<void> {
  removeSocket(config.gateway);
  const maxBytes = MAX_GATEWAY_MESSAGE_BYTES;
  await listenForReplicas(links, { address: config.gateway, key: readKey(config), maxBytes });
}

/** The question {ask: 'type', text}: keys for the guest's console. */
function type({ ask, text }: Question, links: GatewayLinks): object | undefined {
  if (ask !== 'type' || typeof text !== 'string') return undefined;
  links.offer({ kind: 'console', bytes: new TextEncoder().encode(text) });
  return { typed: links.isLinked };
}
