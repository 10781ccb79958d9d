/** `vmft run`: a guest on one machine. */
import { Command } from 'commander';
import { STATUS } from './exit-status.ts';
import { addGuestOptions, type GuestOptions } from './guest-options.ts';
import { note, printJson } from './print.ts';

interface RunOptions extends GuestOptions {
  expectText?: string;
  failText?: string;
}

async function run(image: string, options: RunOptions): Promise<void> {
  const { conclude, describeRun, execute, prepare } = await import('./run-guest.ts');
  const { expectText, failText } = options;
  const watched = [failText, expectText].filter((text) => text !== undefined);
  let judged: number | undefined;
  const onFound = (text: string): void => {
    judged ??= text === failText ? STATUS.violated : STATUS.ok;
  };
  const prepared = await prepare(image, options, { watched, onFound, takesSnapshots: true });
  const { machine } = prepared;
  const report = await execute(prepared);
  if (options.json) printJson(describeRun(prepared, report));
  if (judged === STATUS.violated) note(`the console shows "${failText}", as it must not`);
  const status = judged ?? conclude(report.end, options, machine.count);
  if (judged === undefined && expectText !== undefined) {
    note(`the console never showed "${expectText}"`);
    process.exitCode = status === STATUS.ok ? STATUS.violated : status;
  } else {
    process.exitCode = status;
  }
}

/** Defines `vmft run`. */
export function runCommand(): Command {
  const command = new Command('run')
    .description('run a guest on one machine, with the terminal as its console')
    .argument('IMAGE', '.asm, ELF32 or flat binary, a snapshot, or the name of a shipped guest');
  return addGuestOptions(command)
    .option('--expect-text <S>', 'end with status 0 when the console shows S, else with 1')
    .option('--fail-text <S>', 'end with status 1 when the console shows S')
    .addHelpText(
      'after',
      `
Examples:
  vmft run hello
  vmft run primes --append n=1000000 --json
  vmft run udp-counter --publish 7000:7/udp
  vmft run httpd --publish 8080:80/tcp --pcap wire.pcap
  vmft run httpd --tap tap0
  vmft run journal --disk disk.img
  vmft run kv.vmsnap --publish 7001:7/udp
  vmft run dice --time virtual --seed 7`,
    )
    .action(run);
}
