import 'carom'
