import type { IncomingMessage, ServerResponse } from 'node:http'

/** What can be done with a repository. */
export type RegistryAction = 'pull' | 'push' | 'delete'

/** Who makes a request. */
export interface Caller {
  /** The name of its token; undefined for someone who did not say who it is. */
  readonly name?: string
  may(action: RegistryAction, repository: string): boolean
}

/** Decides who may do what in a registry. */
export interface RegistryAccess {
  /**
   * Who makes a request.
   * @throws RegistryError `UNAUTHORIZED` for a login that is wrong, `TOOMANYREQUESTS` for one that was wrong too often
   */
  callerOf(request: IncomingMessage): Caller
  /** The `WWW-Authenticate` header that asks for a login, if wanted for an action on a repository. */
  challenge(request: IncomingMessage, scope?: { readonly action: RegistryAction; readonly repository: string }): string
  /** Whether a client that asks what the registry speaks is to be sent to log in. */
  invitesLogin(caller: Caller): boolean
  /** Answers `GET /v2/token`, where clients turn their login into a bearer token. */
  sendToken(request: IncomingMessage, response: ServerResponse): void
}
