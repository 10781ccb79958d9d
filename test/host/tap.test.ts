/**
 * A protected guest on a LAN, by a TAP interface: its clients use the kernel's own TCP, which no
 * gateway ends, and stay connected whatever dies.
 */
import { type ChildProcess, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { GuestWireStatus } from '../../src/host/guest-wire.ts';
import { GUEST_MAC } from '../../src/net/address.ts';
import { guestImage } from '../support/guest-image.ts';
import { freePorts } from '../support/ports.ts';
import { isLong, runsByLength } from '../support/runs.ts';
import { describeUnless, describeWithNamespaces } from '../support/tools.ts';
import { CountingClient } from './redis-clients.ts';
import { Parts, until } from './support.ts';
import { GUEST_IP, TapLan } from './tap-lan.ts';

const HOSTS = ['alpha', 'beta'];

/** Numbers counted between two events. */
const COUNTS = 20;

let lan: TapLan;

// Registered first, so called last: nobody is in the namespace any more when it goes.
beforeEach(() => {
  lan = new TapLan();
});
afterEach(() => lan.end());

const parts = Parts.forEachTest();

const gatewayStatus = () => parts.status<GuestWireStatus & { linked: boolean }>('gateway');

function startGateway(): void {
  parts.start('gateway', ['gateway', '--tap', 'lan'], lan.enter);
}

/** The primary, once it has a backup. */
const isProtected = () =>
  until('the machine is protected', async () => {
    if (!(await gatewayStatus())?.linked) return undefined;
    for (const name of HOSTS)
      if ((await parts.status<{ protected: boolean }>(name))?.protected) return name;
    return undefined;
  });

/** Two replicas of a redis, and a gateway on the LAN. */
async function begin(): Promise<void> {
  const ports = await freePorts(HOSTS.length);
  writeFileSync(parts.at('image'), guestImage('redis'));
  parts.configure({
    tap: 'lan',
    pcap: 'wire.pcap',
    hosts: HOSTS.map((name, index) => ({ name, address: `127.0.0.1:${ports[index]}` })),
    // Nothing here waits for a timeout: a slow computer must not look like a dead one.
    timing: { failureTimeoutMs: 60_000 },
  });
  startGateway();
  for (const name of HOSTS) parts.start(name, ['host', name, '--cold-start']);
  await isProtected();
}

/** Waits until a client has counted on, and gives back its longest wait for an answer, in ms. */
async function more(client: CountingClient): Promise<number> {
  const wanted = client.count + COUNTS;
  await until('the client counts', () => client.count >= wanted);
  return client.takeLongestMs();
}

/** The longest wait after each of several deaths, with VMFT_TABLE. */
function show(waits: number[]): void {
  if (!process.env.VMFT_TABLE) return;
  waits.sort((a, b) => a - b);
  const [middle, worst] = [waits[waits.length >> 1]!, waits.at(-1)!];
  console.log(`${waits.length} deaths, longest wait for an answer in ms: median, worst`);
  console.log(`${middle.toFixed(0)} ${worst.toFixed(0)}`);
}

/** What went over the guest's wire, as tcpdump tells it. */
function captured(filter: string): string[] {
  const args = ['-n', '-r', parts.at('wire.pcap'), filter];
  return spawnSync('tcpdump', args, { encoding: 'utf8' }).stdout.split('\n').slice(0, -1);
}

/** Listens on the LAN. */
class Listener {
  /** What tcpdump says of each frame. */
  readonly lines: string[] = [];
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.lines.push(...text.split('\n').filter((line) => line !== ''));
    });
  }

  /** Settles when it hears. */
  static async begin(filter: string): Promise<Listener> {
    const child = lan.start('tcpdump', '-n', '-l', '-i', 'lan', filter);
    const listener = new Listener(child);
    let said = '';
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    await until('tcpdump listens', () => said.includes('listening on lan'));
    return listener;
  }

  async end(): Promise<void> {
    this.#child.kill();
    await once(this.#child, 'close');
  }
}

/** What a `vmft run` on the LAN says when it is refused, with status 5. */
function refusal(prefix: readonly string[], ...words: string[]): string {
  const { status, stderr } = lan.vmft(prefix, 'run', 'hello', '--tap', ...words);
  expect([status, stderr]).toEqual([5, expect.stringMatching(/^vmft: .*\n$/)]);
  return stderr;
}

function onLan(): void {
  it('keeps a connection of the kernel when primaries die; each command is done once', async () => {
    const heard = await Listener.begin('rarp');
    await begin();
    lan.ping(GUEST_IP);
    const client = new CountingClient(lan.within('redis-cli', '-h', GUEST_IP));
    await more(client);
    const waits: number[] = [];
    for (let deaths = runsByLength(1, 5, 20); deaths > 0; deaths--) {
      const primary = await isProtected();
      const announcements = heard.lines.length;
      await parts.kill(primary);
      waits.push(await more(client));
      await until('the LAN hears of it', () => heard.lines.length > announcements);
      if (deaths > 1) parts.start(primary, ['host', primary]);
    }
    show(waits);
    client.end();
    expect(client.trouble).toEqual([]);
    await heard.end();
    expect(heard.lines.at(-1)).toMatch(`Reverse Request who-is ${GUEST_MAC} tell ${GUEST_MAC}`);
    expect(lan.ip(`neigh show ${GUEST_IP}`)).toContain(GUEST_MAC);
    const { published, connections, framesIn, framesOut, tap } = (await gatewayStatus())!;
    expect({ published, connections }).toEqual({ published: [], connections: 0 });
    expect(tap).toMatchObject({ name: 'lan', attached: true, framesIn, framesOut });
    const goodbye = 'tcp[tcpflags] & (tcp-fin|tcp-rst) != 0 and dst host 10.0.2.15';
    await until('the capture is written', () => captured(goodbye).length > 0);
    expect(captured('icmp[icmptype] == icmp-echoreply')).toEqual([
      expect.stringContaining('10.0.2.15 > 10.0.2.2: ICMP echo reply, id 1, seq 1'),
    ]);
    // One connection, with the options that Linux gives and the gateway does not.
    expect(captured('tcp[tcpflags] == tcp-syn')).toEqual([
      expect.stringMatching(/10\.0\.2\.2\.\d+ > 10\.0\.2\.15\.6379: Flags \[S\].*sackOK,TS val/),
    ]);
    expect(captured('arp').join('\n')).toContain('who-has 10.0.2.15 tell 10.0.2.2');
    await until('only gateway and relay are left', () => lan.pids.length === 2);
    await parts.kill('gateway');
    await until('the relay has ended by itself', () => lan.pids.length === 0);
  });

  if (isLong) {
    it('keeps it when gateway or relay die, and when the interface goes and comes', async () => {
      await begin();
      const client = new CountingClient(lan.within('redis-cli', '-h', GUEST_IP));
      await more(client);
      await parts.kill('gateway');
      startGateway();
      await more(client);
      process.kill(lan.relay, 'SIGKILL');
      await more(client);
      lan.unplug();
      await until('the gateway notices', async () => !(await gatewayStatus())?.tap?.attached);
      expect(parts.log('gateway')).toContain('TAP interface lan: it is gone; make it again');
      lan.plug();
      await more(client);
      client.end();
      expect(client.trouble).toEqual([]);
      expect(parts.log('gateway').match(/lan: attached again/g)).toHaveLength(2);
    });
  }

  it('says what is wrong with an interface, and what to do', () => {
    expect(refusal([], 'lam')).toContain('there is no such interface; make it, as root: ip tuntap');
    const both = ['lan', '--publish', '7000:7'];
    expect(refusal([], ...both)).toContain('this host has the address 10.0.2.2, which is the gate');
    if (!isLong) return;
    expect(refusal([], 'lo')).toContain('it is no TAP interface; make one');
    const shell = (text: string) => ['sh', '-c', `${text}; exec "$@"`, 'sh'];
    expect(refusal(shell('PATH=/nowhere'), 'lan')).toContain('there is no perl');
    const empty = shell('mount -t tmpfs none /dev/net');
    expect(refusal(empty, 'lan')).toContain('there is no /dev/net/tun; load the module tun');
    const nobody = ['setpriv', '--reuid', '65534', '--clear-groups'];
    expect(refusal(nobody, 'lan')).toMatch(/\/dev\/net\/tun may not be opened|somebody else/);
    lan.ip('tuntap add dev other mode tap user 65534');
    const unprivileged = ['setpriv', '--bounding-set', '-net_admin'];
    expect(refusal(unprivileged, 'other')).toContain('it is somebody else’s; have CAP_NET_ADMIN');
  });
}

const hasDevice = existsSync('/dev/net/tun');
describeUnless(hasDevice ? undefined : 'needs /dev/net/tun', 'a TAP interface', () => {
  describeWithNamespaces(['redis-cli', 'tcpdump', 'perl'], 'with a guest behind it', onLan);
});
