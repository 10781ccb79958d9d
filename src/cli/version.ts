/** `vmft version`. */
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { readUserFile } from '../host/files.ts';
import { print, printJson } from './print.ts';

/** The version of this package. */
export function readVersion(): string {
  const path = fileURLToPath(new URL('../../package.json', import.meta.url));
  const text = new TextDecoder().decode(readUserFile(path, 'package', 'environment'));
  return (JSON.parse(text) as { version: string }).version;
}

/** Defines `vmft version`. */
export function versionCommand(): Command {
  return new Command('version')
    .description('print the versions of vmft, its log format and Node')
    .option('--json', 'as one JSON document')
    .addHelpText('after', '\nExamples:\n  vmft version\n  vmft version --json')
    .action(async (options: { json?: boolean }) => {
      const { LOG_VERSION } = await import('../hypervisor/log-file.ts');
      const version = readVersion();
      if (options.json) printJson({ vmft: version, logFormat: LOG_VERSION, node: process.version });
      else print(`vmft ${version} (log format ${LOG_VERSION}, Node ${process.version})`);
    });
}
