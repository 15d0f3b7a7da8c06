export const hello = (connection) => connection.sendSync({ by: 'Process' })
