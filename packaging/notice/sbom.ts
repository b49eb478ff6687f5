/** The bill of materials in SPDX 2.3, https://spdx.github.io/spdx-spec/v2.3/, as JSON. */
import { createHash } from 'node:crypto';
import type { Component } from './component.ts';

/** Of what and when. */
export interface Edition {
  version: string;
  /** Of banger itself, an SPDX expression. */
  licence: string;
  /** Seconds since 1970: the SBOM says it was made then. */
  epoch: number;
}

export interface Package {
  SPDXID: string;
  name: string;
  versionInfo: string;
  downloadLocation: 'NOASSERTION';
  filesAnalyzed: false;
  licenseConcluded: 'NOASSERTION';
  licenseDeclared: string;
  licenseComments?: string;
  copyrightText: 'NOASSERTION';
  comment?: string;
  externalRefs: { referenceCategory: 'PACKAGE-MANAGER'; referenceType: 'purl'; referenceLocator: string }[];
}

export interface Relationship {
  spdxElementId: string;
  relationshipType: 'DESCRIBES' | 'CONTAINS' | 'STATIC_LINK';
  relatedSpdxElement: string;
}

export interface Sbom {
  spdxVersion: 'SPDX-2.3';
  dataLicense: 'CC0-1.0';
  SPDXID: 'SPDXRef-DOCUMENT';
  name: string;
  documentNamespace: string;
  creationInfo: { created: string; creators: string[] };
  packages: Package[];
  relationships: Relationship[];
}

/** The document, the same for the same components and edition: its namespace is made of all that it says. */
export function sbom(components: readonly Component[], { version, licence, epoch }: Edition): Sbom {
  const banger = packageOf(`pkg:generic/banger@${version}`, 'banger', version, licence);
  const contained = components.map((component) => contents(component, banger));
  const name = `banger-${version}`;
  const said = {
    creationInfo: {
      created: new Date(epoch * 1000).toISOString().replace(/\.\d+Z$/, 'Z'),
      creators: [`Tool: banger-generate-notice-${version}`],
    },
    packages: [banger, ...contained.flatMap(({ packages }) => packages)],
    relationships: [
      {
        spdxElementId: 'SPDXRef-DOCUMENT',
        relationshipType: 'DESCRIBES' as const,
        relatedSpdxElement: banger.SPDXID,
      },
      ...contained.flatMap(({ relationships }) => relationships),
    ],
  };
  const digest = createHash('sha256').update(JSON.stringify(said)).digest('hex').slice(0, 32);
  return {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name,
    // The form that the specification proposes; nothing has to be there.
    documentNamespace: `https://spdx.org/spdxdocs/${name}-${digest}`,
    ...said,
  };
}

/** A component and its parts, and how they hang together. */
function contents(component: Component, banger: Package): Pick<Sbom, 'packages' | 'relationships'> {
  const { name, version, licence, purl, shipped, parts = [] } = component;
  const whole = { ...packageOf(purl, name, version, licence), comment: `Shipped ${shipped.join(', ')}.` };
  const inside = parts.map((part) => ({
    ...packageOf(`pkg:generic/${part.name}@${part.version}`, part.name, part.version, 'NOASSERTION'),
    SPDXID: identifier(`${purl}/${part.name}@${part.version}`),
    licenseComments: `Its licence, if it has one of its own, is among those of ${name} in the notice beside this file.`,
  }));
  const isLinked = shipped.includes('linked into the programs for guests');
  return {
    packages: [whole, ...inside],
    relationships: [
      {
        spdxElementId: banger.SPDXID,
        relationshipType: isLinked ? 'STATIC_LINK' : 'CONTAINS',
        relatedSpdxElement: whole.SPDXID,
      },
      ...inside.map(({ SPDXID }) => ({
        spdxElementId: whole.SPDXID,
        relationshipType: 'CONTAINS' as const,
        relatedSpdxElement: SPDXID,
      })),
    ],
  };
}

function packageOf(purl: string, name: string, version: string, licence: string): Package {
  return {
    SPDXID: identifier(purl),
    name,
    versionInfo: version,
    downloadLocation: 'NOASSERTION',
    filesAnalyzed: false,
    licenseConcluded: 'NOASSERTION',
    licenseDeclared: licence,
    copyrightText: 'NOASSERTION',
    externalRefs: [{ referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: purl }],
  };
}

/** SPDX allows letters, digits, dots and hyphens. */
function identifier(purl: string): string {
  return `SPDXRef-${purl.slice('pkg:'.length).replace(/[^A-Za-z0-9.]+/g, '-')}`;
}
