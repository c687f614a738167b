/** What the catalogue says of a code. */
interface ErrorEntry {
  /** 1 failed, 2 bad usage, 3 refused, 4 not found. */
  readonly exit: 1 | 2 | 3 | 4
  readonly meaning: string
  readonly wayOut: string
}

const entry = (exit: ErrorEntry['exit'], meaning: string, wayOut: string): ErrorEntry => ({ exit, meaning, wayOut })

/**
 * Every error that Sealift reports by intention. `docs/errors.md` lists the same codes, and a test
 * compares the two both ways.
 */
export const ERROR_CATALOGUE = {
  // Machine
  DISK_FULL: entry(
    1,
    'There is no space left where Sealift writes.',
    'Free space or choose another folder with --data or --out, then run the same command again: what was verified is not read twice.',
  ),
  DISK_FAULT: entry(1, 'The disk or stick reported a read or write fault.', 'Copy the file again from its source, or use another medium.'),
  FILE_NOT_FOUND: entry(4, 'A file or folder that was named does not exist.', 'Check the path.'),
  FILE_DENIED: entry(1, 'The operating system refused access to a file.', 'Run as a user who may access it, or correct its permissions.'),
  INTERNAL: entry(1, 'Something unforeseen happened; this is a fault in Sealift.', 'Run again with SEALIFT_DEBUG=1 and report what it prints.'),
  USAGE: entry(2, 'The command was called with words that it does not know.', 'See the help of the command: add --help.'),

  // Content
  DIGEST_INVALID: entry(2, 'A text is not a sha256 digest.', 'Give sha256: and 64 hexadecimal digits.'),
  CONTENT_MISSING: entry(1, 'The store lacks content that something refers to.', 'Import the bundle that carries it again.'),
  CONTENT_CORRUPT: entry(
    1,
    'Stored or received bytes are not those that their digest names.',
    'Import the bundle that carries it again; the damaged blob is replaced.',
  ),
  REFERENCE_INVALID: entry(2, 'A text is not an image reference.', 'Write it like docker.io/library/nginx:1.25 or with @sha256:….'),
  MANIFEST_INVALID: entry(
    1,
    'An image manifest, index or config is not what the OCI or Docker format says.',
    'Build or pull the image again with a current tool.',
  ),

  // Engine
  ENGINE_UNREACHABLE: entry(
    1,
    'The container engine does not answer.',
    'Start the engine (systemctl start docker), or name its address with target add --address.',
  ),
  ENGINE_FAILED: entry(1, 'The container engine refused or failed a request.', 'Read its own words in the message; the journal of the engine says more.'),
} as const satisfies Record<string, ErrorEntry>

/** The code of an error, a key of {@link ERROR_CATALOGUE}. */
export type ErrorCode = keyof typeof ERROR_CATALOGUE
