/**
 * The command line: hands over to one file per command, and turns errors into messages and exit
 * statuses. A status that is not 0 is left in `process.exitCode`.
 */
import { Command, CommanderError } from 'commander';
import { VmftError } from '../base/errors.ts';
import { STATUS, statusOf } from './exit-status.ts';

/** The commands by the heading under which the help lists them; a run loads only its own. */
const GROUPS: Readonly<Record<string, Readonly<Record<string, () => Promise<Command>>>>> = {
  'Run a guest:': { run: async () => (await import('./run.ts')).runCommand() },
  'Write guests:': {
    asm: async () => (await import('./asm.ts')).asmCommand(),
    disasm: async () => (await import('./disasm.ts')).disasmCommand(),
  },
  'Record and replay:': {
    record: async () => (await import('./record.ts')).recordCommand(),
    replay: async () => (await import('./replay.ts')).replayCommand(),
    log: async () => (await import('./log.ts')).logCommand(),
  },
  'Examine:': { vectors: async () => (await import('./vectors.ts')).vectorsCommand() },
  'Break it:': {
    scenario: async () => (await import('./scenario.ts')).scenarioCommand(),
    explore: async () => (await import('./explore.ts')).exploreCommand(),
    soak: async () => (await import('./soak.ts')).soakCommand(),
    mutants: async () => (await import('./mutants.ts')).mutantsCommand(),
  },
  'Protect a guest:': {
    demo: async () => (await import('./demo.ts')).demoCommand(),
    protect: async () => (await import('./protect.ts')).protectCommand(),
    status: async () => (await import('./status.ts')).statusCommand(),
    stop: async () => (await import('./status.ts')).stopCommand(),
    'switch-over': async () => (await import('./operate.ts')).switchOverCommand(),
    snapshot: async () => (await import('./operate.ts')).snapshotCommand(),
    throttle: async () => (await import('./operate.ts')).throttleCommand(),
    crash: async () => (await import('./status.ts')).crashCommand(),
  },
  'Protect a guest, part by part:': {
    host: async () => (await import('./host.ts')).hostCommand(),
    disk: async () => (await import('./disk.ts')).diskCommand(),
    gateway: async () => (await import('./gateway.ts')).gatewayCommand(),
    supervisor: async () => (await import('./supervisor.ts')).supervisorCommand(),
  },
  'About:': { version: async () => (await import('./version.ts')).versionCommand() },
};

/** The command line with the command `only`, or with all if there is none of this name. */
async function makeProgram(only: string | undefined): Promise<Command> {
  const program = new Command('vmft')
    .description('A fault-tolerant virtual machine that anyone can run, read and break.')
    .helpOption('-h, --help', 'show this help, or that of a command')
    .addHelpText(
      'after',
      `
Examples:
  vmft scenario lost-update     watch a primary die between two requests
  vmft run hello                run a guest on one machine
  vmft record dice -o dice.vmlog && vmft replay dice.vmlog`,
    );
  const groups = Object.entries(GROUPS);
  const known = groups.some(([, commands]) => only !== undefined && Object.hasOwn(commands, only));
  for (const [heading, commands] of groups)
    for (const [name, load] of Object.entries(commands))
      if (!known || name === only) program.addCommand((await load()).helpGroup(heading));
  if (!known) {
    const { readVersion } = await import('./version.ts');
    program.version(`vmft ${readVersion()}`, '-V, --version', 'show the version');
    program.addCommand(helpCommand(program).helpGroup('About:'));
  }
  program.helpCommand(false);
  settle(program, 'vmft');
  return program;
}

function helpCommand(program: Command): Command {
  return new Command('help')
    .description('show the help of a command')
    .argument('[COMMAND]', 'its name')
    .addHelpText('after', '\nExample:\n  vmft help run')
    .action(async (name: string | undefined) => {
      const command = program.commands.find((one) => one.name() === name);
      if (name !== undefined && !command) program.error(`error: unknown command '${name}'`);
      (command ?? program).help();
    });
}

/** Errors of the command line, of all commands alike: one line that ends in a remedy. */
function settle(command: Command, path: string): void {
  command
    .exitOverride()
    .showSuggestionAfterError()
    .configureOutput({
      outputError: (text, write) => {
        const sentence = text
          .replace(/^error: /, '')
          .replace(/\n\(Did you mean (.*)\?\)/, '; did you mean $1?')
          .replace(/\.?\n$/, '');
        write(`vmft: ${sentence} (see "${path} --help")\n`);
      },
    });
  for (const child of command.commands) settle(child, `${path} ${child.name()}`);
}

function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? STATUS.ok : STATUS.usage;
  if (error instanceof VmftError) {
    const text = error.code === 'assembly' ? error.message : `vmft: ${error.message}`;
    process.stderr.write(`${text}\n`);
    return statusOf(error.code);
  }
  const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`vmft: this is a bug in vmft, please report it\n${what}\n`);
  return STATUS.violated;
}

/** Does what these words, without that of the program, ask for. Throws nothing. */
export async function runCommandLine(words: readonly string[]): Promise<void> {
  try {
    await (await makeProgram(words[0])).parseAsync(words, { from: 'user' });
  } catch (error) {
    process.exitCode = report(error);
  }
}
