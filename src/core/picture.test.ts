import { describe, expect, it } from 'vitest'
import { png } from '../../test/fixtures/one-pixel.ts'
import { pictureFault } from './picture.ts'

const whole: Record<string, Buffer> = {
  'image/png': png({ width: 3, height: 2, grey: 7 }),
  // Of one pixel each, as common tools write them.
  'image/jpeg': Buffer.from(
    '/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP//////////////////////////////////////////////////////////////////////////////////////wgALCAABAAEBAREA/8QAFBABAAAAAAAAAAAAAAAAAAAAAP/aAAgBAQABPxA=',
    'base64',
  ),
  'image/gif': Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64'),
  'image/webp': Buffer.from('UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA', 'base64'),
}
whole['image/jpeg'] = Buffer.concat([whole['image/jpeg']!, Buffer.from([0xff, 0xd9])])

describe('a picture for a model', () => {
  it.each(Object.keys(whole))('is let in whole, and not cut off: %s', (mime) => {
    const content = whole[mime]!
    expect(pictureFault(mime, content)).toBeNull()
    for (let length = 0; length < content.length; length += 1) expect({ length, fault: pictureFault(mime, content.subarray(0, length)) }).toEqual({ length, fault: 'it is damaged or cut off' })
  })

  it('is not let in where a provider would refuse it', () => {
    expect(pictureFault('image/png', png({ width: 8_000, height: 1, grey: 0 }))).toBeNull()
    expect(pictureFault('image/png', png({ width: 8_001, height: 1, grey: 0 }))).toBe('it is 8001 × 1 pixels, and models take 8000 a side')
    expect(pictureFault('image/png', png({ width: 0, height: 1, grey: 0 }))).toBe('it has no pixels')
    expect(pictureFault('image/tiff', Buffer.alloc(100))).toBe('it is damaged or cut off')
  })

  it('may hold anything at all: no bytes of it bring the reader down, or keep it busy', () => {
    for (const mime of Object.keys(whole)) {
      for (let at = 0; at < whole[mime]!.length; at += 1) {
        for (const byte of [0x00, 0x7f, 0xff]) pictureFault(mime, Buffer.from(whole[mime]!).fill(byte, at, at + 1))
      }
      expect(pictureFault(mime, Buffer.alloc(200, 0xff))).not.toBeNull()
      expect(pictureFault(mime, Buffer.alloc(200))).not.toBeNull()
    }
  })
})
