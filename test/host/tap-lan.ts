/**
 * A LAN of one host, in a network namespace of its own: the TAP interface `lan` with the address
 * 10.0.2.2, behind which a guest is put. A process that is started there uses the kernel's own TCP.
 */
import {
  type ChildProcess,
  execFileSync,
  type SpawnSyncReturns,
  spawn,
  spawnSync,
} from 'node:child_process';
import { readFileSync } from 'node:fs';
import { PROGRAM } from './support.ts';

/** The guest's address, as every shipped guest has it. */
export const GUEST_IP = '10.0.2.15';

let made = 0;

export class TapLan {
  readonly name = `vmft${process.pid}-tap${made++}`;

  constructor() {
    execFileSync('ip', ['netns', 'add', this.name]);
    this.ip('link set lo up');
    this.plug();
  }

  /** Runs `ip` in the namespace; what it prints. */
  ip(words: string): string {
    return execFileSync('ip', ['-n', this.name, ...words.split(' ')], { encoding: 'utf8' });
  }

  /** Makes the interface: under another name, so that nobody attaches to half of it. */
  plug(): void {
    this.ip('tuntap add dev new mode tap');
    this.ip('addr add 10.0.2.2/24 dev new');
    this.ip('link set new name lan');
    this.ip('link set lan up');
  }

  /** Takes the interface away, whoever is attached to it. */
  unplug(): void {
    this.ip('link del lan');
  }

  /** The processes in the namespace. */
  get pids(): number[] {
    const text = execFileSync('ip', ['netns', 'pids', this.name], { encoding: 'utf8' });
    return text.split('\n').filter(Boolean).map(Number);
  }

  /** The process that is attached to the interface. */
  get relay(): number {
    const named = (pid: number) =>
      readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('tap-relay');
    return this.pids.find(named)!;
  }

  /** What a shell does to have the program that follows in the namespace. */
  get enter(): string {
    return `set -- ip netns exec ${this.name} "$@"`;
  }

  /** The command that runs another one in the namespace. */
  within(...command: string[]): string[] {
    return ['ip', 'netns', 'exec', this.name, ...command];
  }

  /** Starts a program there. */
  start(...command: string[]): ChildProcess {
    const [, ...args] = this.within(...command);
    return spawn('ip', args);
  }

  /** Sends an ICMP echo request by the kernel, as `ping` does, and waits for nothing. */
  ping(address: string): void {
    const send = 'socket(S, AF_INET, SOCK_RAW, 1) && send(S, pack("n4", 0x800, 0xF7FD, 1, 1), 0, ';
    const to = 'pack_sockaddr_in(0, inet_aton(shift))) || die $!';
    const [, ...args] = this.within('perl', '-MSocket', '-e', send + to, address);
    execFileSync('ip', args);
  }

  /** Runs `vmft` there to its end, after `prefix`. */
  vmft(prefix: readonly string[], ...words: string[]): SpawnSyncReturns<string> {
    const [, ...args] = this.within(...prefix, process.execPath, PROGRAM, ...words);
    return spawnSync('ip', args, { encoding: 'utf8', input: '' });
  }

  /** Takes it away, with whoever is left there. */
  end(): void {
    for (const pid of this.pids) process.kill(pid, 'SIGKILL');
    execFileSync('ip', ['netns', 'del', this.name]);
  }
}
