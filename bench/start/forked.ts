// The child of `child_process.fork`.
process.send!('hello')
process.disconnect()
