import type { Claim } from './claim.js'
import type { Connections } from './connections.js'
import type { Token } from './token.js'

/** The server that a reference's object is in. */
export interface Home {
  /** Where calls go, unless they are in a session. */
  readonly connections: Connections
  /** The bytes of a message. */
  encode(message: unknown): Buffer
  /** The result in a reply; throws what the reply says was raised. */
  result(reply: Buffer): Promise<unknown>
}

/** An object of a server's, as this program refers to it. As long as a reference lives, the server keeps the object. */
export class Reference {
  readonly token: Token
  readonly claim: Claim
  readonly home: Home
  /** The names of its methods. Known before anybody has the reference's proxy. */
  exposed: readonly string[]

  constructor(token: Token, exposed: readonly string[], claim: Claim, home: Home) {
    this.token = token
    this.exposed = exposed
    this.claim = claim
    this.home = home
    claim.heldBy(this)
  }
}
