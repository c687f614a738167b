import { describe, expect, it } from 'vitest'
import { formatReference, isRepositoryName, parseReference, siteRepository } from './reference.ts'

const DIGEST = `sha256:${'a'.repeat(64)}`

describe('image references', () => {
  it.each([
    ['nginx', 'docker.io/library/nginx:latest'],
    ['index.docker.io/nginx:1.25', 'docker.io/library/nginx:1.25'],
    ['team/app', 'docker.io/team/app:latest'],
    ['localhost/app', 'localhost/app:latest'],
    ['registry:5000/team/app:1', 'registry:5000/team/app:1'],
    ['my-registry.example.com/a/b_c/d__e/f--g.h', 'my-registry.example.com/a/b_c/d__e/f--g.h:latest'],
    ['[::1]:5000/app', '[::1]:5000/app:latest'],
    [`10.0.0.1:80/app@${DIGEST}`, `10.0.0.1:80/app@${DIGEST}`],
    [`a.b/app:1@${DIGEST}`, `a.b/app:1@${DIGEST}`],
  ])('%s means %s, and a site can give it out', (text, whole) => {
    const reference = parseReference(text)
    expect(formatReference(reference)).toBe(whole)
    expect(isRepositoryName(siteRepository(reference))).toBe(true)
  })

  it.each([
    ['no name', ''],
    ['capitals', 'Nginx'],
    ['an empty tag', 'nginx:'],
    ['a tag that begins with a dash', 'nginx:-1'],
    ['an empty step', 'a.b//c'],
    ['a step that leads out', 'a.b/../c'],
    ['a port that no connection can have', 'localhost:99999/app'],
    ['numbers that are no address', '256.1.1.1/app'],
    ['colons that are no address', '[::::]:1/app'],
    ['a host whose label begins with a dash', 'a.-b.c/app'],
    ['a host whose label ends with a dash', 'a-.b/app'],
    ['a name that is longer than a registry takes', `${'a'.repeat(60)}.b/${'c'.repeat(200)}`],
    ['spaces', 'a.b/c d'],
  ])('refuse %s', (_, text) => {
    expect(() => parseReference(text)).toThrow(expect.objectContaining({ code: 'REFERENCE_INVALID' }))
  })

  it('refuse a digest that is none', () => {
    expect(() => parseReference('nginx@sha256:abc')).toThrow(expect.objectContaining({ code: 'DIGEST_INVALID' }))
  })

  it('are refused at once, however long', () => {
    expect(() => parseReference(`${'a-'.repeat(50_000)}.b/c`)).toThrow(expect.objectContaining({ code: 'REFERENCE_INVALID' }))
    expect(() => parseReference('a_'.repeat(50_000))).toThrow(expect.objectContaining({ code: 'REFERENCE_INVALID' }))
  })
})
