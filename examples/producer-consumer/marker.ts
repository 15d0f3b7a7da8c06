// What the two agree on: items, and after them the end marker.

export interface Item {
  id: number
  weight: number
}

/** Says that no item follows. The end of the stream without it means that the producer died. */
export const END = 'end'

export type Message = Item | typeof END
