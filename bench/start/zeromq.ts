import 'zeromq'
