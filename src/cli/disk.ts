/** `vmft disk`: the disk server of a protected machine. */
import { Command } from 'commander';
import { readGroupConfig } from './group-file.ts';

/** Defines `vmft disk`. */
export function diskCommand(): Command {
  return new Command('disk')
    .description('serve the shared disks of a protected machine')
    .requiredOption('--config <FILE>', 'configuration of the machine, YAML or JSON')
    .addHelpText('after', '\nExample:\n  vmft disk --config machine.json')
    .action(async ({ config }: { config: string }) => {
      const { runDiskServer } = await import('../host/disk-process.ts');
      await runDiskServer(readGroupConfig(config));
    });
}
