/** `vmft disk`: the disk server of a protected machine. */
import { Command } from 'commander';
import { VmftError } from '../base/errors.ts';
import type { DiskReport } from '../host/disk-check.ts';
import { listeningAt } from '../host/group-config.ts';
import { DISK } from '../host/part.ts';
import { STATUS } from './exit-status.ts';
import { counted, note, print, printJson } from './print.ts';
import { logFormatOption, metricsOption, type ServeOptions, serve } from './serve.ts';

/** Defines `vmft disk` and `vmft disk check`. */
export function diskCommand(): Command {
  return new Command('disk')
    .description('serve the shared disks of a protected machine')
    .option('--config <FILE>', 'configuration of the machine, YAML or JSON')
    .option('--listen <ADDRESS>', 'listen there, and not at the address of the configuration')
    .addOption(logFormatOption())
    .addOption(metricsOption())
    .addHelpText('after', '\nExample:\n  vmft disk --config machine.yaml --metrics 9100')
    .action(async (options: Partial<ServeOptions> & Pick<ServeOptions, 'logFormat'>) => {
      const { config: file } = options;
      if (file === undefined)
        throw new VmftError('usage', 'disk: give --config FILE (see "vmft disk --help")');
      const { runDiskServer } = await import('../host/disk-process.ts');
      await serve(DISK, { ...options, config: file }, (config, log) =>
        runDiskServer(listeningAt(config, DISK, options.listen), log),
      );
    })
    .addCommand(checkCommand());
}

function checkCommand(): Command {
  return new Command('check')
    .description('look at every sector: is it what the disk server stored there?')
    .argument('DIR', 'folder of the machine, whose disk server is running')
    .option('--json', 'one JSON document')
    .addHelpText(
      'after',
      `
The status is 1 if a sector is not what was stored there.

Example:
  vmft disk check kv.d`,
    )
    .action(async (dir: string, { json }: { json?: boolean }) => {
      const { enterMachine } = await import('../host/protection.ts');
      const { askForCheck } = await import('../host/disk-check.ts');
      const disks = await askForCheck(enterMachine(dir));
      if (json) printJson({ disks });
      else for (const disk of disks) show(disk);
      const isDamaged = disks.some((disk) => disk.damagedSectors > 0);
      if (isDamaged && !json) {
        note(
          `a damaged sector cannot be read by the guest until the guest writes it anew; or stop ` +
            `the machine ("vmft stop ${dir}"), bring the file back from a copy, and protect again`,
        );
      }
      if (disks.some(({ trouble }) => trouble !== undefined)) process.exitCode = STATUS.environment;
      if (isDamaged) process.exitCode = STATUS.violated;
    });
}

function show({ file, sectors, damagedSectors, damaged, trouble }: DiskReport): void {
  const found = damagedSectors === 0 ? 'as stored' : `${damagedSectors} of them damaged`;
  print(`disk ${file}: ${counted(sectors, 'sector')}, ${trouble ?? found}`);
  for (const { sector, sectors: many } of damaged) {
    const which = many === 1 ? `sector ${sector}` : `sectors ${sector} to ${sector + many - 1}`;
    print(`disk ${file}, ${which}: not what was stored there`);
  }
}
