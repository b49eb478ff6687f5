import { Client } from '../../client/client.ts';
import { BangerError } from '../../common/errors.ts';
import { guestCommand } from '../../ssh/guest-command.ts';
import { packVariables } from '../../ssh/guest-variables.ts';
import { Option } from '../clipanion.ts';
import { BangerCommand, type CommandHelp, flag, notEmpty, valueOption, valuesOption } from '../command.ts';
import { Interrupts } from '../interrupts.ts';
import { isChangedVariable } from '../raw-bytes.ts';
import { enter, hasTerminal, ownFailureStatus } from '../session/terminal-session.ts';
import { parseTimeout } from '../timeout.ts';
import { UsageProblem } from '../usage.ts';

export default class Exec extends BangerCommand {
  static override readonly failureStatus = ownFailureStatus;
  static override readonly takesGuestCommand = true;
  static readonly help: CommandHelp = {
    synopsis: 'REF [OPTIONS] -- COMMAND…',
    details: [
      'The arguments arrive exactly as given, with no shell in between. The command gets a terminal if stdin and stdout are one. The status is that of the command: 128+n if a signal ended it, 125 if banger itself failed.',
      'Arguments are for every user of this host to see: pass a secret on by its name, with -e NAME, and not as -e NAME=VALUE.',
      'With --timeout the command and all it started are asked to end when the time is over, and killed 5 s later, even if the connection has broken; the status is 124 then.',
    ],
    examples: [
      ['One command', 'vm exec web -- uname -a'],
      ['In the repository', 'vm exec web --cwd /root/repo -- make test'],
      ['With a variable, and one of your own', 'vm exec web -e CI=1 -e EDITOR -- make release'],
      ['With a secret that is in the environment here', 'vm exec web -e TOKEN -- make release'],
      ['Not for longer than ten minutes', 'vm exec web --timeout 10m -- make test'],
      ['In a loop that reads standard input itself', 'vm exec web -n -- apt-get update'],
      ['Copy a file out', 'vm exec web -- cat /var/log/syslog > syslog'],
      ['Variables and pipes need a shell', "vm exec web -- sh -c 'echo $HOME | wc -c'"],
    ],
  };

  tty = flag('-t,--tty', 'Give the command a terminal, also where there is none here');
  noTty = flag('-T,--no-tty', 'Give it none, also where there is one');
  noStdin = flag('-n,--no-stdin', 'Leave standard input alone, as in a loop that reads it');
  env = valuesOption('-e,--env', 'NAME[=VALUE]', 'Set a variable; without a value, to what it is here');
  cwd = valueOption(
    '--cwd',
    'DIRECTORY',
    'The directory in the guest to run it in; otherwise the home directory',
  );
  timeout = valueOption('--timeout', 'DURATION', 'End it after so long, such as 90s or 10m');
  ref = Option.String({ name: 'REF' });

  async execute(): Promise<number> {
    const command = this.guestCommand ?? [];
    if (command.length === 0) throw new UsageProblem('which command? give it after --');
    if (this.tty && this.noTty) throw new UsageProblem('--tty and --no-tty exclude each other');
    const tty = this.tty || (!this.noTty && !this.noStdin && hasTerminal());
    const variables = packVariables(this.env.flatMap(variable));
    const remote = {
      isShell: false,
      tty,
      ...(this.noStdin && { stdin: 'ignore' as const }),
      variables,
      command: guestCommand(command, {
        cwd: notEmpty(this.cwd, '--cwd'),
        variables,
        timeout: await timeLimit(this.timeout),
      }),
    };
    using interrupts = new Interrupts();
    using client = await Client.connect();
    const vm = await client.findVm(this.ref);
    return await enter(client, vm, remote, interrupts);
  }
}

/** A variable as NAME=VALUE; nothing where only a name is given that is not set here. @throws InvalidArgs */
function variable(given: string): string[] {
  const [name = '', value] = given.split('=', 2);
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    throw new BangerError(
      'InvalidArgs',
      `--env ${JSON.stringify(given)}: ${JSON.stringify(name)} is not a name for a variable`,
      { remedy: 'use letters, digits and _, and no digit first' },
    );
  }
  if (value !== undefined) return [given];
  const own = process.env[name];
  if (own === undefined) return [];
  if (isChangedVariable(name, own)) {
    throw new BangerError('InvalidArgs', `--env ${name}: its value is not UTF-8 and would arrive changed`, {
      remedy: 'put it in a file, or on standard input',
    });
  }
  return [`${name}=${own}`];
}

async function timeLimit(given: string | undefined): Promise<{ ms: number; token: string } | undefined> {
  if (given === undefined) return undefined;
  const ms = parseTimeout(given);
  // It takes as long to load as all the rest, and few commands need it.
  const { randomUUID } = await import('node:crypto');
  return { ms, token: randomUUID() };
}
