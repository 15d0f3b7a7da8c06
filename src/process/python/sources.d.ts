/** The text of a Python file, which the build puts into the code. */
declare module '*.py' {
  const source: string
  export default source
}
