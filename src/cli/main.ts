#!/usr/bin/env node
/**
 * The program: reads the command line, hands over to one file per command, and turns errors into
 * messages and exit statuses.
 */
import { Command, CommanderError } from 'commander';
import { BugError } from '../base/assert.ts';
import { VmftError } from '../base/errors.ts';
import { asmCommand } from './asm.ts';
import { disasmCommand } from './disasm.ts';
import { STATUS, statusOf } from './exit-status.ts';
import { logCommand } from './log.ts';
import { recordCommand } from './record.ts';
import { replayCommand } from './replay.ts';
import { runCommand } from './run.ts';
import { scenarioCommand } from './scenario.ts';
import { versionCommand } from './version.ts';

/** The whole command line; every command's help ends in examples. */
export function makeProgram(): Command {
  const program = new Command('vmft')
    .description('A fault-tolerant virtual machine that anyone can run, read and break.')
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .showSuggestionAfterError()
    .addHelpText(
      'after',
      `
Examples:
  vmft scenario lost-update     watch a primary die between two requests
  vmft run hello                run a guest on one machine
  vmft record dice -o dice.vmlog && vmft replay dice.vmlog`,
    );
  const groups: [string, Command[]][] = [
    ['Run a guest:', [runCommand()]],
    ['Write guests:', [asmCommand(), disasmCommand()]],
    ['Record and replay:', [recordCommand(), replayCommand(), logCommand()]],
    ['Break it:', [scenarioCommand()]],
    ['About:', [versionCommand()]],
  ];
  program.helpCommand('help [command]', 'show the help of a command').commandsGroup('About:');
  for (const [heading, commands] of groups)
    for (const command of commands) program.addCommand(command.helpGroup(heading).exitOverride());
  return program;
}

function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? STATUS.ok : STATUS.usage;
  if (error instanceof VmftError) {
    const text = error.code === 'assembly' ? error.message : `vmft: ${error.message}`;
    process.stderr.write(`${text}\n`);
    return statusOf(error.code);
  }
  const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const bug = error instanceof BugError ? 'an invariant does not hold' : 'an unexpected error';
  process.stderr.write(`vmft: this is a bug in vmft: ${bug}\n${what}\n`);
  return STATUS.violated;
}

async function main(): Promise<void> {
  // A reader that has seen enough (head, less) is no error.
  process.stdout.on('error', () => process.exit());
  try {
    await makeProgram().parseAsync();
  } catch (error) {
    process.exitCode = report(error);
  }
}

await main();
