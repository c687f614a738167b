/** What the catalogue says of a code. */
interface ErrorEntry {
  /** 1 failed, 2 bad usage, 3 refused, 4 not found. */
  readonly exit: 1 | 2 | 3 | 4
  readonly meaning: string
  readonly wayOut: string
}

const entry = (exit: ErrorEntry['exit'], meaning: string, wayOut: string): ErrorEntry => ({ exit, meaning, wayOut })

const MACHINE = {
  DISK_FULL: entry(
    1,
    'There is no space left where Sealift writes.',
    'Free space or choose another folder with --data or --out, then run the same command again: what was verified is not read twice.',
  ),
  DISK_FAULT: entry(1, 'The disk or stick reported a read or write fault.', 'Copy the file again from its source, or use another medium.'),
  FILE_NOT_FOUND: entry(4, 'A file or folder that was named does not exist.', 'Check the path.'),
  FILE_DENIED: entry(1, 'The operating system refused access to a file.', 'Run as a user who may access it, or correct its permissions.'),
  FILE_WRONG_KIND: entry(
    2,
    'A path leads to something of another kind than is expected: a folder instead of a file, or a file instead of a folder.',
    'Correct the path.',
  ),
  FILE_EXISTS: entry(3, 'The file to write is there already.', 'Choose another name, or pass --overwrite.'),
  DATA_IN_USE: entry(3, 'Another Sealift process works on the data folder.', 'Stop it, wait for it to end, or use another folder with --data.'),
  DATA_NOT_EMPTY: entry(3, 'A backup is to be restored to a folder that holds something.', 'Name a folder that is empty or does not exist with --data.'),
  DATA_UNFINISHED: entry(
    3,
    'A backup was being restored to the data folder, and that was cut off.',
    'Run the same sealift restore again: it goes on with what is there. Or remove the folder.',
  ),
  BACKUP_INVALID: entry(2, 'A file or folder is no backup of Sealift.', 'Check the path: a backup is written by sealift backup.'),
  BACKUP_DAMAGED: entry(1, 'A backup is not as it was written.', 'Copy it again from its source, or restore another backup.'),
  BACKUP_PASSPHRASE_WRONG: entry(
    3,
    'A backup does not open with the passphrase.',
    'Give the passphrase with which it was made; nobody can restore it without.',
  ),
  DATABASE_DAMAGED: entry(
    1,
    'The database of the data folder is damaged, or is no database.',
    'Restore the data folder together with its key file from a backup.',
  ),
  DATABASE_NEWER: entry(1, 'The data folder was written by another version of Sealift.', 'Use the version of Sealift that wrote it, or a newer one.'),
  SECRET_KEY_MISSING: entry(
    1,
    'The key file that opens the secrets of a data folder is missing or wrong.',
    'Put the key file back from its backup (it lies beside the data folder, FOLDER.key), or name it with SEALIFT_KEY_FILE.',
  ),
  SECRET_UNREADABLE: entry(1, 'A stored secret does not open with the key file.', 'Use the key file that belongs to this data folder.'),
  SERVER_UNREACHABLE: entry(1, 'No Sealift server answers at the address.', 'Start it with sealift up, or correct --server.'),
  SERVER_STOPPING: entry(3, 'The server is about to end and begins nothing new.', 'Run the command again; where no server runs, it runs by itself.'),
  ADDRESS_INVALID: entry(2, 'A text is not an address to listen on.', 'Write it like 127.0.0.1:7070.'),
  ADDRESS_IN_USE: entry(1, 'The address to listen on is taken or not on this machine.', 'Choose another one with --listen.'),
  SYSTEMD_MISSING: entry(
    3,
    'No systemd runs on this machine, or it does not answer.',
    'Run sealift up by whatever starts services here; sealift service install --print shows the unit.',
  ),
  SERVICE_FAILED: entry(
    1,
    'The service manager, systemd, refused or failed a request about the service.',
    'Read its words in the message; run as root, or with --user for a service of your own.',
  ),
  USAGE: entry(2, 'The command was called with words that it does not know.', 'See the help of the command: add --help.'),
  INTERNAL: entry(1, 'Something unforeseen happened; this is a fault in Sealift.', 'Run again with SEALIFT_DEBUG=1 and report what it prints.'),
} as const satisfies Record<string, ErrorEntry>

const TEMPLATES = {
  TEMPLATE_INVALID: entry(
    2,
    'A template is not what the format says, or contradicts itself.',
    'Correct the lines that the message names; docs/template.md explains each field.',
  ),
  TEMPLATE_UNSUPPORTED: entry(
    3,
    'A template asks for something that this version can not carry.',
    'Take it out of the template, or use a later version of Sealift.',
  ),
  COMPOSE_INVALID: entry(
    2,
    'A Compose file, or a file that it names, is not what the Compose specification says.',
    'Correct the line that the message names; docs/publishing.md lists what is read.',
  ),
  IMPORT_REFUSED: entry(
    3,
    'Something that was to be published needs what no release can carry.',
    'Change it as the message says, or go on without it: --leave-out COMPONENT/SETTING.',
  ),
  SECRET_LITERAL: entry(
    3,
    'A template holds a literal that looks like a secret; it would travel to every site, the same for all.',
    'Let each site generate or enter it (generate, or a parameter of type secret), or name it with --allow-secret.',
  ),
  EXPRESSION_INVALID: entry(2, 'A text holds ${…} that names nothing.', 'Correct the name, or write $${ where the characters themselves are meant.'),
  VERSION_INVALID: entry(
    2,
    'A text is not a version, or not a range of versions.',
    'Write versions like 3.0.0 or 2024.1-rc1, ranges like ">=2.0.0" or "^2.4 || ^3".',
  ),
  QUANTITY_INVALID: entry(2, 'A text is no amount of memory, storage or processor cores.', 'Write bytes like 512Mi and cores like 2 or 500m.'),
  PORT_INVALID: entry(2, 'A text is no number of a port.', 'Give a number from 1 to 65535.'),
  RELEASE_INVALID: entry(1, 'A release document is not what the format says.', 'Ask the vendor for a new export; nothing of the document was used.'),
} as const satisfies Record<string, ErrorEntry>

const LIBRARY = {
  RELEASE_NOT_FOUND: entry(4, 'The library has no such application or version.', 'See sealift releases.'),
  RELEASE_IN_USE: entry(
    3,
    'A release that is to be removed is still needed, by an installation or as the base of another release.',
    'Upgrade or uninstall what the message names, or remove the release that builds on it first.',
  ),
  RELEASE_UNSIGNED: entry(3, 'A release has no signature of its publisher, and nobody would accept it.', 'Publish it again.'),
  RELEASE_OLDER: entry(
    3,
    'A release is older than what is here: a vendor never takes a sequence number twice.',
    'Ask for the current release. If going back is what you want, pass --allow-older.',
  ),
  APPLICATION_BOUND: entry(
    3,
    'An application comes under another key than the vendor that first delivered it.',
    'Ask the vendor by another way than the bundle. If its key really changed, pass --rebind APP=FINGERPRINT.',
  ),
} as const satisfies Record<string, ErrorEntry>

const KEYS = {
  KEY_UNTRUSTED: entry(
    3,
    'The key that signed is not trusted here.',
    'Compare the fingerprint with what the vendor gave you by another way, then pass --trust FINGERPRINT.',
  ),
  KEY_REVOKED: entry(
    3,
    'The key was revoked, here or by its vendor, and is not trusted again.',
    'Ask the vendor for a bundle that is signed by its new key, and for that key’s fingerprint.',
  ),
  TRUST_ROOT_INVALID: entry(
    3,
    'A trust root is not what the format says, or is not signed as it must be.',
    'Nothing was taken from it. Ask the vendor whether it sent this, and for a new export.',
  ),
  TRUST_ROOT_FORKED: entry(
    3,
    'There are two different trust roots of one vendor: one of them is not by the vendor, or it works with an old copy of its keys.',
    'Do not import. Read both fingerprints to the vendor by phone; docs/trust.md says what to do then.',
  ),
  TRUST_ROOT_EXPIRED: entry(
    3,
    'The trust root of a vendor has expired: it wanted to have given out a newer one by now.',
    'Ask the vendor for a current bundle. If the clock here is right and there is none, pass --allow-expired-root.',
  ),
  KEY_NOT_FOUND: entry(4, 'No key of that fingerprint is known here.', 'See sealift keys list.'),
  KEY_FINGERPRINT_INVALID: entry(2, 'A text is not the whole fingerprint of a key.', 'Give all 64 hexadecimal digits; separators are allowed.'),
  KEY_INVALID: entry(1, 'A file does not hold a usable Ed25519 private key.', 'Make one with sealift keys generate, or restore it from its backup.'),
  SIGNATURE_INVALID: entry(3, 'A signature does not fit what it is said to be over.', 'Ask the vendor whether the release was changed, and for a new export.'),
} as const satisfies Record<string, ErrorEntry>

const BUNDLES = {
  BUNDLE_NOT_A_BUNDLE: entry(2, 'The file is not a Sealift bundle.', 'Check the path: a bundle is written by sealift export and usually ends in .sealift.'),
  BUNDLE_UNSUPPORTED: entry(
    1,
    'The bundle needs a newer Sealift, or is a part of one that this version cannot read.',
    'Update Sealift at this site, then import again.',
  ),
  BUNDLE_INVALID: entry(
    1,
    'The index of a bundle breaks the rules of the format.',
    'The program that wrote it is at fault: export it again with a current Sealift.',
  ),
  BUNDLE_UNSIGNED: entry(
    3,
    'The bundle carries no signature.',
    'Ask the vendor for a signed one, or accept that anyone may have written it with --allow-unsigned.',
  ),
  BUNDLE_SIGNATURE_INVALID: entry(
    3,
    'The signature of a bundle does not fit its index.',
    'Copy the bundle again from its source; if that does not help, ask the vendor whether it was changed.',
  ),
  BUNDLE_DAMAGED: entry(
    1,
    'Bytes of a bundle are not those that its signed index names.',
    'Copy the bundle again from its source, or use another medium; what was already imported is kept.',
  ),
  BUNDLE_TRUNCATED: entry(
    1,
    'The file of a bundle ends too early.',
    'Copy the bundle again from its source; the medium may have been full or removed too early.',
  ),
  BUNDLE_INCOMPLETE: entry(1, 'A bundle lacks content that its releases need.', 'Ask the vendor to export it again.'),
  BUNDLE_BASE_MISSING: entry(
    3,
    'The bundle is an increment, and this site lacks what it builds on.',
    'Import the releases named first, or ask the vendor for a whole bundle.',
  ),
  BUNDLE_TOO_LARGE: entry(1, 'The file system cannot hold a file as large as the bundle.', 'Write to a disk with ext4, XFS, exFAT or NTFS.'),
} as const satisfies Record<string, ErrorEntry>

const CONTENT = {
  DIGEST_INVALID: entry(2, 'A text is not a sha256 digest.', 'Give sha256: and 64 hexadecimal digits.'),
  REFERENCE_INVALID: entry(2, 'A text is not an image reference.', 'Write it like docker.io/library/nginx:1.25 or with @sha256:….'),
  CONTENT_MISSING: entry(1, 'The store lacks content that something refers to.', 'Import the bundle that carries it again.'),
  CONTENT_CORRUPT: entry(
    1,
    'Stored or received bytes are not those that their digest names.',
    'Import the bundle that carries it, or publish the release, once more: what is damaged in the store is replaced.',
  ),
  MANIFEST_INVALID: entry(
    1,
    'An image manifest, index or config is not what the OCI or Docker format says.',
    'Build or pull the image again with a current tool.',
  ),
  IMAGE_NOT_FOUND: entry(4, 'An image is not where it should be taken from.', 'Build or pull it, or correct its name.'),
  IMAGE_ARCHIVE_INVALID: entry(
    1,
    'An image archive (as docker save writes it) is cut off, or lacks what it names.',
    'Save the image again, then repeat the command.',
  ),
  IMAGE_PLATFORM_MISSING: entry(4, 'The image is not there for the platform that is wanted.', 'Choose one of the platforms that the message lists.'),
  IMAGE_UNSUPPORTED: entry(
    3,
    'The image has content that is no layer Sealift can deliver: foreign, encrypted or of an unknown kind.',
    'Build or choose an image with ordinary tar, gzip or zstd layers.',
  ),
  REGISTRY_UNREACHABLE: entry(1, 'A registry does not answer.', 'Check its address and the network; for a registry without TLS allow it as insecure.'),
  REGISTRY_DENIED: entry(1, 'A registry refused access.', 'Log in with docker login, or give credentials, then try again.'),
  REGISTRY_FAILED: entry(
    1,
    'A registry answered with an error, or with something that its protocol does not allow.',
    'Try again; the log of the registry says more.',
  ),
  REPOSITORY_NOT_FOUND: entry(4, 'The registry has no such repository or tag that was pushed.', 'See sealift registry status.'),
  TLS_INVALID: entry(2, 'The registry can not speak TLS as it was told to.', 'Give host names or addresses with --name, or a certificate and its key in PEM.'),
  TOKEN_NOT_FOUND: entry(4, 'There is no token of that name.', 'See sealift token list.'),
  TOKEN_INVALID: entry(
    2,
    'A token for the registry would allow nothing, or its patterns of repositories are malformed.',
    "Name what it may do, like --pull '*' or --push 'team/*'; * stands for any characters.",
  ),
} as const satisfies Record<string, ErrorEntry>

const ENGINE = {
  ENGINE_UNREACHABLE: entry(
    1,
    'The container engine does not answer.',
    'Start the engine (systemctl start docker), or name its address with target add --address.',
  ),
  ENGINE_FAILED: entry(1, 'The container engine refused or failed a request.', 'Read its own words in the message; the journal of the engine says more.'),
  ENGINE_ADDRESS_INVALID: entry(2, 'A text is not the address of a container engine.', 'Write it like unix:///var/run/docker.sock or tcp://127.0.0.1:2375.'),
  ENGINE_TOO_OLD: entry(3, 'The container engine is older than what Sealift works with.', 'Upgrade it to Docker Engine 20.10, Podman 4, or later.'),
  ENGINE_UNSUPPORTED: entry(
    3,
    'The container engine runs on a kind of machine that Sealift has no support for.',
    'Use an engine on linux/amd64 or linux/arm64.',
  ),
  PORT_IN_USE: entry(3, 'A port of the host that an application publishes is already in use.', 'Stop what holds the port, or choose another host port.'),
  CONTAINER_NOT_FOUND: entry(4, 'The engine has no container of that name, or none of that project.', 'See docker ps --all.'),
  REPLICA_NOT_FOUND: entry(4, 'A component has no replica of that number, or it does not run.', 'See with status what runs; start it with start.'),
  VOLUME_TAKEN: entry(
    3,
    'A volume that is to be made exists already and belongs to another installation.',
    'Choose another name for the installation, or remove the volume.',
  ),
} as const satisfies Record<string, ErrorEntry>

const SITE = {
  TARGET_NOT_FOUND: entry(4, 'There is no target of that name.', 'See sealift target list.'),
  DRIVER_UNKNOWN: entry(
    3,
    'A target needs a driver that this version of Sealift does not have.',
    'Use the version of Sealift that added the target, or a newer one.',
  ),
  TARGET_IN_USE: entry(3, 'Something still lives on the target or in the environment.', 'Remove what it carries first.'),
  ENVIRONMENT_NOT_FOUND: entry(4, 'There is no environment of that name.', 'See sealift env list.'),
  NAME_TAKEN: entry(3, 'Something of that name is there already.', 'Choose another name.'),
  INSTALLATION_NOT_FOUND: entry(4, 'There is no installation of that name.', 'See sealift status.'),
  INSTALLATION_FOREIGN: entry(
    3,
    'The engine holds containers or volumes of an installation of that name which another data folder made.',
    'Choose another name with --name, or work with the data folder that it was installed from.',
  ),
  INSTALLATION_EXISTS: entry(3, 'An installation of that name is there already.', 'Upgrade it, or choose another name with --name.'),
  INSTALLATION_NAME_INVALID: entry(2, 'A text cannot name an installation.', 'Use lower-case letters, digits and dashes, a letter first.'),
  COMPONENT_NOT_FOUND: entry(4, 'An installation has no component of that name.', 'See sealift status NAME.'),
  REVISION_NOT_FOUND: entry(4, 'An installation has no such revision to go back to.', 'See sealift history NAME.'),
  JOB_NOT_FOUND: entry(4, 'There is no job of that number.', 'See sealift jobs list.'),
  JOB_CONFLICT: entry(3, 'Another job works on the same thing.', 'Wait until it has ended, or cancel it with sealift jobs cancel.'),
  JOB_INTERRUPTED: entry(1, 'The server went away while a job was at work.', 'Start the server again, or run any command; then sealift jobs resume.'),
  JOB_NOT_INTERRUPTED: entry(3, 'Only an interrupted job can be resumed.', 'Start the work again.'),
  JOB_CANCELLED: entry(1, 'A job was cancelled.', 'Start it again; what was verified or done already is not done twice.'),
  RUN_OPEN: entry(3, 'A change of the installation was interrupted half way.', 'Go on with it first: sealift jobs resume JOB.'),
  RUN_NOT_FOUND: entry(4, 'The journal has no such run.', 'List what there is with sealift jobs list.'),
} as const satisfies Record<string, ErrorEntry>

const CHANGES = {
  VALUE_UNRESOLVED: entry(1, 'A value of an installation names something that is not there.', 'Correct the value with sealift configure.'),
  PORTS_EXHAUSTED: entry(1, 'No host port is left to allocate.', 'Uninstall what is not needed, or set fixed host ports.'),
  SECRET_NOT_GENERATED: entry(3, 'A secret was set by the site, and is not generated anew.', 'Set another value with sealift configure.'),
  SECRET_HELD: entry(
    3,
    'A secret is known to the data of a component; with another value nothing would get in.',
    'Pass --held where you can change it in that data by hand.',
  ),
  SECRET_MISSING: entry(1, 'The vault lacks a secret that an installation uses.', 'Restore the data folder together with its key file from a backup.'),
  NAME_UNKNOWN: entry(2, 'A parameter, module, component or item that was named does not exist.', 'Correct the name; the error lists what there is.'),
  CHOICES_INVALID: entry(2, 'The values that were given for an installation are malformed.', 'Compare the values file with docs/template.md.'),
  PARAMETER_MISSING: entry(2, 'A required parameter has no value.', 'Give each with --set NAME=VALUE or in the values file.'),
  PARAMETER_INVALID: entry(2, 'The value of a parameter is not one that the vendor allows.', 'Give a value as the error describes it.'),
  VALUE_LOCKED: entry(3, 'The vendor locked a value that was to be changed.', 'Ask the vendor; a release can unlock it.'),
  MODULE_NEEDED: entry(3, 'A module cannot be off while something that is on needs it.', 'Switch off what needs it as well, or leave it on.'),
  OUT_OF_BOUNDS: entry(2, 'A number of replicas or an amount of memory is outside what the vendor allows.', 'Choose a value within the bounds in the error.'),
  MAP_REFUSED: entry(3, 'A component or volume can not go on under another name.', 'Read the reason; without --map both are treated as two things.'),
  MERGE_CONFLICT: entry(
    3,
    "A file that the site changed can not be merged with the vendor's new default.",
    "Take the vendor's whole, keep yours, or give a merged one: the error names the options.",
  ),
  APPLICATION_MISMATCH: entry(3, 'A release belongs to another application than the installation.', 'Choose a release of the same application.'),
  UPGRADE_REFUSED: entry(3, 'The release cannot follow the installed one.', 'Upgrade to a release in between first.'),
  PLATFORM_MISSING: entry(3, 'A release carries no image for the platform of the target.', 'Ask the vendor for a bundle with this platform.'),
  PLAN_CHANGED: entry(3, 'What would happen is no longer what was shown.', 'Look at the new plan and start again.'),
  PREFLIGHT_FAILED: entry(3, 'The target is not fit for the change; nothing was changed.', 'Do what each finding says, then start again.'),
  COMPONENT_UNHEALTHY: entry(1, 'A component did not become healthy in time.', 'What it printed last stands in the message. Mend the cause, then try again.'),
  COMPONENT_CRASHED: entry(1, 'A component ended although it should run.', 'What it printed last stands in the message. Mend the cause, then try again.'),
  JOB_FAILED: entry(1, 'A job of the application ended with an error.', 'What it printed last stands in the message. Mend the cause, then try again.'),
  INIT_FAILED: entry(
    1,
    'A container that prepares a component ended with an error or took too long; the component was not started.',
    'What it printed last stands in the message. Mend the cause, then try again.',
  ),
  CHECK_FAILED: entry(1, 'An acceptance check of the application failed.', 'Read its output in the job.'),
  HOOK_FAILED: entry(1, 'A hook of the application failed.', 'What it printed last stands in the message. Mend the cause, then try again.'),
  HOOK_CUT_OFF: entry(
    3,
    'A hook that cannot safely run twice was cut off, and nobody knows how far it came.',
    'Look at the data, then decide: sealift jobs resume JOB --rerun-hook or --skip-hook, or go back with sealift jobs cancel JOB.',
  ),
  SNAPSHOT_FAILED: entry(
    1,
    'A volume could not be copied into a snapshot, or back out of one.',
    'The message says why: free space at the target, then try again.',
  ),
  SNAPSHOT_DAMAGED: entry(
    1,
    'A snapshot is no longer what was recorded when it was taken.',
    'Choose another one: sealift snapshot list NAME. Someone or a fault of the disk changed this one.',
  ),
  SNAPSHOT_NOT_FOUND: entry(4, 'There is no snapshot that the wanted data could come from.', 'See sealift snapshot list NAME.'),
  SNAPSHOT_NEEDED: entry(3, 'A snapshot cannot be removed while a change may still need it.', 'Bring that change to its end first: sealift jobs list.'),
  REPORT_NOT_FOUND: entry(4, 'There is no report of checks for that revision.', 'See sealift history NAME; checks run after an installation and an upgrade.'),
  REPORT_INVALID: entry(1, 'A file is no report of checks as Sealift writes it.', 'Export it again with sealift report NAME --out FILE.'),
  CHANGE_CANCELLED: entry(1, 'A change was cancelled.', 'Start it again when ready.'),
  CHANGE_FAILED: entry(1, 'A change of an installation failed.', 'The error says what failed and in which state the installation is now.'),
} as const satisfies Record<string, ErrorEntry>

/** Codes by what they are about, in the order of `docs/errors.md`. A code stands in one group. */
export const ERROR_GROUPS: readonly { readonly title: string; readonly entries: Readonly<Record<string, ErrorEntry>> }[] = [
  { title: 'Machine and data folder', entries: MACHINE },
  { title: 'Templates and releases', entries: TEMPLATES },
  { title: 'Library', entries: LIBRARY },
  { title: 'Keys and signatures', entries: KEYS },
  { title: 'Bundles', entries: BUNDLES },
  { title: 'Content, images and registries', entries: CONTENT },
  { title: 'Engines', entries: ENGINE },
  { title: 'Targets, installations and jobs', entries: SITE },
  { title: 'Planning and running changes', entries: CHANGES },
]

/**
 * Every error that Sealift reports by intention. `docs/errors.md` lists the same codes, and a test
 * compares the two both ways.
 */
export const ERROR_CATALOGUE = {
  ...MACHINE,
  ...TEMPLATES,
  ...LIBRARY,
  ...KEYS,
  ...BUNDLES,
  ...CONTENT,
  ...ENGINE,
  ...SITE,
  ...CHANGES,
} as const satisfies Record<string, ErrorEntry>

/** The code of an error, a key of {@link ERROR_CATALOGUE}. */
export type ErrorCode = keyof typeof ERROR_CATALOGUE
