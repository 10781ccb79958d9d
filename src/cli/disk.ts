/** `vmft disk`: the disk server of a protected machine. */
import { Command } from 'commander';
import { listeningAt } from '../host/group-config.ts';
import { logFormatOption, metricsOption, type ServeOptions, serve } from './serve.ts';

/** Defines `vmft disk`. */
export function diskCommand(): Command {
  return new Command('disk')
    .description('serve the shared disks of a protected machine')
    .requiredOption('--config <FILE>', 'configuration of the machine, YAML or JSON')
    .option('--listen <ADDRESS>', 'listen there, and not at the address of the configuration')
    .addOption(logFormatOption())
    .addOption(metricsOption())
    .addHelpText('after', '\nExample:\n  vmft disk --config machine.yaml --metrics 9100')
    .action(async (options: ServeOptions) => {
      const { DISK, runDiskServer } = await import('../host/disk-process.ts');
      await serve(DISK, options, (config, log) =>
        runDiskServer(listeningAt(config, DISK, options.listen), log),
      );
    });
}
