/** `vmft version`. */
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { print, printJson } from './print.ts';

export function versionCommand(): Command {
  return new Command('version')
    .description('print the versions of vmft, its log format and Node')
    .option('--json', 'as one JSON document')
    .addHelpText('after', '\nExamples:\n  vmft version\n  vmft version --json')
    .action(async (options: { json?: boolean }) => {
      const { LOG_VERSION } = await import('../hypervisor/log-file.ts');
      const file = new URL('../../package.json', import.meta.url);
      const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
      if (options.json) printJson({ vmft: version, logFormat: LOG_VERSION, node: process.version });
      else print(`vmft ${version} (log format ${LOG_VERSION}, Node ${process.version})`);
    });
}
