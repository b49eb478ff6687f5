import { Client } from '../../client/client.ts';
import { Copy } from '../../client/copy/copy.ts';
import { parsePlace } from '../../client/copy/place.ts';
import { receive } from '../../client/copy/receive.ts';
import { send } from '../../client/copy/send.ts';
import { getGuestAccess } from '../../client/session/access.ts';
import { untilVmEnds } from '../../client/session/ended-vm.ts';
import { BangerError } from '../../common/errors.ts';
import { Option } from '../clipanion.ts';
import { BangerCommand, type CommandHelp, flag } from '../command.ts';
import { Interrupts } from '../interrupts.ts';
import { Progress } from '../output/copy-progress.ts';
import { report } from '../output/report.ts';
import { UsageProblem } from '../usage.ts';

export default class Cp extends BangerCommand {
  static readonly help: CommandHelp = {
    synopsis: 'SOURCE… TARGET [OPTIONS]',
    details: [
      'VM:PATH means a path in a VM; a relative one starts at /root. One side is of a VM, the other of this host; a file of this host with a colon in its name is written ./a:b. Directories are copied with all that is in them. An existing directory as TARGET takes the sources into it; otherwise the source gets that name. SOURCE/. means the contents of a directory.',
      'A SOURCE or TARGET that is a symbolic link is followed; links in a directory stay links. Permissions, times and hard links are kept; in a guest all becomes root’s, here all becomes yours. Set-uid and set-gid are dropped, devices and the like in a directory are skipped. A TARGET that is a device or a pipe is written into.',
      'Files appear when they are whole; one that changes while it is copied is an error. Nothing is written outside of TARGET, whatever the guest sends.',
    ],
    examples: [
      ['A file into a VM', 'vm cp notes.txt web:'],
      ['A directory out of it', 'vm cp web:repo/dist .'],
      ['Under another name', 'vm cp web:/etc/os-release ./guest-release'],
      ['What is in a directory, into another', 'vm cp ./fixtures/. web:/srv/data'],
      ['Several at once', 'vm cp web:a.log web:b.log logs'],
    ],
  };

  follow = flag('-L,--follow', 'Copy what symbolic links lead to in their place');
  quiet = flag('-q,--quiet', 'Show no progress');
  places = Option.Rest({ name: 'PATH' });

  async execute(): Promise<number> {
    const places = this.places.map(parsePlace);
    const target = places.pop();
    const [first] = places;
    if (!target || !first) throw new UsageProblem('what is to be copied where? give a source and a target');
    if (places.some(({ vm }) => vm !== first.vm)) {
      throw new UsageProblem('the sources are of different machines; copy those of each by themselves');
    }
    if (first.vm !== undefined && target.vm !== undefined) {
      throw new UsageProblem(
        'a copy from VM to VM is not made; copy to this host first, and from there to the other VM',
      );
    }
    const ref = first.vm ?? target.vm;
    if (ref === undefined) throw new UsageProblem('neither side is a VM; write VM:PATH on one, or use cp');
    using interrupts = new Interrupts();
    using client = await Client.connect();
    const vm = await client.findVm(ref);
    const access = await getGuestAccess(client, vm);
    if (interrupts.happened) throw new BangerError('Cancelled', 'interrupted');
    using progress = new Progress(this.quiet);
    using copy = new Copy(access, {
      follow: this.follow,
      signal: interrupts.signal,
      onBytes: progress.add,
      onNote: (text) => {
        progress.clear();
        report(text);
      },
    });
    const paths = places.map(({ path }) => path);
    await untilVmEnds(vm, ' before all was copied', () =>
      target.vm === undefined ? receive(copy, paths, target.path) : send(copy, paths, target.path),
    );
    return copy.isWhole ? 0 : 1;
  }
}
