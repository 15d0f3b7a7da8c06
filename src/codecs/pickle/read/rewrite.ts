import { define, isDict } from './dict.js'
import { PythonError } from '../types/error.js'
import { PythonObject } from '../types/object.js'
import { PythonSlice } from '../types/slice.js'

/** Whether it may hold other values of a pickle. */
export function isContainer(value: object): boolean {
  return (
    Array.isArray(value) ||
    isDict(value) ||
    value instanceof Map ||
    value instanceof Set ||
    value instanceof PythonError ||
    value instanceof PythonObject ||
    value instanceof PythonSlice
  )
}

/** Puts what `change` makes of each value in its place. */
export function rewrite(holder: object, change: (child: unknown) => unknown): void {
  if (Array.isArray(holder)) {
    for (let i = 0; i < holder.length; i++) {
      const now = change(holder[i])
      if (now !== holder[i]) holder[i] = now
    }
  } else if (holder instanceof Map) {
    rewriteMap(holder, change)
  } else if (holder instanceof Set) {
    const members = [...holder]
    const now = members.map((member) => change(member))
    if (now.every((member, n) => member === members[n])) return
    holder.clear()
    for (const member of now) holder.add(member)
  } else if (holder instanceof PythonError) {
    rewriteError(holder, change)
  } else if (holder instanceof PythonObject) {
    rewriteObject(holder, change)
  } else if (holder instanceof PythonSlice) {
    const { start, stop, step } = holder
    Object.assign(holder, { start: change(start), stop: change(stop), step: change(step) })
  } else {
    const dict = holder as Record<string, unknown>
    for (const key of Object.keys(dict)) {
      const now = change(dict[key])
      if (now !== dict[key]) define(dict, key, now)
    }
  }
}

function rewriteMap(map: Map<unknown, unknown>, change: (child: unknown) => unknown): void {
  const keys = [...map.keys()]
  const now = keys.map((key) => change(key))
  const items = [...map.values()].map((item) => change(item))
  if (!now.every((key, n) => key === keys[n])) map.clear()
  for (const [n, key] of now.entries()) map.set(key, items[n])
}

function rewriteError(error: PythonError, change: (child: unknown) => unknown): void {
  rewrite(error.args, change)
  if (error.attributes) error.attributes = change(error.attributes) as Record<string, unknown>
  const [, inner] = error.args
  if (error.name.endsWith('ExceptionGroup') && Array.isArray(inner)) error.exceptions = inner as unknown[]
}

function rewriteObject(object: PythonObject, change: (child: unknown) => unknown): void {
  if (object.args) rewrite(object.args, change)
  if (object.items) rewrite(object.items, change)
  if (object.entries) {
    for (const entry of object.entries) rewrite(entry, change)
  }
  object.state = change(object.state)
  if (object.kwargs) rewrite(object.kwargs, change)
  if (object.callable) object.callable = change(object.callable) as PythonObject
}
