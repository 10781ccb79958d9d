/** `vmft supervisor`: starts anew the processes of a protected machine that die. */
import { resolve } from 'node:path';
import { Command } from 'commander';
import { SUPERVISOR } from '../host/part.ts';
import { logFormatOption, metricsOption, type ServeOptions, serve } from './serve.ts';

/** Defines `vmft supervisor`. */
export function supervisorCommand(): Command {
  return new Command(SUPERVISOR)
    .description('start anew the processes of a protected machine on this computer that die')
    .requiredOption('--config <FILE>', 'configuration of the machine, YAML or JSON')
    .addOption(logFormatOption())
    .addOption(metricsOption())
    .addHelpText(
      'after',
      `
"vmft protect --restart" starts it with the machine; it looks after all processes but itself.

Example:
  vmft supervisor --config machine.json`,
    )
    .action(async (options: ServeOptions) => {
      const { logFormat } = options;
      const { runSupervisor } = await import('../host/supervisor-process.ts');
      const [program, file] = [process.argv[1]!, resolve(options.config)];
      await serve(SUPERVISOR, options, (config, log) =>
        runSupervisor({ program, file, config, logFormat }, log),
      );
    });
}
