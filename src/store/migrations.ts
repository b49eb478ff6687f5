/** Schema changes in order; the database's user_version counts those that were applied. Never edit one that has shipped. */
export const migrations: readonly string[] = [
  `
  CREATE TABLE kernels (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    release TEXT NOT NULL,
    size INTEGER NOT NULL,
    digest TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    current INTEGER NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX kernels_current_name ON kernels (name) WHERE current = 1;

  CREATE TABLE images (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    kernel TEXT NOT NULL,
    distribution TEXT NOT NULL,
    architecture TEXT NOT NULL,
    size INTEGER NOT NULL,
    digest TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    current INTEGER NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX images_current_name ON images (name) WHERE current = 1;

  CREATE TABLE vms (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    image TEXT NOT NULL,
    image_id TEXT REFERENCES images (id),
    kernel_id TEXT REFERENCES kernels (id),
    vcpus INTEGER NOT NULL,
    memory_bytes INTEGER NOT NULL,
    disk_bytes INTEGER NOT NULL,
    vmm TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    owner TEXT,
    operation TEXT,
    supervised TEXT,
    started_at INTEGER NOT NULL DEFAULT 0,
    address TEXT NOT NULL DEFAULT '',
    ssh_port INTEGER NOT NULL DEFAULT 0,
    network TEXT NOT NULL DEFAULT '',
    accelerator TEXT NOT NULL DEFAULT '',
    last_error TEXT NOT NULL DEFAULT ''
  ) STRICT;
  `,
  `
  ALTER TABLE vms ADD COLUMN warnings TEXT NOT NULL DEFAULT '[]';
  CREATE TABLE starts (
    vm_id TEXT NOT NULL REFERENCES vms (id) ON DELETE CASCADE,
    began_at INTEGER NOT NULL,
    result TEXT NOT NULL,
    stages TEXT NOT NULL,
    PRIMARY KEY (vm_id, began_at)
  ) STRICT;
  `,
  `
  ALTER TABLE vms ADD COLUMN wanted_network TEXT NOT NULL DEFAULT 'auto';
  ALTER TABLE vms ADD COLUMN nat INTEGER NOT NULL DEFAULT 1;
  ALTER TABLE vms ADD COLUMN reasons TEXT NOT NULL DEFAULT '{}';
  `,
];
