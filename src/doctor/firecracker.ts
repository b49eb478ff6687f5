import { formatSentence, getOwnRemedy, getProblem } from '../common/errors.ts';
import { findProgram } from '../common/find-program.ts';
import type { Config } from '../config/config.ts';
import { kvmObstacle } from '../vmm/accelerator.ts';
import { findWeaknesses, usableVersion, versionText } from '../vmm/firecracker/version.ts';
import { type Finding, fail, pass, warn } from './check.ts';

const check = 'firecracker';

/** Checks whether Firecracker is there and fit for use, and which VMM new VMs get. @param runtimeDirectory for what is found */
export async function checkFirecracker(
  config: Config | undefined,
  runtimeDirectory: string,
): Promise<Finding[]> {
  const { vmm = 'auto', firecrackerBin } = config ?? {};
  const name = firecrackerBin ?? 'firecracker';
  const binary = findProgram(name);
  // Whoever configured neither is content with QEMU.
  const isWanted = vmm === 'firecracker' || firecrackerBin !== undefined;
  const tell = isWanted
    ? vmm === 'firecracker'
      ? fail
      : warn
    : (_: string, detail: string) => pass(check, detail);
  const remedy = 'install Firecracker as docs/firecracker.md says';
  if (!binary)
    return [tell(check, `${name} is not installed or not executable; ${resultOf(vmm, false)}`, remedy)];
  try {
    const version = await usableVersion(binary, runtimeDirectory);
    const found = `${binary} is version ${versionText(version)}; ${resultOf(vmm, true)}`;
    return [
      pass(check, found),
      ...findWeaknesses(version).map(({ id, what }) =>
        warn(check, `${versionText(version)} has ${id}: ${what}`, 'install a newer Firecracker'),
      ),
    ];
  } catch (error) {
    return [tell(check, getProblem(error), getOwnRemedy(error) ?? remedy)];
  }
}

function resultOf(vmm: Config['vmm'], isThere: boolean): string {
  if (vmm !== 'auto') return `new VMs get ${vmm}, which vmm says`;
  if (!isThere) return 'new VMs get QEMU';
  const obstacle = kvmObstacle();
  return obstacle
    ? `new VMs get QEMU because ${formatSentence(obstacle)}`
    : 'new VMs get it if the first start of one shows that KVM works, else QEMU';
}
