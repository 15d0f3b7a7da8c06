const { pipe } = require('carom')

const [a, b] = pipe()
a.sendSync({ by: 'require' })
console.log(b.recvSync())
a.close()
b.close()
