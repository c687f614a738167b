import { type Static, Type } from 'typebox'
import { AbsolutePath, Input } from '../input.ts'
import { defineRoute } from '../route.ts'

export const RegistryTokenSummary = Type.Object({
  name: Type.String({ description: 'What clients give as user name.' }),
  pull: Type.Array(Type.String(), { description: 'Patterns of repositories that it may read.' }),
  push: Type.Array(Type.String(), { description: 'Patterns of repositories that it may push to, and read.' }),
  delete: Type.Boolean({ description: 'Whether it may delete where it may push.' }),
  createdAt: Type.String(),
  expiresAt: Type.Optional(Type.String()),
})
export type RegistryTokenSummary = Static<typeof RegistryTokenSummary>

export const CreatedToken = Type.Object({
  ...RegistryTokenSummary.properties,
  secret: Type.String({ description: 'What clients give as password. It is shown this once.' }),
})
export type CreatedToken = Static<typeof CreatedToken>

export const RegistryTls = Type.Object({
  mode: Type.Enum(['off', 'authority', 'files']),
  names: Type.Array(Type.String(), { description: 'Names and addresses that the certificate is for.' }),
  until: Type.Optional(Type.String({ description: 'Until when it is good; one of our own authority is renewed before.' })),
  problem: Type.Optional(Type.String({ description: 'Why there is no certificate to answer with.' })),
})
export type RegistryTls = Static<typeof RegistryTls>

export const Authority = Type.Object({
  certificate: Type.String({ description: 'PEM' }),
  fingerprint: Type.String({ description: 'SHA-256 of the certificate, as people compare it.' }),
  until: Type.String(),
  addresses: Type.Array(Type.String(), { description: 'host:port under which clients on other machines may know the registry.' }),
})
export type Authority = Static<typeof Authority>

export const RegistryState = Type.Object({
  address: Type.String({ description: 'host:port at which it answers; empty while no server runs.' }),
  tls: RegistryTls,
  anonymous: Type.Enum(['pull', 'none'], { description: 'What is allowed without a login.' }),
  retentionDays: Type.Optional(Type.Integer({ description: 'Days after which pushed manifests without a tag go; never where it is missing.' })),
  repositories: Type.Array(
    Type.Object({
      name: Type.String(),
      area: Type.Enum(['library', 'pushed'], { description: 'Those of the library are changed by publishing and importing only.' }),
      tags: Type.Array(Type.String()),
    }),
  ),
  uploads: Type.Integer({ description: 'Uploads that are not at their end.' }),
})
export type RegistryState = Static<typeof RegistryState>

const PATTERNS = Type.Array(Type.String(), { maxItems: 100 })

/** The registry: its state, and who may do what. */
export const registryRoutes = {
  getRegistry: defineRoute({ id: 'getRegistry', method: 'GET', path: '/registry', summary: 'The registry and what is in it.', response: RegistryState }),
  configureRegistry: defineRoute({
    id: 'configureRegistry',
    method: 'POST',
    path: '/registry',
    summary: 'Changes what the registry allows and keeps; what is left out stays.',
    body: Input({
      anonymous: Type.Optional(Type.Enum(['pull', 'none'])),
      retentionDays: Type.Optional(Type.Integer({ minimum: 0, maximum: 36500, description: '0 for never.' })),
      tls: Type.Optional(
        Type.Union([
          Input({ mode: Type.Literal('off') }),
          Input({ mode: Type.Literal('authority'), names: Type.Array(Type.String(), { maxItems: 100 }) }),
          Input({ mode: Type.Literal('files'), certificate: AbsolutePath('The certificate, PEM.'), key: AbsolutePath('Its private key, PEM.') }),
        ]),
      ),
    }),
    response: RegistryState,
  }),
  getAuthority: defineRoute({
    id: 'getAuthority',
    method: 'GET',
    path: '/registry/authority',
    summary: 'The certificate authority of this data folder, which is made when it is first asked for.',
    response: Authority,
  }),
  removeFromRegistry: defineRoute({
    id: 'removeFromRegistry',
    method: 'DELETE',
    path: '/registry/repositories/:repository',
    summary: 'Removes a pushed repository, or one tag of it.',
    params: Input({ repository: Type.String() }),
    query: Input({ tag: Type.Optional(Type.String()) }),
    response: Type.Object({ repository: Type.String(), tag: Type.Optional(Type.String()), manifests: Type.Integer() }),
  }),
  listTokens: defineRoute({ id: 'listTokens', method: 'GET', path: '/registry/tokens', summary: 'The tokens.', response: Type.Array(RegistryTokenSummary) }),
  createToken: defineRoute({
    id: 'createToken',
    method: 'POST',
    path: '/registry/tokens',
    summary: 'Makes a token; its secret is shown this once.',
    body: Input({
      name: Type.String({ pattern: '^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$', description: 'Lower-case letters, digits, dots and dashes.' }),
      pull: PATTERNS,
      push: PATTERNS,
      delete: Type.Boolean(),
      expires: Type.Optional(Type.String({ description: 'How long it is good, like 12h or 30d; without it for ever.' })),
    }),
    response: CreatedToken,
  }),
  revokeToken: defineRoute({
    id: 'revokeToken',
    method: 'DELETE',
    path: '/registry/tokens/:name',
    summary: 'Ends a token at once.',
    params: Input({ name: Type.String() }),
    response: RegistryTokenSummary,
  }),
}
