module.exports = (connection) => connection.sendSync('from the worker')
