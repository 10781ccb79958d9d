/** `vmft status`, `vmft stop` and `vmft crash`: a machine that `vmft protect` has started. */
import { Argument, Command } from 'commander';
import { hurt, VICTIMS, type Victim } from '../host/machine-control.ts';
import { print, printJson } from './print.ts';

/** Defines `vmft status`. */
export function statusCommand(): Command {
  return new Command('status')
    .description('show the processes of a protected machine')
    .argument('DIR', 'folder of the machine')
    .option('--json', 'one JSON document')
    .addHelpText('after', '\nExample:\n  vmft status kv.d')
    .action(async (dir: string, { json }: { json?: boolean }) => {
      const { enterMachine } = await import('../host/protection.ts');
      const { openAnyMachine } = await import('../host/machine-folder.ts');
      const { statusOf } = await import('../host/machine-status.ts');
      const { statusLines } = await import('./protect-view.ts');
      const status = await statusOf(enterMachine(dir, openAnyMachine));
      if (json) printJson(status);
      else for (const line of statusLines(status)) print(line);
    });
}

/** Defines `vmft stop`. */
export function stopCommand(): Command {
  return new Command('stop')
    .description('switch a protected machine off and clear it away')
    .argument('DIR', 'folder of the machine')
    .addHelpText('after', '\nExample:\n  vmft stop kv.d')
    .action(async (dir: string) => {
      const { enterMachine, stopAndClear } = await import('../host/protection.ts');
      await stopAndClear(enterMachine(dir));
    });
}

/** Defines `vmft crash`. */
export function crashCommand(): Command {
  return new Command('crash')
    .description('kill a process of a protected machine, or break its link')
    .argument('DIR', 'folder of the machine')
    .addArgument(new Argument('VICTIM', 'what is to die').choices(VICTIMS))
    .option('--pause', 'suspend it (the link: cut it) instead')
    .option('--resume', 'let what is suspended go on')
    .addHelpText(
      'after',
      `
Examples:
  vmft crash kv.d primary
  vmft crash kv.d primary --pause && vmft crash kv.d primary --resume
  vmft crash kv.d link --pause`,
    )
    .action(async (dir: string, victim: Victim, options: { pause?: boolean; resume?: boolean }) => {
      const { enterMachine } = await import('../host/protection.ts');
      const harm = options.resume ? 'resume' : options.pause ? 'pause' : 'kill';
      print(await hurt(enterMachine(dir), victim, harm));
    });
}
