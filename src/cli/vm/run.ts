import { Client, type VmProxy } from '../../client/client.ts';
import { followJob } from '../../client/job.ts';
import { findState, removeVm } from '../../client/removal.ts';
import { shellIn } from '../../client/session/access.ts';
import { SessionLost } from '../../client/session/outcome.ts';
import { type WorkspaceCall, workspaceSource } from '../../client/workspace.ts';
import { BangerError } from '../../common/errors.ts';
import { requirePrograms } from '../../common/host-programs.ts';
import { printable } from '../../common/text.ts';
import { guestCommand } from '../../ssh/guest-command.ts';
import { Option } from '../clipanion.ts';
import { type CommandHelp, flag, notEmpty, valueOption } from '../command.ts';
import { Interrupts } from '../interrupts.ts';
import { report, result } from '../output/report.ts';
import { stageDisplay } from '../output/stages.ts';
import { output } from '../output/streams.ts';
import { describeTerminal } from '../output/terminal.ts';
import { enter, ownFailureStatus } from '../session/terminal-session.ts';
import { UsageProblem } from '../usage.ts';
import { announceLimits, type Creation, CreationCommand, makeVm } from './creation.ts';
import { announceLogout } from './logout.ts';
import { remind } from './reminder.ts';

const guestRepository = '/root/repo';

/** What to run in the guest; without a command a shell in the home directory. */
interface Remote {
  command: string | undefined;
  isShell: boolean;
}

export default class Run extends CreationCommand {
  static override readonly failureStatus = ownFailureStatus;
  static override readonly takesGuestCommand = true;
  static readonly help: CommandHelp = {
    synopsis: '[PATH] [OPTIONS] [-- COMMAND…]',
    details: [
      'With a PATH, the git checkout around it is copied to /root/repo with its history, its local changes and its new files; nothing of the host is shared with the guest. Entered by a shell, tools named in .mise.toml or .tool-versions are installed in the background.',
      'The command gets its arguments exactly as given, with no shell in between; use `sh -c` for one. Its status is that of banger: 128+n if a signal ended it, 125 if banger itself failed.',
      'Leaving the shell leaves the VM running; with --rm it is deleted when the shell or the command ends, and also if banger is killed. Ctrl-C while it is being made takes everything back.',
    ],
    examples: [
      ['A clean sandbox and a shell in it', 'vm run'],
      ['This repository, and a shell in its copy', 'vm run .'],
      ['Run the tests of a repository in a VM of their own', 'vm run --rm ./repo -- make test'],
      ['A VM with a copy of this repository, for later', 'vm run --detach --name web .'],
      ['A pipeline needs a shell', "vm run --rm . -- sh -c 'git log | wc -l'"],
      ['A larger VM with a name', 'vm run --name web --vcpu 4 --memory 4G --disk-size 40G ./repo'],
      ['Work on a new branch that exists only in the guest', 'vm run ./repo --branch try-it --from v1.2'],
    ],
  };

  rm = flag('--rm', 'Delete the VM when the shell or the command ends');
  detach = flag('-d,--detach', 'Print the name of the VM when it is ready, and enter it later');
  branch = valueOption('--branch', 'NAME', 'Start a new branch in the copy of the repository');
  from = valueOption('--from', 'REV', 'Where that branch starts; otherwise at HEAD');
  directory = Option.String({ name: 'PATH', required: false });

  async execute(): Promise<number> {
    const request = this.request();
    using interrupts = new Interrupts();
    const workspace = await this.#workspace(interrupts.signal);
    const remote = this.#remoteCommand(workspace !== undefined);
    // Without it nobody could enter what is made.
    if (!this.detach) requirePrograms('ssh');
    using client = await Client.connect();
    const options = { ...request.options, ...(this.rm && { ephemeral: true }) };
    const creation: Creation = { name: request.name };
    try {
      const { vm, properties } = await makeVm(client, { ...request, options }, creation, interrupts.signal);
      if (workspace) await prepare(client, vm, workspace, interrupts.signal);
      if (interrupts.happened) throw new BangerError('Cancelled', 'interrupted');
      announceLimits(properties);
      if (this.detach) await announceLogout(client, creation.name);
    } catch (error) {
      await this.#giveUp(client, creation, error, interrupts);
      throw error;
    }
    if (!this.detach) return await this.#session(client, creation, remote, interrupts);
    result(`${printable(creation.name)}\n`);
    if (creation.vm) await remind(creation.vm);
    return 0;
  }

  /** Checks what can be checked of the path before a VM is made for it. */
  async #workspace(signal: AbortSignal) {
    const branch = notEmpty(this.branch, '--branch');
    const from = notEmpty(this.from, '--from');
    const path = notEmpty(this.directory, 'the path');
    if (from !== undefined && branch === undefined) throw new UsageProblem('--from needs --branch');
    if (branch !== undefined && path === undefined) throw new UsageProblem('--branch needs a path');
    if (path === undefined) return undefined;
    const { source, options } = await workspaceSource(path, { branch, from }, signal);
    // A command is not kept waiting for tools that it may not need.
    const bootstrap = this.guestCommand === undefined;
    return { source, options: { ...options, guest_path: guestRepository, bootstrap } };
  }

  /** What to run in the guest. @throws UsageProblem, InvalidArgs */
  #remoteCommand(inRepository: boolean): Remote {
    const command = this.guestCommand;
    const cwd = inRepository ? guestRepository : undefined;
    if (command?.length === 0) throw new UsageProblem('no command after --');
    if (command && this.detach)
      throw new UsageProblem('--detach takes no command; run one later with `banger vm exec`');
    if (this.detach && this.rm) throw new UsageProblem('--detach and --rm exclude each other');
    if (command) return { command: guestCommand(command, { cwd }), isShell: false };
    return { command: cwd === undefined ? undefined : shellIn(cwd), isShell: true };
  }

  /** Leaves nothing behind when interrupted or told --rm; otherwise keeps what can explain the failure. */
  async #giveUp(
    client: Client,
    { vm, name }: Creation,
    error: unknown,
    interrupts: Interrupts,
  ): Promise<void> {
    const state = vm && (await findState(vm));
    if (vm === undefined || state === undefined) return;
    if (interrupts.happened || (this.rm && state === 'running')) await removeVm(client, vm);
    else if (!(error instanceof BangerError && error.code === 'DaemonUnreachable')) {
      report(
        `${name} is kept: \`banger vm show ${name}\` shows its state, \`banger vm delete --force ${name}\` removes it`,
      );
    }
  }

  async #session(
    client: Client,
    { vm, name }: Creation,
    remote: Remote,
    interrupts: Interrupts,
  ): Promise<number> {
    if (!vm) throw new Error('there is no VM to enter');
    let leave = () => (this.rm ? removeOrTell(client, vm, name) : remind(vm));
    try {
      return await enter(client, vm, remote, interrupts);
    } catch (error) {
      const neverIn = error instanceof SessionLost && !error.connected;
      if (this.rm && neverIn) leave = () => keep(vm, name);
      throw error;
    } finally {
      await leave();
    }
  }
}

async function removeOrTell(client: Client, vm: VmProxy, name: string): Promise<void> {
  await removeVm(client, vm).catch((error: Error) => report(`${name} was not deleted: ${error.message}`));
}

/** Keeps an ephemeral VM whose guest was ready and yet let nobody in, for somebody to look into. */
async function keep(vm: VmProxy, name: string): Promise<void> {
  await vm.call('Keep', {}).then(
    () =>
      report(
        `${name} is kept: \`banger vm logs ${name}\` shows its console, \`banger vm delete --force ${name}\` removes it`,
      ),
    (error: Error) => report(`${name} could not be kept: ${error.message}`),
  );
}

async function prepare(
  client: Client,
  vm: VmProxy,
  { source, options }: WorkspaceCall,
  signal: AbortSignal,
): Promise<void> {
  const call = () => vm.call('PrepareWorkspace', source, options);
  await followJob(client, call, stageDisplay(describeTerminal(output.diagnostics)), signal);
}
