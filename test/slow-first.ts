import { relative } from 'node:path'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Tests of real programs take longest, however short their files: at the end of a run one of them would be waited for alone. */
const slowest = ['test/contracts/', 'test/faults/', 'test/e2e/', 'test/']

export class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    // oxlint-disable-next-line unicorn/no-array-sort -- that of the sequencer, which gives a new one
    const bySize = await super.sort(files)
    return bySize.toSorted((a, b) => this.#place(a) - this.#place(b))
  }

  #place({ moduleId }: TestSpecification): number {
    const file = relative(this.ctx.config.root, moduleId)
    const place = slowest.findIndex((folder) => file.startsWith(folder))
    return place === -1 ? slowest.length : place
  }
}
