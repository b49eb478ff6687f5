/**
 * Makes the third-party notice and the SBOM of what has been built. Usage: generate-notice.ts DIRECTORY; NOTICE.txt
 * and sbom.spdx.json go there. SOURCE_DATE_EPOCH dates the SBOM; without it that has the date 1970, so that it is
 * the same each time.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import manifest from '../package.json' with { type: 'json' };
import { components } from '../packaging/notice/components.ts';
import { notice } from '../packaging/notice/notice.ts';
import { sbom } from '../packaging/notice/sbom.ts';
import { root } from './generated.ts';
import { installedPackages } from './stage-packages.ts';

const [directory] = process.argv.slice(2);
if (directory === undefined) throw new Error('usage: generate-notice.ts DIRECTORY');
const list = join(root, 'build/bundle/packages.json');
if (!existsSync(list)) throw new Error(`${list} is missing; run make build`);
const bundled: string[] = JSON.parse(readFileSync(list, 'utf8'));
const shipped = components(root, { bundled, ...installedPackages(root) });
const edition = {
  version: manifest.version,
  licence: manifest.license,
  epoch: Number(process.env.SOURCE_DATE_EPOCH ?? 0),
};
mkdirSync(directory, { recursive: true });
writeFileSync(join(directory, 'NOTICE.txt'), notice(shipped));
writeFileSync(join(directory, 'sbom.spdx.json'), `${JSON.stringify(sbom(shipped, edition), null, 2)}\n`);
