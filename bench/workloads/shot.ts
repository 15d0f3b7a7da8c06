/** The small object of the workloads. */
export interface Shot {
  id: number
  player: string
  ball: { x: number; y: number }
  scored: boolean
  touched: string[]
}

/** Each is new and carries its number, so that no rival can send an encoding that it kept. */
export function shot(index: number): Shot {
  return { id: index, player: 'Ada', ball: { x: 0.25, y: 1.5 }, scored: true, touched: ['red', 'cushion'] }
}

/** The bytes that an object counts as, the same for all rivals: those of its JSON, whatever crosses. */
export const SHOT_SIZE: number = JSON.stringify(shot(123_456)).length
