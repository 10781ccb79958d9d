/**
 * A LAN of one host, in a network namespace of its own: the TAP interface `lan` with the address
 * 10.0.2.2, behind which a guest is put. A process that is started there uses the kernel's own TCP.
 */
import { execFileSync, type SpawnSyncReturns, spawnSync } from 'node:child_process';
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

  /** Makes the interface. */
  plug(): void {
    this.ip('tuntap add dev lan mode tap');
    this.ip('addr add 10.0.2.2/24 dev lan');
    // Neighbours are asked for in the test, and not found in a cache of addresses.
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

  /** What a shell does to have the program that follows in the namespace. */
  get enter(): string {
    return `set -- ip netns exec ${this.name} "$@"`;
  }

  /** The words of a command that runs another one in the namespace. */
  within(...command: string[]): string[] {
    return ['netns', 'exec', this.name, ...command];
  }

  /** Runs `vmft` there to its end, after `prefix`. */
  vmft(prefix: readonly string[], ...words: string[]): SpawnSyncReturns<string> {
    const command = this.within(...prefix, process.execPath, PROGRAM, ...words);
    return spawnSync('ip', command, { encoding: 'utf8', input: '' });
  }

  end(): void {
    execFileSync('ip', ['netns', 'del', this.name]);
  }
}
