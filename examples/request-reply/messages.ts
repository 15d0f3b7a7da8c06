// What goes each way.

export interface Request {
  operation: 'add' | 'multiply' | 'divide'
  operands: number[]
}

export type Reply = { ok: true; result: number } | { ok: false; error: Error }
