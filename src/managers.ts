/**
 * Managers, as those of Python's `multiprocessing.managers`: objects of another process, used through proxies.
 *
 * @packageDocumentation
 */
export { connectManager, type ConnectManagerOptions, type Manager } from './managers/manager.js'
export type { AnyManagerProxy, ManagerProxy } from './managers/proxy.js'
export type { ManagerSession } from './managers/session.js'
export { ManagerServer, type ManagerServerOptions } from './managers/server.js'
