import { assert } from '@aerobee/base'
import type { LogBlock } from '../commit-log/log-blocks.js'

/**
 * Whole records as they lie in the log's blocks, without a copy. It holds the blocks' memory until it was copied out, once;
 * one that never is leaves the memory to the garbage collector.
 */
export class RecordSlices {
  sizeBytes = 0
  readonly #blocks: LogBlock[] = []
  /** Physical offsets: from, to, from, to … */
  readonly #ranges: number[] = []

  /** Bytes of one block that follow what was added before. */
  add(block: LogBlock, from: number, to: number): void {
    const last = this.#blocks.length - 1
    this.sizeBytes += to - from
    if (last >= 0 && this.#blocks[last] === block && this.#ranges[last * 2 + 1] === from) {
      this.#ranges[last * 2 + 1] = to
      return
    }
    block.holders += 1
    this.#blocks.push(block)
    this.#ranges.push(from, to)
  }

  copyTo(target: Buffer, at: number): void {
    assert(this.#blocks.length > 0 || this.sizeBytes === 0, 'records are copied out once')
    for (let i = 0; i < this.#blocks.length; i++) {
      const block = this.#blocks[i]!
      const from = this.#ranges[i * 2]!
      const to = this.#ranges[i * 2 + 1]!
      block.bytes.copy(target, at, from - block.start, to - block.start)
      at += to - from
      block.holders -= 1
    }
    this.#blocks.length = 0
  }
}
