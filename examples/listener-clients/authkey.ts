// What both ends must know. A real one is 32 random bytes that come from outside: an environment variable, a file of mode 0600.

export const AUTHKEY = 'secret password'
