import { type Digest, digestOf } from '@sealift/oci/digest.ts'
import { expect, test } from 'vitest'
import { layersToOmit } from './layer-chains.ts'

const [a, b, c, d] = ['a', 'b', 'c', 'd'].map(digestOf) as [Digest, Digest, Digest, Digest]

test('layers are left out as far as an image that is there begins alike', () => {
  expect(layersToOmit([[a, b, c]], [[a, b, d]])).toEqual(new Set([a, b]))
  expect(layersToOmit([[a, b, c]], [[b, c]])).toEqual(new Set())
})

test('a layer that one of the images needs above another base is sent', () => {
  expect(
    layersToOmit(
      [
        [a, b],
        [d, b],
      ],
      [[a, b]],
    ),
  ).toEqual(new Set([a]))
})

test('a layer that stands twice in an image is left out only where both places are known', () => {
  expect(layersToOmit([[a, b, a]], [[a, c]])).toEqual(new Set())
})
