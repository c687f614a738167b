import type { Duplex, Readable } from 'node:stream'
import { isSealiftError } from '@sealift/oci/sealift-error.ts'
import type { ContainerFacts } from '@sealift/template/importers/running/container-facts.ts'
import { type EngineAddress, parseEngineAddress } from './engine-address.ts'
import { EngineConnection } from './engine-connection.ts'
import { readEngineMessages } from './engine-messages.ts'
import type {
  ContainerDetails,
  ContainerSpec,
  ContainerSummary,
  EngineInfo,
  EngineVersion,
  ExecDetails,
  ImageDetails,
  ImageSummary,
  NetworkSummary,
  VolumeDetails,
} from './engine-types.ts'

/** Filters as the Engine API takes them: for each name the values of which one must match (`label`: all). */
type Filters = Readonly<Record<string, readonly string[]>>

/**
 * The Docker Engine API (20.10 and later, and Podman's compatible one), as far as Sealift needs it.
 * Each method is one request; things that are not there are `undefined` where they are asked for,
 * and removing or stopping what is gone or stopped already is no error.
 *
 * @throws SealiftError from every method: `ENGINE_UNREACHABLE`, `ENGINE_TOO_OLD`, `ENGINE_FAILED`
 * with the engine's own words and `details.status`
 */
export class EngineClient implements Disposable {
  readonly address: EngineAddress
  readonly #connection: EngineConnection

  /**
   * @param address in the syntax of `DOCKER_HOST`
   * @throws SealiftError `ENGINE_ADDRESS_INVALID`
   */
  constructor(address: string) {
    this.address = parseEngineAddress(address)
    this.#connection = new EngineConnection(this.address)
  }

  version(): Promise<EngineVersion> {
    return this.#connection.version()
  }

  info(): Promise<EngineInfo> {
    return this.#connection.json('GET', '/info')
  }

  // Images

  /** A `docker save` archive of the images that the references (names or IDs) name. */
  async saveImages(references: readonly string[]): Promise<Readable> {
    return this.#connection.send('GET', '/images/get', { query: { names: references } })
  }

  /** Loads a `docker save` archive. A failure that the engine reports inside its answer is thrown too; a failure of the stream as it is. */
  async loadImages(archive: Readable, signal?: AbortSignal): Promise<void> {
    const response = await this.#connection.send('POST', '/images/load', {
      query: { quiet: 1 },
      body: archive,
      contentType: 'application/x-tar',
      ...(signal === undefined ? {} : { signal }),
    })
    await readEngineMessages(response, 'loading images')
  }

  inspectImage(reference: string): Promise<ImageDetails | undefined> {
    return this.#optional(`/images/${encodeName(reference)}/json`)
  }

  listImages(filters: Filters = {}): Promise<readonly ImageSummary[]> {
    return this.#connection.json('GET', '/images/json', { query: { filters: JSON.stringify(filters) } })
  }

  /** Gives an image a further name. */
  async tagImage(reference: string, repository: string, tag: string): Promise<void> {
    await this.#connection.do('POST', `/images/${encodeName(reference)}/tag`, { query: { repo: repository, tag } })
  }

  /** Removes a name, and the image with its last one. */
  async removeImage(reference: string): Promise<void> {
    await this.#connection.do('DELETE', `/images/${encodeName(reference)}`, { accept: [404] })
  }

  // Containers

  listContainers(filters: Filters): Promise<readonly ContainerSummary[]> {
    return this.#connection.json('GET', '/containers/json', { query: { all: true, filters: JSON.stringify(filters) } })
  }

  inspectContainer(container: string): Promise<ContainerDetails | undefined> {
    return this.#optional(`/containers/${encodeURIComponent(container)}/json`)
  }

  /** All that the engine says about a container. */
  describeContainer(container: string): Promise<ContainerFacts | undefined> {
    return this.#optional(`/containers/${encodeURIComponent(container)}/json`)
  }

  /** Paths of a container's own layer that differ from its image. `Kind`: 0 changed, 1 added, 2 removed. */
  async containerChanges(container: string): Promise<readonly { readonly Path: string; readonly Kind: number }[]> {
    const changes = await this.#connection.json<readonly { Path: string; Kind: number }[] | null>('GET', `/containers/${encodeURIComponent(container)}/changes`)
    return changes ?? []
  }

  /** A tar of a file or folder of a container's file system, mounts included; undefined where there is none. */
  async getArchive(container: string, path: string): Promise<Readable | undefined> {
    try {
      return await this.#connection.send('GET', `/containers/${encodeURIComponent(container)}/archive`, { query: { path } })
    } catch (thrown) {
      if (isEngineStatus(thrown, 404)) return undefined
      throw thrown
    }
  }

  /** Creates a container and returns its ID; it is not started. */
  async createContainer(name: string, spec: ContainerSpec): Promise<string> {
    const { Id } = await this.#connection.json<{ Id: string }>('POST', '/containers/create', { query: { name }, json: spec })
    return Id
  }

  async startContainer(container: string): Promise<void> {
    await this.#connection.do('POST', `/containers/${encodeURIComponent(container)}/start`)
  }

  /** @param grace seconds until it is killed */
  async stopContainer(container: string, grace?: number): Promise<void> {
    await this.#connection.do('POST', `/containers/${encodeURIComponent(container)}/stop`, { query: { t: grace }, accept: [404] })
  }

  /** Stops a container and starts it again, keeping what it is. */
  async restartContainer(container: string): Promise<void> {
    await this.#connection.do('POST', `/containers/${encodeURIComponent(container)}/restart`)
  }

  async killContainer(container: string): Promise<void> {
    await this.#connection.do('POST', `/containers/${encodeURIComponent(container)}/kill`, { accept: [404, 409] })
  }

  /** Gives a container other limits while it runs. */
  async updateContainer(container: string, limits: { readonly NanoCpus?: number; readonly Memory?: number; readonly MemorySwap?: number }): Promise<void> {
    await this.#connection.do('POST', `/containers/${encodeURIComponent(container)}/update`, { json: limits })
  }

  async unpauseContainer(container: string): Promise<void> {
    await this.#connection.do('POST', `/containers/${encodeURIComponent(container)}/unpause`)
  }

  async renameContainer(container: string, name: string): Promise<void> {
    await this.#connection.do('POST', `/containers/${encodeURIComponent(container)}/rename`, { query: { name } })
  }

  /** Kills and removes a container with its nameless volumes; returns when it is gone. */
  async removeContainer(container: string): Promise<void> {
    const path = `/containers/${encodeURIComponent(container)}`
    for (let attempt = 0; attempt < 100; attempt++) {
      const status = await this.#connection.do('DELETE', path, { query: { force: true, v: true }, accept: [404, 409] })
      // 409: another request is removing it already.
      if (status !== 409) return
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    await this.#connection.do('DELETE', path, { query: { force: true, v: true }, accept: [404] })
  }

  /** Resolves with the exit code once the container runs no more. */
  async waitContainer(container: string, signal?: AbortSignal): Promise<number> {
    const { StatusCode } = await this.#connection.json<{ StatusCode: number }>('POST', `/containers/${encodeURIComponent(container)}/wait`, {
      query: { condition: 'not-running' },
      ...(signal === undefined ? {} : { signal }),
    })
    return StatusCode
  }

  /** What a container wrote, joined: see `demultiplex`. `since` in ISO 8601, to the billionth of a second. */
  async logs(
    container: string,
    options: { readonly follow: boolean; readonly timestamps: boolean; readonly tail?: number; readonly since?: string; readonly signal?: AbortSignal },
  ): Promise<Readable> {
    const { follow, timestamps, tail, since, signal } = options
    return this.#connection.send('GET', `/containers/${encodeURIComponent(container)}/logs`, {
      query: {
        stdout: true,
        stderr: true,
        follow,
        timestamps,
        tail: tail ?? 'all',
        since: since === undefined ? undefined : unixTime(since),
      },
      ...(signal === undefined ? {} : { signal }),
    })
  }

  /** Unpacks a tar into a container's file system, whether it runs or not. */
  async putArchive(container: string, path: string, archive: Readable): Promise<void> {
    await this.#connection.do('PUT', `/containers/${encodeURIComponent(container)}/archive`, {
      query: { path },
      body: archive,
      contentType: 'application/x-tar',
    })
  }

  /** Whether a path is in a container's file system. */
  async pathExists(container: string, path: string): Promise<boolean> {
    const status = await this.#connection.do('HEAD', `/containers/${encodeURIComponent(container)}/archive`, { query: { path }, accept: [404] })
    return status !== 404
  }

  // Events

  /** What happens on the engine from now on, one JSON document after the other. */
  async events(filters: Filters, signal: AbortSignal): Promise<Readable> {
    return this.#connection.send('GET', '/events', { query: { filters: JSON.stringify(filters) }, signal })
  }

  // Exec

  /**
   * Starts a command in a running container.
   * @returns its ID and the connection that carries its input and output: joined as `demultiplex` takes apart, plain with `tty`
   */
  async startExec(
    container: string,
    options: { readonly command: readonly string[]; readonly tty: boolean; readonly stdin: boolean },
  ): Promise<{ readonly id: string; readonly connection: Duplex }> {
    const { command, tty, stdin } = options
    const { Id: id } = await this.#connection.json<{ Id: string }>('POST', `/containers/${encodeURIComponent(container)}/exec`, {
      json: { AttachStdin: stdin, AttachStdout: true, AttachStderr: true, Tty: tty, Cmd: command },
    })
    return { id, connection: await this.#connection.hijack(`/exec/${id}/start`, { Detach: false, Tty: tty }) }
  }

  /** Gives the terminal of a command another size. One that has ended or not yet begun has none. */
  async resizeExec(id: string, { columns, rows }: { readonly columns: number; readonly rows: number }): Promise<void> {
    await this.#connection.do('POST', `/exec/${id}/resize`, { query: { w: columns, h: rows }, accept: [400, 404, 409, 500] })
  }

  /** How a command is; undefined where the engine has forgotten it. */
  inspectExec(id: string): Promise<ExecDetails | undefined> {
    return this.#optional(`/exec/${id}/json`)
  }

  /** The exit code of a command whose output has ended. */
  async execExitCode(id: string, signal?: AbortSignal): Promise<number> {
    // The output can end a moment before the engine has noted the end of the process.
    for (let attempt = 0; ; attempt++) {
      const { Running, ExitCode } = await this.#connection.json<ExecDetails>('GET', `/exec/${id}/json`, signal === undefined ? {} : { signal })
      if (!Running && ExitCode !== null) return ExitCode
      await new Promise((resolve) => setTimeout(resolve, Math.min(20 * (attempt + 1), 1000)))
    }
  }

  // Networks and volumes

  async findNetwork(name: string): Promise<NetworkSummary | undefined> {
    const found = await this.#connection.json<readonly NetworkSummary[]>('GET', '/networks', { query: { filters: JSON.stringify({ name: [name] }) } })
    // The engine's filter also finds names that merely contain this one.
    return found.find((network) => network.Name === name)
  }

  async createNetwork(name: string, labels: Readonly<Record<string, string>>): Promise<void> {
    await this.#connection.do('POST', '/networks/create', { json: { Name: name, Driver: 'bridge', CheckDuplicate: true, Labels: labels } })
  }

  async removeNetwork(network: string): Promise<void> {
    await this.#connection.do('DELETE', `/networks/${encodeURIComponent(network)}`, { accept: [404] })
  }

  async listVolumes(filters: Filters): Promise<readonly VolumeDetails[]> {
    const { Volumes } = await this.#connection.json<{ Volumes: readonly VolumeDetails[] | null }>('GET', '/volumes', {
      query: { filters: JSON.stringify(filters) },
    })
    return Volumes ?? []
  }

  inspectVolume(name: string): Promise<VolumeDetails | undefined> {
    return this.#optional(`/volumes/${encodeURIComponent(name)}`)
  }

  async createVolume(name: string, labels: Readonly<Record<string, string>>): Promise<void> {
    await this.#connection.do('POST', '/volumes/create', { json: { Name: name, Driver: 'local', Labels: labels } })
  }

  async removeVolume(name: string): Promise<void> {
    await this.#connection.do('DELETE', `/volumes/${encodeURIComponent(name)}`, { accept: [404] })
  }

  /** Ends all requests under way. */
  [Symbol.dispose](): void {
    this.#connection[Symbol.dispose]()
  }

  async #optional<T>(path: string): Promise<T | undefined> {
    try {
      return await this.#connection.json<T>('GET', path)
    } catch (thrown) {
      if (isEngineStatus(thrown, 404)) return undefined
      throw thrown
    }
  }
}

/** Whether an error is the engine's answer with this HTTP status. */
export function isEngineStatus(thrown: unknown, status: number): boolean {
  return isSealiftError(thrown, 'ENGINE_FAILED') && thrown.details.status === status
}

/** An image's name in a path keeps its slashes, as every engine expects them. */
function encodeName(reference: string): string {
  return reference.split('/').map(encodeURIComponent).join('/')
}

/** A time of ISO 8601 as engines take it: seconds since the epoch, with all digits of their fraction. */
function unixTime(iso: string): string {
  const fraction = /\.(\d{1,9})/.exec(iso)?.[1] ?? '0'
  return `${Math.floor(Date.parse(iso) / 1000)}.${fraction.padEnd(9, '0')}`
}
