import 'node-ipc'
