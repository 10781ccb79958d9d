/** `vmft switch-over`, `throttle` and `snapshot`: what people ask of a protected machine. */
import { resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { wholeNumber } from './arguments.ts';
import { print } from './print.ts';

/** Defines `vmft switch-over`. */
export function switchOverCommand(): Command {
  return new Command('switch-over')
    .description('have the backup of a protected machine take over, as before maintenance')
    .argument('DIR', 'folder of the machine')
    .addHelpText('after', '\nExample:\n  vmft switch-over kv.d')
    .action(async (dir: string) => {
      const { enterMachine } = await import('../host/protection.ts');
      const { switchOver } = await import('../host/operations.ts');
      print(await switchOver(enterMachine(dir)));
    });
}

/** Defines `vmft throttle`. */
export function throttleCommand(): Command {
  return new Command('throttle')
    .description('limit the share of the CPU that the guest of a protected machine may use')
    .argument('DIR', 'folder of the machine')
    .argument('PERCENT', '1 to 100; 100 ends the limit', share)
    .addHelpText('after', '\nExample:\n  vmft throttle kv.d 25')
    .action(async (dir: string, percent: number) => {
      const { enterMachine } = await import('../host/protection.ts');
      const { throttle } = await import('../host/operations.ts');
      print(await throttle(enterMachine(dir), percent));
    });
}

/** Defines `vmft snapshot`. */
export function snapshotCommand(): Command {
  return new Command('snapshot')
    .description('keep a protected machine as it is in a file, while its guest goes on')
    .argument('DIR', 'folder of the machine, which has no disks')
    .requiredOption('-o, --output <FILE.vmsnap>', 'the snapshot; "vmft run" goes on with it')
    .addHelpText('after', '\nExample:\n  vmft snapshot kv.d -o kv.vmsnap')
    .action(async (dir: string, { output }: { output: string }) => {
      const path = resolve(output);
      const { enterMachine } = await import('../host/protection.ts');
      const { takeSnapshot } = await import('../host/operations.ts');
      print(await takeSnapshot(enterMachine(dir), path));
    });
}

function share(text: string): number {
  const percent = wholeNumber(text);
  if (percent < 1 || percent > 100) throw new InvalidArgumentError('Write 1 to 100.');
  return percent;
}
