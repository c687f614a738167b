import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { bookshopFolder, bookshopImages, bookshopReleases } from './images.ts'
import { recipesFor } from './recipes.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'recipes-'))
  cpSync(bookshopFolder, folder, { recursive: true })
})

afterEach(() => rmSync(folder, { recursive: true }))

const inputsOf = (reference: string) => recipesFor('bookshop', folder, [reference]).at(-1)?.inputs

test('every image that a release names is described, and parents come first', () => {
  const recipes = recipesFor('bookshop', folder, bookshopImages(bookshopReleases))
  const order = recipes.map(({ reference }) => reference)
  expect(order).toEqual(expect.arrayContaining(bookshopImages(bookshopReleases)))
  for (const { reference, from } of recipes) {
    for (const parent of from) expect(order.indexOf(parent)).toBeLessThan(order.indexOf(reference))
  }
})

test('what changes in an image changes it and all that are built upon it, and nothing else', () => {
  const before = { catalog: inputsOf('bookshop/catalog:3.0'), redis: inputsOf('bookshop/redis:7.0') }
  writeFileSync(join(folder, 'images/python/3.11/bookshop.py'), '# shorter\n')
  expect(inputsOf('bookshop/catalog:3.0')).not.toBe(before.catalog)
  expect(inputsOf('bookshop/redis:7.0')).toBe(before.redis)
})

test('an image that nothing describes is refused by name', () => {
  expect(() => recipesFor('bookshop', folder, ['bookshop/nothing:1'])).toThrow('bookshop/nothing:1')
  expect(() => recipesFor('bookshop', folder, ['other/web:2.9'])).toThrow('other/web:2.9')
})
