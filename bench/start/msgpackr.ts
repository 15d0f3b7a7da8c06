import 'msgpackr'
