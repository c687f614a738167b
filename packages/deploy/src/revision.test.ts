import { expect, test } from 'vitest'
import { currentRevision, previousRevision, type Revision } from './revision.ts'

const STATE = {} as Revision['state']

function revision(number: number, kind: Revision['kind'], from: number | null, more: Partial<Revision> = {}): Revision {
  return { installation: 'shop', number, kind, from, createdAt: '', state: STATE, planDigest: '', outcome: 'done', ...more }
}

const install = revision(1, 'install', null)
const upgrade = revision(2, 'upgrade', 1)

test('a failed or pending revision is not where an installation is', () => {
  expect(currentRevision([install, { ...upgrade, outcome: 'failed' }])?.number).toBe(1)
  expect(currentRevision([install, { ...upgrade, outcome: 'pending' }])?.number).toBe(1)
  expect(currentRevision([])).toBeUndefined()
})

test('after an uninstall there is none, and a new installation does not go back beyond it', () => {
  const gone = [install, upgrade, revision(3, 'uninstall', 2)]
  expect(currentRevision(gone)).toBeUndefined()
  expect(previousRevision([...gone, revision(4, 'install', null)])).toBeUndefined()
})

test('going back twice goes back two steps', () => {
  const history = [install, upgrade, revision(3, 'configure', 2)]
  expect(previousRevision(history)?.number).toBe(2)
  expect(previousRevision([...history, revision(4, 'rollback', 3, { to: 2 })])?.number).toBe(1)
})

test('what follows a rollback goes back to it, not to what was left by it', () => {
  const history = [install, upgrade, revision(3, 'rollback', 2, { to: 1 }), revision(4, 'configure', 3)]
  expect(previousRevision(history)?.number).toBe(3)
})

test('a return stands for the revision that it went to', () => {
  const history = [install, { ...upgrade, outcome: 'failed' as const }, revision(3, 'return', 2, { to: 1 })]
  expect(currentRevision(history)?.number).toBe(3)
  expect(previousRevision(history)).toBeUndefined()
})
